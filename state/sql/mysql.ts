import { messageOf } from '../../pipeline/errors.ts';
import { insertOr, type SqlConnection, type SqlDatabase } from './database.ts';
import { type Meanings, type Reach, reachedBy, type SqlLogin } from './login.ts';

/** Symbols of errors, or what Node.js says, to what they mean for us (MySQL Server Error Message Reference). */
const meanings: Meanings = [
  [
    /^ER_ACCESS_DENIED|^ER_NOT_SUPPORTED_AUTH|_DENIED|^ER_HOST_NOT_PRIVILEGED|^ER_BAD_DB|^HANDSHAKE_|^ERR_TLS|CERT/,
    'STORE_REFUSED',
  ],
  [
    /^PROTOCOL_|^E(?!R_)[A-Z_]+$|^ER_(?:LOCK|CON_COUNT|SERVER_SHUTDOWN|OUT_OF|DISK_FULL|QUERY_INTERRUPTED|CONNECTION_KILLED)|^CUT$/,
    'STORE_UNAVAILABLE',
  ],
];
/** Seconds for which a transaction may stand open while nothing is asked: a process that was stopped in it must not keep the others waiting. */
const idleSeconds = 15;

/** MariaDB or MySQL as the place of a state store. `login` is asked for every connection: a password may have changed. */
export function mysqlDatabase(login: () => Promise<SqlLogin>): SqlDatabase {
  return {
    ...reachedBy({ product: 'MySQL', usualPort: 3306, login, connect, kindOf, meanings }),
    isMissing: (thrown) => kindOf(thrown) === 'ER_NO_SUCH_TABLE',
    isCut: (thrown) => /^PROTOCOL_|^E(?!R_)[A-Z_]+$|^CUT$/u.test(kindOf(thrown)),
    create: ({ state, fences }) => [
      `CREATE TABLE IF NOT EXISTS ${state} (id binary(32) PRIMARY KEY, head varbinary(255) NOT NULL, name mediumblob NOT NULL, value longblob NOT NULL, KEY in_order (head, id)) ENGINE=InnoDB`,
      `CREATE TABLE IF NOT EXISTS ${fences} (id binary(32) PRIMARY KEY, generation bigint NOT NULL) ENGINE=InnoDB`,
    ],
    begin: 'BEGIN',
    limit: (rows) => `LIMIT ${rows}`,
    upsert: (rows) => insertOr('ON DUPLICATE KEY UPDATE', rows, (column) => `VALUES(${column})`),
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
  const { createConnection } = await import('mysql2/promise'); // loaded where it is used: it takes a tenth of a second
  const connection = await createConnection({
    ...(user === undefined ? {} : { user }),
    host,
    port,
    database,
    ...(password === undefined ? {} : { password }),
    ...(ssl === undefined || ssl === false ? {} : { ssl: ssl === true ? {} : ssl }),
    connectTimeout: 10_000,
    enableKeepAlive: true,
  });
  // A connection that breaks while nothing is asked shows with the next query; without a listener it would end the process.
  connection.on('error', () => undefined);
  await limitIdle((text) => connection.query(text));
  return {
    query: async (text, values) => {
      const [result] = await connection.query(text, [...values]);
      if (Array.isArray(result)) return { rows: result as Record<string, unknown>[], count: result.length };
      return { rows: [], count: result.affectedRows };
    },
    close: async () => connection.destroy(),
  };
}

/** MariaDB ends a session whose transaction stands open; MySQL has no such setting, and waits for as long as the connection lives. */
async function limitIdle(query: (text: string) => Promise<unknown>): Promise<void> {
  try {
    await query(`SET SESSION idle_transaction_timeout = ${idleSeconds}`);
  } catch (thrown) {
    if (kindOf(thrown) !== 'ER_UNKNOWN_SYSTEM_VARIABLE') throw thrown;
  }
}

function kindOf(thrown: unknown): string {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return /closed/iu.test(messageOf(thrown)) ? 'CUT' : '';
}
