import type { StreamError } from '../../pipeline/errors.ts';

/** One connection to a database. */
export interface SqlConnection {
  /** Runs one statement with `?` in the place of values. `count`: the rows that it found, inserted or changed. Rejects with what the driver throws. */
  query(
    text: string,
    values: readonly (Buffer | number)[],
  ): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[]; readonly count: number }>;
  /** Cuts it. */
  close(): Promise<void>;
}

/** Names of the two tables that hold a store. */
export interface SqlTables {
  readonly state: string;
  readonly fences: string;
}

/** What differs between databases. */
export interface SqlDatabase {
  /** Rejects with what {@link faultOf} tells apart. */
  connect(): Promise<SqlConnection>;
  /** What went wrong, as one of ours; the password is in none of them. */
  faultOf(thrown: unknown): StreamError;
  /** Whether a table is missing. */
  isMissing(thrown: unknown): boolean;
  /** Whether the connection is gone, so that the same work may do on a new one. */
  isCut(thrown: unknown): boolean;
  /** The statements that make the tables where they are missing. */
  create(tables: SqlTables): readonly string[];
  /** Begins a transaction. */
  readonly begin: string;
  /** What ends a SELECT in order of which only so many rows are wanted. */
  limit(rows: number): string;
  /** The statement that inserts rows, or changes those that are there. */
  upsert(rows: Upsert): string;
}

/** Rows to insert, or to change where they are there; `id` is their key. */
export interface Upsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** For every row what stands in its columns. */
  readonly values: readonly string[];
  /** What a row that is there is set to, given the names of a column in it and in the new one. */
  readonly set: (kept: (column: string) => string, given: (column: string) => string) => string;
}

/** An INSERT with a clause for rows that are there; `given` names a column of the new row. */
export function insertOr(
  clause: string,
  { table, columns, values, set }: Upsert,
  given: (column: string) => string,
): string {
  const rows = values.map((row) => `(${row})`).join(', ');
  const change = set((column) => `${table}.${column}`, given);
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${rows} ${clause} ${change}`;
}
