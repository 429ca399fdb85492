import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { NewRecord, StoredRecord, Transport } from '../../../pipeline/transport.ts';
import { claimName, createFolderClaims } from '../../../platform/events/claim-store.ts';
import {
  createEventTransport,
  type EventTransportOptions,
} from '../../../platform/events/event-transport.ts';
import { marks } from '../../../platform/events/marks.ts';
import { createMemoryTransport } from '../../../transports/memory.ts';
import { collect, committed, GroupMember, much, never } from '../../contracts/transport.ts';

/** Bytes that a record of these tests may have. */
const limit = 120_000;

/** A transport in memory whose records are as small as those of a service. */
class SmallRecords {
  readonly inner = createMemoryTransport();

  get transport(): Transport {
    const { inner } = this;
    return {
      admin: inner.admin,
      transactions: inner.transactions,
      ensureTopics: (specs) => inner.ensureTopics(specs),
      append: (topic, records) => inner.append(topic, records),
      subscribe: (options) => inner.subscribe(options),
      read: (topic, partition, from) => inner.read(topic, partition, from),
      describe: (topic) => inner.describe(topic),
      recordLimit: async () => limit,
      close: () => inner.close(),
    };
  }

  async events(options: EventTransportOptions = {}): Promise<Transport> {
    await this.inner.ensureTopics([{ name: 't', partitions: 1 }]);
    return createEventTransport(this.transport, options);
  }

  /** Records as they stand in the topic. */
  stored(): Promise<readonly StoredRecord[]> {
    return collect(this.inner.read('t', 0, 0));
  }
}

const event = (key: string, value: Uint8Array): NewRecord => ({ key, value, headers: { of: key } });
/** A record with the hash of its value: to compare large ones takes long. */
const shown = ({ key, value, headers, corrupt }: StoredRecord) => ({
  key,
  value: value === null ? null : claimName(value),
  headers,
  ...(corrupt === undefined ? {} : { corrupt }),
});

/** The parts of one event of random bytes. */
async function partsOf(key: string, bytes: number): Promise<readonly StoredRecord[]> {
  const world = new SmallRecords();
  await (await world.events()).append('t', [event(key, randomBytes(bytes))]);
  return world.stored();
}

/** What the next owner of the partition gets. */
async function pulledByNext(transport: Transport): Promise<readonly StoredRecord[]> {
  const member = new GroupMember(transport, 't', 'g');
  const assignment = await member.nth(0);
  const records = await assignment.pull(much, never);
  member.leave();
  await assignment.release();
  await member.ended;
  return records;
}

const plain = (record: StoredRecord): NewRecord => ({
  key: record.key,
  value: record.value,
  headers: record.headers,
});

describe('createEventTransport()', () => {
  let folder: string | undefined;
  afterEach(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    folder = undefined;
  });
  const claimFolder = async (): Promise<string> => {
    folder = await mkdtemp(path.join(tmpdir(), 'claims-'));
    return folder;
  };

  it('appends what is small as it is', async () => {
    const world = new SmallRecords();
    const transport = await world.events();
    const records = [event('a', Buffer.from('1')), { ...event('b', Buffer.alloc(0)), value: null }];
    await transport.append('t', records);
    expect((await world.stored()).map(plain)).toEqual(
      records.map(({ value, ...others }) => ({ ...others, value: value && new Uint8Array(value) })),
    );
  });

  it('appends one compressed record when that is enough', async () => {
    const world = new SmallRecords();
    const transport = await world.events();
    const value = Buffer.alloc(1_000_000, 'text');
    await transport.append('t', [event('a', value)]);
    expect((await world.stored()).map(({ headers }) => headers)).toEqual([
      { of: 'a', [marks.encoding]: 'gzip' },
    ]);
    expect((await collect(transport.read('t', 0, 0))).map(shown)).toEqual([
      { key: 'a', value: claimName(value), headers: { of: 'a' } },
    ]);
  });

  it('puts aside what is too large where there is a store, once for the same bytes', async () => {
    const claims = createFolderClaims(await claimFolder());
    const world = new SmallRecords();
    const transport = await world.events({ claims });
    const value = randomBytes(500_000);
    await transport.append('t', [event('a', value), event('b', value)]);
    const stored = await world.stored();
    expect(stored.map(({ value: bytes }) => (bytes?.length ?? 0) < 200)).toEqual([true, true]);
    expect(await readdir(folder ?? '')).toEqual([stored[0]?.headers[marks.claim]]);
    expect((await collect(transport.read('t', 0, 0))).map(shown)).toEqual(
      ['a', 'b'].map((key) => ({ key, value: claimName(value), headers: { of: key } })),
    );
  });

  it.each([
    ['is gone', (file: string) => rm(file)],
    ['was changed', (file: string) => writeFile(file, 'other')],
    ['is larger than any event', (file: string) => writeFile(file, Buffer.alloc(2_000_000))],
  ])('brings the reference as corrupt when what was put aside %s', async (_, spoil) => {
    const claims = createFolderClaims(await claimFolder());
    const world = new SmallRecords();
    const transport = await world.events({ claims, maxBytes: 1_000_000 });
    await transport.append('t', [event('a', randomBytes(500_000)), event('b', Buffer.from('1'))]);
    const [stored] = await world.stored();
    await spoil(path.join(folder ?? '', stored?.headers[marks.claim] ?? ''));
    const [found, after] = await collect(transport.read('t', 0, 0));
    expect(found?.corrupt).toContain(stored?.headers[marks.claim]);
    expect(found && plain(found)).toEqual(stored && plain(stored));
    expect(after?.key).toBe('b');
  });

  it('waits, and says so, while the store of large events is away', async () => {
    const claims = createFolderClaims(await claimFolder());
    const world = new SmallRecords();
    await (await world.events({ claims })).append('t', [event('a', randomBytes(500_000))]);
    let isAway = true;
    const waits: string[] = [];
    const transport = await world.events({
      claims: {
        ...claims,
        get: (name, most) =>
          isAway ? createFolderClaims('/nowhere/x').get(name, most) : claims.get(name, most),
      },
      retryDelayMs: 1,
      onWaiting: (_, { code }) => {
        waits.push(code);
        isAway = waits.length < 3;
      },
    });
    const member = new GroupMember(transport, 't', 'g');
    const [found] = await (await member.nth(0)).pull(much, never);
    expect([found?.key, found?.corrupt, waits]).toEqual([
      'a',
      undefined,
      ['CLAIMS_UNAVAILABLE', 'CLAIMS_UNAVAILABLE', 'CLAIMS_UNAVAILABLE'],
    ]);
    await transport.close();
    await member.ended;
  });

  it('refuses an event that is larger than any may be, and appends nothing', async () => {
    const world = new SmallRecords();
    const transport = await world.events({ maxBytes: 200_000 });
    const records = [event('a', Buffer.from('1')), event('b', Buffer.alloc(200_001))];
    await expect(transport.append('t', records)).rejects.toMatchObject({ code: 'EVENT_TOO_LARGE' });
    expect(await world.stored()).toEqual([]);
  });

  it('brings a bomb as corrupt, with its bytes', async () => {
    const world = new SmallRecords();
    const transport = await world.events({ maxBytes: 1_000_000 });
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    await world.inner.append('t', [{ key: 'a', value: bomb, headers: { [marks.encoding]: 'gzip' } }]);
    const [found] = await collect(transport.read('t', 0, 0));
    expect(found?.corrupt).toMatch(/^it cannot be decompressed to 2048576 bytes/u);
    expect(Buffer.compare(found?.value ?? Buffer.alloc(0), bomb)).toBe(0);
  });

  it('brings marks that nobody wrote as corrupt', async () => {
    const world = new SmallRecords();
    const transport = await world.events();
    const value = Buffer.from('1');
    const bad = ['', '1/2/3', 'aaaaaaaa/2/2', 'aaaaaaaa/0/1', 'aaaaaaaa/0/99999'];
    await world.inner.append('t', [
      ...bad.map((text) => ({ key: 'a', value, headers: { [marks.part]: text } })),
      { key: 'a', value, headers: { [marks.claim]: '../../etc/passwd' } },
      { key: 'a', value, headers: { [marks.encoding]: 'zstd' } },
    ]);
    const found = await collect(transport.read('t', 0, 0));
    expect(found.map(({ corrupt }) => corrupt === undefined)).toEqual(Array.from({ length: 7 }, () => false));
  });

  it('brings the parts of an event that is never finished as corrupt, when their time is over', async () => {
    const parts = await partsOf('big', 300_000);
    const world = new SmallRecords();
    const transport = await world.events({ waitMs: 20 });
    await world.inner.append('t', [plain(parts[0] as StoredRecord), event('after', Buffer.from('1'))]);
    const member = new GroupMember(transport, 't', 'g');
    const assignment = await member.nth(0);
    const [lost, after] = await assignment.pull(much, never);
    expect(lost).toMatchObject({
      key: 'big',
      offset: 0,
      corrupt: 'of the 3 parts of the event 2 are missing (2, 3)',
    });
    expect(Buffer.compare(lost?.value ?? Buffer.alloc(0), parts[0]?.value ?? Buffer.alloc(1))).toBe(0);
    expect(after).toMatchObject({ key: 'after', offset: 1 });
    await assignment.commit(2);
    expect(await committed(transport, 't', 'g')).toEqual([2]);
    await transport.close();
    await member.ended;
  });

  it('reads an event whole when reading begins between its parts', async () => {
    const world = new SmallRecords();
    const transport = await world.events();
    const value = randomBytes(500_000);
    await transport.append('t', [
      event('before', Buffer.from('1')),
      event('big', value),
      event('after', Buffer.from('1')),
    ]);
    const found = await collect(transport.read('t', 0, 3));
    expect(found.map(({ key, corrupt }) => [key, corrupt])).toEqual([
      ['big', undefined],
      ['after', undefined],
    ]);
    expect(Buffer.compare(found[0]?.value ?? Buffer.alloc(0), value)).toBe(0);
  });

  it('commits what was sent twice, behind an event that is settled', async () => {
    const parts = await partsOf('big', 300_000);
    const world = new SmallRecords();
    const transport = await world.events();
    await world.inner.append('t', parts.map(plain));
    const member = new GroupMember(transport, 't', 'g');
    const assignment = await member.nth(0);
    await assignment.pull(much, never);
    await assignment.commit(parts.length);
    await world.inner.append('t', parts.map(plain));
    const pulling = assignment.pull(much, never); // nothing new is in it
    await expect.poll(() => committed(transport, 't', 'g')).toEqual([2 * parts.length]);
    await transport.append('t', [event('after', Buffer.from('1'))]);
    expect((await pulling).map(({ key }) => key)).toEqual(['after']);
    await transport.close();
    await member.ended;
  });

  it('never commits past an event that is not settled, however parts and events are mixed, and loses none', async () => {
    const a = await partsOf('a', 300_000);
    const b = await partsOf('b', 200_000);
    const c = ['c1', 'c2', 'c3'].map((key) => event(key, Buffer.from(key)));
    const lists = [a.map(plain), b.map(plain), c];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 2 }), { minLength: 8, maxLength: 8 }),
        fc.nat({ max: 8 }),
        async (picks, settledBefore) => {
          const world = new SmallRecords();
          const transport = await world.events();
          const rest = lists.map((list) => [...list]);
          for (const pick of [...picks, 0, 0, 0, 1, 1, 2, 2, 2]) {
            const next = rest[pick]?.shift();
            if (next !== undefined) await world.inner.append('t', [next]);
          }
          // A first member settles some events, one after the other, and goes.
          const first = new GroupMember(transport, 't', 'g');
          const before = await (await first.nth(0)).pull(much, never);
          expect(before.map(({ key }) => key).sort()).toEqual(['a', 'b', 'c1', 'c2', 'c3']);
          const settled = before.slice(0, settledBefore);
          const last = settled.at(-1);
          if (last !== undefined) await first.assignments[0]?.commit(last.offset + 1);
          await first.assignments[0]?.release();
          first.leave();
          await first.ended;
          const isOver = settled.length === before.length;
          const { next = 0 } = (await transport.describe('t'))[0] ?? {};
          const [place] = await committed(transport, 't', 'g');
          expect(place === next).toBe(isOver);
          const again = isOver ? [] : await pulledByNext(transport);
          const all = new Set([...settled, ...again].map(({ key }) => key));
          expect([...all].sort()).toEqual(['a', 'b', 'c1', 'c2', 'c3']);
          expect(again.every(({ corrupt }) => corrupt === undefined)).toBe(true);
          await transport.close();
        },
      ),
      { numRuns: 25 },
    );
  });
});
