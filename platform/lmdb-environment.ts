import { statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Key, openAsClass, type RootDatabase, type RootDatabaseOptions } from 'lmdb';

/** How an environment is opened: `path` is a folder, or with `noSubdir` a file. */
export interface EnvironmentOptions extends RootDatabaseOptions {
  readonly path: string;
  readonly noSubdir: boolean;
}

/** What `openAsClass` gives (its types say otherwise): the environment is open; what is constructed is its root. */
type RootClass<V, K extends Key> = new (
  name: null,
  options: EnvironmentOptions & { readonly isRoot: true },
) => RootDatabase<V, K>;

/** A transaction could not begin. */
class NoLock extends Error {}

/** How often an environment is opened whose locks are gone, and the longest wait in between, in milliseconds. */
const mostTries = 1000;
const longestWaitMs = 4;

/** Bytes that must be free on a disk where files of an environment are to be made. */
const roomBytes = 1024 * 1024;

/**
 * Opens an environment. Where it turns out to be of no use it is closed again, which `open` of lmdb-js leaves undone. Who opens one in the moment in
 * which the last process closes it gets locks that this one has just destroyed (mdb.c, mdb_env_close_active): it is closed and opened anew, which makes new ones. Throws what
 * lmdb-js throws, or an Error where the disk has no room for it.
 */
export function openEnvironment<V, K extends Key>(options: EnvironmentOptions): RootDatabase<V, K> {
  requireRoom(options);
  for (let tries = 1; ; tries += 1) {
    const Root = openAsClass<V, K>(options) as unknown as RootClass<V, K>;
    const unfinished: RootDatabase<V, K> = Object.create(Root.prototype, { isRoot: { value: true } });
    try {
      transactLocked(unfinished, () => undefined);
      return new Root(null, { ...options, isRoot: true });
    } catch (thrown) {
      void unfinished.close(); // at once: nothing was written
      if (tries === mostTries || !(thrown instanceof NoLock)) throw thrown;
      const waitMs = Math.random() * longestWaitMs; // so that those who meet here do not go on meeting
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
}

/** Runs `work` in a transaction, or throws: lmdb-js itself would run it without one, and without a word, where none can begin. */
export function transactLocked<V, K extends Key, T>(environment: RootDatabase<V, K>, work: () => T): T {
  return environment.transactionSync(() => {
    if (environment.getWriteTxnId() === 0) throw new NoLock('LMDB begins no transaction');
    return work();
  });
}

/** LMDB and lmdb-js end the process (SIGBUS, SIGSEGV) where there is no room for the first pages of their files. */
function requireRoom({ path, noSubdir }: EnvironmentOptions): void {
  const files = noSubdir ? [path, `${path}-lock`] : [join(path, 'data.mdb'), join(path, 'lock.mdb')];
  if (files.every((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0)) return;
  const { bavail, blocks, bsize } = statfsSync(dirname(files[0] ?? path));
  const free = bavail * bsize;
  if (blocks > 0 && free < roomBytes) throw new Error(`its disk has ${free} bytes left`);
}
