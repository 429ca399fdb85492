import type { Database, RootDatabase } from 'lmdb';
import { StreamError } from '../../pipeline/errors.ts';
import type { StateStore } from '../../pipeline/state.ts';
import type { Assignment, Transactions, TransactionWork } from '../../pipeline/transport.ts';
import { openDatabase } from '../../platform/lmdb.ts';
import { putState, readState, type StateEntry, scanState, stateEntry } from '../../platform/lmdb-state.ts';
import { EmbeddedAssignment, type Shared } from './assignment.ts';
import { LmdbTable } from './lmdb-table.ts';
import type { PreparedAppend } from './log.ts';

/** What the transactions use of their transport. */
export interface TransactionsHost {
  readonly environment: RootDatabase<string, Buffer>;
  /** What the transport works with; throws where it is closed or at fault. */
  readonly open: () => Shared;
  readonly isClosing: () => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Work that is encoded: all that can be done before it is written. */
interface PreparedWork {
  readonly appends: readonly PreparedAppend[];
  readonly entries: readonly StateEntry[];
  readonly commits: readonly { readonly assignment: EmbeddedAssignment; readonly offset: number }[];
  readonly bytes: number;
}

/** Topics, table, state and offsets in one transaction of LMDB. */
export function createTransactions(host: TransactionsHost): Transactions {
  const { environment, open, now } = host;
  const states = openDatabase<string, Buffer>(environment, {
    name: 'state',
    encoding: 'string',
    keyEncoding: 'binary',
  });
  const table = new LmdbTable(
    openDatabase<Buffer, string | string[]>(environment, {
      name: 'table',
      encoding: 'binary',
      keyEncoding: 'ordered-binary',
    }),
  );
  /** Writes within the current transaction; false, and nothing is written, when an assignment is no longer ours. */
  const write = ({ appends, entries, commits }: PreparedWork, { log }: Shared): boolean => {
    if (!commits.every(({ assignment }) => assignment.isHeld())) return false;
    for (const append of appends) log.append(append, now());
    putState(states, entries);
    for (const { assignment, offset } of commits) assignment.commitWithin(offset);
    return true;
  };
  return {
    state: createState(states, host),
    run: async (work) => {
      const shared = open();
      const prepared = prepare(work, shared);
      return shared.committer.run(() => write(prepared, shared), prepared.bytes);
    },
    update: async ({ assignments, bytes, compute }) => {
      const held = assignments.map(own);
      const shared = open(); // not asked again: what was handed in before a close is still written
      return shared.committer.run(() => {
        if (!held.every((assignment) => assignment.isHeld())) return false;
        return write(prepare(compute(table), shared), shared);
      }, bytes);
    },
    view: async (read) => {
      open().log.refresh();
      return read(table);
    },
  };
}

function createState(states: Database<string, Buffer>, { open, isClosing }: TransactionsHost): StateStore {
  const ready = (): Database<string, Buffer> => {
    if (!isClosing()) return states;
    throw new StreamError('STATE_UNAVAILABLE', 'The state was used after its transport had been closed.');
  };
  return {
    get: async (key) => readState(ready(), key),
    write: async (writes) => {
      const database = ready();
      const entries = writes.map(stateEntry);
      await open().committer.run(() => putState(database, entries));
    },
    scan: async function* scan(prefix) {
      yield* scanState(ready(), prefix);
    },
    close: async () => undefined,
  };
}

function prepare({ appends, state, commits }: TransactionWork, { log }: Shared): PreparedWork {
  const prepared = appends.map(({ topic, records }) => log.prepare(topic, records));
  return {
    appends: prepared,
    entries: state.map(stateEntry),
    commits: commits.map(({ assignment, offset }) => ({ assignment: own(assignment), offset })),
    bytes: prepared.reduce((sum, append) => sum + append.bytes, 0),
  };
}

function own(assignment: Assignment): EmbeddedAssignment {
  if (assignment instanceof EmbeddedAssignment) return assignment;
  throw new TypeError(`The assignment of ${assignment.topic} is not one of this transport.`);
}
