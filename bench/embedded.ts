import { open } from 'lmdb';
import type { Transport } from '../pipeline/transport.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { type Benchmark, type Figure, inFolder, rate, residentAnonymous, sized } from './benchmark.ts';

const value = Buffer.alloc(1024, 'v');
const headers = { ce_type: 'io.purviewstreams.database-object', ce_source: '/producers/shop' };

/** Bare LMDB: one database, one synchronous transaction a batch. Records per second of append and of read. */
async function bare(
  count: number,
  batch: number,
): Promise<{ readonly append: number; readonly read: number }> {
  return inFolder(async (folder) => {
    const environment = open({ path: folder, noSubdir: false, overlappingSync: false });
    const records = environment.openDB<Buffer, number>({ name: 'r', encoding: 'binary' });
    const append = await rate(count, () => {
      for (let from = 0; from < count; from += batch) {
        environment.transactionSync(() => {
          for (let n = from; n < from + batch; n += 1) records.putSync(n, value, { append: true });
        });
      }
    });
    let bytes = 0;
    const read = await rate(count, () => {
      for (const { value: stored } of records.getRange({})) bytes += stored.length;
    });
    if (bytes !== count * value.length) throw new Error('the bare loop read something else');
    await environment.close();
    return { append, read };
  });
}

interface Load {
  readonly count: number;
  /** Records of one append, and how many appends are under way at a time. */
  readonly batch: number;
  readonly concurrent: number;
}

async function appendAll(transport: Transport, { count, batch, concurrent }: Load): Promise<void> {
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < count) {
      const from = next;
      next += batch;
      const records = Array.from({ length: batch }, (_, index) => ({
        key: `k${from + index}`,
        value,
        headers,
      }));
      await transport.append('t', records);
    }
  };
  await Promise.all(Array.from({ length: concurrent }, writer));
}

/** Consumes everything as a group, committing after each pull. */
async function consumeAll(
  transport: Transport,
  count: number,
  onRecords: (read: number) => void,
): Promise<void> {
  const stop = new AbortController();
  let read = 0;
  for await (const assignment of transport.subscribe({ topic: 't', group: 'g', signal: stop.signal })) {
    while (read < count) {
      const records = await assignment.pull({ records: 1000, bytes: 4 * 1024 ** 2 }, stop.signal);
      read += records.length;
      await assignment.commit((records.at(-1)?.offset ?? 0) + 1);
      onRecords(read);
    }
    stop.abort();
    await assignment.release();
  }
}

async function readAndConsume(
  transport: Transport,
  count: number,
  baseline: number,
): Promise<readonly Figure[]> {
  let seen = 0;
  const read = await rate(count, async () => {
    for await (const _ of transport.read('t', 0, 0)) seen += 1;
  });
  const memory: number[] = [];
  const consumed = await rate(count, () =>
    consumeAll(transport, count, (done) => {
      if (done % Math.ceil(count / 10) < 1000) memory.push(Math.round(residentAnonymous('self')));
    }),
  );
  const unit = 'records/s';
  return [
    { name: 'log-read', value: read, unit, baseline, note: `${seen} records of 1 KB; baseline: bare LMDB` },
    {
      name: 'log-consume',
      value: consumed,
      unit,
      baseline,
      note: `commit after each 1,000; RssAnon in MB on the way: ${memory.join(' ')}; baseline: reading bare LMDB`,
    },
  ];
}

const loads = [
  { batch: 100, concurrent: 1 },
  { batch: 100, concurrent: 10 },
  { batch: 1000, concurrent: 1 },
] as const;

async function measureLoad(load: Load): Promise<readonly Figure[]> {
  const { count, batch, concurrent } = load;
  const baseline = await bare(count, batch * concurrent);
  return inFolder(async (folder) => {
    const transport = createEmbeddedTransport({ folder });
    await transport.ensureTopics([{ name: 't', partitions: 1 }]);
    const append: Figure = {
      name: `log-append-${batch}x${concurrent}`,
      value: await rate(count, () => appendAll(transport, load)),
      unit: 'records/s',
      baseline: baseline.append,
      note: `1 KB, batches of ${batch}, ${concurrent} at a time; baseline: bare LMDB in transactions of ${batch * concurrent}`,
    };
    const last = batch === 1000 ? await readAndConsume(transport, count, baseline.read) : [];
    await transport.close();
    return [append, ...last];
  });
}

/** Appends to and reads from the embedded transport, against a bare LMDB loop over the same bytes in the same process. */
export const embedded: Benchmark = {
  names: ['log-append-100x1', 'log-append-100x10', 'log-append-1000x1', 'log-read', 'log-consume'],
  summary: 'the embedded log alone: records appended, read, consumed',
  aim: 'none of its own',
  measure: async (context) => {
    const count = Math.ceil(sized(context, 100_000, 1000) / 1000) * 1000;
    const figures: Figure[] = [];
    for (const load of loads) figures.push(...(await measureLoad({ count, ...load })));
    return figures;
  },
};
