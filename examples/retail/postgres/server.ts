/**
 * The example shop's PostgreSQL as a process of its own: starts the server, loads `shop.sql` once, prints one JSON line
 * `{"host","port","user","password","database"}` when it can be used, and ends with SIGTERM, SIGINT or its parent.
 *
 *     tsx examples/retail/postgres/server.ts [folder]
 */
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { messageOf } from '../../../pipeline/errors.ts';
import { installStatements } from '../../../producers/postgres/capture.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';

const database = 'shop';

/** Creates the shop's database with its tables, views and a few rows, unless it is there already, and lets it tell of its changes. */
export async function loadShop(server: {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}): Promise<void> {
  const { host, port, user, password } = server;
  const connect = async (name: string): Promise<Client> => {
    const client = new Client({ host, port, user, password, database: name });
    await client.connect();
    return client;
  };
  const admin = await connect('postgres');
  try {
    const found = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) await admin.query(`CREATE DATABASE ${database}`);
  } finally {
    await admin.end();
  }
  const shop = await connect(database);
  try {
    const loaded = await shop.query("SELECT FROM pg_namespace WHERE nspname = 'sales'");
    if (loaded.rowCount === 0)
      await shop.query(await readFile(new URL('./shop.sql', import.meta.url), 'utf8'));
    // Once more does no harm: a folder of an older version gets the newer triggers.
    await shop.query(installStatements(user).join(';\n'));
  } finally {
    await shop.end();
  }
}

async function main(folder: string | undefined): Promise<void> {
  const server: EmbeddedPostgres = await startEmbeddedPostgres(folder);
  const stop = (): void => void server.stop();
  process.once('SIGTERM', stop).once('SIGINT', stop);
  // The parent holds our standard input open as long as it lives.
  process.stdin.once('end', stop).once('error', stop).resume();
  await loadShop(server);
  const { host, port, user, password } = server;
  process.stdout.write(`${JSON.stringify({ host, port, user, password, database })}\n`);
  await server.ended;
  process.stdin.destroy();
}

if (process.argv[1] === import.meta.filename) {
  main(process.argv[2]).catch((thrown: unknown) => {
    process.stderr.write(`${messageOf(thrown)}\n`);
    process.exitCode = 1;
  });
}
