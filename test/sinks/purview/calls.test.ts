import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Sink } from '../../../pipeline/sink.ts';
import type { EntityChange } from '../../../schemas/types.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { sinks } from '../../../sinks/index.ts';
import { type AtlasDouble, startAtlasDouble } from '../../support/atlas-double.ts';
import { deliveries, shop } from '../../support/changes.ts';
import { never, sinkHost } from '../../support/sink-host.ts';
import { committed, start } from '../../support/sink-stage.ts';

const timeout = 120_000;
const batch = 100;

/** Assets as a scan tells them; the first `changed` of them, or those that it names, say something new. */
function scan(
  count: number,
  sequence: number,
  changed: number | ((index: number) => boolean) = 0,
): readonly EntityChange[] {
  const isChanged = typeof changed === 'number' ? (index: number) => index < changed : changed;
  return Array.from({ length: count }, (_, index) =>
    shop(`s${index}`, { city: isChanged(index) ? `city ${sequence}` : 'city' }, { sequence }),
  );
}

describe('deliver(), in calls on the wire', () => {
  let atlas: AtlasDouble;
  const state = createMemoryState();

  beforeEach(async () => {
    atlas = await startAtlasDouble();
  });
  afterEach(() => atlas.close());

  /** Delivers in batches by a sink that knows no more than the state; returns how many requests that took. */
  async function calls(changes: readonly EntityChange[]): Promise<number> {
    const sink = sinks.local.create({ url: atlas.url }, sinkHost({ state }));
    const before = atlas.seen.length;
    for (let at = 0; at < changes.length; at += batch) {
      const outcomes = await sink.deliver(deliveries(changes.slice(at, at + batch), at), never);
      expect(outcomes.filter(({ kind }) => kind !== 'delivered' && kind !== 'unchanged')).toEqual([]);
    }
    return atlas.seen.length - before;
  }

  it('takes one for each 100 new assets, none for a rescan of 10,000, and one for each 100 that changed', {
    timeout,
  }, async () => {
    expect(await calls(scan(10_000, 1))).toBe(100);
    expect(await calls(scan(10_000, 2))).toBe(0); // a sink that was started anew
    expect(await calls(scan(10_000, 3, 250))).toBe(3);
    expect(await calls(scan(10_000, 4))).toBe(3);
    expect(await calls(scan(10_000, 5))).toBe(0);
  });

  it('takes one for each 100 that changed, wherever they stand in a scan that the stage delivers', {
    timeout,
  }, async () => {
    const sink = sinks.local.create({ url: atlas.url }, sinkHost({ state }));
    await calls(scan(10_000, 11));
    const bulks = (): number => atlas.seen.filter(({ url }) => url.includes('/entity/bulk')).length;
    const before = bulks();
    const opened: Sink = {
      // The server has no types, whatever is made of them: opened anew, what was applied to it would count no more.
      open: async () => undefined,
      deliver: (changes, signal) => sink.deliver(changes, signal),
      known: async (changes) => (await sink.known?.(changes)) ?? [],
      close: () => sink.close(),
    };
    const stage = await start(
      opened,
      scan(10_000, 12, (index) => index % 40 === 0),
      {
        lanes: 1,
        credits: { records: 10_000, bytes: 64_000_000 },
        batch: { count: batch, bytes: 1_000_000, withinMs: 100 },
      },
    );
    await vi.waitFor(async () => expect(await committed(stage)).toBe(10_000), { timeout });
    expect(bulks() - before).toBe(3);
    expect(stage.settled.delivered + stage.settled.unchanged).toBe(10_000);
    stage.stop();
    await stage.ended;
  });

  it('sends what changes now before a scan that waits for its turn', async () => {
    const sink = sinks.atlas.create({ url: atlas.url, pace: { inFlight: 1 } }, sinkHost());
    await sink.open(never);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    atlas.script(async (request, response) => {
      await held;
      await atlas.apply(request, response);
    });
    const first = sink.deliver(deliveries([shop('first')]), never);
    await vi.waitUntil(() => atlas.bulks.length === 1, { timeout });
    const scans = [0, batch].map((at) =>
      sink.deliver(deliveries(scan(2 * batch, 21).slice(at, at + batch), at), never),
    );
    // Nothing but promises stands between a batch and the gate.
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    const change = sink.deliver(deliveries([shop('now')]), never);
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    release();
    await Promise.all([first, ...scans, change]);
    // One of eight requests is one of a scan all the same, and that one may be due.
    expect(atlas.bulks.at(-1)).toHaveLength(batch);
    await sink.close();
  });
});
