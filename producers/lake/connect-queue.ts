import type { QueueClient } from '@azure/storage-queue';
import { StreamError } from '../../pipeline/errors.ts';
import { asAzureCredential, type AzureSignIn, connectAzure } from '../../platform/azure-credential.ts';

/** Makes the client of a queue in the storage account; nothing is asked yet. Throws CONFIG_INVALID for an account whose queues cannot be told. */
export async function connectQueue({
  url,
  connectionString,
  credential,
  queue,
  queueUrl,
}: {
  readonly url: string | undefined;
  readonly connectionString: string | undefined;
  readonly credential: AzureSignIn;
  readonly queue: string;
  readonly queueUrl: string | undefined;
}): Promise<QueueClient> {
  const { QueueServiceClient } = await import('@azure/storage-queue'); // loaded where it is used
  const retryOptions = { maxTries: 4, tryTimeoutInMs: 60_000 };
  try {
    if (connectionString !== undefined)
      return QueueServiceClient.fromConnectionString(connectionString, { retryOptions }).getQueueClient(
        queue,
      );
  } catch (thrown) {
    // The text may quote the key.
    throw new StreamError('CONFIG_INVALID', 'The connection string of the storage account names no queues.', {
      cause: thrown instanceof Error ? thrown.name : 'unknown',
    });
  }
  const service = queueUrl ?? url?.replace(/\.blob\./, '.queue.');
  if (service === undefined || (queueUrl === undefined && service === url))
    throw new StreamError('CONFIG_INVALID', 'The address of the queues cannot be told from blobs.url.', {
      advice: 'Give blobs.events.url, such as https://ACCOUNT.queue.core.windows.net.',
    });
  const signIn = asAzureCredential(await connectAzure(credential));
  return new QueueServiceClient(service, signIn, { retryOptions }).getQueueClient(queue);
}
