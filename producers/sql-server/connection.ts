import { type ErrorCode, messageOf, StreamError } from '../../pipeline/errors.ts';
import { redactText } from '../../platform/redact.ts';
import type { Row } from '../../platform/relational/row-reader.ts';
import { openTds, type TdsLogin } from '../../platform/tds.ts';
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
    let cut = (): void => undefined;
    const stop = (): void => cut();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const connection = await openTds(loginOf(options, database));
      cut = () => connection.close();
      signal.throwIfAborted();
      await connection.connect();
      return await use(async (sql) => (await connection.query(sql)).rows);
    } catch (thrown) {
      signal.throwIfAborted();
      throw sourceError(thrown, options, database);
    } finally {
      signal.removeEventListener('abort', stop);
      cut();
    }
  };
}

function loginOf(options: SqlServerOptions, database: string): TdsLogin {
  const { host, port, user, password, credential, encrypt, trustServerCertificate, timeout } = options;
  const timeoutMs = timeout * 1_000;
  return { host, port, database, user, password, credential, encrypt, trustServerCertificate, timeoutMs };
}
