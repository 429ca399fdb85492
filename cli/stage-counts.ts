import type { StageTotal } from '../pipeline/delivery/partition-counts.ts';
import {
  type Settlement,
  settlements,
  type StageName,
  stageNames,
  type Telemetry,
} from '../pipeline/telemetry.ts';

/** What a stage of this process did, counted in input events: received is the sum of the others (invariant 1). */
export interface StageCount {
  readonly stage: StageName;
  readonly received: number;
  readonly settled: Readonly<Record<Settlement, number>>;
  /** Given back unsettled: the next owner of the partition receives them. */
  readonly returned: number;
  /** Of what was parked, by this process or another, that became a dead letter. */
  readonly givenUp: number;
  readonly inFlight: number;
}

/** Events that were received and not settled: those that a process has still in hand, and all that it gave back with a partition. */
export type Unsettled = Pick<StageCount, 'inFlight' | 'returned'>;

/** Counts what the stages of this process do, by telemetry. */
export class StageCounts {
  readonly #counts = new Map<
    StageName,
    { received: number; returned: number; givenUp: number; readonly settled: Record<Settlement, number> }
  >();

  /** Listens at once. */
  constructor(telemetry: Telemetry) {
    telemetry.on('received', ({ stage, events }) => {
      this.#of(stage).received += events;
    });
    telemetry.on('returned', ({ stage, events }) => {
      this.#of(stage).returned += events;
    });
    telemetry.on('unparked', ({ stage, as }) => {
      if (as === 'dead-lettered') this.#of(stage).givenUp += 1;
    });
    telemetry.on('settled', ({ stage, as }) => {
      this.#of(stage).settled[as] += 1;
    });
  }

  /** Of each stage that received something. */
  rows(): readonly StageCount[] {
    return stageNames.flatMap((stage) => {
      const count = this.#counts.get(stage);
      if (count === undefined) return [];
      const { received, returned, givenUp } = count;
      const settled = { ...count.settled };
      const done = Object.values(settled).reduce((sum, events) => sum + events, returned);
      return [{ stage, received, settled, returned, givenUp, inFlight: received - done }];
    });
  }

  /** What is not settled now, over all stages. */
  get unsettled(): Unsettled {
    const rows = this.rows();
    return {
      inFlight: rows.reduce((sum, row) => sum + row.inFlight, 0),
      returned: rows.reduce((sum, row) => sum + row.returned, 0),
    };
  }

  #of(stage: StageName) {
    const count = this.#counts.get(stage) ?? {
      received: 0,
      returned: 0,
      givenUp: 0,
      settled: Object.fromEntries(settlements.map((as) => [as, 0])) as Record<Settlement, number>,
    };
    this.#counts.set(stage, count);
    return count;
  }
}

/** What a stage did over all its processes, as people read it. */
export function stageTotalText({ stage, received, settled, returned, inFlight }: StageTotal): string {
  const parts = settlements.flatMap((as) => (settled[as] > 0 ? [`${settled[as]} ${as}`] : []));
  if (returned > 0) parts.push(`${returned} given back and received again`);
  if (inFlight > 0) parts.push(`${inFlight} in flight`);
  return [`${stage}: ${received} events received over all processes`, ...parts].join(', ');
}

/** One stage as people read it: `sink: 12 events received, 10 delivered, 2 unchanged`. */
export function stageCountText({ stage, received, settled, returned, inFlight }: StageCount): string {
  const parts = settlements.flatMap((as) => (settled[as] > 0 ? [`${settled[as]} ${as}`] : []));
  if (returned + inFlight > 0) parts.push(`${returned + inFlight} given back`);
  return [`${stage}: ${received} events received`, ...parts].join(', ');
}

/** What a drain did, as people read it; `before` is what was not settled when it was asked for. */
export function drainedText({ unsettled }: Pick<StageCounts, 'unsettled'>, before: Unsettled): string {
  // What was given back before went to another process long ago.
  const left = unsettled.inFlight + unsettled.returned - before.returned;
  const rest = left === 0 ? '' : ` ${left} are not, and go to the next process.`;
  return `Drained: of ${before.inFlight} events in flight ${Math.max(before.inFlight - left, 0)} are settled.${rest}`;
}
