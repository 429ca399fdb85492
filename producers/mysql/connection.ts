import type { Connection, ConnectionOptions } from 'mysql2/promise';
import { type ErrorCode, messageOf, StreamError } from '../../pipeline/errors.ts';
import { redactText } from '../../platform/redact.ts';
import type { MysqlConnection } from './options.ts';

/** Symbols of MySQL's and MariaDB's errors, or what Node.js says, to what they mean for us (MySQL Server Error Message Reference). */
const meanings: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [/^ER_ACCESS_DENIED|^ER_NOT_SUPPORTED_AUTH/, 'SOURCE_REFUSED', 'Check user and password.'],
  [
    /^ER_(?:TABLEACCESS|COLUMNACCESS|DBACCESS)_DENIED/,
    'SOURCE_REFUSED',
    'Run: GRANT SELECT ON performance_schema.* TO the user.',
  ],
  [
    /^ER_SPECIFIC_ACCESS_DENIED/,
    'SOURCE_REFUSED',
    'Run: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the user.',
  ],
  [/^ER_HOST_NOT_PRIVILEGED/, 'SOURCE_REFUSED', 'Allow the user to log in from this host.'],
  [/^HANDSHAKE_|^ERR_TLS|CERT/, 'SOURCE_REFUSED', 'Check the option ssl.'],
  [/^ECONNREFUSED$/, 'SOURCE_UNAVAILABLE', 'Is the server running, and are host and port right?'],
  [/^ENOTFOUND$|^EAI_AGAIN$/, 'SOURCE_UNAVAILABLE', 'Check the option host.'],
];

/** Says what a failed connection or query means; a {@link StreamError} stays itself. The password is in none of them. */
export function sourceError(thrown: unknown, { host, port, user }: MysqlConnection): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const kind =
    thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  const found = meanings.find(([pattern]) => pattern.test(kind));
  const [, code, advice] = found ?? [
    null,
    kind.startsWith('ER_') ? 'SOURCE_INVALID' : 'SOURCE_UNAVAILABLE',
    undefined,
  ];
  const text = (messageOf(thrown) || kind).replace(/\.$/, '');
  return new StreamError(code, redactText(`MySQL at ${host}:${port}, user ${user}: ${text}.`), {
    cause: thrown,
    ...(advice === undefined ? {} : { advice }),
  });
}

/** The options of the client. */
export function clientOptions(source: MysqlConnection): ConnectionOptions {
  return {
    host: source.host,
    port: source.port,
    user: source.user,
    ...(source.password === undefined ? {} : { password: source.password }),
    ...(source.ssl === undefined ? {} : { ssl: source.ssl }),
    connectTimeout: 10_000,
    supportBigNumbers: true,
    charset: 'utf8mb4',
  };
}

/** Connects for one piece of work. `signal` cuts the connection, also in the middle of a query. Rejects with what {@link sourceError} says. */
export async function withConnection<T>(
  source: MysqlConnection,
  signal: AbortSignal,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { createConnection } = await import('mysql2/promise'); // loaded where it is used: it takes a tenth of a second
  signal.throwIfAborted();
  let connection: Connection | undefined;
  const cut = (): void => connection?.destroy();
  signal.addEventListener('abort', cut, { once: true });
  try {
    connection = await createConnection(clientOptions(source));
    signal.throwIfAborted();
    return await use(connection);
  } catch (thrown) {
    signal.throwIfAborted();
    throw sourceError(thrown, source);
  } finally {
    signal.removeEventListener('abort', cut);
    connection?.destroy();
  }
}
