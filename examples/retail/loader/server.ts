/**
 * The example shop's ETL tool as a process of its own: prints one JSON line `{"url","token"}` when it answers, and ends with
 * SIGTERM, SIGINT or its parent. The token is random, or what LOADER_TOKEN holds. What is changed in its file of jobs shows in its next answers.
 *
 *     tsx examples/retail/loader/server.ts [--port N] [--jobs FILE]
 */
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { messageOf } from '../../../pipeline/errors.ts';
import { type Loader, type LoaderJob, startLoader } from './loader.ts';

const jobsSchema = z.array(z.looseObject({ id: z.string() }));
const shopJobs = fileURLToPath(new URL('./jobs.json', import.meta.url));

/** The shop's jobs, from jobs.json, or those of another file. Rejects when it cannot be read. */
export async function readJobs(file: string = shopJobs): Promise<readonly LoaderJob[]> {
  return jobsSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** Has the tool say what its file says from now on, each time that it changes. Returns how to end that. */
function followJobs(file: string, { jobs }: Loader): () => void {
  const read = async (): Promise<void> => {
    try {
      const now = await readJobs(file);
      jobs.clear();
      for (const job of now) jobs.set(job.id, job);
    } catch (thrown) {
      // Half written, or wrong: the tool says what it said before, until the file changes again.
      process.stderr.write(`loader: ${file} is not taken: ${messageOf(thrown)}\n`);
    }
  };
  watchFile(file, { interval: 500 }, () => void read());
  return () => unwatchFile(file);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, jobs: { type: 'string' } } });
  const file = values.jobs ?? shopJobs;
  const port = Number(values.port ?? '0');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port ${values.port} is no port: give a number from 0 to 65535, 0 for a free one.`);
  const token = process.env['LOADER_TOKEN'];
  const loader = await startLoader({
    jobs: await readJobs(file),
    port,
    ...(token === undefined ? {} : { token }),
  });
  const unfollow = followJobs(file, loader);
  const stop = (): void => {
    unfollow();
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
