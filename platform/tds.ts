/** SQL Server and Azure SQL, by TDS. */
import type { Connection } from 'tedious';
import { asAzureCredential, type AzureSignIn, connectAzure } from './azure-credential.ts';

/** Where a database is, and who logs in to it. */
export interface TdsLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** A login of the server; where there is none, `credential` signs in. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly credential: AzureSignIn;
  readonly encrypt: boolean;
  readonly trustServerCertificate: boolean;
  /** Certificate authority in PEM form. */
  readonly ca?: string | undefined;
  /** How long a query may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Bytes of a varbinary that is not `(max)`: one declared length for all of them, so that the server plans a statement once. */
const shortBytes = 8_000;

/** A row of a result, by the names of its columns. */
export type TdsRow = Readonly<Record<string, unknown>>;

/** What a statement came to; `count`: the rows that it found or changed. */
export interface TdsResult {
  readonly rows: readonly TdsRow[];
  readonly count: number;
}

/** One connection. */
export interface TdsConnection {
  /** Logs in. Rejects with what tedious throws. */
  connect(): Promise<void>;
  /** Runs a batch, or, with values, one statement in which they are `@p1`, `@p2` and so on: bytes as varbinary, numbers as bigint. Rejects with what tedious throws. */
  query(sql: string, values?: readonly (Buffer | number)[]): Promise<TdsResult>;
  /** Cuts it, also in the middle of a query. */
  close(): void;
}

/** A connection that is still to be made. */
export async function openTds(login: TdsLogin): Promise<TdsConnection> {
  const { Connection: Opened } = await import('tedious'); // loaded where it is used: it takes a third of a second
  const { host, port, user, password, database, encrypt, trustServerCertificate, ca, timeoutMs } = login;
  const connection = new Opened({
    server: host,
    authentication:
      user === undefined
        ? {
            type: 'token-credential',
            options: { credential: asAzureCredential(await connectAzure(login.credential)) },
          }
        : { type: 'default', options: { userName: user, password: password ?? '' } },
    options: {
      port,
      database,
      encrypt,
      trustServerCertificate,
      ...(ca === undefined ? {} : { cryptoCredentialsDetails: { ca } }),
      appName: 'purview-streams',
      connectTimeout: 15_000,
      requestTimeout: timeoutMs,
      useColumnNames: false,
    },
  });
  // A connection that breaks while nothing is asked shows with the next query; without a listener it would end the process.
  connection.on('error', () => undefined);
  return {
    connect: () =>
      new Promise((resolve, reject) => {
        connection.connect((error) => (error === undefined ? resolve() : reject(error)));
      }),
    query: (sql, values = []) => query(connection, sql, values),
    close: () => connection.close(),
  };
}

async function query(
  connection: Connection,
  sql: string,
  values: readonly (Buffer | number)[],
): Promise<TdsResult> {
  const { Request, TYPES } = await import('tedious');
  return new Promise((resolve, reject) => {
    const rows: TdsRow[] = [];
    const request = new Request(sql, (error, count) =>
      error === null || error === undefined ? resolve({ rows, count: count ?? 0 }) : reject(error),
    );
    for (const [index, value] of values.entries()) {
      if (typeof value === 'number') request.addParameter(`p${index + 1}`, TYPES.BigInt, value);
      else
        request.addParameter(
          `p${index + 1}`,
          TYPES.VarBinary,
          value,
          value.length > shortBytes ? {} : { length: shortBytes },
        );
    }
    request.on(
      'row',
      (columns: readonly { readonly metadata: { readonly colName: string }; readonly value: unknown }[]) =>
        rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value]))),
    );
    if (values.length === 0) connection.execSqlBatch(request);
    else connection.execSql(request);
  });
}
