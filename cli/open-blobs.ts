import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { StreamError } from '../pipeline/errors.ts';
import type { TransportConfig } from '../pipeline/transport-config.ts';

const blobRetry = {
  retryOptions: { maxTries: 5, retryDelayInMs: 200, maxRetryDelayInMs: 5000, tryTimeoutInMs: 60_000 },
};

/** The configured container. Throws CONFIG_INVALID, naming the field, where nothing says where it is or who signs in. */
export function containerOf(
  field: string,
  blobs: TransportConfig['blobs'],
  credential: TokenCredential | undefined,
): ContainerClient {
  if (blobs?.connectionString !== undefined)
    return BlobServiceClient.fromConnectionString(blobs.connectionString, blobRetry).getContainerClient(
      blobs.container,
    );
  if (blobs?.url === undefined || credential === undefined)
    throw new StreamError('CONFIG_INVALID', `${field} needs a url or a connectionString.`);
  return new BlobServiceClient(blobs.url, credential, blobRetry).getContainerClient(blobs.container);
}
