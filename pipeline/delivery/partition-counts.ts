import { z } from 'zod';
import { parseStored } from '../parse-stored.ts';
import type { StateStore, StateWrite } from '../state.ts';
import { type Settlement, settlements, type StageName, stageNames } from '../telemetry.ts';
import { inputOf } from '../topics.ts';

const count = z.int().min(0);
const settledShape = z.record(z.enum(settlements), count);
const shape = z.object({
  received: count,
  returned: count,
  settled: settledShape,
  owners: count,
  /** What is settled as soon as an offset is committed, which happens behind the transaction that wrote this. */
  behind: z.object({ settled: settledShape, offset: count }).exactOptional(),
});
type Stored = z.infer<typeof shape>;

/**
 * Input events of a stage over all its processes, since the log was made. Each settled event is counted once, with the commit
 * of its offset, so that the settled ones are those below the committed offsets. Received is the sum of settled, returned
 * and in flight (invariant 1).
 */
export interface StageTotal {
  readonly stage: StageName;
  readonly received: number;
  readonly settled: Readonly<Record<Settlement, number>>;
  /** Taken by a process that gave them back or died, and received again by the next owner of the partition. */
  readonly returned: number;
  /** Taken and not settled, as of the last commit; of a process that has died, until the next owner comes. */
  readonly inFlight: number;
  /** How often a process took one of the partitions. */
  readonly owners: number;
}

const prefix = 'stage-counts/';
const asidePrefix = 'put-aside/';

/** Counts of one partition, kept with its offset: only its owner can commit, so only its owner can count. */
export class PartitionCounts {
  readonly #state: StateStore;
  readonly #key: string;
  #stored: Stored = { received: 0, returned: 0, settled: nothing(), owners: 0 };
  #isBehind = false;

  constructor(state: StateStore, group: string, partition: number) {
    this.#state = state;
    this.#key = `${prefix}${group}/${partition}`;
  }

  /** Goes on from what earlier owners have counted, up to the offset that they had committed; what they had taken and not settled comes again. Called once the partition is ours. */
  async open(committed: number): Promise<void> {
    const found = await this.#state.get(this.#key);
    const { data } = shape.safeParse(found);
    if (data !== undefined) this.#stored = settledUpTo(committed, data);
    else if (found !== undefined) {
      // Counts of another version are put aside, and it is counted anew: they are for people, and must not keep a partition from being read.
      const aside = { key: `${asidePrefix}${this.#key}`, value: found };
      await this.#state.write([aside, { key: this.#key, value: undefined }]);
    }
    const { received, returned, owners } = this.#stored;
    const left = received - returned - sum(this.#stored.settled);
    this.#stored = { ...this.#stored, returned: returned + left, owners: owners + 1 };
  }

  /** Events were taken. */
  received(events: number): void {
    this.#stored = { ...this.#stored, received: this.#stored.received + events };
  }

  /** What belongs into the transaction that commits events which were settled in these ways; or into the one before, with the offset that is committed then. */
  write(passed: readonly Settlement[], behind?: number): StateWrite {
    this.#isBehind = behind !== undefined;
    if (behind === undefined) return { key: this.#key, value: this.#with(passed) };
    const settled = added(nothing(), passed);
    return { key: this.#key, value: { ...this.#stored, behind: { settled, offset: behind } } };
  }

  /** They are committed. */
  written(passed: readonly Settlement[]): void {
    this.#stored = this.#with(passed);
  }

  /** What is still to be written in the end, since the last commit came behind its transaction: else it counts for that offset alone. */
  get rest(): StateWrite | undefined {
    return this.#isBehind ? { key: this.#key, value: this.#stored } : undefined;
  }

  #with(passed: readonly Settlement[]): Stored {
    return { ...this.#stored, settled: added(this.#stored.settled, passed) };
  }
}

/**
 * Totals of each stage that has ever committed something, as the group that follows the topics live. Rejects with STATE_UNAVAILABLE for counts
 * of another version, which the next owner of their partition puts aside.
 */
export async function readStageTotals(state: StateStore): Promise<readonly StageTotal[]> {
  const totals: StageTotal[] = [];
  for (const stage of stageNames) {
    let total: Stored | undefined;
    for await (const { key, value } of state.scan(`${prefix}${inputOf[stage].group}/`)) {
      const part = settledUpTo(Number.POSITIVE_INFINITY, parseStored(shape, key, value));
      total = total === undefined ? part : sumOf(total, part);
    }
    if (total === undefined) continue;
    const { received, returned, settled, owners } = total;
    totals.push({ stage, received, settled, returned, inFlight: received - returned - sum(settled), owners });
  }
  return totals;
}

function nothing(): Record<Settlement, number> {
  return Object.fromEntries(settlements.map((as) => [as, 0])) as Record<Settlement, number>;
}

function sum(settled: Readonly<Record<Settlement, number>>): number {
  return Object.values(settled).reduce((all, events) => all + events, 0);
}

/** Counts as they are when an offset is committed. */
function settledUpTo(committed: number, { behind, ...stored }: Stored): Stored {
  if (behind === undefined || behind.offset > committed) return stored;
  return { ...stored, settled: sumOfEach(stored.settled, behind.settled) };
}

function added(to: Stored['settled'], passed: readonly Settlement[]): Record<Settlement, number> {
  const settled = { ...to };
  for (const as of passed) settled[as] += 1;
  return settled;
}

function sumOfEach(a: Stored['settled'], b: Stored['settled']): Record<Settlement, number> {
  return Object.fromEntries(settlements.map((as) => [as, a[as] + b[as]])) as Record<Settlement, number>;
}

function sumOf(a: Stored, b: Stored): Stored {
  return {
    received: a.received + b.received,
    returned: a.returned + b.returned,
    settled: sumOfEach(a.settled, b.settled),
    owners: a.owners + b.owners,
  };
}
