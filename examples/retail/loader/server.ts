/**
 * The example shop's ETL tool as a process of its own: prints one JSON line `{"url","token"}` when it answers, and ends with
 * SIGTERM, SIGINT or its parent. The token is random, or what LOADER_TOKEN holds.
 *
 *     tsx examples/retail/loader/server.ts [--port N]
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { messageOf } from '../../../pipeline/errors.ts';
import { type LoaderJob, startLoader } from './loader.ts';

const jobsSchema = z.array(z.looseObject({ id: z.string() }));

/** The shop's jobs, from jobs.json. */
export async function readJobs(): Promise<readonly LoaderJob[]> {
  return jobsSchema.parse(JSON.parse(await readFile(new URL('./jobs.json', import.meta.url), 'utf8')));
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' } } });
  const port = Number(values.port ?? '0');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port} is no port: give a number from 0 to 65535, 0 for a free one.`);
  const token = process.env['LOADER_TOKEN'];
  const loader = await startLoader({
    jobs: await readJobs(),
    port,
    ...(token === undefined ? {} : { token }),
  });
  const stop = (): void => {
    process.stdin.destroy();
    void loader.close();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  // The parent holds our standard input open as long as it lives.
  process.stdin.once('end', stop).once('error', stop).resume();
  process.stdout.write(`${JSON.stringify({ url: loader.url, token: loader.token })}\n`);
}

if (process.argv[1] === import.meta.filename) {
  main().catch((thrown: unknown) => {
    process.stderr.write(`${messageOf(thrown)}\n`);
    process.exitCode = 1;
  });
}
