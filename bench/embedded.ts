import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { Transport } from '../pipeline/transport.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';

// Appends to and reads from the embedded transport, against a bare LMDB loop over the same bytes in the same process.
// `tsx bench/embedded.ts [RECORDS]` writes a JSON line a figure to standard output.

const count = Number(process.argv[2] ?? 100_000);
const value = Buffer.alloc(1024, 'v');
const headers = { ce_type: 'io.purviewstreams.database-object', ce_source: '/producers/shop' };

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline: number;
  readonly note: string;
}

function print({ baseline, value: measured, ...rest }: Figure): void {
  const ratio = Number((measured / baseline).toFixed(3));
  process.stdout.write(
    `${JSON.stringify({ ...rest, value: Math.round(measured), baseline: Math.round(baseline), ratio })}\n`,
  );
}

/** Records per second of `work`. */
async function rate(records: number, work: () => Promise<void> | void): Promise<number> {
  const start = performance.now();
  await work();
  return (records / (performance.now() - start)) * 1000;
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-embedded-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bare LMDB: one database, one synchronous transaction a batch. Records per second of append and of read. */
async function bare(batch: number): Promise<{ readonly append: number; readonly read: number }> {
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

async function appendAll(transport: Transport, batch: number, concurrent: number): Promise<void> {
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
async function consumeAll(transport: Transport, onRecords: (read: number) => void): Promise<void> {
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

function residentAnonymous(): number {
  const found = /RssAnon:\s+(\d+) kB/u.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(found?.[1] ?? 0) / 1024;
}

for (const { batch, concurrent } of [
  { batch: 100, concurrent: 1 },
  { batch: 100, concurrent: 10 },
  { batch: 1000, concurrent: 1 },
]) {
  const baseline = await bare(batch * concurrent);
  await inFolder(async (folder) => {
    const transport = createEmbeddedTransport({ folder });
    await transport.ensureTopics([{ name: 't', partitions: 1 }]);
    print({
      name: `append-${batch}x${concurrent}`,
      value: await rate(count, () => appendAll(transport, batch, concurrent)),
      unit: 'records/s',
      baseline: baseline.append,
      note: `1 KB, batches of ${batch}, ${concurrent} at a time; baseline: transactions of ${batch * concurrent}`,
    });
    if (batch === 1000) {
      let seen = 0;
      const read = await rate(count, async () => {
        for await (const _ of transport.read('t', 0, 0)) seen += 1;
      });
      print({
        name: 'read',
        value: read,
        unit: 'records/s',
        baseline: baseline.read,
        note: `${seen} records`,
      });
      const memory: number[] = [];
      const consumed = await rate(count, () =>
        consumeAll(transport, (done) => {
          if (done % Math.ceil(count / 10) < 1000) memory.push(Math.round(residentAnonymous()));
        }),
      );
      print({
        name: 'consume',
        value: consumed,
        unit: 'records/s',
        baseline: baseline.read,
        note: `commit after each 1,000; RssAnon in MB on the way: ${memory.join(' ')}`,
      });
    }
    await transport.close();
  });
}
