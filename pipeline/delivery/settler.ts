import type { DeadLetter } from '../../schemas/types.ts';
import type { StateWrite } from '../state.ts';
import type { Settlement } from '../telemetry.ts';
import { topics } from '../topics.ts';
import type { Assignment, NewRecord, Transport } from '../transport.ts';
import type { Credits } from './credits.ts';
import { deadLetterRecord } from './dead-letters.ts';
import type { OffsetTracker } from './offset-tracker.ts';
import type { PartitionCounts } from './partition-counts.ts';
import { patiently, type Patience } from './patiently.ts';

/** What came of some records: all of it is made durable together, and only then are they settled. */
export interface SettledWork {
  /** Offsets of the partition that are settled by it, and how. */
  readonly records: readonly { readonly offset: number; readonly as: Settlement }[];
  readonly letters: readonly DeadLetter[];
  /** Changes that came of it, for the topic of changes. */
  readonly changes: readonly NewRecord[];
  readonly state: readonly StateWrite[];
}

interface Job {
  readonly work: SettledWork;
  readonly resolve: (held: boolean) => void;
  readonly reject: (thrown: unknown) => void;
}

/** What a {@link Settler} works with. */
export interface SettlerOptions {
  readonly transport: Transport;
  readonly assignment: Assignment;
  readonly tracker: OffsetTracker;
  readonly credits: Credits;
  readonly counts: PartitionCounts;
  /** How long it is waited for room in the log. */
  readonly patience: Patience;
}

/**
 * Settles the records of one partition: parked work, dead letters and the offset in one transaction, for all that is handed in
 * while the one before is written. What the sink has applied is durable before (its `applied/` records are written once the
 * catalogue has confirmed, and before the outcome is known here); the two need not be one transaction, since the catalogue is
 * in none. Killed between them, the changes come again and are unchanged. The other way round they would be lost. A passing fault
 * of the transport (a full disk) is waited out.
 */
export class Settler {
  readonly #options: SettlerOptions;
  /** Offsets that are settled while one before them is not. */
  readonly #ahead = new Map<number, Settlement>();
  #jobs: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all of it is durable; with false, and nothing is written, when the partition is no longer ours or is to be given
   * up while the transport has a fault.
   */
  settle(work: SettledWork): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what is handed in within one turn goes together
    while (this.#jobs.length > 0) {
      const jobs = this.#jobs.splice(0);
      try {
        const works = jobs.map(({ work }) => work);
        const held = await patiently(this.#options.patience, () => this.#write(works));
        for (const job of jobs) job.resolve(held === true);
      } catch (thrown) {
        for (const job of jobs) job.reject(thrown);
      }
    }
    this.#running = undefined;
  }

  async #write(works: readonly SettledWork[]): Promise<boolean> {
    const { transport, tracker, credits, assignment, counts, patience } = this.#options;
    const offsets = works.flatMap(({ records }) => records.map(({ offset }) => offset));
    const offset = tracker.committableWith(offsets);
    for (const { records } of works) for (const record of records) this.#ahead.set(record.offset, record.as);
    const below = [...this.#ahead].filter(([at]) => at < offset);
    const ways = below.map(([, as]) => as);
    const letters = works.flatMap((work) => work.letters.map(deadLetterRecord));
    const changes = works.flatMap((work) => work.changes);
    const state = works.flatMap((work) => work.state);
    if (ways.length > 0) state.push(counts.write(ways));
    const appends = [
      { topic: topics.deadLetters, records: letters },
      { topic: topics.entities, records: changes },
    ].filter(({ records }) => records.length > 0);
    if (appends.length + state.length > 0 || offset > tracker.committable) {
      const commits = [{ assignment, offset }];
      if (!(await transport.transactions.run({ appends, state, commits }))) {
        patience.telemetry.emit('commitRefused', { stage: patience.stage });
        return false;
      }
    }
    counts.written(ways);
    for (const [at] of below) this.#ahead.delete(at);
    const passed = tracker.settle(offsets);
    credits.give(passed.records, passed.bytes);
    return true;
  }
}
