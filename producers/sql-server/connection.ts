import type { ConnectionConfiguration, Connection as TediousConnection } from 'tedious';
import { type ErrorCode, messageOf, StreamError } from '../../pipeline/errors.ts';
import { asAzureCredential, connectAzure } from '../../platform/azure-credential.ts';
import { redactText } from '../../platform/redact.ts';
import type { Row } from '../../platform/relational/row-reader.ts';
import type { SqlServerOptions } from './options.ts';

/** Runs the queries of one database one after the other. */
export type RunQuery = (sql: string) => Promise<readonly Row[]>;

/** Opens a database for the time of `use`. Rejects with a StreamError. */
export type WithDatabase = <T>(
  database: string,
  signal: AbortSignal,
  use: (query: RunQuery) => Promise<T>,
) => Promise<T>;

/** Numbers and codes of tedious and of the server ("Database Engine errors") to what they mean for us. */
const meanings: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [
    /^ELOGIN$|^EFEDAUTH$|\b18456\b/,
    'SOURCE_REFUSED',
    'Check user and password, or credential; the login needs a user in the database.',
  ],
  [/\b(?:229|297|300|916)\b/, 'SOURCE_REFUSED', 'Run in the database: GRANT VIEW DEFINITION TO the user.'],
  [
    /\b(?:4060|40532)\b/,
    'SOURCE_NOT_FOUND',
    'Check the option database, and whether the user may connect to it.',
  ],
  [
    /^ESOCKET$|^ETIMEOUT$|^EINSTLOOKUP$|^ECONNCLOSED$|\b(?:1205|40197|40501|40613|49918|49919|49920)\b/,
    'SOURCE_UNAVAILABLE',
    'Is the server running, and are host and port right? A firewall may be in between.',
  ],
];

/** Says what a failed connection or query means; a {@link StreamError} stays itself. The password is in none of them. */
function sourceError(thrown: unknown, { host, port }: SqlServerOptions, database: string): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const facts = thrown instanceof Error ? thrown : {};
  const kind =
    ['code', 'number']
      .map((key) => String(Reflect.get(facts, key) ?? ''))
      .find((text) => meanings.some(([pattern]) => pattern.test(text))) ?? '';
  const found = meanings.find(([pattern]) => kind !== '' && pattern.test(kind));
  const [, code, advice] = found ?? [
    null,
    'number' in facts ? 'SOURCE_INVALID' : 'SOURCE_UNAVAILABLE',
    undefined,
  ];
  const text = redactText((messageOf(thrown) || kind).replace(/\.$/, ''));
  return new StreamError(code, `SQL Server at ${host}:${port}, database ${database}: ${text}.`, {
    cause: thrown,
    ...(advice === undefined ? {} : { advice }),
  });
}

/** Connects by TDS. `signal` cuts the connection, also in the middle of a query. */
export function tdsDatabases(options: SqlServerOptions): WithDatabase {
  return async (database, signal, use) => {
    signal.throwIfAborted();
    let connection: TediousConnection | undefined;
    const cut = (): void => connection?.close();
    signal.addEventListener('abort', cut, { once: true });
    try {
      const { Connection, Request } = await import('tedious'); // loaded where it is used: it takes a third of a second
      const opened = new Connection(await configuration(options, database));
      connection = opened;
      // A connection that breaks while nothing is asked shows with the next query; without a listener it would end the process.
      opened.on('error', () => undefined);
      await new Promise<void>((resolve, reject) => {
        opened.connect((error) => (error === undefined ? resolve() : reject(error)));
      });
      return await use(
        (sql) =>
          new Promise((resolve, reject) => {
            const rows: Row[] = [];
            const request = new Request(sql, (error) =>
              error === null || error === undefined ? resolve(rows) : reject(error),
            );
            request.on(
              'row',
              (
                columns: readonly {
                  readonly metadata: { readonly colName: string };
                  readonly value: unknown;
                }[],
              ) =>
                rows.push(
                  Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])),
                ),
            );
            opened.execSqlBatch(request);
          }),
      );
    } catch (thrown) {
      signal.throwIfAborted();
      throw sourceError(thrown, options, database);
    } finally {
      signal.removeEventListener('abort', cut);
      connection?.close();
    }
  };
}

async function configuration(options: SqlServerOptions, database: string): Promise<ConnectionConfiguration> {
  const { host, port, user, password, credential, encrypt, trustServerCertificate, timeout } = options;
  return {
    server: host,
    authentication:
      user === undefined
        ? {
            type: 'token-credential',
            options: { credential: asAzureCredential(await connectAzure(credential)) },
          }
        : { type: 'default', options: { userName: user, password: password ?? '' } },
    options: {
      port,
      database,
      encrypt,
      trustServerCertificate,
      appName: 'purview-streams',
      connectTimeout: 15_000,
      requestTimeout: timeout * 1_000,
      useColumnNames: false,
    },
  };
}
