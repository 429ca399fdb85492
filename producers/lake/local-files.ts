import { open, stat } from 'node:fs/promises';
import { StreamError } from '../../pipeline/errors.ts';
import { listFiles } from '../../platform/list-files.ts';
import { fileError, resolveUnder } from '../../platform/read-file.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { isHidden, type LakeFile, type LakeFiles } from './lake-files.ts';

/** Files below a folder. Links to folders are not followed; a link to a file outside of the folder is not read. */
export class LocalFiles implements LakeFiles {
  readonly container: string;
  readonly #root: string;
  readonly #maxFiles: number;

  constructor(root: string, container: string, maxFiles: number) {
    this.#root = root;
    this.container = container;
    this.#maxFiles = maxFiles;
  }

  async *list(signal: AbortSignal, below = ''): AsyncGenerator<LakeFile> {
    for (const path of await listFiles({ root: this.#root, glob: '**', maxFiles: this.#maxFiles })) {
      throwIfStopped(signal);
      if (isHidden(path) || !path.startsWith(below)) continue;
      const file = await this.#describe(path);
      if (file !== undefined) yield file;
    }
  }

  /** Undefined for what is gone since, no regular file, or a link that leads outside. */
  async #describe(path: string): Promise<LakeFile | undefined> {
    try {
      const found = await stat(await resolveUnder(this.#root, path));
      if (!found.isFile()) return undefined;
      const modifiedMs = Math.floor(found.mtimeMs);
      return { path, bytes: found.size, modifiedMs, version: `${found.size}-${found.mtimeMs}-${found.ino}` };
    } catch (thrown) {
      const error = fileError(thrown, path);
      if (error.code === 'SOURCE_NOT_FOUND' || error.code === 'SOURCE_REFUSED') return undefined;
      throw error;
    }
  }

  async read({ path }: LakeFile, start: number, end: number): Promise<Uint8Array> {
    try {
      const handle = await open(await resolveUnder(this.#root, path), 'r');
      try {
        const found = await handle.stat();
        if (!found.isFile()) throw new StreamError('SOURCE_REFUSED', `${path} is not a regular file.`);
        const buffer = Buffer.alloc(Math.max(0, Math.min(end, found.size) - start));
        let length = 0;
        while (length < buffer.length) {
          const { bytesRead } = await handle.read(buffer, length, buffer.length - length, start + length);
          if (bytesRead === 0) break;
          length += bytesRead;
        }
        return buffer.subarray(0, length);
      } finally {
        await handle.close();
      }
    } catch (thrown) {
      throw fileError(thrown, path);
    }
  }
}
