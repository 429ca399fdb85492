import { randomBytes } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
import { expect, it } from 'vitest';
import { createBlobClaims } from '../../../platform/events/blob-claims.ts';
import { claimName } from '../../../platform/events/claim-store.ts';
import { startAzurite } from '../../support/azurite.ts';

it('createBlobClaims() keeps bytes once, tells what is absent or too large, and what is away', async () => {
  const azurite = await startAzurite();
  const once = { retryOptions: { maxTries: 1 } };
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString, once).getContainerClient(
    'claims',
  );
  const claims = createBlobClaims(container);
  const bytes = randomBytes(100_000);
  const name = claimName(bytes);
  await expect(claims.get(name, 1)).rejects.toMatchObject({ code: 'CLAIMS_UNAVAILABLE' });
  await claims.put(name, bytes);
  await claims.put(name, bytes);
  expect(claimName((await claims.get(name, 100_000)) ?? bytes.subarray(1))).toBe(name);
  expect(await claims.get(name, 99_999)).toBeUndefined();
  expect(await claims.get(claimName(Buffer.from('other')), 100_000)).toBeUndefined();
  await azurite.stop();
  await expect(claims.get(name, 100_000)).rejects.toMatchObject({
    code: 'CLAIMS_UNAVAILABLE',
    retryable: true,
  });
});
