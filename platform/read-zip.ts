import yauzl from 'yauzl';
import { messageOf, StreamError } from '../pipeline/errors.ts';

/** What a zip archive may hold. */
export interface ZipLimits {
  readonly entries: number;
  /** Bytes of all files that are read, unpacked. */
  readonly bytes: number;
}

/** Which archive, and what of it. */
export interface ReadZipOptions {
  /** Named in errors. */
  readonly file: string;
  readonly limits: ZipLimits;
  /** Which files are read, by their names. */
  readonly wanted: (name: string) => boolean;
}

/**
 * Unpacks files of a zip archive into memory; nothing is written to disk. What is unpacked is counted, whatever the archive says of itself. Rejects with SOURCE_INVALID
 * or SOURCE_LIMIT.
 */
export async function readZip(
  bytes: Uint8Array,
  { file, limits, wanted }: ReadZipOptions,
): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let left = limits.bytes;
  const take = (count: number): void => {
    left -= count;
    if (left < 0)
      throw new StreamError(
        'SOURCE_LIMIT',
        `${file} has more than ${limits.bytes} bytes when it is unpacked.`,
      );
  };
  try {
    const archive = await yauzl.fromBufferPromise(Buffer.from(bytes), {
      strictFileNames: true,
      autoClose: false,
    });
    if (archive.entryCount > limits.entries)
      throw new StreamError('SOURCE_LIMIT', `${file} has more than ${limits.entries} entries.`);
    for await (const entry of archive.eachEntry()) {
      if (!wanted(entry.fileName)) continue;
      if (found.has(entry.fileName)) throw new Error(`it has ${entry.fileName} twice`);
      if (entry.isEncrypted()) throw new Error(`${entry.fileName} in it is encrypted`);
      if (entry.uncompressedSize > left) take(entry.uncompressedSize);
      const parts: Buffer[] = [];
      const stream: AsyncIterable<Buffer> = await archive.openReadStreamPromise(entry);
      for await (const chunk of stream) {
        take(chunk.length);
        parts.push(chunk);
      }
      found.set(entry.fileName, Buffer.concat(parts));
    }
    return found;
  } catch (thrown) {
    if (thrown instanceof StreamError) throw thrown;
    throw new StreamError(
      'SOURCE_INVALID',
      `${file} is no zip archive that can be read: ${messageOf(thrown)}.`,
      {
        cause: thrown,
      },
    );
  }
}
