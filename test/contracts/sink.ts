import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sink } from '../../pipeline/sink.ts';
import { deletionOf, deliveries, shop, shopProcess } from '../support/changes.ts';
import { counts, deliverer, kinds, never } from '../support/sink-host.ts';

/** What the suite needs of an adapter. */
export interface SinkAdapter {
  /** A sink, not opened yet, with nothing behind it. Types are those of the shop. */
  create(): Promise<Sink>;
  /** Removes what the sink left behind. */
  cleanUp(): Promise<void>;
  /** False for a sink that only writes down what it is given. @default true */
  readonly remembers?: boolean;
}

/** What every sink holds to. */
export function sinkContract(name: string, adapter: SinkAdapter): void {
  describe(`sink ${name}`, () => {
    let sink: Sink;
    let deliver: ReturnType<typeof deliverer>;

    beforeEach(async () => {
      sink = await adapter.create();
      await sink.open(never);
      deliver = deliverer(sink);
    });

    afterEach(async () => {
      await sink.close();
      await adapter.cleanUp();
    });

    it('deliver() resolves with no outcome when the batch is empty', async () => {
      expect(await sink.deliver([], never)).toEqual([]);
    });

    it('deliver() resolves with one outcome for each change, in the order of the batch', async () => {
      const outcomes = await deliver(
        shopProcess('p', { inputs: ['a'], outputs: ['b'] }),
        shop('b', { shelves: ['1'] }),
        shop('a'),
      );
      expect(outcomes).toEqual(
        [1, 2, 1].map((created) => ({ kind: 'delivered', counts: counts({ created }) })),
      );
    });

    it('deliver() supersedes what is overtaken in its batch, also an exact duplicate', async () => {
      const old = shop('a', { city: 'old' }, { sequence: 1 });
      const fresh = shop('a', { city: 'new' }, { sequence: 2 });
      const batch = deliveries([fresh, old]);
      const outcomes = kinds(await sink.deliver([...batch, ...batch], never));
      expect([...outcomes].sort()).toEqual(['delivered', 'superseded', 'superseded', 'superseded']);
    });

    it('deliver() keeps the changes of two producers of one root', async () => {
      const outcomes = await deliver(
        shop('a', {}, { producer: 'x' }),
        shop('a', { city: 'here' }, { producer: 'y' }),
      );
      expect(kinds(outcomes)).toEqual(['delivered', 'delivered']);
    });

    it('deliver() takes a deletion after an upsert in one batch', async () => {
      const change = shop('a');
      const [first, second] = await deliver(change, deletionOf(change));
      expect(first?.kind).toBe('superseded');
      expect(['delivered', 'unchanged']).toContain(second?.kind);
    });

    it('deliver() rejects with the reason when its signal has fired', async () => {
      const reason = new Error('shutdown');
      await expect(sink.deliver(deliveries([shop('a')]), AbortSignal.abort(reason))).rejects.toBe(reason);
    });

    it('close() may be called twice', async () => {
      await expect(sink.close()).resolves.toBeUndefined();
      await expect(sink.close()).resolves.toBeUndefined();
    });

    if (adapter.remembers === false) return;

    it('deliver() says unchanged when nothing differs but the position', async () => {
      await deliver(shop('a', { shelves: ['1'] }));
      expect(await deliver(shop('a', { shelves: ['1'] }, { sequence: 2 }))).toEqual([
        { kind: 'unchanged', counts: counts({ unchanged: 2 }) },
      ]);
    });

    it('deliver() deletes what was delivered, and says unchanged when there is nothing', async () => {
      const change = shop('a', { shelves: ['1'] });
      await deliver(change);
      expect(await deliver(deletionOf(change))).toEqual([
        { kind: 'delivered', counts: counts({ deleted: 2 }) },
      ]);
      expect(kinds(await deliver(deletionOf(shop('never'))))).toEqual(['unchanged']);
    });

    it('deliver() never lets a placeholder replace what is real', async () => {
      const stand = shop('a', {}, { producer: 'etl', placeholder: true, complete: [] });
      expect(kinds(await deliver(stand))).toEqual(['delivered']);
      await deliver(shop('a', { city: 'here' }));
      expect(kinds(await deliver(stand))).toEqual(['superseded']);
    });
  });
}
