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
  /** What follows an INSERT, so that a row that is there gets other values.. */
  onDuplicate(key: string, set: (incoming: (column: string) => string) => string): string;
}
