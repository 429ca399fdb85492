import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { lake } from '../../../producers/lake/component.ts';
import { failureOf, producerContract, scanAll, textsOf } from '../../contracts/producer.ts';
import { type Azurite, startAzurite } from '../../support/azurite.ts';
import { root } from '../../support/cli.ts';
import { sourceRun } from '../../support/source-run.ts';

let azurite: Azurite;
let service: BlobServiceClient;
const fixture = (name: string) => readFile(path.join(root, 'test/fixtures/lake', name));

async function upload(
  container: string,
  name: string,
  content: Uint8Array,
  metadata: Record<string, string> = {},
): Promise<void> {
  await service.getContainerClient(container).getBlockBlobClient(name).uploadData(content, { metadata });
}

beforeAll(async () => {
  azurite = await startAzurite();
  service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  for (const name of ['raw', 'curated', 'tmp']) await service.getContainerClient(name).create();
  const parquet = await fixture('nested.parquet');
  for (const day of ['2024/05/06', '2024/05/07']) await upload('raw', `sales/${day}/data.parquet`, parquet);
  // A hierarchical namespace shows its folders as empty blobs.
  await upload('raw', 'sales', Buffer.alloc(0), { hdi_isfolder: 'true' });
  await upload('raw', 'sales/_SUCCESS', Buffer.alloc(0));
  await upload('curated', 'customers.avro', await fixture('customers.avro'));
  await upload('tmp', 'x.csv', Buffer.from('a,b\n1,2\n'));
}, 60_000);
afterAll(() => azurite.stop());

const blobs = (more: Record<string, unknown> = {}) => ({
  connectionString: azurite.connectionString,
  containers: { exclude: ['tmp'] },
  ...more,
});
const open = (more: Record<string, unknown> = {}, options: Record<string, unknown> = {}): Promise<Producer> =>
  lake
    .configure('l', { blobs: blobs(more), server: 'acct', interval: 0.05, ...options }, { baseFolder: '/' })
    .open();

let versions = 0;
producerContract('lake on Blob Storage', {
  open: () => open(),
  objects: [
    'database-object /',
    'database-object curated',
    'database-object curated/customers.avro',
    'database-object raw',
    'database-object raw/sales/%7BYear%7D/%7BMonth%7D/%7BDay%7D/data.parquet',
  ],
  openBroken: () =>
    open({
      connectionString: azurite.connectionString.replace(/AccountKey=[^;]+/, 'AccountKey=Y2FuYXJ5LTlmMw=='),
    }),
  change: () =>
    upload('curated', 'customers.avro', Buffer.from(`Obj${++versions}`)).then(async () =>
      upload('curated', 'customers.avro', await fixture('customers.avro')),
    ),
  secrets: ['Y2FuYXJ5LTlmMw'],
});

describe('lake on Blob Storage', () => {
  it('gives the catalogue the datasets of all containers with their columns', {
    timeout: 60_000,
  }, async () => {
    const place = await sourceRun({
      acct: { kind: 'lake', blobs: blobs(), server: 'acct.blob.core.windows.net' },
    });
    const held = await place.run();
    const at = 'lake://acct.blob.core.windows.net';
    expect(held.names.filter((name) => name.startsWith('lake_') && !name.includes('#'))).toEqual([
      `lake_container ${at}/curated`,
      `lake_container ${at}/raw`,
      `lake_dataset ${at}/curated/customers.avro`,
      `lake_dataset ${at}/raw/sales/{Year}/{Month}/{Day}/data.parquet`,
      `lake_server ${at}`,
    ]);
    expect(held.entity(`lake_column ${at}/curated/customers.avro#id`).attributes).toMatchObject({
      data_type: 'long',
      description: 'our number',
    });
    await place.remove();
  });

  it('reads only what begins as the prefix does', async () => {
    const producer = await open({ prefix: 'sales/2024/05/07' }, { resourceSets: { enabled: false } });
    const { objects } = await scanAll(producer);
    expect(objects.map(({ objectId }) => objectId)).toEqual([
      '/',
      'curated',
      'raw',
      'raw/sales/2024/05/07/data.parquet',
    ]);
    await producer.close();
  });

  it('refuses a connection string that is none, without showing it', async () => {
    const failure = await failureOf(open({ connectionString: 'AccountKey=canary-21;x' }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(textsOf(failure)).not.toContain('canary-21');
  });
});
