import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCatalog, type OpenCatalog } from '../../../catalog/open-catalog.ts';
import { partitionOf } from '../../../pipeline/partitioner.ts';
import type { Delivery, Sink } from '../../../pipeline/sink.ts';
import type { NewRecord } from '../../../pipeline/transport.ts';
import { sinks } from '../../../sinks/index.ts';
import { catalogUser } from '../../support/local-catalog.ts';
import { anyRenameStep, changesOfRaw, rawOfRenames } from '../../support/rename-steps.ts';
import { never, sinkHost } from '../../support/sink-host.ts';

let folder: string;
let catalog: OpenCatalog;
let runs = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'renamed-'));
  catalog = await openCatalog({ path: folder, port: 0 });
});

afterAll(async () => {
  await catalog.close();
  await rm(folder, { recursive: true });
});

/** Some order in which what has one key stays in its own: `picks` says from which key the next one is. */
function interleaved<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  picks: readonly number[],
): readonly T[] {
  const queues = new Map<string, T[]>();
  for (const item of items) queues.set(keyOf(item), [...(queues.get(keyOf(item)) ?? []), item]);
  const order: T[] = [];
  for (let at = 0; queues.size > 0; at += 1) {
    const keys = [...queues.keys()];
    const key = keys[(picks[at % picks.length] ?? 0) % keys.length] ?? '';
    const [first, ...rest] = queues.get(key) ?? [];
    if (first !== undefined) order.push(first);
    if (rest.length === 0) queues.delete(key);
    else queues.set(key, rest);
  }
  return order;
}

/** As a compacted topic has them: the last of each key. */
function compacted(records: readonly NewRecord[]): readonly NewRecord[] {
  return [...new Map(records.map((record) => [record.key, record])).values()];
}

/** Delivers what one lane has, batch by batch; what waits goes along with the next. Resolves with what still waits. */
async function deliverLane(
  sink: Sink,
  lane: readonly Delivery[],
  size: number,
): Promise<readonly Delivery[]> {
  let waiting: readonly Delivery[] = [];
  for (let from = 0; from < lane.length; from += size) {
    const open = [...waiting, ...lane.slice(from, from + size)];
    const outcomes = await sink.deliver(open, never);
    expect(outcomes.filter(({ kind }) => kind === 'rejected' || kind === 'retry')).toEqual([]);
    waiting = open.filter((_, index) => outcomes[index]?.kind === 'missing');
  }
  return waiting;
}

async function exported(
  records: readonly NewRecord[],
  how: { readonly picks: readonly number[]; readonly size: number; readonly lanes: number },
): Promise<readonly string[]> {
  const prefix = `r${(runs += 1)}-`;
  const sink = sinks.local.create({ url: catalog.url, ...catalogUser }, sinkHost());
  await sink.open(never);
  const changes = changesOfRaw(
    interleaved(records, ({ key }) => key, how.picks),
    prefix,
  );
  const ordered = interleaved(changes, ({ qualifiedName }) => qualifiedName, how.picks);
  const all = ordered.map((change, offset): Delivery => ({ change, offset }));
  let lanes: readonly (readonly Delivery[])[] = Array.from({ length: how.lanes }, (_, lane) =>
    all.filter(({ change }) => partitionOf(change.qualifiedName, how.lanes) === lane),
  );
  for (let before = -1; ; ) {
    lanes = await Promise.all(lanes.map((lane) => deliverLane(sink, lane, how.size)));
    const left = lanes.flat().length;
    if (left === 0) break;
    expect(left, 'something waits for ever').not.toBe(before);
    before = left;
  }
  return catalog
    .export()
    .split('\n')
    .filter((line) => line.includes(prefix))
    .map((line) => line.replaceAll(prefix, ''));
}

it('ends in the same catalogue however renames are interleaved, doubled, cut into batches, or replayed', async () => {
  const anyRun = fc.record({
    steps: fc.array(anyRenameStep, { minLength: 1, maxLength: 6 }),
    picks: fc.array(fc.nat(5), { minLength: 7, maxLength: 7 }),
    size: fc.constantFrom(1, 2, 3, 4, 50),
  });
  await fc.assert(
    fc.asyncProperty(anyRun, async ({ steps, picks, size }) => {
      const raw = await rawOfRenames(steps);
      const plain = await exported(raw, { picks: [0], size: 1, lanes: 1 });
      expect(await exported(raw, { picks, size, lanes: 1 }), 'in another order').toEqual(plain);
      expect(await exported([...raw, ...raw], { picks, size, lanes: 2 }), 'twice').toEqual(plain);
      expect(await exported(compacted(raw), { picks, size, lanes: 2 }), 'replayed').toEqual(plain);
    }),
    { numRuns: Number(process.env['RENAME_RUNS'] ?? 3), endOnFailure: true },
  );
}, 120_000);
