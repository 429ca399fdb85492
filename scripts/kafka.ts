/** `npm run kafka`: a real Apache Kafka on this machine to try the transport with, until Ctrl-C. What is in it is gone then. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { canStartBroker, startBroker } from '../test/support/kafka/broker.ts';

if (!canStartBroker) {
  process.stderr.write('Kafka needs java and mvn (Debian: openjdk-17-jre-headless and maven).\n');
  process.exit(1);
}
const folder = await mkdtemp(path.join(tmpdir(), 'kafka-'));
process.stderr.write('Starting Apache Kafka; the first time it is fetched from Maven Central (43 MB) …\n');
const broker = await startBroker(folder);
process.stdout.write(`transport: { kind: kafka, brokers: ['${broker.plain}'] }\n`);
process.stderr.write('That line goes into the configuration. Ctrl-C ends.\n');
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await broker.kill('SIGTERM');
await rm(folder, { recursive: true, force: true });
