import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Database, DatabaseOptions, Key, RootDatabase } from 'lmdb';
import { type ErrorCode, messageOf, StreamError } from '../pipeline/errors.ts';
import { openEnvironment, transactLocked } from './lmdb-environment.ts';
import { faultOfLmdbFile } from './lmdb-file.ts';
import { LmdbGate } from './lmdb-gate.ts';

/** How an environment is opened. */
export interface LmdbOptions {
  readonly folder: string;
  /** The code of the error when it is damaged; what cannot be opened for want of rights or space is STATE_UNAVAILABLE. */
  readonly code: ErrorCode;
  /** What to do when it is damaged: one sentence. */
  readonly advice: string;
  /** Address space reserved for the file at first, in bytes; it grows when the file does. */
  readonly mapSize?: number;
  /** Named databases at the most. */
  readonly maxDatabases?: number;
  /** What is in it can be had again, so that nothing waits for the disk. @default false */
  readonly isCache?: boolean;
}

/** What to do about a folder that cannot be opened, whatever is in it. */
const accessAdvice = 'Check that it is on a local disk with free space, and that this user may write to it.';

const gates = new WeakMap<RootDatabase<string, Buffer>, LmdbGate>();

/**
 * Opens the LMDB environment of a folder, which is made where it is missing. A file that is damaged or cut short is refused
 * with `code` before LMDB maps it, one that this user may not open, or that has no room, with STATE_UNAVAILABLE; reader slots of processes that died are cleared. A synchronous transaction is on
 * disk when it returns (`overlappingSync` would only commit it). Its databases are opened by {@link openDatabase}, what
 * writes goes through {@link transact}, and it is closed by {@link closeLmdb}.
 */
export function openLmdb(options: LmdbOptions): RootDatabase<string, Buffer> {
  const { folder, code, advice } = options;
  try {
    mkdirSync(folder, { recursive: true });
    return options.isCache === true ? openWithin(options) : openGated(options);
  } catch (thrown) {
    if (thrown instanceof StreamError) throw thrown;
    const message = messageOf(thrown);
    const isDamaged = message.includes('MDB_');
    throw new StreamError(
      isDamaged ? code : 'STATE_UNAVAILABLE',
      `The folder ${folder} cannot be opened: ${message}.`,
      { cause: thrown, advice: isDamaged ? advice : accessAdvice },
    );
  }
}

function openGated(options: LmdbOptions): RootDatabase<string, Buffer> {
  const gate = new LmdbGate(options.folder);
  let environment: RootDatabase<string, Buffer> | undefined;
  try {
    environment = gate.hold(() => openWithin(options));
    requireOwnPid(environment, options);
    gates.set(environment, gate);
    return environment;
  } catch (thrown) {
    void environment?.close();
    void gate.close();
    throw thrown;
  }
}

/** LMDB knows who reads by the PID. Where another process has the same one, lmdb-js tries for ten seconds, and goes on with no transaction to read in. */
function requireOwnPid(environment: RootDatabase<string, Buffer>, { folder, code }: LmdbOptions): void {
  try {
    environment.get(Buffer.of(0));
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    const what = `The folder ${folder} is in use by a process of another container which has the PID of this one, ${process.pid}.`;
    throw new StreamError(code, what, {
      cause: thrown,
      advice:
        'Run this one within that container (`docker exec`), or let both have one PID namespace (`docker run --pid container:NAME`).',
    });
  }
}

function openWithin(options: LmdbOptions): RootDatabase<string, Buffer> {
  const { folder, code, advice } = options;
  const path = join(folder, 'data.mdb');
  const fault = existsSync(path) ? faultOfLmdbFile(path) : undefined;
  if (fault !== undefined) throw new StreamError(code, `${path} is damaged: ${fault}.`, { advice });
  // Without noMemInit: it would leave what stood in the memory of the process, secrets too, in unused parts of the file.
  const environment = openEnvironment<string, Buffer>({
    path: folder,
    noSubdir: false,
    keyEncoding: 'binary',
    encoding: 'string',
    overlappingSync: false,
    noSync: options.isCache === true,
    maxDbs: options.maxDatabases ?? 12,
    ...(options.mapSize === undefined ? {} : { mapSize: options.mapSize }),
  });
  environment.readerCheck();
  return environment;
}

/** Runs what writes to an environment, synchronously, while no other process writes to it or opens it: see {@link LmdbGate}. */
export function aloneIn<T>(environment: RootDatabase<string, Buffer>, work: () => T): T {
  const gate = gates.get(environment);
  return gate === undefined ? work() : gate.hold(work);
}

/** Opens a database of an environment; one that is missing is made. */
export function openDatabase<V, K extends Key>(
  environment: RootDatabase<string, Buffer>,
  options: DatabaseOptions & { readonly name: string },
): Database<V, K> {
  return aloneIn(environment, () => environment.openDB<V, K>(options));
}

/** Runs `work` in a transaction, which is on disk when this returns. */
export function transact<T>(environment: RootDatabase<string, Buffer>, work: () => T): T {
  return aloneIn(environment, () => transactLocked(environment, work));
}

/** Closes an environment that {@link openLmdb} has opened. */
export async function closeLmdb(environment: RootDatabase<string, Buffer>): Promise<void> {
  await environment.close();
  await gates.get(environment)?.close();
}

/** Copies the environment of a folder as of one moment to another folder, which is made; it may be written to meanwhile. Throws STATE_UNAVAILABLE. */
export async function backupLmdb(folder: string, to: string): Promise<void> {
  const advice = 'Nothing was copied.';
  const environment = openLmdb({ folder, code: 'STATE_UNAVAILABLE', advice });
  try {
    mkdirSync(to, { recursive: true });
    await environment.backup(to, true);
  } catch (thrown) {
    throw new StreamError('STATE_UNAVAILABLE', `${folder} cannot be copied to ${to}: ${messageOf(thrown)}.`, {
      cause: thrown,
      advice,
    });
  } finally {
    await closeLmdb(environment);
  }
}
