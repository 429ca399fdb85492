import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { sinks } from '../../../sinks/index.ts';
import { sinkContract } from '../../contracts/sink.ts';
import { deletionOf, shop, shopProcess } from '../../support/changes.ts';
import { hasKafka, howToGetKafka, kafkaOfRun } from '../../support/kafka/shared.ts';
import { deliverer, kinds, never, sinkHost } from '../../support/sink-host.ts';

const envelope = z.object({ message: z.looseObject({ type: z.string(), entities: z.unknown() }) });
const silent = { logLevel: kafkajs.logLevel.NOTHING };

async function makeTopic(): Promise<{ readonly brokers: string[]; readonly topic: string }> {
  const brokers = [(await kafkaOfRun()).plain];
  const topic = `hook-${randomUUID()}`;
  const admin = new kafkajs.Kafka({ brokers, ...silent }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
  await admin.disconnect();
  return { brokers, topic };
}

/** Reads the topic from its beginning until a number of messages came. */
async function read(
  { brokers, topic }: { readonly brokers: string[]; readonly topic: string },
  count: number,
): Promise<
  readonly {
    readonly partition: number;
    readonly key: string;
    readonly message: z.output<typeof envelope>['message'];
  }[]
> {
  const consumer = new kafkajs.Kafka({ brokers, ...silent }).consumer({ groupId: randomUUID() });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const found: { partition: number; key: string; message: z.output<typeof envelope>['message'] }[] = [];
  await consumer.run({
    eachMessage: async ({ partition, message: { key, value } }) => {
      const { message } = envelope.parse(JSON.parse(value?.toString() ?? ''));
      found.push({ partition, key: key?.toString() ?? '', message });
    },
  });
  await vi.waitFor(() => expect(found).toHaveLength(count), { timeout: 60_000 });
  await consumer.disconnect();
  return found;
}

describe.skipIf(!hasKafka)(`sink atlas-hook (${howToGetKafka})`, { timeout: 120_000 }, () => {
  let shared: Awaited<ReturnType<typeof makeTopic>>;
  // The first that needs the broker waits for it.
  beforeAll(async () => {
    shared = await makeTopic();
  }, 600_000);

  sinkContract('atlas-hook', {
    // What a sink knows is in its own state: all may tell of the same topic.
    create: async () => sinks['atlas-hook'].create(shared, sinkHost()),
    cleanUp: async () => undefined,
  });

  let close: () => Promise<void> = async () => undefined;
  afterEach(() => close());

  it('deliver() tells of one asset on one partition, in order: created, updated, its shelf deleted, then itself', async () => {
    const at = await makeTopic();
    const sink = sinks['atlas-hook'].create(at, sinkHost());
    close = () => sink.close();
    await sink.open(never);
    const deliver = deliverer(sink);
    await deliver(shop('a', { shelves: ['1'] }), shop('b'));
    await deliver(
      shop('a', { city: 'x' }, { sequence: 2 }),
      shopProcess('p', { inputs: ['a'], outputs: ['b'] }),
    );
    await deliver(deletionOf(shop('a'), { sequence: 3 }));
    const told = await read(at, 6);
    const own = told.filter(({ key }) => key === 'shop://a');
    expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
    expect(own.map(({ message: { type } }) => type)).toEqual([
      'ENTITY_CREATE_V2',
      'ENTITY_FULL_UPDATE_V2',
      'ENTITY_DELETE_V2',
      'ENTITY_DELETE_V2',
    ]);
    expect(own[0]?.message.entities).toMatchObject({
      entities: [
        { typeName: 'shop', guid: '-1' },
        { typeName: 'shop_shelf', relationshipAttributes: { shop: { guid: '-1' } } },
      ],
    });
    const process = told.find(({ key }) => key === 'process://p');
    const byName = (name: string) => ({
      typeName: 'shop',
      uniqueAttributes: { qualifiedName: `shop://${name}` },
    });
    expect(process?.message.entities).toMatchObject({
      entities: [{ relationshipAttributes: { inputs: [byName('a')], outputs: [byName('b')] } }],
    });
  });

  it('deliver() refuses what Atlas would drop without a word to us, and asks again while Kafka is away', async () => {
    const at = await makeTopic();
    const sink = sinks['atlas-hook'].create(at, sinkHost());
    await sink.open(never);
    const deliver = deliverer(sink);
    const wrong = shop('a', { shelves: ['1'], sizes: null });
    expect(kinds(await deliver(wrong, shop('b')))).toEqual(['rejected CATALOG_BAD_ENTITY', 'delivered']);
    await sink.close();
    expect(kinds(await deliver(shop('c')))).toEqual(['retry CATALOG_UNAVAILABLE']);
  });

  it('open() says what to look at where the topic is not there', async () => {
    const { brokers } = await makeTopic();
    const sink = sinks['atlas-hook'].create({ brokers, topic: randomUUID() }, sinkHost());
    await expect(sink.open(never)).rejects.toMatchObject({
      code: 'CATALOG_UNAVAILABLE',
      message: expect.stringContaining('sink.topic'),
    });
  });
});
