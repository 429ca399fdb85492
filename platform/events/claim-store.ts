import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StreamError } from '../../pipeline/errors.ts';

/** Where the bytes of large events are put aside: what a record then holds is a reference. */
export interface ClaimStore {
  /** Keeps bytes under their hash. Durable when it resolves. Rejects with CLAIMS_UNAVAILABLE. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Reads them, at most `limit` of them; undefined where the store has none of that name. Rejects with CLAIMS_UNAVAILABLE. */
  get(name: string, limit: number): Promise<Uint8Array | undefined>;
}

/** The name of bytes: their SHA-256 in hex. */
export function claimName(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Keeps them as files of a folder, which all processes of the pipeline must see. */
export function createFolderClaims(folder: string): ClaimStore {
  return {
    put: async (name, bytes) => {
      const file = path.join(folder, name);
      await attempt(folder, async () => {
        if ((await sizeOf(file)) === bytes.length) return; // the same bytes, kept before
        await mkdir(folder, { recursive: true });
        const fresh = `${file}.${randomUUID()}`;
        try {
          await writeFile(fresh, bytes, { mode: 0o600, flush: true });
          await rename(fresh, file);
        } finally {
          await rm(fresh, { force: true });
        }
      });
    },
    get: async (name, limit) =>
      attempt(folder, async () => {
        const file = path.join(folder, name);
        const size = await sizeOf(file);
        if (size !== undefined) return size > limit ? undefined : readFile(file);
        await stat(folder); // a folder that is away is not one without the file
        return undefined;
      }),
  };
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function attempt<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new StreamError('CLAIMS_UNAVAILABLE', `Large events in ${folder}: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}
