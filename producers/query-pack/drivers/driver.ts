import type { Row } from '../../../platform/relational/row-reader.ts';

/** Open connection of a driver, on which the queries of one scan run one after the other. */
export interface DriverConnection {
  /** The rows of a query. Rejects with whatever the driver throws. */
  query(sql: string): Promise<readonly Row[]>;
  /** Ends the connection; may be called twice. */
  close(): Promise<void>;
}

/** Where a driver connects to, as the configuration says it under `connection`. */
export type ConnectionOptions = Readonly<Record<string, string | number | boolean>>;

/** A driver: what a query pack needs to run its queries. One of your own is a module that exports these as `databaseName` and `connect`. */
export interface Driver {
  /** Name of the database where the pack's queries tell none. */
  databaseName?(options: ConnectionOptions): string | undefined;
  /** Connects for reading only. `signal` cuts the connection, also in the middle of a query. Throws a ZodError for options that are wrong. */
  connect(
    options: ConnectionOptions,
    at: { readonly signal: AbortSignal; readonly baseFolder: string },
  ): Promise<DriverConnection>;
}
