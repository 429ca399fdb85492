import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { useCompression } from '../../../transports/kafka/codecs.ts';
import { type FetchedPartition, recordsOf } from '../../../transports/kafka/fetch-response.ts';

const require = createRequire(import.meta.url);
/** Kafka's client writes batches as it would send them. */
const { RecordBatch: encode } = require('kafkajs/src/protocol/recordBatch/v0/index.js') as {
  readonly RecordBatch: (options: unknown) => Promise<{ readonly buffer: Buffer }>;
};
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (
  options: unknown,
) => unknown;

interface Written {
  readonly first: number;
  readonly texts: readonly string[];
  /** The transaction that it belongs to, by its producer. */
  readonly producer?: number;
}

async function batch({ first, texts, producer }: Written): Promise<Buffer> {
  const records = texts.map((text, offsetDelta) =>
    encodeRecord({ offsetDelta, key: Buffer.from('k'), value: Buffer.from(text), headers: { h: 'é' } }),
  );
  const { buffer } = await encode({
    records,
    firstTimestamp: 1000,
    maxTimestamp: 1000,
    producerId: producer ?? -1,
    transactional: producer !== undefined,
    lastOffsetDelta: texts.length - 1,
  });
  buffer.writeBigInt64BE(BigInt(first), 0);
  return buffer;
}

const fetched = (bytes: Buffer, aborted: FetchedPartition['aborted'] = []): FetchedPartition => ({
  topic: 't',
  partition: 3,
  errorCode: 0,
  stable: 100,
  earliest: 0,
  aborted,
  bytes,
});

const textsOf = (records: readonly { readonly offset: number; readonly value: Uint8Array | null }[]) =>
  records.map(({ offset, value }) => `${offset} ${Buffer.from(value ?? []).toString()}`);

it('recordsOf() gives the records from an offset on, and where to go on behind what is not there any more', async () => {
  const emptied = await batch({ first: 2, texts: [] });
  emptied.writeInt32BE(4, 23); // it held 2 to 6 before the compaction
  const bytes = Buffer.concat([await batch({ first: 0, texts: ['a', 'b'] }), emptied]);
  const { records, next } = await recordsOf(fetched(bytes), 1);
  expect(textsOf(records)).toEqual(['1 b']);
  expect(records).toMatchObject([
    { topic: 't', partition: 3, key: 'k', headers: { h: 'é' }, timestamp: 1000 },
  ]);
  expect(next).toBe(7);
});

it('recordsOf() leaves a batch that is cut off to the next request', async () => {
  const whole = await batch({ first: 0, texts: ['a'] });
  const cut = (await batch({ first: 1, texts: ['b'] })).subarray(0, -1);
  const { records, next } = await recordsOf(fetched(Buffer.concat([whole, cut])), 0);
  expect(textsOf(records)).toEqual(['0 a']);
  expect(next).toBe(1);
});

it('recordsOf() leaves out what was given up, whichever of several transactions it was of', async () => {
  const parts = [
    { first: 0, texts: ['x'], producer: 1 },
    { first: 1, texts: ['y'], producer: 2 },
    { first: 2, texts: ['z'], producer: 3 },
    { first: 3, texts: ['free'] },
  ];
  const bytes = Buffer.concat(await Promise.all(parts.map(batch)));
  const aborted = [
    { producerId: '2', first: 1 },
    { producerId: '1', first: 0 },
  ];
  for (const from of [0, 1, 2]) {
    const { records } = await recordsOf(fetched(bytes, aborted), from);
    expect(textsOf(records)).toEqual(['2 z', '3 free']);
  }
});

it('recordsOf() makes one corrupt record of a batch that cannot be decoded, and reads those around it', async () => {
  const broken = await batch({ first: 1, texts: ['b', 'c'] });
  broken.fill(0xff, 61);
  const parts = [await batch({ first: 0, texts: ['a'] }), broken, await batch({ first: 3, texts: ['d'] })];
  const { records, next } = await recordsOf(fetched(Buffer.concat(parts)), 0);
  expect(records.map(({ offset, corrupt }) => [offset, corrupt === undefined])).toEqual([
    [0, true],
    [1, false],
    [3, true],
  ]);
  expect(Buffer.from(records[1]?.value ?? [])).toEqual(broken);
  expect(next).toBe(4);
});

it('recordsOf() rejects with CONFIG_INVALID, and makes no corrupt record, when the compression of a batch is not known here', async () => {
  useCompression('gzip');
  const zstd = await batch({ first: 0, texts: ['a'] });
  zstd.writeInt16BE(zstd.readInt16BE(21) | 4, 21);
  await expect(recordsOf(fetched(zstd), 0)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
