import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EntityChange } from '../../../schemas/types.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { sinks } from '../../../sinks/index.ts';
import { type AtlasDouble, startAtlasDouble } from '../../support/atlas-double.ts';
import { deliveries, shop } from '../../support/changes.ts';
import { never, sinkHost } from '../../support/sink-host.ts';

const timeout = 120_000;
const batch = 100;

/** Assets as a scan tells them; the first `changed` of them say something new. */
function scan(count: number, sequence: number, changed = 0): readonly EntityChange[] {
  return Array.from({ length: count }, (_, index) =>
    shop(`s${index}`, { city: index < changed ? `city ${sequence}` : 'city' }, { sequence }),
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
});
