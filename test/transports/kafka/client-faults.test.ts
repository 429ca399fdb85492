/** What kafkajs does wrong on its own, shown on the bare client, and what the transport does in its place. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { collect, committed, GroupMember, much, never, textRecord } from '../../contracts/transport.ts';
import { root, start } from '../../support/cli.ts';
import { hasKafka, kafkaOfRun } from '../../support/kafka/shared.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { commitOffsets } from '../../../transports/kafka/offsets.ts';
import { Session } from '../../../transports/kafka/session.ts';
import { createCluster } from '../../../transports/kafka/wire.ts';
import { anyPrefix, KafkaWorkshop } from './support.ts';

const timeout = 60_000;
const quiet = { logLevel: kafkajs.logLevel.NOTHING };

describe.skipIf(!hasKafka)('faults of the client', () => {
  const workshop = new KafkaWorkshop();
  const ends: (() => unknown)[] = [];
  let broker: string;
  beforeAll(async () => {
    broker = (await kafkaOfRun()).plain;
  }, 300_000);
  afterEach(async () => {
    await workshop.cleanUp();
    for (const end of ends.splice(0).reverse()) await end();
  });

  const bare = (options: Partial<kafkajs.KafkaConfig> = {}): kafkajs.Kafka =>
    new kafkajs.Kafka({ ...quiet, brokers: [broker], ...options });
  const admin = async (): Promise<kafkajs.Admin> => {
    const made = bare().admin();
    await made.connect();
    ends.push(() => made.disconnect());
    return made;
  };
  const proxied = async (): Promise<{
    readonly proxy: TcpProxy;
    readonly socketFactory: kafkajs.ISocketFactory;
  }> => {
    const proxy = await TcpProxy.open(Number(broker.split(':')[1]));
    ends.push(() => proxy.close());
    return {
      proxy,
      socketFactory: ({ onConnect }) => connect(proxy.port, '127.0.0.1', onConnect),
    };
  };

  it('append() goes on by new connections when those that there are fall silent', { timeout }, async () => {
    const { proxy, socketFactory } = await proxied();
    const requestMs = 700;
    const transport = await workshop.open({ socketFactory, requestMs });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append('one', [textRecord('k', 'before')]);
    const member = new GroupMember(transport, 'one', 'g');
    const held = await member.nth(0);
    expect(await held.pull(much, never)).toHaveLength(1);
    proxy.silence();
    await transport.append('one', [textRecord('k', 'after')]);
    expect(await held.pull(much, never)).toMatchObject([{ offset: 1 }]);
    expect(await held.commit(2)).toBe(true);
    expect(await collect(transport.read('one', 0, 0))).toHaveLength(2); // none of them twice
  });

  it('describe() and read() do not take for absent what a transaction has appended that is not over', {
    timeout,
  }, async () => {
    const prefix = anyPrefix();
    const transport = await workshop.open({ prefix });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    const producer = bare().producer({
      transactionalId: `${prefix}other`,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    ends.push(() => producer.disconnect());
    const transaction = await producer.transaction();
    await transaction.send({ topic: `${prefix}one`, messages: [{ key: 'k', value: 'late' }] });
    expect(await transport.describe('one')).toMatchObject([{ earliest: 0, next: 1 }]);
    const reading = collect(transport.read('one', 0, 0));
    await transaction.commit();
    expect(await reading).toMatchObject([{ offset: 0, key: 'k' }]);
  });

  it('run() writes nothing when the network was gone for longer than the session', { timeout }, async () => {
    const { proxy, socketFactory } = await proxied();
    const prefix = anyPrefix();
    const common = { prefix, sessionMs: 1500, requestMs: 500 };
    const cutOff = await workshop.open({ ...common, socketFactory });
    const heir = await workshop.open(common);
    await cutOff.ensureTopics([{ name: 'one', partitions: 1 }]);
    await cutOff.append('one', [textRecord('k', 'a'), textRecord('k', 'b')]);
    const held = await new GroupMember(cutOff, 'one', 'g').nth(0);
    await held.pull(much, never);
    const restore = proxy.cut();
    const late = cutOff.transactions.run({
      appends: [{ topic: 'one', records: [textRecord('k', 'late')] }],
      state: [{ key: 'owner', value: 'cut off' }],
      commits: [{ assignment: held, offset: 1 }],
    });
    const member = new GroupMember(heir, 'one', 'g');
    await vi.waitFor(() => expect(member.assignments).toHaveLength(1), { timeout: 20_000 });
    const next = await member.nth(0);
    const commits = [{ assignment: next, offset: 2 }];
    await heir.transactions.run({ appends: [], state: [{ key: 'owner', value: 'heir' }], commits });
    restore();
    expect(await late).toBe(false);
    const again = [{ assignment: next, offset: 2 }];
    expect(await heir.transactions.run({ appends: [], state: [], commits: again })).toBe(true); // nobody has fenced it
    expect(await heir.transactions.state.get('owner')).toBe('heir');
    expect(await collect(heir.read('one', 0, 0))).toHaveLength(2);
  });

  it('the bare producer stays with its dead connection', { timeout }, async () => {
    const prefix = anyPrefix();
    const transport = await workshop.open({ prefix });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    const { proxy, socketFactory } = await proxied();
    const retry = { retries: 1, initialRetryTime: 10 };
    const producer = bare({ socketFactory, requestTimeout: 300, retry }).producer({
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    ends.push(() => proxy.close());
    const send = () => producer.send({ topic: `${prefix}one`, messages: [{ value: 'x' }] });
    await send();
    proxy.silence();
    for (let times = 0; times < 3; times += 1) await expect(send()).rejects.toThrow(/timed out/);
  });

  it('pull() goes on with the oldest record when those before it are gone; the bare consumer jumps to the end', {
    timeout,
  }, async () => {
    const prefix = anyPrefix();
    const transport = await workshop.open({ prefix });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append(
      'one',
      Array.from({ length: 10 }, (_, index) => textRecord('k', `${index}`)),
    );
    for (const group of ['ours', 'bare']) await transport.admin.resetOffsets('one', group, new Map([[0, 2]]));
    const records = await admin();
    await records.fetchTopicMetadata({ topics: [`${prefix}one`] });
    await transport.describe('one');
    const deleting = bare().admin();
    await deleting.connect();
    await deleting.fetchTopicOffsets(`${prefix}one`);
    await deleting.deleteTopicRecords({ topic: `${prefix}one`, partitions: [{ partition: 0, offset: '5' }] });
    await deleting.disconnect();
    const held = await new GroupMember(transport, 'one', 'ours').nth(0);
    expect((await held.pull(much, never)).map(({ offset }) => offset)).toEqual([5, 6, 7, 8, 9]);

    const consumer = bare().consumer({ groupId: `${prefix}bare` });
    await consumer.connect();
    ends.push(() => consumer.disconnect());
    await consumer.subscribe({ topic: `${prefix}one`, fromBeginning: false });
    const seen: string[] = [];
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.offset) });
    await vi.waitFor(
      async () => {
        await transport.append('one', [textRecord('k', 'later')]);
        expect(seen).not.toEqual([]);
      },
      { timeout: 30_000, interval: 500 },
    );
    expect(Number(seen[0])).toBeGreaterThanOrEqual(10);
  });

  it('describe() and subscribe() take an offset beyond the end for the earliest: what is appended is not skipped', {
    timeout,
  }, async () => {
    const prefix = anyPrefix();
    const transport = await workshop.open({ prefix });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append('one', [textRecord('k', 'x')]);
    const session = new Session({ create: () => createCluster(bare()), patienceMs: 5000, metadataMs: 5000 });
    ends.push(() => session.close());
    const of = { groupId: `${prefix}g`, topic: `${prefix}one`, id: '' };
    await commitOffsets(session, { ...of, offsets: new Map([[0, 1000]]) });
    expect(await committed(transport, 'one', 'g')).toEqual([0]);
    expect((await new GroupMember(transport, 'one', 'g').nth(0)).start).toBe(0);
  });

  it('a topic that was made anew is read from its beginning, though it holds more than was committed of the old one', {
    timeout,
  }, async () => {
    const prefix = anyPrefix();
    const texts = (count: number) => Array.from({ length: count }, (_, index) => textRecord('k', `${index}`));
    const before = await workshop.open({ prefix });
    await before.ensureTopics([{ name: 'one', partitions: 1 }]);
    await before.append('one', texts(3));
    const [held, other] = await Promise.all(
      ['by-commit', 'by-transaction'].map((group) => new GroupMember(before, 'one', group).nth(0)),
    );
    await held?.pull(much, never);
    expect(await held?.commit(2)).toBe(true);
    const commits = other === undefined ? [] : [{ assignment: other, offset: 2 }];
    expect(await before.transactions.run({ appends: [], state: [], commits })).toBe(true);
    await before.close();
    await (await admin()).deleteTopics({ topics: [`${prefix}one`] });
    const transport = await workshop.open({ prefix });
    await vi.waitFor(() =>
      expect(transport.describe('one')).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' }),
    );
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append('one', texts(5));
    for (const group of ['by-commit', 'by-transaction'])
      expect((await new GroupMember(transport, 'one', group).nth(0)).start).toBe(0);
  });

  it('read() leaves out what two transactions wrote that were given up, wherever it begins', {
    timeout,
  }, async () => {
    const prefix = anyPrefix();
    const transport = await workshop.open({ prefix });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    const topic = `${prefix}one`;
    const transactions = await Promise.all(
      ['a', 'b'].map(async (id) => {
        const producer = bare().producer({
          transactionalId: `${prefix}${id}`,
          idempotent: true,
          maxInFlightRequests: 1,
          createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
        });
        await producer.connect();
        ends.push(() => producer.disconnect());
        return producer.transaction();
      }),
    );
    for (const text of ['1', '2'])
      for (const transaction of transactions) await transaction.send({ topic, messages: [{ value: text }] });
    for (const transaction of transactions) await transaction.abort();
    await transport.append('one', [textRecord('k', 'good')]);
    for (const from of [0, 1, 2, 3, 4])
      expect((await collect(transport.read('one', 0, from))).map(({ key }) => key)).toEqual(['k']);

    const consumer = bare().consumer({ groupId: `${prefix}bare` });
    await consumer.connect();
    ends.push(() => consumer.disconnect());
    await consumer.subscribe({ topic, fromBeginning: true });
    const seen: string[] = [];
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }) => void seen.push(String(message.value)),
    });
    consumer.seek({ topic, partition: 0, offset: '3' });
    await vi.waitFor(() => expect(seen).toContain('good'), { timeout: 30_000 });
    expect(seen).toContain('2'); // of the second transaction, which was given up
  });

  it.each(['snappy', 'lz4'] as const)(
    'append() compresses with %s, and read() reads it for whoever compresses otherwise',
    {
      timeout,
    },
    async (compression) => {
      const prefix = anyPrefix();
      const transport = await workshop.open({ prefix, compression });
      await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
      const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: `${prefix}one` };
      const configEntries = [{ name: 'max.message.bytes', value: '20000' }];
      await (await admin()).alterConfigs({
        validateOnly: false,
        resources: [{ ...resource, configEntries }],
      });
      const long = (key: string) => textRecord(key, 'long '.repeat(10_000));
      const plain = await workshop.open({ prefix, compression: 'none' });
      // A broker keeps to a setting a moment after it has taken it.
      await vi.waitFor(
        () => expect(plain.append('one', [long('plain')])).rejects.toMatchObject({ code: 'EVENT_TOO_LARGE' }),
        { timeout: 30_000 },
      );
      await transport.append('one', [long('compressed')]);
      const read = (await collect(plain.read('one', 0, 0))).filter(({ key }) => key === 'compressed');
      expect(read.map(({ value }) => value?.length)).toEqual([50_000]);
    },
  );

  it('a connection that nobody uses is ended before the network forgets it, and opened again', {
    timeout,
  }, async () => {
    const { proxy, socketFactory } = await proxied();
    const prefix = anyPrefix();
    await (await workshop.open({ prefix })).ensureTopics([{ name: 'one', partitions: 1 }]);
    const transport = await workshop.open({ prefix, socketFactory, idleMs: 300 });
    await transport.append('one', [textRecord('k', 'a')]);
    await vi.waitFor(() => expect(proxy.open).toBe(0), { timeout: 20_000 });
    await transport.append('one', [textRecord('k', 'b')]);
    expect(await collect(transport.read('one', 0, 0))).toHaveLength(2);
  });

  it('a partition stays with a member that works longer than its session', { timeout }, async () => {
    const sessionMs = 1500;
    const transport = await workshop.open({ sessionMs, heartbeatMs: 200 });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append('one', [textRecord('k', 'x')]);
    const held = await new GroupMember(transport, 'one', 'g').nth(0);
    const other = new GroupMember(transport, 'one', 'g');
    await held.pull(much, never);
    await delay(2 * sessionMs); // the work
    expect(held.revoking.aborted).toBe(false);
    expect(other.assignments).toEqual([]);
    expect(await held.commit(1)).toBe(true);
    expect(await committed(transport, 'one', 'g')).toEqual([1]);
  });

  it('subscribe() rejects when the group is one of another kind, instead of waiting in silence', {
    timeout,
  }, async () => {
    const prefix = anyPrefix();
    const transport = await workshop.open({ prefix });
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    const consumer = bare().consumer({ groupId: `${prefix}g` });
    await consumer.connect();
    ends.push(() => consumer.disconnect());
    await consumer.subscribe({ topic: `${prefix}one` });
    const joined = new Promise((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, resolve);
    });
    await consumer.run({ eachMessage: async () => undefined });
    await joined;
    await expect(new GroupMember(transport, 'one', 'g').ended).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
    });
  });

  it('an idle connection sets no timers; the bare client sets one each millisecond', {
    timeout,
  }, async () => {
    const timers = (code: string, least: number) => `
      import kafkajs from 'kafkajs';
      ${code}
      const set = globalThis.setTimeout;
      let count = 0;
      await new Promise((resolve) => set(resolve, 500));
      globalThis.setTimeout = (...args) => { count += 1; return set(...args); };
      do await new Promise((resolve) => set(resolve, 1000)); while (count < ${least});
      console.log(count);
      process.exit(0);`;
    const client = `new kafkajs.Kafka({ logLevel: 0, brokers: ['${broker}'] }).admin()`;
    const idle = `const admin = ${client}; await admin.connect(); await admin.listTopics();`;
    const run = async (code: string, least = 0): Promise<number> => {
      const loader = import.meta.resolve('tsx');
      const args = ['--import', loader, '--input-type=module', '--eval', timers(code, least)];
      const { stdout, stderr, code: exit } = await start(process.execPath, args, { cwd: root }).ended;
      if (exit !== 0) throw new Error(stderr);
      return Number(stdout);
    };
    expect(await run(`await import('./transports/kafka/wire.ts'); ${idle}`)).toBeLessThan(20);
    expect(await run(idle, 200)).toBeGreaterThanOrEqual(200);
  });
});
