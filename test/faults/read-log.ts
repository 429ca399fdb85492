import { createHash } from 'node:crypto';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { StreamError } from '../../pipeline/errors.ts';
import { topics } from '../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';

// A process that reads logs which may be damaged: for each folder that comes on standard input it answers one line,
// {"records": {"TOPIC-PARTITION-OFFSET": HASH or "corrupt"}} or {"refused": CODE}. It may die of it, which the other side sees.

async function read(folder: string): Promise<unknown> {
  const records: Record<string, string> = {};
  const transport = createEmbeddedTransport({ folder });
  try {
    for (const topic of [topics.raw, topics.entities]) {
      for (const { partition } of await transport.describe(topic)) {
        for await (const { offset, key, headers, value, corrupt } of transport.read(topic, partition, 0)) {
          const hash = createHash('sha256')
            .update(JSON.stringify([key, headers]))
            .update(value ?? 'null');
          records[`${topic}-${partition}-${offset}`] = corrupt === undefined ? hash.digest('hex') : 'corrupt';
        }
      }
    }
  } finally {
    await transport.close();
  }
  return { records };
}

for await (const folder of createInterface({ input: process.stdin })) {
  const answer = await read(folder).catch((thrown: unknown) => {
    if (thrown instanceof StreamError) return { refused: thrown.code };
    return { fault: String(thrown) };
  });
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
