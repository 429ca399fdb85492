import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { afterEach, describe, expect, it } from 'vitest';
import { faultOfLmdbFile } from '../../../platform/lmdb-file.ts';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { putSealed } from '../../../transports/embedded/sealed.ts';
import { readAll, record, textOf, Workshop } from './support.ts';

const workshop = new Workshop();
afterEach(() => workshop.cleanUp());
const topic = 't';

/** A closed log with `count` records of about `bytes` bytes. */
async function filled(
  count: number,
  bytes = 100,
): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = workshop.folder();
  const transport = workshop.open({ folder });
  await transport.ensureTopics([{ name: topic, partitions: 1 }]);
  const records = Array.from({ length: count }, (_, n) => record(`k${n}`, `value-${n}-${'x'.repeat(bytes)}`));
  await transport.append(topic, records);
  await transport.close();
  return { folder, file: join(folder, 'data.mdb') };
}

/** Flips bits of a byte in both pages that say what the file is. */
function flip(file: string, at: number, bits: number): void {
  const bytes = readFileSync(file);
  for (const position of [at, 4096 + at]) bytes[position] = (bytes[position] ?? 0) ^ bits;
  writeFileSync(file, bytes);
}

/** Changes a closed log behind its back, by LMDB alone. */
async function tamper(folder: string, change: (environment: RootDatabase) => void): Promise<void> {
  const environment = open({ path: folder, noSubdir: false, overlappingSync: false });
  change(environment);
  await environment.close();
}

describe('embedded transport on damaged files', () => {
  it('read() gives a corrupt record with its bytes, and goes on, when any bit of a record is flipped', async () => {
    const { folder, file } = await filled(3);
    const intact = readFileSync(file);
    const at = intact.indexOf('value-1-');
    const start = at - 38 - 'k1{}'.length;
    for (let position = start; position < at + 8; position += 1) {
      const flipped = Buffer.from(intact);
      flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
      writeFileSync(file, flipped);
      const transport = createEmbeddedTransport({ folder });
      const found = await readAll(transport, topic);
      await transport.close();
      expect(found.map(({ offset }) => offset)).toEqual([0, 1, 2]);
      expect(found[1]?.corrupt).toBe('the checksum does not match the bytes');
      expect(found[1]?.value).toHaveLength(38 + 'k1{}value-1-'.length + 100);
      expect([found[0], found[2]].map((one) => one && textOf(one)?.slice(0, 8))).toEqual([
        'value-0-',
        'value-2-',
      ]);
    }
  });

  it('transactions refuse a value of the table with TRANSPORT_DAMAGED when any bit of it is flipped', async () => {
    const { folder, file } = await filled(1);
    const transport = workshop.open({ folder });
    await transport.transactions.update({
      assignments: [],
      bytes: 0,
      compute: (table) => {
        table.put(['kind', 'key'], Buffer.from('what is remembered'));
        return { appends: [], state: [], commits: [] };
      },
    });
    await transport.close();
    const intact = readFileSync(file);
    const at = intact.indexOf('what is remembered');
    for (let position = at - 4; position < at + 'what is remembered'.length; position += 1) {
      const flipped = Buffer.from(intact);
      flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
      writeFileSync(file, flipped);
      const damaged = createEmbeddedTransport({ folder });
      const reading = damaged.transactions.view((table) => table.get(['kind', 'key']));
      await expect(reading).rejects.toMatchObject({ code: 'TRANSPORT_DAMAGED' });
      await damaged.close();
    }
  });

  it('the state refuses a value with STATE_UNAVAILABLE, and names its key, when any bit of it is flipped', async () => {
    const { folder, file } = await filled(1);
    const transport = workshop.open({ folder });
    await transport.transactions.state.write([{ key: 'a/key', value: { known: ['what', 1, true] } }]);
    await transport.close();
    const intact = readFileSync(file);
    const text = '["a/key",{"known":["what",1,true]}]';
    const at = intact.indexOf(text);
    for (let position = at - 8; position < at + text.length; position += 1) {
      const flipped = Buffer.from(intact);
      flipped[position] = (flipped[position] ?? 0) ^ (1 << (position % 8));
      writeFileSync(file, flipped);
      const damaged = createEmbeddedTransport({ folder });
      const { state } = damaged.transactions;
      const wanted = { code: 'STATE_UNAVAILABLE', message: expect.stringContaining('"a/key"') };
      await expect(state.get('a/key')).rejects.toMatchObject(wanted);
      await expect(state.scan('a/')[Symbol.asyncIterator]().next()).rejects.toMatchObject(wanted);
      await damaged.close();
    }
  });

  it('read() gives a corrupt record when another one is in its place', async () => {
    const { folder } = await filled(2);
    await tamper(folder, (environment) => {
      const records = environment.openDB<Buffer, number>({ name: 'log/0/0', encoding: 'binary' });
      records.putSync(1, records.get(0) ?? Buffer.alloc(0));
    });
    const found = await readAll(workshop.open({ folder }), topic);
    expect(found.map(({ corrupt }) => corrupt)).toEqual([undefined, 'the record is missing from the log']);
  });

  it('read() gives every record, or a corrupt one for it, when any bit of its key is flipped', async () => {
    const { folder, file } = await filled(5);
    const intact = readFileSync(file);
    const key = Buffer.of(0x14, 0, 0, 0); // 2, as ordered-binary writes it, padded by LMDB
    const start = intact.indexOf('value-2-') - 38 - 'k2{}'.length - key.length;
    expect(intact.subarray(start, start + key.length)).toEqual(key);
    for (let bit = 0; bit < key.length * 8; bit += 1) {
      const flipped = Buffer.from(intact);
      const position = start + (bit >> 3);
      flipped[position] = (flipped[position] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(file, flipped);
      const transport = createEmbeddedTransport({ folder });
      const found = await readAll(transport, topic);
      await transport.close();
      expect(found.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
      expect(found.filter(({ corrupt }) => corrupt === undefined).length).toBeGreaterThanOrEqual(2);
    }
  });

  it.each([
    ['far behind the end', 2 ** 40],
    ['before the beginning', -5],
    ['where no number sorts', 'a text'],
  ])(
    'read() gives a record where it says that it stands, or a corrupt one for it, when its key has come to stand %s',
    async (_, key) => {
      const { folder } = await filled(3);
      await tamper(folder, (environment) => {
        const records = environment.openDB<Buffer, number | string>({ name: 'log/0/0', encoding: 'binary' });
        records.putSync(key, Buffer.from(records.get(2) ?? ''));
        records.removeSync(2);
      });
      const found = await readAll(workshop.open({ folder }), topic);
      const isThere = key !== -5; // a reader begins at the earliest offset
      expect(found.map(({ offset, corrupt }) => [offset, corrupt === undefined])).toEqual([
        [0, true],
        [1, true],
        [2, isThere],
      ]);
    },
  );

  it('describe() rejects with TRANSPORT_DAMAGED when the counters of a partition are gone', async () => {
    const { folder } = await filled(1);
    await tamper(folder, (environment) => {
      environment.openDB({ name: 'meta', encoding: 'string' }).removeSync(['partition', 0, 0]);
    });
    await expect(workshop.open({ folder }).describe(topic)).rejects.toMatchObject({
      code: 'TRANSPORT_DAMAGED',
    });
  });

  it.each([[['topics']], [['topic', topic]]])(
    'ensureTopics() makes no topic anew, and rejects with TRANSPORT_DAMAGED, when %j is gone',
    async (entry) => {
      const { folder } = await filled(1);
      await tamper(folder, (environment) => {
        environment.openDB({ name: 'meta', encoding: 'string' }).removeSync(entry);
      });
      const names = [topic, 'another'].map((name) => ({ name, partitions: 1 }));
      await expect(workshop.open({ folder }).ensureTopics(names)).rejects.toMatchObject({
        code: 'TRANSPORT_DAMAGED',
      });
    },
  );

  it('read() gives a corrupt record when one has vanished', async () => {
    const { folder } = await filled(5);
    await tamper(folder, (environment) => {
      const records = environment.openDB({ name: 'log/0/0', encoding: 'binary' });
      for (const offset of [1, 2, 4]) records.removeSync(offset);
    });
    const found = await readAll(workshop.open({ folder }), topic);
    expect(found.map(({ offset, corrupt }) => [offset, corrupt !== undefined])).toEqual([
      [0, false],
      [1, true],
      [2, true],
      [3, false],
      [4, true],
    ]);
  });

  it('read() gives a corrupt record when one has vanished above what compaction has thinned', async () => {
    const folder = workshop.folder();
    const transport = workshop.open({ folder });
    await transport.ensureTopics([
      { name: topic, partitions: 1, retention: { compact: { tombstoneMs: 0 } } },
    ]);
    await transport.append(topic, [record('a', '1'), record('a', '2'), record('b', '3')]);
    await transport.maintain();
    await transport.append(topic, [record('c', '4'), record('d', '5')]);
    await transport.close();
    await tamper(folder, (environment) => {
      environment.openDB({ name: 'log/0/0', encoding: 'binary' }).removeSync(3);
    });
    const found = await readAll(workshop.open({ folder }), topic);
    expect(found.map(({ offset, corrupt }) => [offset, corrupt !== undefined])).toEqual([
      [1, false],
      [2, false],
      [3, true],
      [4, false],
    ]);
  });

  it('describe() rejects with TRANSPORT_DAMAGED when a committed offset is beyond the end', async () => {
    const { folder } = await filled(1);
    await tamper(folder, (environment) => {
      const groups = environment.openDB<string>({ name: 'groups', encoding: 'string' });
      putSealed(groups, ['names', 0], ['g']);
      putSealed(groups, ['committed', 0, 'g', 0], 7);
    });
    await expect(workshop.open({ folder }).describe(topic)).rejects.toMatchObject({
      code: 'TRANSPORT_DAMAGED',
    });
  });

  it('describe() rejects with TRANSPORT_DAMAGED when a counter does not match its checksum', async () => {
    const { folder } = await filled(1);
    await tamper(folder, (environment) => {
      const meta = environment.openDB({ name: 'meta', encoding: 'string' });
      meta.putSync(['partition', 0, 0], '00000000[0,7,0,0]');
    });
    await expect(workshop.open({ folder }).describe(topic)).rejects.toMatchObject({
      code: 'TRANSPORT_DAMAGED',
    });
  });

  it.each([
    ['cut short within its records', (file: string) => truncateSync(file, 200 * 4096)],
    ['cut down to its first page', (file: string) => truncateSync(file, 4096)],
    ['of pages of another kind', (file: string) => flip(file, 18, 0x08)],
    ['of another version of LMDB', (file: string) => flip(file, 28, 0x01)],
    ['said to have more than one value of a key', (file: string) => flip(file, 52, 0x04)],
    ['said to be encrypted', (file: string) => flip(file, 53, 0x20)],
    ['said to be larger than can be mapped', (file: string) => flip(file, 149, 0x01)],
    ['not a log', (file: string) => writeFileSync(file, 'a text'.repeat(2000))],
  ])('createEmbeddedTransport() refuses and says how to rebuild when its file is %s', async (_, damage) => {
    const { folder, file } = await filled(500, 3000);
    damage(file);
    expect(() => createEmbeddedTransport({ folder })).toThrow(
      expect.objectContaining({
        code: 'TRANSPORT_DAMAGED',
        message: expect.stringContaining('Move the folder away'),
      }),
    );
  });

  it('faultOfLmdbFile() finds every file that is cut short in a page in use, and no other', async () => {
    const { file } = await filled(200, 3000);
    expect(faultOfLmdbFile(file)).toBeUndefined();
    const bytes = readFileSync(file);
    for (let pages = bytes.length / 4096 - 4; pages > 2; pages -= 7) {
      truncateSync(file, pages * 4096);
      expect(faultOfLmdbFile(file)).toMatch(/cut short: page \d+ is missing/u);
    }
    writeFileSync(file, bytes.subarray(0, bytes.length));
    expect(faultOfLmdbFile(file)).toBeUndefined();
  });

  it('createEmbeddedTransport() refuses and calls nothing damaged when the folder cannot be made', async () => {
    const { file } = await filled(1);
    expect(() => createEmbeddedTransport({ folder: join(file, 'log') })).toThrow(
      expect.objectContaining({ code: 'STATE_UNAVAILABLE' }),
    );
  });
});
