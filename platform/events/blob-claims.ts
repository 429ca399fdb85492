import { type ContainerClient, RestError } from '@azure/storage-blob';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import type { ClaimStore } from './claim-store.ts';

const prefix = 'claims/';

/** Keeps large events as blobs of a container, which is made where it is missing. */
export function createBlobClaims(container: ContainerClient): ClaimStore {
  let made: Promise<unknown> | undefined;
  const make = (): Promise<unknown> => {
    made ??= container.createIfNotExists();
    made.catch(() => {
      made = undefined; // whoever waits for it hears of it
    });
    return made;
  };
  return {
    put: (name, bytes) =>
      attempt(container, async () => {
        await make();
        const blob = container.getBlockBlobClient(prefix + name);
        const conditions = { ifNoneMatch: '*' };
        await blob.uploadData(bytes, { conditions }).catch((thrown: unknown) => {
          if (codeOf(thrown) !== 'BlobAlreadyExists') throw thrown; // the same bytes, kept before
        });
      }),
    get: (name, limit) =>
      attempt(container, async () => {
        const blob = container.getBlockBlobClient(prefix + name);
        try {
          const { contentLength = 0 } = await blob.getProperties();
          return contentLength > limit ? undefined : await blob.downloadToBuffer();
        } catch (thrown) {
          // A container that is away is not one without the blob.
          if (isAbsent(thrown) && (await container.exists())) return undefined;
          throw thrown;
        }
      }),
  };
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof RestError && thrown.statusCode === 404;
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof RestError ? thrown.code : undefined;
}

/** Messages of the service may repeat a signed address: only its code is told. */
async function attempt<T>(container: ContainerClient, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const what =
      codeOf(thrown) ?? (thrown instanceof RestError ? `status ${thrown.statusCode}` : messageOf(thrown));
    throw new StreamError('CLAIMS_UNAVAILABLE', `Large events in ${container.containerName}: ${what}.`, {
      cause: thrown,
    });
  }
}
