/** The Kafka of a test run: the one that KAFKA_BROKERS names, else one broker that the first test which needs it starts, and that ends with the run. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type BrokerAddress, canStartBroker, startBroker } from './broker.ts';

/** Environment variables by which the processes of a run find its broker. */
export const runFolder = 'PURVIEW_STREAMS_TEST_KAFKA';

/** Environment variable that is there where no broker can be had for a run. */
export const noKafka = 'PURVIEW_STREAMS_TEST_NO_KAFKA';

const given = process.env['KAFKA_BROKERS'];

/** Whether there is a broker, or one can be started. */
export const hasKafka = given !== undefined || (canStartBroker && process.env[noKafka] === undefined);

/** How to get one. */
export const howToGetKafka =
  'they need java and mvn (Debian: openjdk-17-jre-headless and maven), or a broker that KAFKA_BROKERS names (host:port)';

const addressShape = z.object({
  plain: z.string(),
  secure: z.object({ broker: z.string(), ca: z.string() }).optional(),
  pid: z.number().optional(),
});
/** What is left in place of an address by who could not start the broker. */
const failureShape = z.object({ failed: z.string() });
const fileName = 'broker.json';
const startMs = 300_000; // the first time its jars are fetched

/** Where the broker of this run is; starts it where nobody has. */
export async function kafkaOfRun(): Promise<BrokerAddress> {
  if (given !== undefined) return { plain: given.split(',')[0] ?? given };
  const folder = process.env[runFolder];
  if (folder === undefined) throw new Error('The broker of the tests belongs to a run of vitest.');
  const file = path.join(folder, fileName);
  try {
    await mkdir(path.join(folder, 'starting'));
  } catch {
    return found(file); // somebody starts it
  }
  try {
    const { plain, secure, pid } = await startBroker(path.join(folder, 'broker'), {
      endsWith: process.ppid,
    });
    await writeFile(`${file}.new`, JSON.stringify({ plain, secure, pid }));
  } catch (thrown) {
    await writeFile(`${file}.new`, JSON.stringify({ failed: String(thrown) }));
    throw thrown;
  } finally {
    await rename(`${file}.new`, file);
  }
  return found(file);
}

/** The broker that was started for a run, once it is up. */
async function found(file: string): Promise<BrokerAddress> {
  for (const until = Date.now() + startMs; Date.now() < until; ) {
    if (existsSync(file)) {
      const left: unknown = JSON.parse(await readFile(file, 'utf8'));
      const failure = failureShape.safeParse(left);
      if (!failure.success) return addressShape.parse(left);
      throw new Error(`The broker of the tests did not start: ${failure.data.failed}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error('The broker of the tests did not start.');
}

/** Ends the broker of a run, if one was started. */
export async function endKafkaOfRun(folder: string): Promise<void> {
  const file = path.join(folder, fileName);
  if (!existsSync(file)) return;
  const { pid } = addressShape.partial().parse(JSON.parse(await readFile(file, 'utf8')));
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}
