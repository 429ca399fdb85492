import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { redactText } from '../../platform/redact.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { isHidden, type LakeFile, type LakeFiles } from './lake-files.ts';

/** What a failed request means. */
export function blobError(thrown: unknown, what: string): StreamError {
  if (thrown instanceof StreamError) return thrown;
  const status =
    thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number'
      ? thrown.statusCode
      : 0;
  const text = redactText((messageOf(thrown).split('\n')[0] ?? '').slice(0, 300)).replace(/\.$/, '');
  if (status === 404)
    return new StreamError('SOURCE_NOT_FOUND', `${what} does not exist: ${text}.`, { cause: thrown });
  if (status === 401 || status === 403 || (thrown instanceof Error && thrown.name.includes('Authentication')))
    return new StreamError('SOURCE_REFUSED', `${what} may not be read: ${text}.`, {
      cause: thrown,
      advice: 'Give the identity the role Storage Blob Data Reader.',
    });
  return new StreamError('SOURCE_UNAVAILABLE', `${what} cannot be read: ${text}.`, { cause: thrown });
}

/** Blobs of one container of Azure Blob Storage or ADLS Gen2. */
export class BlobFiles implements LakeFiles {
  readonly container: string;
  readonly #client: ContainerClient;
  readonly #prefix: string;
  readonly #maxFiles: number;

  constructor(
    service: BlobServiceClient,
    {
      container,
      prefix,
      maxFiles,
    }: { readonly container: string; readonly prefix: string; readonly maxFiles: number },
  ) {
    this.container = container;
    this.#client = service.getContainerClient(container);
    this.#prefix = prefix;
    this.#maxFiles = maxFiles;
  }

  async *list(signal: AbortSignal, below = ''): AsyncGenerator<LakeFile> {
    let seen = 0;
    try {
      const blobs = this.#client.listBlobsFlat({
        includeMetadata: true,
        // The longer of the two holds the other, else no blob has both.
        prefix: below.length > this.#prefix.length ? below : this.#prefix,
        abortSignal: signal,
      });
      for await (const { name, properties, metadata } of blobs) {
        throwIfStopped(signal);
        seen += 1;
        if (seen > this.#maxFiles)
          throw new StreamError(
            'SOURCE_LIMIT',
            `The container ${this.container} holds more than ${this.#maxFiles} blobs.`,
            {
              advice: 'Raise the option maxFiles, or choose a prefix.',
            },
          );
        // A folder of a hierarchical namespace is an empty blob.
        if (metadata?.['hdi_isfolder'] === 'true' || name.endsWith('/') || isHidden(name)) continue;
        if (!(name.startsWith(below) && name.startsWith(this.#prefix))) continue;
        yield {
          path: name,
          bytes: properties.contentLength ?? 0,
          modifiedMs: properties.lastModified.getTime(),
          version: properties.etag,
        };
      }
    } catch (thrown) {
      throwIfStopped(signal);
      throw blobError(thrown, `The container ${this.container}`);
    }
  }

  async read({ path, bytes }: LakeFile, start: number, end: number): Promise<Uint8Array> {
    const length = Math.min(end, bytes) - start;
    if (length <= 0) return new Uint8Array();
    try {
      return await this.#client.getBlobClient(path).downloadToBuffer(start, length);
    } catch (thrown) {
      throw blobError(thrown, `${this.container}/${path}`);
    }
  }
}
