import { cp, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { lake } from '../../../producers/lake/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { sourceRun } from '../../support/source-run.ts';

const fixtures = path.join(root, 'test/fixtures/lake');
const open = (options: Record<string, unknown>, baseFolder = '/'): Promise<Producer> =>
  lake.configure('l', { server: 'nas', ...options }, { baseFolder }).open();

async function scanned(options: Record<string, unknown>) {
  const producer = await open(options);
  try {
    return await scanAll(producer);
  } finally {
    await producer.close();
  }
}

/** A lake of files that other writers made, some of them parts of one dataset. */
async function fillLake(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'sales/year=2024/month=01'), { recursive: true });
  await mkdir(path.join(folder, 'sales/year=2024/month=02'), { recursive: true });
  for (const month of ['01', '02'])
    await cp(
      path.join(fixtures, 'nested.parquet'),
      path.join(folder, `sales/year=2024/month=${month}/part-00000-c000.parquet`),
    );
  for (const file of ['customers.avro', 'orders.csv', 'events.jsonl.gz'])
    await cp(path.join(fixtures, file), path.join(folder, file));
  await writeFile(path.join(folder, 'sales/_SUCCESS'), '');
  await writeFile(path.join(folder, '.part.tmp'), 'x');
}
const lakeObjects = [
  'database-object /',
  'database-object files',
  'database-object files/customers.avro',
  'database-object files/events.jsonl.gz',
  'database-object files/orders.csv',
  'database-object files/sales/year=%7BYear%7D/month=%7BMonth%7D/%7BSparkPartitions%7D.parquet',
];

let folder = '';
beforeAll(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'lake-')), 'files');
  await fillLake(folder);
});
afterAll(() => rm(path.dirname(folder), { recursive: true, force: true }));

let versions = 0;
producerContract('lake', {
  open: () => open({ path: folder }),
  objects: lakeObjects,
  openBroken: () => open({ path: path.join(folder, 'nowhere') }),
  change: () => writeFile(path.join(folder, 'orders.csv'), `a;b\n${++versions};x\n`),
});

describe('lake', () => {
  it('gives the catalogue datasets with their columns, and jobs meet them', { timeout: 60_000 }, async () => {
    const place = await sourceRun({
      files: { kind: 'lake', path: 'files', server: 'nas' },
      etl: {
        kind: 'events',
        path: 'events.ndjson',
        datasets: {
          file: { type: 'lake_dataset', path: 'nas:/{container}/{table+}', parameters: { server: 'nas' } },
        },
      },
    });
    await fillLake(path.join(place.folder, 'files'));
    const sales = 'sales/year={Year}/month={Month}/{SparkPartitions}.parquet';
    const job = {
      type: 'job',
      objectId: 'load',
      tool: 'etl',
      name: 'load',
      inputs: [{ type: 'file', name: 'orders', path: 'nas:/files/orders.csv' }],
      outputs: [{ type: 'file', name: 'sales', path: `nas:/files/${sales}` }],
    };
    await writeFile(path.join(place.folder, 'events.ndjson'), JSON.stringify(job));
    const held = await place.run();
    const at = 'lake://nas/files';
    expect(held.names.filter((name) => name.startsWith('lake_') && !name.includes('#'))).toEqual([
      `lake_container ${at}`,
      `lake_dataset ${at}/customers.avro`,
      `lake_dataset ${at}/events.jsonl.gz`,
      `lake_dataset ${at}/orders.csv`,
      `lake_dataset ${at}/${sales}`,
      'lake_server lake://nas',
    ]);
    expect(held.entity(`lake_dataset ${at}/${sales}`).attributes).toMatchObject({
      kind: 'resource set',
      format: 'parquet',
    });
    expect(held.entity(`lake_dataset ${at}/events.jsonl.gz`).attributes).toMatchObject({
      kind: 'file',
      format: 'json',
      compression: 'gzip',
    });
    const sets = held.names.filter(
      (name) => name.startsWith('lake_column') && name.includes('SparkPartitions'),
    );
    expect(sets).toHaveLength(14);
    const price = sets.find((name) => name.endsWith('#price')) ?? '';
    expect(held.entity(price).attributes).toMatchObject({
      data_type: 'decimal(12,2)',
      length: 12,
      scale: 2,
      nullable: true,
    });
    expect(held.edges.map((edge) => edge.replace(/^\S+: /, ''))).toEqual([
      `${at}/orders.csv -> ${at}/${sales}`,
    ]);
    expect(await place.run()).toMatchObject({ names: held.names, summary: { writeCalls: 0 } });
    await place.remove();
  });

  it('reads only what include and exclude choose', async () => {
    const { objects } = await scanned({
      path: folder,
      include: ['*', 'sales/**'],
      exclude: ['*.avro', 'sales/**'],
    });
    expect(objects.map(({ objectId }) => objectId)).toEqual([
      '/',
      'files',
      'files/events.jsonl.gz',
      'files/orders.csv',
    ]);
  });

  it('takes an older file where the newest cannot be read, and warns of it with its name and place', async () => {
    const made = await mkdtemp(path.join(tmpdir(), 'lake-broken-'));
    await writeFile(path.join(made, 'a1.json'), '{"x":1}\n');
    await writeFile(path.join(made, 'a2.json'), '{"x":1}\n{"y":}\n');
    await utimes(path.join(made, 'a1.json'), 1_000, 1_000);
    await writeFile(path.join(made, 'only.parquet'), 'no parquet');
    const { objects, rejections } = await scanned({ path: made });
    expect(rejections).toEqual([]);
    expect(objects.slice(2)).toMatchObject([
      {
        value: {
          path: [{}, {}, { name: 'a{N}.json' }],
          columns: [{ name: 'x', dataType: 'bigint' }],
          warnings: [
            {
              code: 'schema-not-read',
              location: 'a2.json',
              message: expect.stringContaining('a2.json, line 2:1:6 is not JSON'),
            },
          ],
        },
      },
      { value: { columns: null, warnings: [{ location: 'only.parquet' }] } },
    ]);
    await rm(made, { recursive: true });
  });

  it('stays below its folder: links out of it and loops of links are passed over, and odd names are names', async () => {
    const made = await mkdtemp(path.join(tmpdir(), 'lake-links-'));
    const inside = path.join(made, 'in');
    await mkdir(path.join(inside, 'd'), { recursive: true });
    await writeFile(path.join(made, 'secret.csv'), 'a,b\n1,2\n');
    await symlink(path.join(made, 'secret.csv'), path.join(inside, 'out.csv'));
    await symlink(inside, path.join(inside, 'd/loop'));
    await symlink(path.join(inside, 'self'), path.join(inside, 'self'));
    const odd = ['a b#%.csv', '__proto__', 'ä{x}.csv', "'; DROP.csv"];
    for (const name of odd) await writeFile(path.join(inside, name), 'x,y\n1,2\n');
    const { objects, rejections } = await scanned({ path: inside, exclude: [] });
    expect(rejections).toEqual([]);
    const names = objects
      .slice(2)
      .map(({ value }) => ('path' in value ? (value.path.at(-1)?.name ?? '') : ''));
    expect(new Set(names)).toEqual(new Set(odd.filter((name) => !name.startsWith('_'))));
    await rm(made, { recursive: true });
  });

  it('refuses a folder that is larger than the caps', async () => {
    expect(await failureOf(scanned({ path: folder, maxFiles: 3 }))).toMatchObject({ code: 'SOURCE_LIMIT' });
    expect(await failureOf(scanned({ path: folder, maxDatasets: 2 }))).toMatchObject({
      code: 'SOURCE_LIMIT',
      message: expect.stringContaining('more than 2 datasets'),
    });
  });

  it('is refused a configuration with two places or none', () => {
    const configure = (options: object) => lake.configure('l', options, { baseFolder: '/' });
    expect(() => configure({})).toThrow(/needs a path or blobs/);
    expect(() => configure({ path: 'x', blobs: { url: 'https://a.blob.core.windows.net' } })).toThrow(
      /needs a path or blobs/,
    );
    expect(() => configure({ blobs: {} })).toThrow(/needs a url or a connectionString/);
  });
});
