import { Client, DatabaseError } from 'pg';
import { messageOf } from '../../pipeline/errors.ts';
import { insertOr, type SqlConnection, type SqlDatabase } from './database.ts';
import { type Meanings, type Reach, reachedBy, type SqlLogin } from './login.ts';

/** SQLSTATE, or what Node.js says, to what it means for us (PostgreSQL documentation, appendix "Error Codes"). */
const meanings: Meanings = [
  [/^28|^SASL$|^3D000$|^3F000$|^42501$|^TLS$/, 'STORE_REFUSED'],
  [/^53|^57|^08|^40|^58|^25P03$|^E[A-Z_]+$|^CUT$/, 'STORE_UNAVAILABLE'],
];
/** How long a transaction may stand open while nothing is asked: a process that was stopped in it must not keep the others waiting. */
const idleMs = 15_000;

/** PostgreSQL as the place of a state store. `login` is asked for every connection: a password may have changed. */
export function postgresDatabase(login: () => Promise<SqlLogin>): SqlDatabase {
  return {
    ...reachedBy({ product: 'PostgreSQL', usualPort: 5432, login, connect, kindOf, meanings }),
    isMissing: (thrown) => kindOf(thrown) === '42P01',
    isCut: (thrown) => /^57P|^08|^25P03$|^E[A-Z_]+$|^CUT$/u.test(kindOf(thrown)),
    create: ({ state, fences }) => [
      `CREATE TABLE IF NOT EXISTS ${state} (id bytea PRIMARY KEY, head bytea NOT NULL, name bytea NOT NULL, value bytea NOT NULL)`,
      `CREATE INDEX IF NOT EXISTS ${state.replace(/^.*\./u, '')}_order ON ${state} (head, id)`,
      `CREATE TABLE IF NOT EXISTS ${fences} (id bytea PRIMARY KEY, generation bigint NOT NULL)`,
    ],
    begin: 'BEGIN',
    limit: (rows) => `LIMIT ${rows}`,
    upsert: (rows) => insertOr('ON CONFLICT (id) DO UPDATE SET', rows, (column) => `EXCLUDED.${column}`),
  };
}

async function connect({
  user,
  host,
  port,
  database,
  password,
  ssl,
}: Parameters<Reach['connect']>[0]): Promise<SqlConnection> {
  const client = new Client({
    user,
    host,
    port,
    database,
    ...(password === undefined ? {} : { password }),
    ...(ssl === undefined ? {} : { ssl }),
    application_name: 'purview-streams',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: idleMs,
    lock_timeout: idleMs * 4,
  });
  // A connection that breaks while nothing is asked shows with the next query; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (thrown) {
    await client.end();
    throw thrown;
  }
  return {
    query: async (text, values) => {
      let at = 0;
      const numbered = text.replaceAll('?', () => `$${(at += 1)}`);
      const { rows, rowCount } = await client.query<Record<string, unknown>>(numbered, [...values]);
      return { rows, count: rowCount ?? 0 };
    },
    close: () => client.end(),
  };
}

function kindOf(thrown: unknown): string {
  const text = messageOf(thrown);
  if (/^SASL|password must be a string/u.test(text)) return 'SASL';
  if (/SSL|certificate/iu.test(text)) return 'TLS';
  if (thrown instanceof DatabaseError) return thrown.code ?? '';
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return /terminated|not queryable|timeout|closed/iu.test(text) ? 'CUT' : '';
}
