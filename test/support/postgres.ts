/**
 * A PostgreSQL for tests: the one that PGHOST names, else one that is started from npm's binaries. All files share the one of PGHOST, and a
 * scan tells how many transactions it has seen: run one file after the other there (`vitest run --no-file-parallelism`).
 */
import { randomUUID } from 'node:crypto';
import { Client, DatabaseError } from 'pg';
import type { Producer } from '../../pipeline/producer.ts';
import { postgres } from '../../producers/postgres/component.ts';
import { startFreshPostgres } from './fresh-postgres.ts';

/** Where a test connects to. */
export interface TestConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
}

/** A server with as many databases as a test wants. */
export interface TestPostgres extends TestConnection {
  /** Major version. */
  readonly version: number;
  /** Whether it lets everybody in, so that a wrong password cannot be tried. */
  trusts(): Promise<boolean>;
  /** Creates an empty database of a name that nothing else has, and deletes it on `stop`. */
  createDatabase(): Promise<string>;
  /** Runs SQL in a database of `createDatabase`. */
  run(database: string, sql: string): Promise<void>;
  /** A connection that the test closes. */
  client(database: string): Promise<Client>;
  stop(): Promise<void>;
}

/** Starts or finds the server; `settings` are for one that is started. */
export async function startTestPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestPostgres> {
  const { connection, stop } = await server(settings);
  const databases: string[] = [];
  const client = async (database: string): Promise<Client> => {
    const { password, ...rest } = connection;
    const made = new Client({ ...rest, ...(password === undefined ? {} : { password }), database });
    await made.connect();
    return made;
  };
  const run = async (database: string, sql: string): Promise<void> => {
    const made = await client(database);
    try {
      await made.query(sql);
    } finally {
      await made.end();
    }
  };
  const admin = await client('postgres');
  const { rows } = await admin.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version",
  );
  await admin.end();
  return {
    ...connection,
    version: rows[0]?.version ?? 0,
    client,
    run,
    trusts: async () => {
      const stranger = new Client({ ...connection, password: randomUUID(), database: 'postgres' });
      try {
        await stranger.connect();
        return true;
      } catch (thrown) {
        if (thrown instanceof DatabaseError && thrown.code === '28P01') return false;
        throw thrown;
      } finally {
        await stranger.end();
      }
    },
    createDatabase: async () => {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      await run('postgres', `CREATE DATABASE ${name}`);
      databases.push(name);
      return name;
    },
    stop: async () => {
      for (const name of databases.splice(0)) {
        await run('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }
      await stop();
    },
  };
}

async function server(settings: Readonly<Record<string, string>>): Promise<{
  readonly connection: TestConnection;
  readonly stop: () => Promise<void>;
}> {
  const { PGHOST, PGPORT, PGUSER, PGPASSWORD } = process.env;
  if (PGHOST !== undefined && PGHOST !== '') {
    const connection = {
      host: PGHOST,
      port: Number(PGPORT ?? 5432),
      user: PGUSER ?? 'postgres',
      password: PGPASSWORD,
    };
    return { connection, stop: () => Promise.resolve() };
  }
  const started = await startFreshPostgres(settings);
  const { host, port, user, password } = started;
  return { connection: { host, port, user, password }, stop: started.stop };
}

/** Opens a producer named `shop-db` on databases of a test's server; `options` are further options of it. */
export function openProducer(
  { host, port, user, password }: TestConnection,
  database: string | readonly string[],
  options: Readonly<Record<string, unknown>> = {},
): Promise<Producer> {
  const where = { host, port, user, password, database, server: 'shop-db' };
  return postgres.configure('shop-db', { ...where, ...options }, { baseFolder: '/' }).open();
}
