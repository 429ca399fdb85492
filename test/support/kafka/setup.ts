/** Before and after a test run: says whether the suites of Kafka can run, and ends the broker that they have started. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fetchBroker } from './broker.ts';
import { endKafkaOfRun, hasKafka, noKafka, runFolder } from './shared.ts';
import { announceMissing, whyNoKafka } from './missing.ts';

let folder: string | undefined;

/** Called by vitest before the first test file. */
export async function setup(): Promise<void> {
  const given = process.env['KAFKA_BROKERS'];
  const why = await whyNoKafka({ given, canStart: hasKafka, fetch: fetchBroker });
  if (why !== undefined) {
    process.env[noKafka] = why;
    announceMissing(why, process.env['CI'], (line) => process.stderr.write(line));
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
