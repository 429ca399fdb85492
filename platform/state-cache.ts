import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { Database, RootDatabase } from 'lmdb';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import type { Json } from '../pipeline/state.ts';
import type { TableKey } from '../pipeline/table.ts';
import type { NewRecord } from '../pipeline/transport.ts';
import { closeLmdb, openDatabase, openLmdb, transact } from './lmdb.ts';
import { putState, readState, scanState, stateEntry } from './lmdb-state.ts';
import { CachedTable } from './cached-table.ts';

const advice = 'It is read again when the process is started anew.';
/** Begins the names of the folders; the process that has one follows. */
const folderName = 'purview-streams-cache-';

/** Removes what processes have left behind that were killed. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(folderName)
      ? Number(name.slice(folderName.length).split('-')[0])
      : Number.NaN;
    if (pid > 0 && !isRunning(pid)) rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'; // it is somebody else's
  }
}

/** Between the parts of a key of the table; no part holds it. */
const between = '\0';

/** A record of the state or of the table; null is one that is removed. */
export type KeptRecord = Pick<NewRecord, 'key' | 'value'>;

/** The key under which a record of the table stands in its log. */
export function recordKey(key: TableKey): string {
  return key.join(between);
}

/**
 * What the logs of the state hold, on the disk of this process: read from them when it starts, and followed. Nothing of it
 * outlives the process.
 */
export class StateCache {
  readonly table: CachedTable;
  readonly #folder: string;
  readonly #environment: RootDatabase<string, Buffer>;
  readonly #states: Database<string, Buffer>;

  constructor() {
    removeLeftovers();
    this.#folder = mkdtempSync(path.join(tmpdir(), `${folderName}${process.pid}-`));
    this.#environment = openLmdb({ folder: this.#folder, code: 'STATE_UNAVAILABLE', advice, isCache: true });
    this.#states = openDatabase(this.#environment, {
      name: 'state',
      encoding: 'string',
      keyEncoding: 'binary',
    });
    this.table = new CachedTable(
      openDatabase(this.#environment, { name: 'table', encoding: 'binary', keyEncoding: 'binary' }),
    );
  }

  /** Takes records of the state: JSON texts. Throws STATE_UNAVAILABLE where they cannot be kept, or are none. */
  applyStates(records: readonly KeptRecord[]): void {
    this.#write(() => {
      for (const { key, value } of records) {
        const json = value === null ? undefined : (JSON.parse(Buffer.from(value).toString()) as Json);
        if (key !== '') putState(this.#states, [stateEntry({ key, value: json })]);
      }
    });
  }

  /** Takes records of the table, under keys of {@link recordKey}. */
  applyTable(records: readonly KeptRecord[]): void {
    this.#write(() => {
      for (const { key, value } of records) {
        const [first = '', ...rest] = key.split(between);
        this.table.write([first, ...rest], value ?? undefined);
      }
    });
  }

  getState(key: string): Json | undefined {
    return readState(this.#states, key);
  }

  scanStates(prefix: string): AsyncIterable<{ readonly key: string; readonly value: Json }> {
    return scanState(this.#states, prefix);
  }

  async close(): Promise<void> {
    await closeLmdb(this.#environment);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(work: () => void): void {
    try {
      transact(this.#environment, work);
    } catch (thrown) {
      const what = `The copy of the state in ${this.#folder} cannot be written: ${messageOf(thrown)}.`;
      throw new StreamError('STATE_UNAVAILABLE', what, { cause: thrown, advice });
    }
    this.#environment.resetReadTxn();
  }
}
