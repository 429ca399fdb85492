/** A server that speaks TDS, with a PostgreSQL behind it: what a state store says in T-SQL is standard SQL but for a few words, which are put in their place. */
import { type Client, DatabaseError } from 'pg';
import type { RpcCall } from './tds-rpc.ts';
import { startTdsSessions, type TdsServer, type TdsSessionAnswer } from './tds-server.ts';

/** Starts one; `connect` makes the connection to PostgreSQL that a session has. */
export function startTdsPostgres(
  connect: () => Promise<Client>,
  options: { readonly password: string },
): Promise<TdsServer> {
  return startTdsSessions(() => {
    const connected = connect();
    // A server that is stopped first ends what is still open; a query says so.
    void connected.then((client) => client.on('error', () => undefined)).catch(() => undefined);
    return {
      answer: async (call) => answer(await connected, call),
      end: () => void connected.then((client) => client.end()).catch(() => undefined),
    };
  }, options);
}

async function answer(client: Client, { sql, values }: RpcCall): Promise<TdsSessionAnswer> {
  if (sql.startsWith('SET ')) return { count: 0 };
  try {
    const { command, rows, rowCount } = await client.query<Record<string, Buffer | string>>(
      translated(sql, values),
      [...values],
    );
    if (command !== 'SELECT') return { count: rowCount ?? 0 };
    // What is a bigint here comes as a text.
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'string' ? Number(value) : value]),
      ),
    );
  } catch (thrown) {
    if (!(thrown instanceof DatabaseError)) throw thrown;
    const numbers: Readonly<Record<string, number>> = { '42P01': 208, '23505': 2627, '40001': 1205 };
    return { number: numbers[thrown.code ?? ''] ?? 50_000, message: thrown.message };
  }
}

function translated(sql: string, values: RpcCall['values']): string {
  return sql
    .replace(/^IF OBJECT_ID\(N'\w+'\) IS NULL CREATE TABLE/u, 'CREATE TABLE IF NOT EXISTS')
    .replace(/, INDEX \w+ \([^)]*\)/u, '')
    .replaceAll(/varbinary\(\w+\)/gu, 'bytea')
    .replace(' WITH (HOLDLOCK)', '')
    .replaceAll(
      /@p(\d+)/gu,
      (_, at: string) => `$${at}::${typeof values[Number(at) - 1] === 'number' ? 'bigint' : 'bytea'}`,
    );
}
