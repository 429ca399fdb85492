import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapInOrder } from '../../platform/map-in-order.ts';

const signal = new AbortController().signal;
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

describe('mapInOrder()', () => {
  it('gives every result in order and keeps its limit, however long each takes', async () => {
    const runs = fc.asyncProperty(
      fc.array(fc.nat(20)),
      fc.integer({ min: 1, max: 8 }),
      async (items, limit) => {
        let running = 0;
        const results: number[] = [];
        const mapped = mapInOrder(items.entries(), { limit, signal }, async ([index, count]) => {
          running += 1;
          expect(running).toBeLessThanOrEqual(limit);
          await turns(count);
          running -= 1;
          return index;
        });
        for await (const result of mapped) results.push(result);
        expect(results).toEqual([...items.keys()]);
      },
    );
    await fc.assert(runs);
  });

  it('stops what runs and waits for its end when one fails, when it is left, and when its signal fires', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const run = (fail: boolean): AsyncGenerator<number> =>
      mapInOrder([1, 2, 3], { limit: 3, signal: stop.signal }, async (item, inner) => {
        if (item === 1 && fail) throw new Error('one');
        if (item === 1) return item;
        await new Promise((resolve) => inner.addEventListener('abort', resolve, { once: true }));
        seen.push(`${item} stopped`);
        return item;
      });
    await expect(run(true).next()).rejects.toThrow('one');
    expect(seen).toEqual(['2 stopped', '3 stopped']);
    for await (const _first of run(false)) break;
    expect(seen).toHaveLength(4);
    stop.abort(new Error('enough'));
    await expect(run(false).next()).rejects.toThrow('enough');
  });
});
