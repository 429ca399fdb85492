import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assert, asyncProperty, integer, record, shuffledSubarray } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configure, type Configured } from '../../cli/configured.ts';
import { loadConfig } from '../../cli/load-config.ts';
import { openPipeline } from '../../cli/open-pipeline.ts';
import { producersOf } from '../../cli/open-producers.ts';
import { readSource } from '../../pipeline/leased-producer.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import type { NewRecord } from '../../pipeline/transport.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { DatabaseObject, Removal } from '../../schemas/types.ts';
import { root } from '../support/cli.ts';
import { type Delivery, deliverRaw, difference } from '../support/deliver-raw.ts';
import { type RetailSources, startRetailSources } from '../support/retail-sources.ts';

/** A version of an event that was published earlier, with its last column not there yet. */
function older(record: NewRecord): readonly NewRecord[] {
  if (record.value === null) return [];
  const { type, value } = decodeEvent(record.value);
  if (type !== 'database-object') return [];
  const object = value as DatabaseObject;
  if (object.columns === null || object.columns.length < 2) return [];
  const before = { ...object.position, sequence: object.position.sequence - 1 };
  return [
    {
      ...record,
      value: encodeEvent(type, { ...object, position: before, columns: object.columns.slice(0, -1) }),
    },
  ];
}

/** The removal of a job, later than everything else that is said of it. */
function removal(record: NewRecord): readonly NewRecord[] {
  if (record.value === null) return [];
  const { type, value } = decodeEvent(record.value);
  if (type !== 'job' || !('objectId' in value) || value.objectId !== 'export_products') return [];
  const { producer, objectId, position } = value;
  const gone: Removal = {
    producer,
    objectId,
    position: { ...position, sequence: position.sequence + 1 },
    removedType: type,
  };
  return [{ ...record, value: encodeEvent('removal', gone) }];
}

describe('the pipeline over the raw events of the example', () => {
  let sources: RetailSources;
  let folder: string;
  let configured: Configured;
  let raw: readonly NewRecord[];

  const deliver = (records: readonly NewRecord[], how: Delivery): Promise<string> =>
    deliverRaw(records, configured, how);

  /** What the four producers publish in one scan each. */
  async function publish(): Promise<readonly NewRecord[]> {
    const pipeline = await openPipeline(configured, {
      telemetry: createTelemetry(),
      state: path.join(folder, 'publish'),
      port: 0,
    });
    const { followed } = producersOf(pipeline, [...configured.producers.keys()]);
    try {
      const records: NewRecord[] = [];
      for (const source of followed) await readSource(source, new AbortController().signal);
      for (const { partition } of await pipeline.transport.describe(topics.raw)) {
        for await (const record of pipeline.transport.read(topics.raw, partition, 0)) records.push(record);
      }
      return records;
    } finally {
      await pipeline.close();
    }
  }

  beforeAll(async () => {
    sources = await startRetailSources();
    folder = await mkdtemp(path.join(tmpdir(), 'order-'));
    configured = configure(await loadConfig(path.join(root, 'examples/retail/purview-streams.yaml')));
    const published = await publish();
    raw = [...published.flatMap(older), ...published, ...published.flatMap(removal)];
  }, 120_000);

  afterAll(async () => {
    await sources.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('ends in a byte-equal export when raw events are shuffled, doubled, batched otherwise and shared by several members', async () => {
    const expected = await deliver(raw, { lanes: 2, batch: 100, partitions: 4, chunk: 50, members: 1 });
    expect(expected).toContain('etl://loader/jobs/load_orders');
    expect(expected).not.toContain('etl://loader/jobs/export_products');
    await assert(
      asyncProperty(
        shuffledSubarray(
          [...raw.keys(), ...raw.keys()].map((index, place) => ({ index, place })),
          { minLength: raw.length * 2 },
        ),
        record({
          lanes: integer({ min: 1, max: 4 }),
          batch: integer({ min: 1, max: 100 }),
          partitions: integer({ min: 1, max: 6 }),
          chunk: integer({ min: 1, max: 60 }),
          members: integer({ min: 1, max: 3 }),
        }),
        async (order, how) => {
          const records = order.flatMap(({ index }) => raw[index] ?? []);
          expect(difference(expected, await deliver(records, how))).toEqual([]);
        },
      ),
      { numRuns: 4, endOnFailure: true },
    );
  }, 240_000);
});
