import { Client, DatabaseError } from 'pg';
import { messageOf, StreamError, type ErrorCode } from '../../pipeline/errors.ts';
import { redactText } from '../../platform/redact.ts';
import type { PostgresSource } from './options.ts';

/** Oldest server that the queries are written for. */
const oldestVersion = 130_000;

/** SQLSTATE, or what Node.js says, to what it means for us (PostgreSQL documentation, appendix "Error Codes"). */
const meanings: readonly (readonly [pattern: RegExp, code: ErrorCode, advice: string])[] = [
  [
    /^28|^SASL$/,
    'SOURCE_REFUSED',
    'Check user and password (options user and password, or PGUSER and PGPASSWORD).',
  ],
  [/^3D000$/, 'SOURCE_NOT_FOUND', 'Check the option database (or PGDATABASE).'],
  [
    /^42501$/,
    'SOURCE_REFUSED',
    'The role needs CONNECT on the database; the system catalogues are open to everyone.',
  ],
  [/^53|^57|^08|^40|^58/, 'SOURCE_UNAVAILABLE', 'The server is starting, stopping or full; try again.'],
  [/^XX000$|^42P01$/, 'SOURCE_UNAVAILABLE', 'An object was dropped while it was read; try again.'],
  [
    /^ECONNREFUSED$/,
    'SOURCE_UNAVAILABLE',
    'Is the server running, and are host and port right (options host and port, or PGHOST and PGPORT)?',
  ],
  [/^ENOTFOUND$|^EAI_AGAIN$/, 'SOURCE_UNAVAILABLE', 'Check the option host (or PGHOST).'],
  [/^TLS$/, 'SOURCE_REFUSED', 'Check the option ssl.'],
];

/**
 * Says what a failed connection or query means: SOURCE_REFUSED, SOURCE_NOT_FOUND, SOURCE_UNAVAILABLE (the only one that may be tried
 * again), or SOURCE_INVALID for an error of the query itself. The password is in none of them.
 */
export function sourceError(thrown: unknown, source: PostgresSource, database: string): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const where = `PostgreSQL at ${source.host}:${source.port}, database ${database}, user ${source.user}`;
  const kind = kindOf(thrown);
  const meaning = meanings.find(([pattern]) => pattern.test(kind));
  const [, code, advice] = meaning ?? [
    null,
    thrown instanceof DatabaseError ? 'SOURCE_INVALID' : 'SOURCE_UNAVAILABLE',
  ];
  const text = messageOf(thrown) || kind;
  // A host that is a whole address may hold a password, and so may what the server says.
  return new StreamError(code, redactText(`${where}: ${text.replace(/\.$/, '')}.`), {
    cause: thrown,
    ...(advice === undefined ? {} : { advice }),
  });
}

function kindOf(thrown: unknown): string {
  const text = messageOf(thrown);
  if (/^SASL|password must be a string/.test(text)) return 'SASL';
  if (/SSL|certificate/i.test(text)) return 'TLS';
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

/** Connects to one database. `signal` cuts the connection, also in the middle of a query. Rejects with what {@link sourceError} says. `replication`: takes commands of the replication protocol too. */
export async function connect(
  source: PostgresSource,
  database: string,
  signal: AbortSignal,
  { replication = false }: { readonly replication?: boolean } = {},
): Promise<Client> {
  signal.throwIfAborted();
  const config = {
    host: source.host,
    port: source.port,
    user: source.user,
    ...(source.password === undefined ? {} : { password: source.password }),
    database,
    ...(source.ssl === undefined ? {} : { ssl: source.ssl }),
    application_name: 'purview-streams',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    ...(replication ? { replication: 'database' } : {}),
  };
  const client = new Client(config);
  const cut = (): void => void client.end();
  signal.addEventListener('abort', cut, { once: true });
  client.once('end', () => signal.removeEventListener('abort', cut));
  // A connection that breaks while nothing is asked shows with the next query; without a listener it would end the process.
  client.on('error', () => undefined);
  // `connect` never settles when the connection is cut in the middle of it; the event does.
  const ended = new Promise<never>((_resolve, reject) => {
    client.once('end', () => reject(new StreamError('SOURCE_UNAVAILABLE', 'The connection was cut.')));
  });
  try {
    await Promise.race([client.connect(), ended]);
    const { rows } = await client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    );
    const version = rows[0]?.version ?? 0;
    if (version < oldestVersion) {
      throw new StreamError(
        'SOURCE_INVALID',
        `PostgreSQL at ${source.host}:${source.port} is version ${Math.floor(version / 10_000)}; 13 is the oldest that can be read.`,
      );
    }
    return client;
  } catch (thrown) {
    await client.end();
    signal.throwIfAborted();
    throw sourceError(thrown, source, database);
  }
}

/** Connects to one database, and ends the connection after its use. Rejects as {@link connect}, and for what goes wrong amid the use too. */
export async function withClient<T>(
  at: { readonly source: PostgresSource; readonly database: string; readonly signal: AbortSignal },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { source, database, signal } = at;
  const client = await connect(source, database, signal);
  try {
    return await use(client);
  } catch (thrown) {
    signal.throwIfAborted();
    throw sourceError(thrown, source, database);
  } finally {
    await client.end();
  }
}
