/** Before and after a test run: says whether the suites of Kafka can run, and ends the broker that they have started. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { endKafkaOfRun, hasKafka, howToGetKafka, runFolder } from './shared.ts';

let folder: string | undefined;

/** Called by vitest before the first test file. */
export async function setup(): Promise<void> {
  if (!hasKafka) {
    const why = `The suites of Kafka do not run: ${howToGetKafka}.`;
    if (process.env['CI'] === 'true') throw new Error(why);
    process.stderr.write(`${why}\n`);
  }
  folder = await mkdtemp(path.join(tmpdir(), 'purview-streams-kafka-run-'));
  process.env[runFolder] = folder;
}

/** Called by vitest after the last one. */
export async function teardown(): Promise<void> {
  if (folder === undefined) return;
  await endKafkaOfRun(folder);
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
