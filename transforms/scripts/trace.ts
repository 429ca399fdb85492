import type { EntityRef, Warning } from '../../schemas/types.ts';
import type { ColumnEdge } from '../../pipeline/column-mapping.ts';
import { type CaseRule, foldCase } from '../../pipeline/naming.ts';
import type { KnownColumns } from '../known-columns.ts';
import { checkAliases } from './check-aliases.ts';
import { type Assignment, scriptError, type ScriptLine, type ScriptStatement } from './parser.ts';

/** A table of the catalogue, as a script names it. */
export interface ScriptTable {
  readonly name: string;
  readonly ref: EntityRef;
  /** False when no event has described it. */
  readonly described: boolean;
  readonly columns: KnownColumns;
}

/** What a script reads and writes. */
export interface ScriptLineage {
  readonly inputs: readonly ScriptTable[];
  readonly outputs: readonly ScriptTable[];
  readonly edges: readonly ColumnEdge[];
  readonly warnings: readonly Warning[];
}

/** What the tracing of a script works with. */
export interface ScriptContext {
  /** The script's file, for warnings about the whole of it. */
  readonly file: string;
  /** Finds a table by its name. */
  readonly table: (name: string) => ScriptTable;
  /** What the database does with letter case. */
  readonly caseRule: CaseRule;
}

/** A column of a table; every column of a script comes from one at most, since scripts cannot join. */
interface Origin {
  readonly table: ScriptTable;
  readonly column: string;
}

/** Rows that a variable stands for: columns by folded name. A column that nothing has is kept without origin, so that it is reported once. */
interface Rows {
  readonly columns: ReadonlyMap<string, { readonly name: string; readonly origin: Origin | undefined }>;
  /** Set where the rows are those of a table whose columns are not known: any column may be there. */
  readonly open: ScriptTable | undefined;
}

/** Follows every column from the tables read to the tables written. Throws SCRIPT_INVALID with file, line and text. */
export function traceScript(statements: readonly ScriptStatement[], context: ScriptContext): ScriptLineage {
  checkAliases(statements);
  const tracer = new Tracer(context);
  for (const statement of statements) tracer.apply(statement);
  return tracer.result();
}

class Tracer {
  readonly #context: ScriptContext;
  readonly #variables = new Map<string, Rows>();
  readonly #tables = new Map<string, ScriptTable>();
  readonly #inputs = new Set<ScriptTable>();
  /** Columns written, by target; the place of the last WRITE. */
  readonly #written = new Map<ScriptTable, { readonly columns: Set<string>; at: ScriptLine }>();
  readonly #edges: ColumnEdge[] = [];
  readonly #warnings: Warning[] = [];

  constructor(context: ScriptContext) {
    this.#context = context;
  }

  apply(statement: ScriptStatement): void {
    switch (statement.kind) {
      case 'read': {
        const table = this.#read(statement.table, statement.at);
        this.#assign(statement, this.#pick(rowsOf(table, this.#fold), statement, `the table ${table.name}`));
        break;
      }
      case 'alias':
        this.#assign(
          statement,
          this.#variables.get(statement.name) ?? rowsOf(this.#read(statement.name, statement.at), this.#fold),
        );
        break;
      case 'project':
        this.#assign(
          statement,
          this.#pick(this.#rows(statement.source, statement.at), statement, statement.source),
        );
        break;
      case 'write':
        this.#write(statement.table, this.#rows(statement.source, statement.at), statement.at);
        break;
    }
  }

  result(): ScriptLineage {
    for (const [table, { columns, at }] of this.#written) {
      for (const name of table.columns.names ?? []) {
        if (columns.has(name)) continue;
        this.#warn('unwritten-column', at, `The column ${name} of ${table.name} is never written.`);
      }
    }
    if (this.#written.size === 0) {
      this.#warnings.push({
        code: 'writes-nothing',
        location: this.#context.file,
        message: 'The script writes no table.',
      });
    }
    const outputs = [...this.#written.keys()];
    return { inputs: [...this.#inputs], outputs, edges: this.#edges, warnings: this.#warnings };
  }

  readonly #fold = (name: string): string => foldCase(name, this.#context.caseRule);

  #assign({ variable }: Assignment, rows: Rows): void {
    this.#variables.set(variable, rows);
  }

  #rows(name: string, at: ScriptLine): Rows {
    const rows = this.#variables.get(name);
    if (rows !== undefined) return rows;
    throw scriptError(
      at,
      `${JSON.stringify(name)} is not defined before this line; READ or ALIAS a table first`,
    );
  }

  #read(name: string, at: ScriptLine): ScriptTable {
    const table = this.#table(name, at);
    this.#inputs.add(table);
    return table;
  }

  #table(name: string, at: ScriptLine): ScriptTable {
    const key = this.#fold(name);
    const found = this.#tables.get(key);
    if (found !== undefined) return found;
    const table = this.#context.table(name);
    this.#tables.set(key, table);
    if (!table.described) {
      this.#warn(
        'unknown-table',
        at,
        `The table ${name} is not in the system table; it is only a placeholder.`,
      );
    }
    return table;
  }

  /** The named columns of rows. One that is not there is a warning, and the rest stands. */
  #pick(
    rows: Rows,
    { columns, at }: { readonly columns: readonly string[]; readonly at: ScriptLine },
    of_: string,
  ): Rows {
    const picked = columns.map((name) => {
      const key = this.#fold(name);
      const found = rows.columns.get(key);
      if (found !== undefined) return [key, found] as const;
      if (rows.open !== undefined)
        return [key, { name, origin: { table: rows.open, column: name } }] as const;
      this.#warn('unknown-column', at, `There is no column ${name} in ${of_}.`);
      return [key, { name, origin: undefined }] as const;
    });
    return { columns: new Map(picked), open: undefined };
  }

  /** The columns of the rows go to the columns of the same name. */
  #write(name: string, rows: Rows, at: ScriptLine): void {
    const table = this.#table(name, at);
    const written = this.#written.get(table) ?? { columns: new Set<string>(), at };
    written.at = at;
    this.#written.set(table, written);
    // Which columns of unknown rows the target takes is not known either: nothing is guessed, and none counts as left out.
    if (rows.open !== undefined) for (const column of table.columns.names ?? []) written.columns.add(column);
    for (const { name: column, origin } of rows.columns.values()) {
      const target = table.columns.find(column);
      if (target === undefined) {
        this.#warn('unknown-column', at, `${table.name} has no column ${column} to write to.`);
        continue;
      }
      written.columns.add(target);
      if (origin !== undefined) {
        this.#edges.push({
          source: origin.table.ref.qualifiedName,
          sourceColumn: origin.column,
          target: table.ref.qualifiedName,
          targetColumn: target,
        });
      }
    }
  }

  #warn(code: string, { file, line }: ScriptLine, message: string): void {
    this.#warnings.push({ code, location: `${file}:${line}`, message });
  }
}

/** The whole rows of a table. */
function rowsOf(table: ScriptTable, fold: (name: string) => string): Rows {
  const { names } = table.columns;
  if (names === undefined) return { columns: new Map(), open: table };
  return {
    columns: new Map(names.map((name) => [fold(name), { name, origin: { table, column: name } }])),
    open: undefined,
  };
}
