import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlobState } from '../../state/azure-blob.ts';
import { fencedStateContract, stateContract } from '../contracts/state.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';

describe('on Azurite', () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  let count = 0;
  const open = async (prefix: string) =>
    createBlobState(
      BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('state'),
      prefix,
    );
  stateContract('azure-blob', {
    open: () => open(`s${(count += 1)}.`),
    reopen: () => open(`s${count}.`),
    cleanUp: async () => undefined,
  });
  fencedStateContract('azure-blob', () => open('fenced.'));

  it('says that it was refused, without the key', async () => {
    const wrong = azurite.connectionString.replace(/AccountKey=[^;]+/u, 'AccountKey=aHVudGVyMmh1bnRlcjI=');
    const store = createBlobState(
      BlobServiceClient.fromConnectionString(wrong).getContainerClient('state'),
      '',
    );
    const failure = await store.get('a').catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'STORE_REFUSED' });
    expect(String(failure)).not.toContain('aHVudGVyMm');
    await store.close();
  });
});
