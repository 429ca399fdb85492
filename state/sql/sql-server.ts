import { messageOf } from '../../pipeline/errors.ts';
import type { AzureSignIn } from '../../platform/azure-credential.ts';
import { openTds } from '../../platform/tds.ts';
import type { SqlConnection, SqlDatabase } from './database.ts';
import { type Meanings, type Reach, reachedBy, type SqlLogin } from './login.ts';

/** Numbers of the server ("Database Engine errors") and codes of tedious to what they mean for us. */
const meanings: Meanings = [
  [/^(?:ELOGIN|EFEDAUTH|EENCRYPT|18456|4060|40532|229|230|262|916|2760)$|CERT|^ERR_TLS/, 'STORE_REFUSED'],
  [
    /^E[A-Z_]+$|^(?:1205|1222|3960|40197|40501|40613|10928|10929|49918|49919|49920|1105|9002)$/,
    'STORE_UNAVAILABLE',
  ],
];
const cut = /^(?:ECONNCLOSED|ESOCKET|ETIMEOUT|EINVALIDSTATE|40197|40613)$/u;

/** How long a statement waits for a row that another one holds, in milliseconds. */
const lockTimeoutMs = 60_000;

/** SQL Server or Azure SQL as the place of a state store. `login` is asked for every connection: a password may have changed. `credential` signs in where it names no user. */
export function sqlServerDatabase(login: () => Promise<SqlLogin>, credential: AzureSignIn): SqlDatabase {
  return {
    ...reachedBy({
      product: 'SQL Server',
      usualPort: 1433,
      login,
      connect: (given) => connect(given, credential),
      kindOf,
      meanings,
    }),
    isMissing: (thrown) => kindOf(thrown) === '208',
    isCut: (thrown) => cut.test(kindOf(thrown)),
    create: ({ state, fences }) => [
      `IF OBJECT_ID(N'${state}') IS NULL CREATE TABLE ${state} (id varbinary(32) NOT NULL PRIMARY KEY, head varbinary(255) NOT NULL, name varbinary(max) NOT NULL, value varbinary(max) NOT NULL, INDEX in_order (head, id))`,
      `IF OBJECT_ID(N'${fences}') IS NULL CREATE TABLE ${fences} (id varbinary(32) NOT NULL PRIMARY KEY, generation bigint NOT NULL)`,
    ],
    begin: 'BEGIN TRANSACTION',
    limit: (rows) => `OFFSET 0 ROWS FETCH NEXT ${rows} ROWS ONLY`,
    // HOLDLOCK: two that merge one new key at the same time would both insert it ("MERGE (Transact-SQL)", concurrency).
    upsert: ({ table, columns, values, set }) => {
      const given = columns.map((column) => `given.${column}`).join(', ');
      const change = set(
        (column) => `kept.${column}`,
        (column) => `given.${column}`,
      );
      return `MERGE INTO ${table} WITH (HOLDLOCK) AS kept USING (VALUES ${values.map((row) => `(${row})`).join(', ')}) AS given (${columns.join(', ')}) ON kept.id = given.id WHEN MATCHED THEN UPDATE SET ${change} WHEN NOT MATCHED THEN INSERT (${columns.join(', ')}) VALUES (${given});`;
    },
  };
}

async function connect(
  { host, port, database, user, password, ssl = true }: Parameters<Reach['connect']>[0],
  credential: AzureSignIn,
): Promise<SqlConnection> {
  const own = typeof ssl === 'object' ? ssl : { rejectUnauthorized: true };
  const connection = await openTds({
    host,
    port,
    database,
    user,
    password,
    credential,
    encrypt: ssl !== false,
    trustServerCertificate: !own.rejectUnauthorized,
    ca: own.ca,
    timeoutMs: lockTimeoutMs * 2,
  });
  try {
    await connection.connect();
    // What fails ends its transaction; without this, a part of it would stay open.
    await connection.query(`SET XACT_ABORT ON; SET LOCK_TIMEOUT ${lockTimeoutMs}`);
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
  return {
    query: (text, values) => {
      let at = 0;
      return connection.query(
        text.replaceAll('?', () => `@p${(at += 1)}`),
        values,
      );
    },
    close: async () => connection.close(),
  };
}

/** tedious says EREQUEST of whatever the server answers; its number says more. */
function kindOf(thrown: unknown): string {
  const facts: object = thrown instanceof Error ? thrown : {};
  const number: unknown = Reflect.get(facts, 'number');
  if (typeof number === 'number') return String(number);
  const code: unknown = Reflect.get(facts, 'code');
  if (typeof code === 'string') return code;
  return /clos|not connected|LoggedIn/iu.test(messageOf(thrown)) ? 'ECONNCLOSED' : '';
}
