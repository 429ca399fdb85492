import { StreamError } from '../../pipeline/errors.ts';
import type { StateStore, StateWrite } from '../../pipeline/state.ts';
import type { Assignment, NewRecord, Transactions, TransactionWork } from '../../pipeline/transport.ts';
import { OverlayTable } from '../../platform/overlay-table.ts';
import { recordSize } from '../../platform/events/record-size.ts';
import { recordKey } from '../../platform/state-cache.ts';
import { EventHubsAssignment } from './assignment.ts';
import type { PartitionRecord } from './group-store.ts';
import type { Journal, NewEntry } from '../../platform/journal/journal.ts';
import type { StateItem } from '../../platform/journal/journal-entry.ts';
import { type JournalView, outputItem, textOf } from '../../platform/journal/journal-view.ts';
import { groupKey } from './subscription.ts';

/** What transactions are made with. */
export interface TransactionsHost {
  readonly journal: Journal;
  /** `guard` is asked before each batch is sent, and throws what keeps it from being sent. */
  readonly append: (topic: string, records: readonly NewRecord[], guard: () => void) => Promise<void>;
  /** The bytes that one event of a topic may have. Rejects with TOPIC_UNKNOWN. */
  readonly limit: (topic: string) => Promise<number>;
  readonly isClosed: () => boolean;
}

/**
 * Outputs, state and offsets in one step on a service without transactions. State, offsets and the outputs themselves are one entry of the journal, which
 * is written before anything is sent; then the outputs are sent, and a later entry says so. What was not sent, or not said to be, is sent again by whoever
 * has the partition next: an output may come twice, and none is lost, nor sent without the state that knows of it. An owner that may have an heir sends
 * nothing more: its outputs would come behind newer ones of the heir.
 */
export class EventHubsTransactions {
  readonly contract: Transactions;
  readonly #host: TransactionsHost;
  /** Entries whose outputs are sent, of which the journal does not know yet. */
  readonly #sent = new Set<string>();

  constructor(host: TransactionsHost) {
    this.#host = host;
    const { journal } = host;
    this.contract = {
      state: createState(journal, host.isClosed),
      run: (work) => this.#run(work),
      update: ({ assignments, compute }) =>
        this.#write(assignments.map(own), (view) => {
          const overlay = new OverlayTable(view.cache.table);
          const work = compute(overlay);
          const table = Array.from(overlay.changes(), ({ key, value }): [string, string | null] => [
            recordKey(key),
            textOf(value ?? null),
          ]);
          return { work, table };
        }),
      view: async (read) => {
        this.#open();
        return journal.read((view) => read(view.cache.table));
      },
    };
  }

  /** A partition has a new owner: nothing of earlier ones counts from here on, and what they have left unsent is sent. Resolves with what they had settled, -1 where nothing. */
  async taken(key: string, { generation }: PartitionRecord, guard: () => void): Promise<number> {
    let settled = -1;
    await this.#host.journal.write(async (view) => {
      const before = view.place(key);
      // Offsets that were set since by hand are of a later generation than those that transactions know.
      settled = before.generation === generation - 1 ? before.offset : -1;
      return before.generation >= generation ? undefined : { fences: [[key, generation, -1]] };
    });
    await this.#flush([key], guard);
    return settled;
  }

  /** Forgets what was settled of partitions of groups. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.#host.journal.write(async (view) => {
      const known = keys.filter((key) => view.place(key).generation > 0);
      return known.length === 0 ? undefined : { forgotten: known };
    });
  }

  /** Says what was sent, where that is still to be said, and closes the journal. */
  async close(): Promise<void> {
    const { journal } = this.#host;
    const sent = [...this.#sent];
    // Where it cannot be said, they are sent once more.
    if (sent.length > 0) await journal.write(async () => ({ sent })).catch(() => undefined);
    await journal.close();
  }

  async #run(work: TransactionWork): Promise<boolean> {
    const { appends, state, commits } = work;
    this.#open();
    const isPlain = state.length === 0 && appends.every(({ records }) => records.length === 0);
    const [only] = commits;
    if (isPlain && only !== undefined && commits.length === 1) return only.assignment.commit(only.offset);
    return this.#write([], () => ({ work, table: [] }));
  }

  async #write(
    assignments: readonly EventHubsAssignment[],
    make: (view: JournalView) => {
      readonly work: TransactionWork;
      readonly table: [string, string | null][];
    },
  ): Promise<boolean> {
    this.#open();
    await this.#send(assignments);
    let isLost = false;
    let commits: readonly { readonly assignment: EventHubsAssignment; readonly offset: number }[] = [];
    const said = [...this.#sent];
    const written = await this.#host.journal.write(async (view) => {
      isLost = !assignments.every((one) => isHeld(view, one));
      if (isLost) return undefined;
      const { work, table } = make(view);
      commits = work.commits.map(({ assignment, offset }) => ({ assignment: own(assignment), offset }));
      isLost = !commits.every(({ assignment }) => isHeld(view, assignment));
      if (isLost) return undefined;
      await this.#check(work);
      return this.#entry(work, { assignments, commits, table, said });
    });
    if (written === undefined) return !isLost;
    for (const id of said) this.#sent.delete(id);
    await this.#send([...assignments, ...commits.map(({ assignment }) => assignment)]);
    // The journal has the offset: where this fails, the next commit says it, or the next owner finds it there.
    for (const { assignment, offset } of commits) await assignment.commit(offset).catch(ignoreRetryable);
    return true;
  }

  async #entry(
    { appends, state }: TransactionWork,
    of: {
      readonly assignments: readonly EventHubsAssignment[];
      readonly commits: readonly { readonly assignment: EventHubsAssignment; readonly offset: number }[];
      readonly table: [string, string | null][];
      readonly said: string[];
    },
  ): Promise<NewEntry> {
    const places = [...of.assignments.map((assignment) => ({ assignment, offset: -1 })), ...of.commits].map(
      ({ assignment, offset }): [string, number, number] => [
        keyOf(assignment),
        assignment.generation,
        offset,
      ],
    );
    const outputs = appends.filter(({ records }) => records.length > 0);
    if (places.length === 0) {
      // Nobody takes over what belongs to no partition: it is sent first, and said again when it is tried again.
      for (const { topic, records } of outputs) await this.#host.append(topic, records, unguarded);
      outputs.length = 0;
    }
    return {
      ...(state.length === 0 ? {} : { state: stateItems(state) }),
      ...(of.table.length === 0 ? {} : { table: of.table }),
      ...(outputs.length === 0 ? {} : { outputs: outputs.map(outputItem) }),
      ...(places.length === 0 ? {} : { places }),
      ...(of.said.length === 0 ? {} : { sent: of.said }),
    };
  }

  /** Rejects with TOPIC_UNKNOWN, and with EVENT_TOO_LARGE: what is in the journal must be such that it can be sent. */
  async #check({ appends }: TransactionWork): Promise<void> {
    for (const { topic, records } of appends) {
      const limit = await this.#host.limit(topic);
      for (const record of records)
        if (recordSize(record) > limit)
          throw new StreamError(
            'EVENT_TOO_LARGE',
            `An event of ${topic} has more than the ${limit} bytes that it takes.`,
          );
    }
  }

  /** Sends what the journal has for assignments, unless they are lost: then it is for the next owner to send it. */
  async #send(assignments: readonly EventHubsAssignment[]): Promise<void> {
    const guard = (): void => {
      for (const assignment of assignments) assignment.guard();
    };
    try {
      await this.#flush(assignments.map(keyOf), guard);
    } catch (thrown) {
      if (!(thrown instanceof StreamError) || thrown.code !== 'LEASE_LOST') throw thrown;
    }
  }

  /** Sends what the journal has for partitions that are ours, and that may not be in its topics. */
  async #flush(keys: readonly string[], guard: () => void): Promise<void> {
    if (keys.length === 0) return;
    const unsent = await this.#host.journal.look((view) => view.unsent(new Set(keys)));
    for (const { id, outputs } of unsent) {
      if (this.#sent.has(id)) continue;
      for (const { topic, records } of outputs) await this.#host.append(topic, records, guard);
      this.#sent.add(id);
    }
  }

  #open(): void {
    if (this.#host.isClosed()) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
  }
}

function unguarded(): void {
  // what belongs to no partition has no other owner
}

function createState(journal: Journal, isClosed: () => boolean): StateStore {
  let isOver = false;
  const refuse = (): void => {
    if (isOver || isClosed())
      throw new StreamError('STATE_UNAVAILABLE', 'The state was used after it had been closed.');
  };
  return {
    get: async (key) => {
      refuse();
      return journal.look((view) => view.cache.getState(key));
    },
    write: async (writes) => {
      refuse();
      const state = stateItems(writes);
      if (state.length > 0) await journal.write(async () => ({ state }));
    },
    scan: async function* scan(prefix) {
      refuse();
      yield* await journal.look((view) => view.cache.scanStates(prefix));
    },
    close: async () => {
      isOver = true;
    },
  };
}

/** Copies, so that no caller changes what is written. Throws when a value is not JSON or a key is empty. */
function stateItems(writes: readonly StateWrite[]): StateItem[] {
  return writes.map(({ key, value }) => {
    if (key === '') throw new StreamError('STATE_UNAVAILABLE', 'A key of the state store must not be empty.');
    return value === undefined ? [key] : [key, JSON.parse(JSON.stringify(value)) as unknown];
  });
}

function isHeld(view: JournalView, assignment: EventHubsAssignment): boolean {
  return assignment.isHeld && view.place(keyOf(assignment)).generation === assignment.generation;
}

function keyOf({ options, partition }: EventHubsAssignment): string {
  return groupKey(options.topic, options.group, partition);
}

function ignoreRetryable(thrown: unknown): void {
  if (!(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
}

function own(assignment: Assignment): EventHubsAssignment {
  if (assignment instanceof EventHubsAssignment) return assignment;
  throw new TypeError(`The assignment of ${assignment.topic} is not one of this transport.`);
}
