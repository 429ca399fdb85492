import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StreamError } from '../../pipeline/errors.ts';
import { Serial } from '../../pipeline/serial.ts';
import type {
  AppendedAt,
  Assignment,
  NewRecord,
  Transactions,
  TransactionWork,
} from '../../pipeline/transport.ts';
import { OverlayTable } from '../../platform/overlay-table.ts';
import { KafkaAssignment } from './assignment.ts';
import { recordKey } from '../../platform/state-cache.ts';
import { isFenced } from './faults.ts';
import { fetchCommitted } from './offsets.ts';
import type { GroupOffsets, RecordProducer, TopicRecords } from './producer.ts';
import type { Shared } from './shared.ts';
import { createState, stateRecords } from './state.ts';
import { noteOf } from './topic-id.ts';
import { partitionCount } from './topics.ts';

/** What one transaction of Kafka holds. */
interface PreparedWork {
  readonly appends: readonly TopicRecords[];
  readonly states: readonly NewRecord[];
  readonly table: readonly NewRecord[];
  readonly commits: readonly { readonly assignment: KafkaAssignment; readonly offset: number }[];
}

/** Pause of a process that lost the table to another one, in milliseconds, at the most: so that each gets some work done. */
const yieldMs = 200;

/**
 * Outputs, state and offsets in one transaction of Kafka. A partition's transactions are those of a producer that its next owner fences; the table
 * has one producer over all processes, which the last one that needed it holds.
 */
export function createTransactions(shared: Shared, isClosed: () => boolean): Transactions {
  return new KafkaTransactions(shared, isClosed).contract;
}

class KafkaTransactions {
  readonly contract: Transactions;
  readonly #shared: Shared;
  readonly #isClosed: () => boolean;
  /** For what belongs to no partition. */
  readonly #own: RecordProducer;
  readonly #ownTurn = new Serial();
  #isOwnOpen = false;

  constructor(shared: Shared, isClosed: () => boolean) {
    this.#shared = shared;
    this.#isClosed = isClosed;
    this.#own = shared.openProducer(`process/${randomUUID()}`);
    const nothing = { appends: [], table: [], commits: [] };
    const state = createState({
      shared,
      isClosed,
      batchBytes: shared.options.batchBytes,
      writeTogether: (states) => this.#writeOwn({ ...nothing, states }),
    });
    this.contract = {
      state,
      run: (work) => this.#run(work),
      update: (options) => this.#update(options),
      view: async (read) => {
        this.#open();
        return read((await shared.caughtUp('known')).table);
      },
    };
  }

  async #run(work: TransactionWork): Promise<boolean> {
    this.#open();
    const prepared = await this.#prepare(work, []);
    const [first] = prepared.commits;
    if (first === undefined) {
      await this.#writeOwn(prepared);
      return true;
    }
    const { producer } = first.assignment.options;
    if (producer === undefined) return this.#update({ assignments: [first.assignment], compute: () => work });
    return first.assignment.commits.run(async () => {
      if (!prepared.commits.every(({ assignment }) => assignment.isHeld)) return false;
      try {
        await this.#write(producer, prepared);
        return true;
      } catch (thrown) {
        return this.#afterFault(thrown, producer, prepared);
      }
    });
  }

  /** What became of a transaction that met a fault: true where it is committed all the same, false where the partition is someone else's. */
  async #afterFault(thrown: unknown, producer: RecordProducer, prepared: PreparedWork): Promise<boolean> {
    const { commits } = prepared;
    // Opening the producer again would fence a new owner: first it has to be sure that there is none.
    const isOurs = async ({ assignment }: PreparedWork['commits'][number]): Promise<boolean> =>
      assignment.isHeld && (await assignment.options.isMember());
    if (isLost(thrown) || !(await Promise.all(commits.map(isOurs))).every(Boolean)) {
      for (const { assignment } of commits) assignment.fence();
      return false;
    }
    // Opened again, it is over: committed or given up.
    await producer.open();
    if (!(await this.#isCommitted(prepared))) throw thrown;
    for (const { assignment, offset } of commits) assignment.committed(offset);
    await this.#shared.caughtUp('state');
    return true;
  }

  /** Whether work that was under way is done, as its offsets tell; where they have not moved, they tell nothing. */
  async #isCommitted({ commits }: PreparedWork): Promise<boolean> {
    for (const { assignment, offset } of commits) {
      if (offset <= assignment.committedOffset) return false;
      const { groupId, topic } = assignment.options;
      const of = { groupId, topic: topic.wire };
      const found = await fetchCommitted(this.#shared.session, of, [assignment.partition]);
      if ((found.get(assignment.partition) ?? -1) < offset) return false;
    }
    return commits.length > 0;
  }

  /** Writes what belongs to no partition. A fault rejects; whether it is written is then not known. */
  #writeOwn(prepared: PreparedWork): Promise<void> {
    return this.#ownTurn.run(async () => {
      if (!this.#isOwnOpen) await this.#own.open();
      this.#isOwnOpen = false;
      await this.#write(this.#own, prepared);
      this.#isOwnOpen = true;
    });
  }

  async #update(
    options: Pick<Parameters<Transactions['update']>[0], 'assignments' | 'compute'>,
  ): Promise<boolean> {
    this.#open();
    const held = options.assignments.map(own);
    const shared = this.#shared;
    for (;;) {
      const done = await shared.tableTurn.run(async (): Promise<boolean | 'again'> => {
        if (!held.every(({ isHeld }) => isHeld)) return false;
        if (!shared.isTableOpen) await shared.openTable();
        const overlay = new OverlayTable((await shared.loaded('known')).table);
        const prepared = await this.#prepare(options.compute(overlay), tableRecords(overlay));
        if (!prepared.commits.every(({ assignment }) => assignment.isHeld)) return false;
        try {
          await this.#write(shared.tableProducer, prepared);
          return true;
        } catch (thrown) {
          shared.loseTable();
          if (isLost(thrown)) return 'again';
          await shared.openTable();
          if (await this.#isCommitted(prepared)) return true;
          throw thrown;
        }
      });
      if (done !== 'again') return done;
      await delay(Math.random() * yieldMs);
    }
  }

  async #prepare(
    { appends, state, commits }: TransactionWork,
    table: readonly NewRecord[],
  ): Promise<PreparedWork> {
    const { session } = this.#shared;
    const wire = appends.map(({ topic, records }) => ({
      name: topic,
      topic: this.#shared.wire(topic),
      records,
    }));
    for (const { name, topic } of wire)
      await session.attempt(`Nothing can be appended to ${name}`, (cluster) =>
        partitionCount(cluster, topic),
      );
    return {
      appends: wire,
      states: stateRecords(state),
      table,
      commits: commits.map(({ assignment, offset }) => {
        const held = own(assignment);
        return { assignment: held, offset: held.settledBy(offset) };
      }),
    };
  }

  /** Resolves when it is durable and this process sees it. */
  async #write(producer: RecordProducer, { appends, states, table, commits }: PreparedWork): Promise<void> {
    const shared = this.#shared;
    const places = await producer.transact(
      [shared.topicRecords('known', table), shared.topicRecords('state', states), ...appends],
      groupOffsets(commits),
    );
    for (const { assignment, offset } of commits) assignment.committed(offset);
    const [known, state] = places;
    if (table.length > 0) await shared.log('known').waitFor(behind(known));
    if (states.length > 0) await shared.log('state').waitFor(behind(state));
  }

  #open(): void {
    if (this.#isClosed()) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
  }
}

function behind(places: readonly AppendedAt[] | undefined): number {
  return (places?.at(-1)?.offset ?? -1) + 1;
}

function isLost(thrown: unknown): boolean {
  return isFenced(thrown instanceof StreamError ? thrown.cause : thrown);
}

function tableRecords(overlay: OverlayTable): readonly NewRecord[] {
  return Array.from(overlay.changes(), ({ key, value }) => ({
    key: recordKey(key),
    value: value ?? null,
    headers: {},
  }));
}

function groupOffsets(commits: PreparedWork['commits']): readonly GroupOffsets[] {
  return commits.map(({ assignment: { options, partition }, offset }) => ({
    groupId: options.groupId,
    topics: [
      {
        topic: options.topic.wire,
        partitions: [{ partition, offset: offset.toString(), metadata: noteOf(options.id) }],
      },
    ],
  }));
}

function own(assignment: Assignment): KafkaAssignment {
  if (assignment instanceof KafkaAssignment) return assignment;
  throw new TypeError(`The assignment of ${assignment.topic} is not one of this transport.`);
}
