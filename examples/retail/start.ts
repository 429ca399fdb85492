/**
 * `npm start`: the pipeline over the example shop. The shop's database and ETL server are child processes; with PGHOST set, that
 * PostgreSQL is read as it is (and never written to). All arguments go to `purview-streams run`.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../cli/program.ts';
import { startService } from './service.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const { env } = process;

const loader = startService(here('loader/server.ts'));
const database = env['PGHOST'] === undefined ? startService(here('postgres/server.ts')) : undefined;
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
  }
  process.exitCode = await runProgram([
    'run',
    '--config',
    here('purview-streams.yaml'),
    ...process.argv.slice(2),
  ]);
} finally {
  await Promise.all([loader.stop(), database?.stop()]);
}
