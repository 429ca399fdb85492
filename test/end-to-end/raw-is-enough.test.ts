import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCatalog } from '../../catalog/export.ts';
import { configure, type Configured } from '../../cli/configured.ts';
import { loadConfig } from '../../cli/load-config.ts';
import { topicsFolder } from '../../cli/open-transport.ts';
import { topics } from '../../pipeline/topics.ts';
import type { NewRecord, Transport } from '../../pipeline/transport.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { deliverRaw, difference } from '../support/deliver-raw.ts';
import { copyRetail } from '../support/retail.ts';
import { changeRetail, type RetailSources, startRetailSources } from '../support/retail-sources.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 300_000;

/** All that a topic holds: keys, values and headers, and nothing of their places. */
async function recordsOf(transport: Transport): Promise<readonly NewRecord[]> {
  const records: NewRecord[] = [];
  for (const { partition, earliest } of await transport.describe(topics.raw)) {
    for await (const { key, value, headers } of transport.read(topics.raw, partition, earliest))
      records.push({ key, value, headers });
  }
  return records;
}

describe('metadata.raw after changes, removals and dead letters', () => {
  let sources: RetailSources;
  let home: string;
  let folder: string;
  let state: string;
  let configured: Configured;
  let whole: readonly NewRecord[];
  let compacted: readonly NewRecord[];
  /** What the catalogue held before the changes, and after them. */
  let before: string;
  let expected: string;

  async function withLog<T>(
    work: (log: ReturnType<typeof createEmbeddedTransport>) => Promise<T>,
  ): Promise<T> {
    const log = createEmbeddedTransport({ folder: topicsFolder(state) });
    try {
      return await work(log);
    } finally {
      await log.close();
    }
  }

  async function run(): Promise<void> {
    const config = path.join(folder, 'purview-streams.yaml');
    const done = await runHere(['run', '--once', '--port', '0', '--config', config, '--state', state]);
    // 3: some events are dead letters.
    if (done.code !== 0 && done.code !== 3) throw new Error(done.stdout + done.stderr);
  }

  beforeAll(async () => {
    sources = await startRetailSources();
    home = await mkdtemp(path.join(tmpdir(), 'raw-is-enough-'));
    folder = await copyRetail(home);
    state = path.join(folder, 'state');
    const config = path.join(folder, 'purview-streams.yaml');
    await writeFile(config, `${await readFile(config, 'utf8')}\nremovalThreshold: 1\n`);
    configured = configure(await loadConfig(config));
    await run();
    before = await exportCatalog(path.join(state, 'catalog'));
    await withLog((log) =>
      log.append(topics.raw, [{ key: 'poison', value: Buffer.from('no'), headers: {} }]),
    );
    await changeRetail(sources, folder);
    await run();
    expected = await exportCatalog(path.join(state, 'catalog'));
    whole = await withLog(recordsOf);
    await withLog((log) => log.maintain());
    compacted = await withLog(recordsOf);
  }, timeout);

  afterAll(async () => {
    await sources.close();
    await rm(home, { recursive: true, force: true });
  });

  it('is what the catalogue shows: changed, removed, and without what is a dead letter', () => {
    expect(expected).not.toBe(before);
    expect(expected).toContain('/sales/buyers"');
    expect(expected).toContain('colour');
    const gone = [
      'sales/customers#',
      'revenue_by_day@',
      'jobs/export_products',
      'jobs/publish_categories',
      'copy_products',
    ];
    expect(gone.filter((name) => expected.includes(name))).toEqual([]);
  });

  it.each([
    { partitions: 5, lanes: 3, batch: 7, chunk: 11, members: 1 },
    { partitions: 2, lanes: 1, batch: 100, chunk: 500, members: 2 },
  ])(
    'alone fills an empty catalogue with the same, over $partitions partitions and $lanes lanes',
    { timeout },
    async (how) => {
      const found = await deliverRaw(whole, configured, { ...how, deadLetters: ['EVENT_UNDECODABLE'] });
      expect(difference(expected, found)).toEqual([]);
      expect(found).toBe(expected);
    },
  );

  it('alone fills an empty catalogue with the same after `maintain()` has compacted it', {
    timeout,
  }, async () => {
    expect(compacted.length).toBeLessThan(whole.length);
    const how = { partitions: 3, lanes: 2, batch: 20, chunk: 50, members: 1 };
    const found = await deliverRaw(compacted, configured, { ...how, deadLetters: ['EVENT_UNDECODABLE'] });
    expect(difference(expected, found)).toEqual([]);
    expect(found).toBe(expected);
  });
});
