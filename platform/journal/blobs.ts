import type { BlobItem, ContainerClient } from '@azure/storage-blob';
import { StreamError } from '../../pipeline/errors.ts';
import { faultOf, nameOf } from './faults.ts';

/** Small texts that go with a blob: names of letters, values of ASCII. */
export type BlobData = Readonly<Record<string, string>>;

/** A blob without content, of which the data is what counts. */
export interface BlobEntry {
  readonly name: string;
  readonly data: BlobData;
  readonly etag: string;
  /** When it was written, in milliseconds since 1970 by the clock of the store, in whole seconds. */
  readonly modified: number;
}

/** Blobs below a prefix at one moment, with the store's own time in milliseconds since 1970. */
export interface BlobListing {
  readonly entries: readonly BlobEntry[];
  readonly now: number;
}

const conflicts: ReadonlySet<string> = new Set([
  'ConditionNotMet',
  'BlobAlreadyExists',
  'AppendPositionConditionNotMet',
  'TargetConditionNotMet',
]);
const absent: ReadonlySet<string> = new Set(['BlobNotFound', 'ResourceNotFound']);

/** Blobs of one container. Every method rejects with TRANSPORT_UNAVAILABLE, TRANSPORT_REFUSED or TRANSPORT_FAILED. */
export class Blobs {
  readonly #container: ContainerClient;
  readonly #prefix: string;
  #made: Promise<unknown> | undefined;

  /** `prefix` begins the name of every blob. */
  constructor(container: ContainerClient, prefix: string) {
    this.#container = container;
    this.#prefix = prefix;
  }

  /** Everything below a prefix. */
  list(prefix: string): Promise<BlobListing> {
    return this.#do(`${prefix} cannot be listed`, async () => {
      const entries: BlobEntry[] = [];
      let now = 0;
      const options = { prefix: this.#prefix + prefix, includeMetadata: true };
      for await (const page of this.#container.listBlobsFlat(options).byPage({ maxPageSize: 5000 })) {
        now = page.date?.getTime() ?? now;
        for (const item of page.segment.blobItems) entries.push(this.#entryOf(item));
      }
      return { entries, now };
    });
  }

  /** Writes data: over what has a certain etag, or, without one, where nothing is. Resolves with the new etag, or with undefined where somebody was faster. */
  async put(name: string, data: BlobData, etag: string | undefined): Promise<string | undefined> {
    const conditions = etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
    return this.#conditional(name, async () => {
      const { etag: given } = await this.#block(name).upload('', 0, { metadata: { ...data }, conditions });
      return given;
    });
  }

  /** Writes data whatever is there. */
  async replace(name: string, data: BlobData): Promise<void> {
    await this.#do(name, () => this.#block(name).upload('', 0, { metadata: { ...data } }));
  }

  /** One blob's data, or undefined. */
  get(name: string): Promise<BlobEntry | undefined> {
    return this.#orAbsent(name, async () => {
      const found = await this.#block(name).getProperties();
      const { metadata = {}, etag = '', lastModified } = found;
      return { name, data: metadata, etag, modified: lastModified?.getTime() ?? 0 };
    });
  }

  /** Removes a blob where it is. */
  async remove(name: string): Promise<void> {
    await this.#do(name, () => this.#block(name).deleteIfExists());
  }

  /** Makes an empty blob to append to; does nothing where it is. */
  async createLog(name: string): Promise<void> {
    await this.#conditional(name, async () => {
      const { etag } = await this.#container
        .getAppendBlobClient(this.#prefix + name)
        .create({ conditions: { ifNoneMatch: '*' } });
      return etag;
    });
  }

  /** Appends a block of up to 4 MiB at a position; false where the log does not end there any more. */
  async append(name: string, bytes: Uint8Array, position: number): Promise<boolean> {
    const done = await this.#conditional(name, async () => {
      const log = this.#container.getAppendBlobClient(this.#prefix + name);
      const { etag } = await log.appendBlock(bytes, bytes.length, {
        conditions: { appendPosition: position },
      });
      return etag ?? '';
    });
    return done !== undefined;
  }

  /** What a blob holds from a position on; undefined where there is no such blob. */
  read(name: string, position: number): Promise<Buffer | undefined> {
    return this.#orAbsent(name, async () => {
      try {
        const answer = await this.#container.getBlobClient(this.#prefix + name).download(position);
        const parts: Buffer[] = [];
        for await (const part of answer.readableStreamBody ?? []) parts.push(Buffer.from(part));
        return Buffer.concat(parts);
      } catch (thrown) {
        if (nameOf(thrown) === 'InvalidRange') return Buffer.alloc(0);
        throw thrown;
      }
    });
  }

  /** Writes a blob of any size, block by block. */
  async write(name: string, blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.#do(name, async () => {
      const blob = this.#block(name);
      const ids: string[] = [];
      for await (const block of blocks) {
        const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64');
        await blob.stageBlock(id, block, block.length);
        ids.push(id);
      }
      await blob.commitBlockList(ids);
    });
  }

  #block(name: string) {
    return this.#container.getBlockBlobClient(this.#prefix + name);
  }

  #entryOf({ name, metadata, properties }: BlobItem): BlobEntry {
    return {
      name: name.slice(this.#prefix.length),
      data: metadata ?? {},
      etag: properties.etag.startsWith('"') ? properties.etag : `"${properties.etag}"`,
      modified: properties.lastModified.getTime(),
    };
  }

  async #conditional(name: string, work: () => Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await this.#do(name, work);
    } catch (thrown) {
      if (thrown instanceof StreamError && conflicts.has(nameOf(thrown.cause))) return undefined;
      throw thrown;
    }
  }

  async #orAbsent<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#do(name, work);
    } catch (thrown) {
      if (!(thrown instanceof StreamError) || !isAbsent(thrown.cause)) throw thrown;
      return undefined;
    }
  }

  async #do<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      this.#made ??= this.#container.createIfNotExists();
      await this.#made;
      return await work();
    } catch (thrown) {
      this.#made =
        this.#made && (await Promise.allSettled([this.#made]))[0].status === 'rejected'
          ? undefined
          : this.#made;
      throw faultOf(thrown, `The blob ${what} of ${this.#container.containerName} failed`);
    }
  }
}

function isAbsent(thrown: unknown): boolean {
  const { statusCode } = thrown as { readonly statusCode?: number };
  return absent.has(nameOf(thrown)) || (statusCode === 404 && nameOf(thrown) !== 'ContainerNotFound');
}
