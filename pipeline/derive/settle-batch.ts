import { setImmediate } from 'node:timers/promises';
import { deadLetterRecord } from '../delivery/dead-letters.ts';
import type { PartitionCounts } from '../delivery/partition-counts.ts';
import type { TransactionSize } from '../delivery/transaction-size.ts';
import type { Table } from '../table.ts';
import type { Telemetry } from '../telemetry.ts';
import { topics } from '../topics.ts';
import type { Assignment, NewRecord, StoredRecord, TransactionWork, Transport } from '../transport.ts';
import type { DerivedAhead } from './derivation.ts';
import type { Deriver } from './deriver.ts';
import { comingAgain } from './coming-again.ts';
import { objectOf } from './keys.ts';
import { Sequence } from './sequence.ts';
import { type ReadRecord, settleApplied, type SettledRecord } from './settle-record.ts';

/** What batches are settled with. */
export interface BatchSettling {
  readonly transport: Transport;
  readonly deriver: Deriver;
  readonly telemetry: Telemetry;
  readonly now: () => Date;
}

/** A partition that is ours. */
export interface BatchPartition {
  readonly assignment: Assignment;
  readonly counts: PartitionCounts;
  readonly size: TransactionSize;
}

/** What was derived of events before their transaction. */
type Ahead = ReadonlyMap<ReadRecord, DerivedAhead | undefined>;

/** How long events are derived without a look at anything else, in milliseconds, unless a single one takes longer. */
const sliceMs = 100;

/** Derives a batch and makes everything that came of it durable; undefined when the partition is no longer ours. */
export async function settleBatch(
  { assignment, counts, size }: BatchPartition,
  read: readonly ReadRecord[],
  { transport, deriver, telemetry, now }: BatchSettling,
): Promise<readonly SettledRecord[] | undefined> {
  let settled: readonly SettledRecord[] = [];
  const start = performance.now();
  const ahead = await deriveAhead(transport, deriver, read);
  const derived = performance.now();
  let computing = 0;
  const offset = (read.at(-1)?.record.offset ?? 0) + 1;
  const passed = () => settled.map(({ as }) => as);
  const isBehind = transport.transactions.guarantee === 'at-least-once';
  const isOurs = await transport.transactions.update({
    assignments: [assignment],
    bytes: read.reduce((sum, { record }) => sum + sizeOf(record), 0),
    compute: (table): TransactionWork => {
      const began = performance.now();
      settled = settleWithin(table, { deriver, ahead, now }, read);
      computing = performance.now() - began;
      const letters = settled.flatMap((one) => one.letters.map(deadLetterRecord));
      return {
        appends: [
          { topic: topics.entities, records: isBehind ? marked(read, settled) : settled.flatMap(outputsOf) },
          { topic: topics.deadLetters, records: letters },
        ],
        state: [counts.write(passed(), isBehind ? offset : undefined)],
        commits: [{ assignment, offset }],
      };
    },
  });
  size.took(read.length, {
    deriving: derived - start + computing,
    committing: performance.now() - derived - computing,
  });
  if (isOurs) {
    counts.written(passed());
    return settled;
  }
  telemetry.emit('commitRefused', { stage: 'transform' });
  return undefined;
}

/** The outputs of a batch, with a mark on those that come again with it. */
function marked(read: readonly ReadRecord[], settled: readonly SettledRecord[]): readonly NewRecord[] {
  const batch = settled.map(({ outputs, own }, index) => ({
    object: eventObject(read[index]),
    said: outputs,
    own,
  }));
  const again = comingAgain(batch, ({ key }) => key);
  return settled
    .flatMap(outputsOf)
    .map((record) => (again.has(record) ? { again: true, ...record } : record));
}

function eventObject(one: ReadRecord | undefined): string | undefined {
  return one === undefined || 'settled' in one ? undefined : objectOf(one.event);
}

function outputsOf({ outputs }: SettledRecord): readonly NewRecord[] {
  return outputs;
}

/** Settles a batch within its transaction. */
function settleWithin(
  table: Table,
  { deriver, ahead, now }: Pick<BatchSettling, 'deriver' | 'now'> & { readonly ahead: Ahead },
  read: readonly ReadRecord[],
): readonly SettledRecord[] {
  const deriving = deriver.begin(table);
  const sequence = new Sequence(table);
  const time = now();
  const said = { now: time, time: time.toISOString(), sequence: () => sequence.next() };
  const settled = read.map((one) =>
    'settled' in one
      ? one.settled
      : settleApplied(
          one.record,
          one.event.value.producer,
          deriving.apply(one.event, one.received, ahead.get(one)),
          said,
        ),
  );
  deriving.end();
  sequence.end();
  return settled;
}

/** Derives events by themselves, some at a time: what a text costs must not keep the process from saying that it is there. */
async function deriveAhead(
  transport: Transport,
  deriver: Deriver,
  read: readonly ReadRecord[],
): Promise<Ahead> {
  const ahead = new Map<ReadRecord, DerivedAhead | undefined>();
  for (let next = 0; next < read.length; await setImmediate()) {
    next = await transport.transactions.view((table) => {
      const derive = deriver.ahead(table);
      const until = performance.now() + sliceMs;
      let at = next;
      do {
        const one = read[at];
        if (one !== undefined && !('settled' in one)) ahead.set(one, derive(one.event, one.received));
        at += 1;
      } while (at < read.length && performance.now() < until);
      return at;
    });
  }
  return ahead;
}

function sizeOf({ value }: StoredRecord): number {
  return value?.length ?? 0;
}
