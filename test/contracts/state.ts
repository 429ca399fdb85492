import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { FencedStateStore, Json, StateStore } from '../../pipeline/state.ts';

/** What a contract suite needs of an adapter. */
export interface StateAdapter {
  /** An empty store. */
  open(): Promise<StateStore>;
  /** Opens what `open` opened last once more, after it was closed; absent where nothing outlives the process. */
  reopen?(): Promise<StateStore>;
  /** Removes what the stores left behind. */
  cleanUp(): Promise<void>;
}

/** Every key that begins with a prefix, with its value. */
async function scanned(
  store: StateStore,
  prefix: string,
): Promise<{ readonly key: string; readonly value: Json }[]> {
  const found = [];
  for await (const entry of store.scan(prefix)) found.push(entry);
  return found;
}

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const json = fc.jsonValue({ noUnicodeString: false }).filter((value) => !Object.is(value, -0));

/** What every state store holds to. */
export function stateContract(name: string, adapter: StateAdapter): void {
  describe(`state store ${name}`, () => {
    afterEach(() => adapter.cleanUp());

    it('get() is undefined when a key was never written', async () => {
      const store = await adapter.open();
      expect(await store.get('applied/a')).toBeUndefined();
      await store.close();
    });

    it('write() puts and deletes, and the last write of a key wins', async () => {
      const store = await adapter.open();
      await store.write([
        { key: 'a', value: { n: 1 } },
        { key: 'b', value: [null, true, 'x'] },
        { key: 'a', value: { n: 2 } },
      ]);
      await store.write([{ key: 'b', value: undefined }]);
      expect(await store.get('a')).toEqual({ n: 2 });
      expect(await store.get('b')).toBeUndefined();
      await store.close();
    });

    it('write() writes nothing when one value cannot be written', async () => {
      const store = await adapter.open();
      const loop: { [key: string]: Json } = {};
      loop['self'] = loop;
      await expect(
        store.write([
          { key: 'a', value: 1 },
          { key: 'b', value: loop },
        ]),
      ).rejects.toThrow(/circular/i);
      expect(await store.get('a')).toBeUndefined();
      await store.close();
    });

    it('scan() yields the keys of a prefix in the order of their bytes', async () => {
      const store = await adapter.open();
      const keys = [
        'p/',
        'p/\u{1F600}',
        'p/\uFFFD',
        'p/a',
        'p/a/b',
        'p/Z',
        'q',
        'o',
        `p/${'x'.repeat(1880)}`,
      ];
      await store.write(keys.map((key) => ({ key, value: key })));
      const expected = keys.filter((key) => key.startsWith('p/')).sort(bytewise);
      expect((await scanned(store, 'p/')).map((entry) => entry.key)).toEqual(expected);
      expect(await scanned(store, 'nothing')).toEqual([]);
      await store.close();
    });

    it('scan() goes on while the store is written to', async () => {
      const store = await adapter.open();
      const keys = Array.from({ length: 1200 }, (_, index) => `k/${String(index).padStart(4, '0')}`);
      await store.write(keys.map((key) => ({ key, value: 0 })));
      const found: string[] = [];
      for await (const { key } of store.scan('k/')) {
        found.push(key);
        if (found.length % 400 !== 1) continue;
        await store.write([
          { key, value: undefined },
          { key: 'k/0003', value: found.length },
        ]);
        await store.get('k/0003');
      }
      expect(found).toEqual(keys);
      await store.close();
    });

    it('get() and scan() keep keys apart that are long and begin alike', async () => {
      const store = await adapter.open();
      const stem = `applied/t/${'n'.repeat(4096)}`;
      const keys = [`${stem}c`, `${stem}a`, stem, `${stem}b`, stem.slice(0, 1868), stem.slice(0, 1890), 'z'];
      await store.write(keys.map((key, value) => ({ key, value })));
      for (const [value, key] of keys.entries()) expect(await store.get(key)).toBe(value);
      const expected = keys.filter((key) => key.startsWith('applied/')).sort(bytewise);
      expect((await scanned(store, 'applied/')).map((entry) => entry.key)).toEqual(expected);
      expect((await scanned(store, `${stem}a`)).map((entry) => entry.key)).toEqual([`${stem}a`]);
      await store.close();
    });

    it('get() gives back any JSON value under any key', async () => {
      const store = await adapter.open();
      await fc.assert(
        fc.asyncProperty(fc.string({ minLength: 1, unit: 'grapheme' }), json, async (key, value) => {
          const clean: Json = JSON.parse(JSON.stringify(value));
          await store.write([{ key, value: clean }]);
          expect(await store.get(key)).toStrictEqual(clean);
        }),
        { numRuns: 60 },
      );
      await store.close();
    });

    it('get() keeps a member named __proto__ and pollutes nothing', async () => {
      const store = await adapter.open();
      const value: Json = JSON.parse('{"__proto__":{"polluted":true}}');
      await store.write([{ key: '__proto__', value }]);
      expect(JSON.stringify(await store.get('__proto__'))).toBe('{"__proto__":{"polluted":true}}');
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
      await store.close();
    });

    it('write() does not keep hold of the value that it was given', async () => {
      const store = await adapter.open();
      const value = { list: [1] };
      await store.write([{ key: 'a', value }]);
      value.list.push(2);
      expect(await store.get('a')).toEqual({ list: [1] });
      await store.close();
    });

    it('close() may be called twice, and every method rejects with STATE_UNAVAILABLE after it', async () => {
      const store = await adapter.open();
      await store.close();
      await store.close();
      await expect(store.get('a')).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
      await expect(store.write([])).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
      await expect(scanned(store, '')).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    });

    const { reopen } = adapter;
    if (reopen === undefined) return;
    it('get() finds what was written before the store was closed', async () => {
      const first = await adapter.open();
      await first.write([{ key: 'a', value: 1 }]);
      await first.close();
      const second = await reopen();
      expect(await second.get('a')).toBe(1);
      await second.close();
    });
  });
}

/** What every state store holds to of which parts can be taken over. `open` opens the same store each time, as other processes do. */
export function fencedStateContract(name: string, open: () => Promise<FencedStateStore>): void {
  describe(`fences of the state store ${name}`, () => {
    it('take() lets who took a name over last write, and refuses who had it before, whole', async () => {
      const [one, other] = [await open(), await open()];
      const zombie = await one.take('schedule.a');
      await zombie.write([{ key: 'fenced/mark', value: 1 }]);
      const owner = await other.take('schedule.a');
      expect(await owner.get('fenced/mark')).toBe(1);
      await owner.write([
        { key: 'fenced/mark', value: 3 },
        { key: 'fenced/gone', value: undefined },
      ]);
      const late = zombie.write([
        { key: 'fenced/mark', value: 2 },
        { key: 'fenced/gone', value: 'back' },
      ]);
      await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await scanned(other, 'fenced/')).toEqual([{ key: 'fenced/mark', value: 3 }]);
      await owner.write([{ key: 'fenced/mark', value: 4 }]);
      expect(await zombie.get('fenced/mark')).toBe(4);
      await Promise.all([one.close(), other.close()]);
    });

    it('take() leaves other names, and writes that are not fenced, as they are', async () => {
      const store = await open();
      const [a, b] = [await store.take('names.a'), await store.take('names.b')];
      await a.write([{ key: 'names/a', value: 1 }]);
      await b.write([{ key: 'names/b', value: 1 }]);
      await store.write([{ key: 'names/c', value: 1 }]);
      await store.take('names.b');
      await a.write([{ key: 'names/a', value: 2 }]);
      await expect(b.write([{ key: 'names/b', value: 2 }])).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect((await scanned(store, 'names/')).map(({ value }) => value)).toEqual([2, 1, 1]);
      await store.close();
    });

    it('take() amid writes of another process lets through what came before it, and nothing after', async () => {
      const [one, other] = [await open(), await open()];
      const zombie = await one.take('race');
      const progress = { written: 0 };
      const writing = (async (): Promise<unknown> => {
        try {
          for (;;) {
            await zombie.write([{ key: 'race/mark', value: progress.written + 1 }]);
            progress.written += 1;
            await new Promise(setImmediate); // a store may answer before anybody else has a turn
          }
        } catch (thrown) {
          return thrown;
        }
      })();
      while (progress.written < 3) await new Promise(setImmediate);
      const owner = await other.take('race');
      const seen = await owner.get('race/mark');
      expect(await writing).toMatchObject({ code: 'LEASE_LOST' });
      expect(await owner.get('race/mark')).toBe(seen);
      await Promise.all([one.close(), other.close()]);
    });
  });
}
