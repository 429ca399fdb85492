import type { BlobServiceClient } from '@azure/storage-blob';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { asAzureCredential, type AzureSignIn, connectAzure } from '../../platform/azure-credential.ts';

/** Makes the client of a storage account; nothing is asked yet. Throws CONFIG_INVALID for a connection string that is none. */
export async function connectBlobs({
  url,
  connectionString,
  credential,
}: {
  readonly url?: string | undefined;
  readonly connectionString?: string | undefined;
  readonly credential: AzureSignIn;
}): Promise<BlobServiceClient> {
  const { BlobServiceClient: Service } = await import('@azure/storage-blob'); // loaded where it is used: it takes a third of a second
  const retryOptions = { maxTries: 4, tryTimeoutInMs: 60_000 };
  if (url !== undefined)
    return new Service(url, asAzureCredential(await connectAzure(credential)), { retryOptions });
  try {
    return Service.fromConnectionString(connectionString ?? '', { retryOptions });
  } catch (thrown) {
    // The text may quote the key.
    throw new StreamError('CONFIG_INVALID', `The connection string of the storage account cannot be read.`, {
      advice: messageOf(thrown).includes('AccountKey')
        ? 'Its AccountKey is wrong.'
        : 'It is shown in the portal, at Access keys.',
    });
  }
}
