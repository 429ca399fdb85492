/**
 * From names in SQL to assets of the catalogue: completes a name by database and search path, finds the table or view that it
 * means, and makes the edges of a process. For every transform that reads SQL.
 */
import type { ColumnEdge } from '../pipeline/column-mapping.ts';
import { pathParameters } from '../pipeline/database-names.ts';
import { placeholderOf, resolveDataset } from '../pipeline/datasets.ts';
import { foldCase, type CaseRule, type NameParameters } from '../pipeline/naming.ts';
import type { DerivedEntity, SourceSettings, TransformContext } from '../pipeline/transform.ts';
import type { EntityRef, NamePart, Warning } from '../schemas/types.ts';
import { knownColumns, type KnownColumns } from './known-columns.ts';

/** Where SQL runs. */
export interface SqlPlace {
  readonly producer: string;
  /** The object that the SQL belongs to, for warnings. */
  readonly location: string;
  readonly server: string;
  readonly database: string | null;
  /** Schemas for names without one, the first one first; empty where tables lie in the database itself. */
  readonly searchPath: readonly string[];
}

/** A table, view or file that SQL names. */
export interface SqlAsset {
  readonly ref: EntityRef;
  readonly columns: KnownColumns;
  /** Stands in for what no producer describes. */
  readonly placeholder: DerivedEntity | undefined;
  readonly warnings: readonly Warning[];
}

/** A table that SQL names in parts, outermost first, without the server. */
export type TablePath = readonly NamePart[];

/** A value that flows, as SQL names both ends. */
export interface NamedColumnEdge {
  readonly sourceTable: string;
  readonly sourceColumn: string;
  readonly targetTable: string;
  readonly targetColumn: string;
}

/** Schemas of the system and of sessions: their tables are no assets. */
const systemSchema =
  /^(?:pg_catalog|pg_toast|pg_temp(?:_\d+)?|information_schema|performance_schema|sys|tempdb)$/i;

/** Looks names up, each once. */
export class SqlAssets {
  readonly #context: TransformContext;
  readonly #settings: SourceSettings;
  readonly #place: SqlPlace;
  readonly #found = new Map<string, SqlAsset | undefined>();

  constructor(context: TransformContext, place: SqlPlace) {
    this.#context = context;
    this.#settings = context.settings(place.producer);
    this.#place = place;
  }

  /**
   * The asset of a name as the SQL engine writes it, folded and joined by dots: a file or stage by the rule `datasets.file`, else a table.
   * Undefined for what is no asset: routines, system tables, names of more parts than a table has.
   */
  find(name: string): SqlAsset | undefined {
    if (this.#found.has(name)) return this.#found.get(name);
    const asset = this.#look(name);
    this.#found.set(name, asset);
    return asset;
  }

  /** Takes a name for what its parts say, whatever it looks like: a table, or a stage by its level `container`. Answers with the name. */
  define(path: TablePath): string {
    const name = path.map((part) => part.name).join('.');
    const key = path.at(-1)?.level === 'container' ? `@${name}` : name;
    if (!this.#found.has(key))
      this.#found.set(key, key === name ? this.#table(path) : this.#dataset('file', key));
    return key;
  }

  #table(path: TablePath): SqlAsset | undefined {
    if (path.slice(0, -1).some(({ level, name }) => level !== 'server' && systemSchema.test(name)))
      return undefined;
    const name = path.at(-1)?.name ?? '';
    const full: readonly NamePart[] = [{ level: 'server', name: this.#place.server }, ...path];
    const { types, caseRule, parameters } = this.#tableRule(full);
    const refs = types.map((typeName) => ({
      typeName,
      qualifiedName: this.#context.naming.build(typeName, parameters),
    }));
    for (const ref of refs) {
      const known = this.#context.known.asset(ref);
      if (known !== undefined)
        return { ref, columns: knownColumns(known, caseRule), placeholder: undefined, warnings: [] };
    }
    const [ref] = refs;
    if (ref === undefined) return this.#dataset('table', full.map((part) => part.name).join('.'));
    const message = `${ref.qualifiedName} is named, but no producer describes it; it is only a placeholder.`;
    return {
      ref,
      columns: knownColumns(undefined, caseRule),
      placeholder: placeholderOf(ref, name),
      warnings: [{ code: 'table-not-described', location: this.#place.location, message }],
    };
  }

  /** The columns of those names that are known, for the SQL engine. */
  catalog(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const catalog = new Map<string, readonly string[]>();
    for (const name of names) {
      const columns = this.find(name)?.columns.names;
      if (columns !== undefined) catalog.set(name, columns);
    }
    return catalog;
  }

  /** Edges by qualifiedName, the columns as their tables spell them; a column that its table does not have is a warning. */
  edges(named: readonly NamedColumnEdge[]): {
    readonly edges: readonly ColumnEdge[];
    readonly warnings: readonly Warning[];
  } {
    const warnings: Warning[] = [];
    const column = (asset: SqlAsset, name: string): string | undefined => {
      const found = asset.columns.find(name);
      if (found === undefined) {
        const message = `${asset.ref.qualifiedName} has no column ${JSON.stringify(name)}, which the statement names.`;
        warnings.push({ code: 'column-not-found', location: this.#place.location, message });
      }
      return found;
    };
    const edges = named.flatMap((edge) => {
      const source = this.find(edge.sourceTable);
      const target = this.find(edge.targetTable);
      if (source === undefined || target === undefined) return [];
      if (edge.sourceColumn === '*' || edge.targetColumn === '*') return []; // the engine's reason says so
      const sourceColumn = column(source, edge.sourceColumn);
      const targetColumn = column(target, edge.targetColumn);
      if (sourceColumn === undefined || targetColumn === undefined) return [];
      return {
        source: source.ref.qualifiedName,
        sourceColumn,
        target: target.ref.qualifiedName,
        targetColumn,
      };
    });
    return { edges, warnings };
  }

  #look(name: string): SqlAsset | undefined {
    if (/^(?:fn|proc):/.test(name)) return undefined;
    if (/^@|[/\\]/.test(name)) return this.#dataset('file', name);
    let first: SqlAsset | undefined;
    for (const path of candidates(name, this.#place)) {
      const found = this.#table(path);
      if (found?.placeholder === undefined) return found;
      first ??= found;
    }
    return first;
  }

  /** Which types a table may have, and the parameters of their names: by the rule `datasets.table`, else by the source's own types. */
  #tableRule(path: readonly NamePart[]): {
    readonly types: readonly string[];
    readonly caseRule: CaseRule;
    readonly parameters: NameParameters;
  } {
    const { datasets, types, caseRule } = this.#settings;
    const rule = Object.hasOwn(datasets, 'table') ? datasets['table'] : undefined;
    if (rule !== undefined) {
      const given = Object.fromEntries(path.map(({ level, name }) => [level, foldCase(name, rule.caseRule)]));
      return { types: rule.types, caseRule: rule.caseRule, parameters: { ...given, ...rule.parameters } };
    }
    const levels = types.database?.levels;
    const own = [levels?.table?.typeName, levels?.view?.typeName].filter((name) => name !== undefined);
    return { types: [...new Set(own)], caseRule, parameters: pathParameters(this.#settings, path) };
  }

  #dataset(type: 'file' | 'table', name: string): SqlAsset {
    const { producer, location } = this.#place;
    const { ref, known, placeholder, warnings } = resolveDataset(this.#context, producer, {
      type,
      name,
      path: name,
      location,
    });
    return { ref, columns: knownColumns(known, 'preserve'), placeholder, warnings };
  }
}

/** What a name may mean: the table in each schema of the search path, or the one that it says. None where it has too many parts. */
function candidates(name: string, { database, searchPath }: SqlPlace): readonly TablePath[] {
  const part = (level: NamePart['level'], text: string): NamePart => ({ level, name: text });
  const here: TablePath = database === null ? [] : [part('database', database)];
  const [table = '', second, third, ...more] = name.split('.').reverse();
  if (more.length > 0) return [];
  if (searchPath.length === 0) {
    if (third !== undefined) return [];
    return [[...(second === undefined ? here : [part('database', second)]), part('table', table)]];
  }
  const at = third === undefined ? here : [part('database', third)];
  // `database..table` of T-SQL leaves the schema open.
  const schemas = second === undefined || second === '' ? searchPath : [second];
  return schemas.map((schema) => [...at, part('schema', schema), part('table', table)]);
}
