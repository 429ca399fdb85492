import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { StreamError } from '../../../pipeline/errors.ts';
import type { Assignment, Transport } from '../../../pipeline/transport.ts';
import { Hubs } from '../../../transports/event-hubs/hubs.ts';
import { collect, GroupMember, much, never, textRecord } from '../../contracts/transport.ts';
import { createCertificate } from '../../support/certificate.ts';
import { start } from '../../support/cli.ts';
import { EventHubsServer } from '../../support/event-hubs/server.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { EventHubsWorkshop } from './support.ts';

const patience = { timeout: 25_000 };
const text = (value: Uint8Array | null | undefined): string => new TextDecoder().decode(value ?? undefined);

describe('createEventHubsTransport()', { timeout: 60_000 }, () => {
  const workshop = new EventHubsWorkshop();
  beforeAll(() => workshop.start());
  afterEach(async () => {
    Object.assign(workshop.server.faults, { busy: 0, dropAnswers: 0, refuseTokens: false });
    await workshop.cleanUp();
  });
  afterAll(() => workshop.stop());

  const texts = async (transport: Transport, topic: string): Promise<readonly string[]> =>
    (await collect(transport.read(topic, 0, 0))).map(({ value }) => text(value));
  const take = async (held: Assignment, count: number): Promise<readonly string[]> => {
    const found: string[] = [];
    while (found.length < count)
      found.push(...(await held.pull(much, never)).map(({ value }) => text(value)));
    return found;
  };

  /** A member whose connection can be cut, and that looks at its group again only when it has lost its session. */
  const openStalling = (prefix: string, { port }: TcpProxy): ReturnType<typeof workshop.open> =>
    workshop.open({
      prefix,
      port,
      sessionMs: 1000,
      heartbeatMs: 4000,
      requestMs: 1500,
      patienceMs: 40_000,
    });
  const settle = (to: Transport, held: Assignment, offset: number): Promise<boolean> =>
    to.transactions.run({
      appends: [{ topic: 'out', records: [textRecord('k', `of ${offset}`)] }],
      state: [{ key: 'at', value: offset }],
      commits: [{ assignment: held, offset }],
    });

  it('append() sends again, once, what a busy server has refused', async () => {
    const transport = workshop.open();
    workshop.server.faults.busy = 3;
    await transport.append('one', [textRecord('k', 'a')]);
    await transport.append('one', [textRecord('k', 'b')]);
    expect(await texts(transport, 'one')).toEqual(['a', 'b']);
  });

  it('append() loses nothing when the answer is lost with the connection: the record may be there twice', async () => {
    const transport = workshop.open({ requestMs: 1500 });
    await transport.append('one', [textRecord('k', 'a')]);
    workshop.server.faults.dropAnswers = 1;
    await transport.append('one', [textRecord('k', 'b')]);
    await transport.append('one', [textRecord('k', 'c')]);
    expect([...new Set(await texts(transport, 'one'))]).toEqual(['a', 'b', 'c']);
  });

  it('append() rejects with EVENT_TOO_LARGE, and a transaction with it writes nothing', async () => {
    const transport = workshop.open();
    const large = { key: 'k', value: new Uint8Array(1_100_000), headers: {} };
    await expect(transport.append('one', [large])).rejects.toMatchObject({ code: 'EVENT_TOO_LARGE' });
    const member = new GroupMember(transport, 'in', 'g');
    const assignment = await member.nth(0);
    const work = {
      appends: [{ topic: 'out', records: [textRecord('k', 'x'), large] }],
      state: [{ key: 'a', value: 1 }],
      commits: [{ assignment, offset: 0 }],
    };
    await expect(transport.transactions.run(work)).rejects.toMatchObject({ code: 'EVENT_TOO_LARGE' });
    expect(await transport.transactions.state.get('a')).toBeUndefined();
    expect(await texts(transport, 'out')).toEqual([]);
  });

  it('describe() rejects with TRANSPORT_REFUSED when the token is refused', async () => {
    workshop.server.faults.refuseTokens = true;
    const refused = workshop.open({ patienceMs: 1 }).describe('one');
    await expect(refused).rejects.toMatchObject({ code: 'TRANSPORT_REFUSED' });
  });

  it('append() and read() sign in with tokens of the credential, by TLS', async () => {
    const certificate = createCertificate(['localhost', 'streams.servicebus.windows.net']);
    const server = await EventHubsServer.start({ certificate });
    server.create('signed.one', 1);
    const folder = await mkdtemp(path.join(tmpdir(), 'signed-in-'));
    const trusted = path.join(folder, 'ca.pem');
    await writeFile(trusted, certificate.cert);
    const script = fileURLToPath(new URL('signed-in.ts', import.meta.url));
    const args = [
      '--import',
      import.meta.resolve('tsx'),
      script,
      String(server.port),
      workshop.blobs,
      'signed.',
    ];
    const env = { NODE_EXTRA_CA_CERTS: trusted };
    const { stdout, stderr } = await start(process.execPath, args, { env }).ended;
    await server.close();
    await rm(folder, { recursive: true, force: true });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ scopes: ['https://eventhubs.azure.net//.default'], keys: ['k'] });
    expect([...server.tokens]).toEqual(['jwt a.token.of.entra']);
  });

  it.each(['amqp:link:detach-forced', 'amqp:link:stolen'])(
    'pull() goes on behind the last event when its link ends with %s',
    async (condition) => {
      const transport = workshop.open();
      const held = await new GroupMember(transport, 'one', 'g').nth(0);
      await transport.append('one', [textRecord('k', 'a')]);
      expect(await take(held, 1)).toEqual(['a']);
      workshop.server.detach(condition);
      await transport.append('one', [textRecord('k', 'b')]);
      expect(await take(held, 1)).toEqual(['b']);
    },
  );

  it('pull() waits while somebody else reads with an owner level, and goes on when that one has left', async () => {
    const prefix = workshop.anyPrefix();
    const transport = workshop.open({ prefix });
    const held = await new GroupMember(transport, 'one', 'g').nth(0);
    await transport.append('one', [textRecord('k', 'a')]);
    await take(held, 1);
    const other = new EventHubConsumerClient('$Default', workshop.server.connectionString, `${prefix}one`);
    const seen: number[] = [];
    const subscription = other.subscribe(
      '0',
      {
        processEvents: async (events) =>
          void seen.push(...events.map(({ sequenceNumber }) => sequenceNumber)),
        processError: async () => undefined,
      },
      { ownerLevel: 1, startPosition: { offset: '-1' }, skipParsingBodyAsJson: true },
    );
    await vi.waitFor(() => expect(seen).toEqual([0]), patience);
    await transport.append('one', [textRecord('k', 'b')]);
    await vi.waitFor(() => expect(seen).toEqual([0, 1]), patience);
    await subscription.close();
    await other.close();
    expect(await take(held, 1)).toEqual(['b']);
  });

  it('append() and pull() go on when connections are a black hole', async () => {
    const transport = workshop.open({ requestMs: 700, idleMs: 500, patienceMs: 60_000 });
    const held = await new GroupMember(transport, 'one', 'g').nth(0);
    await transport.append('one', [textRecord('k', 'a')]);
    expect(await take(held, 1)).toEqual(['a']);
    workshop.server.freeze();
    const appended = transport.append('one', [textRecord('k', 'b')]);
    workshop.server.thaw(); // new connections are served, old ones stay dead
    await appended;
    expect(await take(held, 1)).toEqual(['b']);
  });

  it('pull() gives a link no more credits than it can hold', async () => {
    const transport = workshop.open();
    const held = await new GroupMember(transport, 'one', 'g').nth(0);
    const before = workshop.server.counts.links;
    workshop.server.counts.mostCredit = 0;
    for (let index = 0; index < 40; index += 1) {
      await transport.append('one', [textRecord('k', String(index))]);
      expect(await take(held, 1)).toEqual([String(index)]);
    }
    expect(workshop.server.counts.mostCredit).toBeLessThanOrEqual(3600);
    expect(workshop.server.counts.links - before).toBeLessThan(60);
  });

  it('subscribe() begins at the oldest event when the committed one has expired', async () => {
    const prefix = workshop.anyPrefix();
    const transport = workshop.open({ prefix });
    await transport.append(
      'one',
      ['a', 'b', 'c', 'd'].map((one) => textRecord('k', one)),
    );
    await transport.admin.resetOffsets('one', 'g', new Map([[0, 1]]));
    workshop.server.partition(`${prefix}one`, 0).expire(2);
    const held = await new GroupMember(transport, 'one', 'g').nth(0);
    expect(held.start).toBe(2);
    expect(await take(held, 2)).toEqual(['c', 'd']);
  });

  it('commit() and update() change nothing when another process has the partition since', async () => {
    const prefix = workshop.anyPrefix();
    const stalled = workshop.open({ prefix, sessionMs: 1000, heartbeatMs: 600_000 });
    await stalled.append('in', [textRecord('k', 'a'), textRecord('k', 'b')]);
    const held = await new GroupMember(stalled, 'in', 'g').nth(0);
    const next = workshop.open({ prefix, sessionMs: 1000 });
    const taken = await new GroupMember(next, 'in', 'g').nth(0);
    expect(taken.start).toBe(0);
    const late = stalled.transactions.update({
      assignments: [held],
      bytes: 0,
      compute: () => ({
        appends: [{ topic: 'out', records: [textRecord('k', 'late')] }],
        state: [{ key: 'late', value: true }],
        commits: [{ assignment: held, offset: 2 }],
      }),
    });
    expect(await late).toBe(false);
    expect(await held.commit(2)).toBe(false);
    expect(await taken.commit(1)).toBe(true);
    expect(await texts(next, 'out')).toEqual([]);
    expect(await next.transactions.state.get('late')).toBeUndefined();
    expect((await next.describe('in'))[0]?.committed['g']).toBe(1);
  });

  it('the next owner sends what was written in a transaction and could not be sent', async () => {
    const prefix = workshop.anyPrefix();
    const first = workshop.open({ prefix, patienceMs: 1 });
    await first.append('in', [textRecord('k', 'a'), textRecord('k', 'b')]);
    const member = new GroupMember(first, 'in', 'g');
    const assignment = await member.nth(0);
    expect(await settle(first, assignment, 1)).toBe(true);
    workshop.server.faults.busy = 1000;
    await expect(settle(first, assignment, 2)).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    workshop.server.faults.busy = 0;
    await first.close();
    const second = workshop.open({ prefix });
    const next = await new GroupMember(second, 'in', 'g').nth(0);
    expect(next.start).toBe(2);
    expect(await second.transactions.state.get('at')).toBe(2);
    expect([...new Set(await texts(second, 'out'))]).toEqual(['of 1', 'of 2']);
  });

  it('an owner whose session is over sends nothing more: it would come behind what its heir has sent', async () => {
    const prefix = workshop.anyPrefix();
    const proxy = await TcpProxy.open(workshop.server.port);
    const stalled = openStalling(prefix, proxy);
    await stalled.append('in', [textRecord('k', 'a'), textRecord('k', 'b')]);
    const held = await new GroupMember(stalled, 'in', 'g').nth(0);
    await stalled.recordLimit('out');
    const restore = proxy.cut();
    const late = settle(stalled, held, 1);
    await vi.waitFor(
      async () => expect(await stalled.transactions.state.get('at')).toBe(1), // it is in the journal
      patience,
    );
    const heir = workshop.open({ prefix, sessionMs: 1000 });
    const next = await new GroupMember(heir, 'in', 'g').nth(0);
    expect(next.start).toBe(1);
    expect(await settle(heir, next, 2)).toBe(true);
    restore();
    expect(await late).toBe(true);
    expect(await texts(heir, 'out')).toEqual(['of 1', 'of 2']);
    await stalled.close();
    proxy.close();
  });

  it('who was taken for dead while it took a partition does not send what an earlier owner has left: its heir did', async () => {
    const prefix = workshop.anyPrefix();
    const first = workshop.open({ prefix, patienceMs: 1 });
    await first.append('in', [textRecord('k', 'a'), textRecord('k', 'b'), textRecord('k', 'c')]);
    const assignment = await new GroupMember(first, 'in', 'g').nth(0);
    await first.recordLimit('out');
    workshop.server.faults.busy = 1000;
    await expect(settle(first, assignment, 1)).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await first.close();
    const proxy = await TcpProxy.open(workshop.server.port);
    const stalled = openStalling(prefix, proxy);
    workshop.server.faults.busy = 1000;
    const late = new GroupMember(stalled, 'in', 'g');
    // It has taken the partition, and is about to send.
    await vi.waitFor(() => expect(workshop.server.faults.busy).toBeLessThan(1000), patience);
    const restore = proxy.cut();
    workshop.server.faults.busy = 0;
    const heir = workshop.open({ prefix, sessionMs: 1000 });
    const next = await new GroupMember(heir, 'in', 'g').nth(0);
    expect(await settle(heir, next, 2)).toBe(true);
    restore();
    await heir.close();
    expect((await late.nth(0)).start).toBe(2);
    expect(await texts(stalled, 'out')).toEqual(['of 1', 'of 2']);
    await stalled.close();
    proxy.close();
  });

  it('state and table survive when their journal begins anew, for processes beside and after', async () => {
    const prefix = workshop.anyPrefix();
    const [one, other] = [
      workshop.open({ prefix, journalBlocks: 5 }),
      workshop.open({ prefix, journalBlocks: 7 }),
    ];
    for (let index = 0; index < 20; index += 1) {
      await one.transactions.state.write([{ key: `one/${index}`, value: index }]);
      await other.transactions.update({
        assignments: [],
        bytes: 0,
        compute: (table) => {
          table.put(['count'], new TextEncoder().encode(`${text(table.get(['count']))}.`));
          return { appends: [], state: [{ key: `other/${index}`, value: index }], commits: [] };
        },
      });
    }
    // More than a block of the journal takes, compressed.
    const many = Array.from({ length: 700 }, (_, index) => ({
      key: `many/${index}`,
      value: randomBytes(8000).toString('base64'),
    }));
    await one.transactions.state.write(many);
    for (const transport of [other, workshop.open({ prefix })]) {
      expect(await transport.transactions.view((table) => text(table.get(['count'])))).toBe('.'.repeat(20));
      const { state } = transport.transactions;
      expect(await collect(state.scan('one/'))).toHaveLength(20);
      expect(await collect(state.scan('other/'))).toHaveLength(20);
      expect(await collect(state.scan('many/'))).toHaveLength(700);
    }
  });
});

describe('Hubs.attempt()', () => {
  // Clients of the SDK connect when they are used first, and nobody is spoken to here.
  const address =
    'Endpoint=sb://localhost:1;SharedAccessKeyName=k;SharedAccessKey=bm90;UseDevelopmentEmulator=true';

  /** Connections that it makes when the first two attempts end so. */
  const made = async (end: () => Promise<never>): Promise<number> => {
    let connections = 0;
    const hubs = new Hubs({
      connect: {
        producer: (hub) => {
          connections += 1;
          return new EventHubProducerClient(address, hub);
        },
        consumer: (hub) => new EventHubConsumerClient('$Default', address, hub),
      },
      prefix: '',
      patienceMs: 25_000,
      requestMs: 100,
      metadataMs: 0,
      idleMs: 0,
    });
    let attempts = 0;
    const work = async (): Promise<string> => {
      attempts += 1;
      return attempts > 2 ? 'done' : end();
    };
    expect(await hubs.attempt('one', 'It cannot be done', work)).toBe('done');
    await hubs.close();
    return connections;
  };

  it('keeps its connection when a rule of ours kept it from sending for now', async () => {
    const refuse = async () => {
      throw new StreamError('TRANSPORT_UNAVAILABLE', 'The group has not heard of the owner of one-0.');
    };
    expect(await made(refuse)).toBe(1);
  });

  it('makes its connection anew when there is no answer', async () => {
    expect(await made(() => new Promise(() => undefined))).toBe(3);
  });
});
