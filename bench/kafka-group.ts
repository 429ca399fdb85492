/** Consumer groups on Kafka: what more consumers bring, and how long partitions stand still when one joins. */
import { setTimeout as delay } from 'node:timers/promises';
import { fires } from '../pipeline/delivery/backoff.ts';
import { Serial } from '../pipeline/serial.ts';
import type { Assignment, Transport } from '../pipeline/transport.ts';
import { createKafkaTransport } from '../transports/kafka/transport.ts';
import { type BenchmarkContext, type Figure, rate, sized, timed } from './benchmark.ts';

const partitions = 4;
const most = 4;
/** What a catalogue takes for one event, as each consumer waits for it: 2,500 a second. */
const deliveryMs = 0.4;
const limit = { records: 100, bytes: 1024 ** 2 };
const value = Buffer.alloc(200, 'x');

/** Told of every batch that a consumer has settled. */
type OnBatch = (partition: number, records: number) => void;

/** A process of the sink, as far as its group sees it: one delivery at a time. */
class Consumer {
  readonly #transport: Transport;
  readonly #leave = new AbortController();
  readonly #deliveries = new Serial();
  readonly #ended: Promise<void>;
  held = 0;

  constructor(
    broker: string,
    topic: string,
    of: {
      readonly go: Promise<unknown>;
      readonly onBatch: OnBatch;
      readonly timing?: { readonly heartbeatMs: number };
    },
  ) {
    this.#transport = createKafkaTransport({ brokers: [broker], sessionMs: 10_000, ...of.timing });
    this.#ended = this.#run(topic, of);
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    await this.#ended;
    await this.#transport.close();
  }

  async #run(
    topic: string,
    { go, onBatch }: { readonly go: Promise<unknown>; readonly onBatch: OnBatch },
  ): Promise<void> {
    const working: Promise<void>[] = [];
    const { signal } = this.#leave;
    for await (const assignment of this.#transport.subscribe({ topic, group: `${topic}.sink`, signal })) {
      this.held += 1;
      // What is to move before anything is delivered is given back at once.
      working.push(
        Promise.race([go, fires(assignment.revoking)]).then(() => this.#deliver(assignment, onBatch)),
      );
    }
    await Promise.all(working);
  }

  /** As the sink does with its lanes: while a batch is committed, the next one is delivered. */
  async #deliver(assignment: Assignment, onBatch: OnBatch): Promise<void> {
    let settled: Promise<void> = Promise.resolve();
    for (;;) {
      const records = await assignment.pull(limit, this.#leave.signal);
      if (records.length === 0) break;
      await this.#deliveries.run(() => delay(records.length * deliveryMs));
      await settled;
      settled = assignment
        .commit((records.at(-1)?.offset ?? 0) + 1)
        .then(() => onBatch(assignment.partition, records.length));
    }
    await settled;
    this.held -= 1;
    await assignment.release();
  }
}

async function append(transport: Transport, topic: string, from: number, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => ({
    key: `k${from + index}`,
    value,
    headers: {},
  }));
  await transport.append(topic, records);
}

/** Resolves when so many consumers hold all partitions, each as many as the others. */
async function shared(consumers: readonly Consumer[]): Promise<void> {
  while (!consumers.every(({ held }) => held === partitions / consumers.length)) await delay(20);
}

/** Events a second of so many consumers. */
async function consume(broker: string, count: number, consumers: number): Promise<number> {
  const topic = `consumers.${consumers}`;
  const transport = createKafkaTransport({ brokers: [broker] });
  await transport.ensureTopics([{ name: topic, partitions }]);
  for (let from = 0; from < count; from += 1000)
    await append(transport, topic, from, Math.min(1000, count - from));
  await transport.close();
  let seen = 0;
  let finish: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let begin: () => void = () => undefined;
  const go = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const onBatch: OnBatch = (_, records) => {
    seen += records;
    if (seen >= count) finish();
  };
  const members = Array.from(
    { length: consumers },
    () => new Consumer(broker, topic, { go, onBatch, timing: { heartbeatMs: 100 } }),
  );
  await shared(members);
  const perSecond = await rate(count, () => {
    begin();
    return all;
  });
  for (const member of members) await member.leave();
  return perSecond;
}

/** Milliseconds for which a partition stood still at the most, and for how long partitions moved at all, when a third consumer joins two. */
async function gap(broker: string): Promise<{ readonly longestMs: number; readonly movedMs: number }> {
  const topic = 'consumers.gap';
  const transport = createKafkaTransport({ brokers: [broker] });
  await transport.ensureTopics([{ name: topic, partitions }]);
  const last = new Map<number, number>();
  let longestMs = 0;
  const onBatch: OnBatch = (partition) => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - (last.get(partition) ?? now));
    last.set(partition, now);
  };
  const stop = new AbortController();
  const feeding = (async () => {
    for (let from = 0; !stop.signal.aborted; from += 16) await append(transport, topic, from, 16);
  })();
  const go = Promise.resolve();
  const members = [0, 1].map(() => new Consumer(broker, topic, { go, onBatch }));
  await shared(members);
  while (last.size < partitions) await delay(20);
  longestMs = 0;
  const third = new Consumer(broker, topic, { go, onBatch });
  const movedMs = await timed(async () => {
    while (third.held === 0) await delay(5);
  });
  await delay(500); // the batch that ends the last gap
  stop.abort();
  await feeding;
  for (const member of [...members, third]) await member.leave();
  await transport.close();
  return { longestMs, movedMs };
}

/** Names of what {@link measureGroups} gives. */
export const groupFigures = ['kafka-consumers', 'kafka-rebalance-gap'] as const;

/** Consumers that wait for their catalogue, one and four of them, and what a join costs. */
export async function measureGroups(broker: string, context: BenchmarkContext): Promise<readonly Figure[]> {
  const count = sized(context, 8000, 40);
  const one = await consume(broker, count, 1);
  const four = await consume(broker, count * most, most);
  const { longestMs, movedMs } = await gap(broker);
  return [
    {
      name: groupFigures[0],
      value: four,
      unit: 'events/s',
      baseline: one,
      note: `four consumers, each waiting ${deliveryMs} ms an event for its catalogue; baseline: one; to be 3.6 at the least`,
    },
    {
      name: groupFigures[1],
      value: longestMs / 1000,
      unit: 's',
      baseline: null,
      note: `longest stand-still of a partition while a third consumer joins two; it has its own after ${(movedMs / 1000).toFixed(2)} s`,
    },
  ];
}
