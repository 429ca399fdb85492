/** Which tables and columns have other names after statements of the binary log. */
import { isCutOff, type Name, StatementReader } from './statement.ts';

interface RenamedColumn {
  readonly from: string;
  readonly to: string;
}

/** A table or view that was called otherwise, or of which columns were; both names are the same where only columns were. */
export interface TableRename {
  readonly from: Name;
  readonly to: Name;
  readonly columns: readonly RenamedColumn[];
}

/** What an ALTER TABLE renames: the table, or columns of it. `reader` stands behind the name of the table. */
export function alterations(reader: StatementReader): {
  readonly to: Name | undefined;
  readonly columns: readonly RenamedColumn[];
} {
  const columns: RenamedColumn[] = [];
  let to: Name | undefined;
  let depth = 0;
  for (let word = reader.word(); word !== undefined; word = reader.word()) {
    if (word === '(') depth += 1;
    else if (word === ')') depth -= 1;
    else if (depth > 0) continue;
    else if (word === 'CHANGE') columns.push(...renamedColumn(reader));
    else if (word === 'RENAME') {
      if (reader.isNext(['COLUMN'])) columns.push(...renamedColumn(reader));
      else if (!reader.isNext(['INDEX', 'KEY', 'CONSTRAINT'])) {
        reader.pass(['TO', 'AS', '=']);
        to = reader.name();
      }
    }
  }
  return { to, columns };
}

function renamedColumn(reader: StatementReader): readonly RenamedColumn[] {
  reader.pass(['COLUMN', 'IF', 'EXISTS']);
  const from = reader.part();
  reader.pass(['TO']);
  const to = reader.part();
  const isOther = from !== undefined && to !== undefined && from.toLowerCase() !== to.toLowerCase();
  return isOther ? [{ from, to }] : [];
}

/** What tables and views were called before a number of statements, for as long as they are not dropped or made anew. */
export class TableNames {
  /** By the name that it has now. */
  readonly #renamed = new Map<string, TableRename>();

  /** Takes up one statement. `current`: the database that it ran in. */
  add(sql: string, current: string): void {
    if (isCutOff(sql)) return this.clear();
    const reader = new StatementReader(sql, current);
    const verb = reader.word();
    if (verb === 'RENAME' && reader.isNext(['TABLE', 'TABLES'])) this.#move(reader.names(['TO']));
    else if (verb === 'ALTER' && reader.skipTo('TABLE')) this.#alter(reader);
    else if (verb === 'CREATE' || verb === 'DROP') this.#forget(reader);
  }

  /** What has other names now. */
  get all(): readonly TableRename[] {
    return [...this.#renamed.values()].filter(
      ({ from, to, columns }) => columns.length > 0 || keyOf(from) !== keyOf(to),
    );
  }

  /** Forgets everything. */
  clear(): void {
    this.#renamed.clear();
  }

  #move(names: readonly Name[]): void {
    for (let at = 0; at + 1 < names.length; at += 2) {
      const [from, to] = names.slice(at, at + 2);
      if (from !== undefined && to !== undefined) this.#rename({ from, to, columns: [] });
    }
  }

  #alter(reader: StatementReader): void {
    const [from] = reader.names([]);
    if (from === undefined) return;
    const { to = from, columns } = alterations(reader);
    this.#rename({ from, to, columns });
  }

  #forget(reader: StatementReader): void {
    for (let kind = reader.word(); kind !== undefined; kind = reader.word()) {
      if (kind !== 'TABLE' && kind !== 'VIEW') continue;
      for (const name of reader.names([])) this.#renamed.delete(keyOf(name));
      return;
    }
  }

  #rename({ from, to, columns }: TableRename): void {
    const before = this.#renamed.get(keyOf(from));
    this.#renamed.delete(keyOf(from));
    const known = before?.columns ?? [];
    const now = new Map(columns.map((one) => [one.from, one.to]));
    const through = new Set(known.map((one) => one.to));
    const joined = [
      ...known.map((one) => ({ from: one.from, to: now.get(one.to) ?? one.to })),
      ...columns.filter((one) => !through.has(one.from)),
    ];
    const changed = joined.filter((one) => one.from !== one.to);
    this.#renamed.set(keyOf(to), { from: before?.from ?? from, to, columns: changed });
  }
}

function keyOf(name: Name): string {
  return JSON.stringify(name);
}
