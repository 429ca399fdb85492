/**
 * `npm start`: the pipeline over the example shop. The shop's database and ETL server are child processes; with PGHOST set, that
 * PostgreSQL is read as it is (and never written to). All arguments go to `purview-streams run`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../cli/program.ts';
import { startService } from './service.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const { env } = process;
const secrets = await mkdtemp(join(tmpdir(), 'purview-streams-shop-'));

const loader = startService(here('loader/server.ts'));
const database = (env['PGHOST'] ?? '') === '' ? startService(here('postgres/server.ts')) : undefined;
try {
  const { url, token } = await loader.ready;
  env['LOADER_URL'] = url;
  env['LOADER_TOKEN'] = token;
  const address = await database?.ready;
  if (address !== undefined) {
    env['PGHOST'] = address['host'];
    env['PGPORT'] = address['port'];
    env['PGUSER'] = address['user'];
    env['PGPASSWORD'] = address['password'];
    env['PGDATABASE'] = address['database'];
    process.stderr.write(`The shop's database: ${await psqlCommand(address)}\n`);
  }
  process.exitCode = await runProgram([
    'run',
    '--config',
    here('purview-streams.yaml'),
    ...process.argv.slice(2),
  ]);
} finally {
  await Promise.all([loader.stop(), database?.stop()]);
  await rm(secrets, { recursive: true, force: true });
}

/** How to open the shop's database by hand. The password is in a file that only this user may read, and that goes with this process. */
async function psqlCommand(address: Readonly<Record<string, string>>): Promise<string> {
  const { host, port, user, password, database: name } = address;
  const file = join(secrets, 'pgpass');
  await writeFile(file, `${host}:${port}:*:${user}:${password}\n`, { mode: 0o600 });
  return `PGPASSFILE=${file} psql -h ${host} -p ${port} -U ${user} ${name}`;
}
