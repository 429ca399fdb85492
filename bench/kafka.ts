import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import kafkajs from 'kafkajs';
import type { Assignment, Transport } from '../pipeline/transport.ts';
import type { ProcessingGuarantee } from '../pipeline/transport-config.ts';
import { startBroker } from '../test/support/kafka/broker.ts';
import { createKafkaTransport } from '../transports/kafka/transport.ts';
import { groupFigures, measureGroups } from './kafka-group.ts';
import { type Benchmark, type Figure, inFolder, median, rate, sized } from './benchmark.ts';

/** Events do not compress to nothing. */
const values = Array.from({ length: 64 }, () => Buffer.from(randomBytes(512).toString('hex')));
const headers = { ce_type: 'io.purviewstreams.database-object', ce_source: '/producers/shop' };
const batch = 500;
const unit = 'events/s';
/** How often each guarantee is measured. */
const rounds = 3;

/** A topic of one partition with as many events, each its own. */
interface Load {
  readonly broker: string;
  readonly topic: string;
  readonly count: number;
}

function* batches(count: number) {
  for (let from = 0; from < count; from += batch)
    yield Array.from({ length: batch }, (_, index) => ({
      key: `k${from + index}`,
      value: values[(from + index) % values.length] ?? null,
      headers,
    }));
}

/** The client alone: idempotent, gzip, batches of the same size, one at a time. Events per second of producing and of consuming. */
async function bare({
  broker,
  topic,
  count,
}: Load): Promise<{ readonly produce: number; readonly consume: number }> {
  const { NOTHING } = kafkajs.logLevel;
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: NOTHING });
  const { DefaultPartitioner } = kafkajs.Partitioners;
  const producer = kafka.producer({ idempotent: true, createPartitioner: DefaultPartitioner });
  await producer.connect();
  const produce = await rate(count, async () => {
    for (const messages of batches(count))
      await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP });
  });
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: `bare-${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let seen = 0;
  let finish: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let joined = 0;
  consumer.on(consumer.events.GROUP_JOIN, () => {
    joined = performance.now();
  });
  await consumer.run({
    eachBatch: async ({ batch: { messages } }) => {
      seen += messages.length;
      if (seen >= count) finish();
    },
  });
  await all;
  const consume = (count / (performance.now() - joined)) * 1000;
  await consumer.disconnect();
  return { produce, consume };
}

/** Takes everything in a partition; `settle` commits each batch. */
async function takeAll(
  transport: Transport,
  group: string,
  { topic, count, together = false }: Pick<Load, 'topic' | 'count'> & { readonly together?: boolean },
  settle: (assignment: Assignment, offset: number) => Promise<unknown>,
): Promise<number> {
  const stop = new AbortController();
  let perSecond = 0;
  for await (const assignment of transport.subscribe({ topic, group, signal: stop.signal, together })) {
    const next = () => assignment.pull({ records: batch, bytes: 4 * 1024 ** 2 }, stop.signal);
    perSecond = await rate(count, async () => {
      for (let seen = 0; seen < count; ) {
        const records = await next();
        seen += records.length;
        await settle(assignment, (records.at(-1)?.offset ?? 0) + 1);
      }
    });
    stop.abort();
    await assignment.release();
  }
  return perSecond;
}

/** Takes everything, remembers something of each event, and appends as many that come again with it, as the transform stage does. */
function forwarded(transport: Transport, { topic, count }: Load, group: string): Promise<number> {
  const records = [...batches(batch)].flat().map((record) => ({ ...record, again: true as const }));
  return takeAll(transport, group, { topic: `${topic}.ours`, count, together: true }, (assignment, offset) =>
    transport.transactions.update({
      assignments: [assignment],
      bytes: 0,
      compute: (table) => {
        for (const { key, value } of records) if (value !== null) table.put(['bench', key], value);
        return {
          appends: [{ topic: `${topic}.out`, records }],
          state: [{ key: 'bench', value: offset }],
          commits: [{ assignment, offset }],
        };
      },
    }),
  );
}

/** Events per second of both guarantees in turns; the first turn of each, which fills the table, does not count. */
async function inTurns(load: Load): Promise<Readonly<Record<ProcessingGuarantee, readonly number[]>>> {
  const found = { 'at-least-once': [] as number[], 'exactly-once': [] as number[] };
  const some = { ...load, count: Math.ceil(load.count / 4 / batch) * batch };
  for (let round = 0; round <= rounds; round += 1)
    for (const processingGuarantee of ['at-least-once', 'exactly-once'] as const) {
      const transport = createKafkaTransport({ brokers: [load.broker], processingGuarantee });
      const perSecond = await forwarded(transport, some, `${processingGuarantee}-${round}`);
      await transport.close();
      if (round > 0) found[processingGuarantee].push(perSecond);
    }
  return found;
}

async function measure(load: Load): Promise<readonly Figure[]> {
  const { broker, topic, count } = load;
  const transport = createKafkaTransport({ brokers: [broker] });
  await transport.ensureTopics(
    ['ours', 'bare', 'out'].map((name) => ({ name: `${topic}.${name}`, partitions: 1 })),
  );
  const baseline = await bare({ ...load, topic: `${topic}.bare` });
  const own = `${topic}.ours`;
  const produce = await rate(count, async () => {
    for (const records of batches(count)) await transport.append(own, records);
  });
  const consume = await takeAll(transport, 'consume', { topic: own, count }, (held, offset) =>
    held.commit(offset),
  );
  await transport.close();
  const guarantees = await inTurns(load);
  const note = `1 KB, gzip, batches of ${batch}, a broker on this machine`;
  return [
    {
      name: 'kafka-produce',
      value: produce,
      unit,
      baseline: baseline.produce,
      note: `${note}; baseline: bare kafkajs, idempotent`,
    },
    {
      name: 'kafka-consume',
      value: consume,
      unit,
      baseline: baseline.consume,
      note: `${note}, committed each; baseline: bare kafkajs, eachBatch`,
    },
    {
      name: 'kafka-exactly-once',
      value: median(guarantees['exactly-once']),
      unit,
      baseline: median(guarantees['at-least-once']),
      note: `${note}, taken, remembered and appended again, all in one transaction; median of ${rounds}, in turns; baseline: at-least-once, appended and committed behind the transaction`,
    },
  ];
}

/** The Kafka transport against the bare client, and what a transaction costs. */
export const kafka: Benchmark = {
  names: ['kafka-produce', 'kafka-consume', 'kafka-exactly-once', ...groupFigures],
  summary:
    'the Kafka transport alone: events produced, consumed, and forwarded exactly once; one consumer and four; where java and mvn are',
  aim: 'at least 0.8 of the bare client; four consumers at least 3.6 times one',
  measure: async (context) => {
    return inFolder(async (folder) => {
      const broker = await startBroker(path.join(folder, 'broker'));
      try {
        const count = Math.ceil(sized(context, 100_000, batch) / batch) * batch;
        const { plain } = broker;
        const alone = await measure({ broker: plain, topic: 'bench', count });
        return [...alone, ...(await measureGroups(plain, context))];
      } finally {
        await broker.kill('SIGKILL');
      }
    });
  },
};
