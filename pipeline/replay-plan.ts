import { z } from 'zod';
import { replayedHeaders, type ReplayScope } from './delivery/replayed.ts';
import { readStored } from './parse-stored.ts';
import type { StateStore } from './state.ts';
import { groups, topics } from './topics.ts';
import type { StoredRecord, Transport } from './transport.ts';

/** The consumer group of replays: the live one keeps its offsets. */
export const replayGroup = `${groups.transform}.replay`;

const offsets = z.record(z.string(), z.number());
const planSchema = z.object({
  /** What was asked for, as it was said: the same again goes on with it. */
  asked: z.string(),
  startedAt: z.string(),
  /** Only events of this producer, or of this key; null for all. */
  producer: z.string().nullable(),
  key: z.string().nullable(),
  scope: z.enum(['whole', 'part']),
  /** First offset of each partition, and the one after the last. */
  from: offsets,
  to: offsets,
});

/** A replay that is under way: kept in the state until it is through, so that it can be stopped and gone on with. */
export type ReplayPlan = z.output<typeof planSchema>;

/** How one record of a partition is to be taken; undefined leaves it out. */
export type Reading = (record: StoredRecord) => StoredRecord | undefined;

const planKey = 'replay/plan';
const inPlaceKey = 'replay/in-place';
const inPlaceSchema = z.object({ scope: z.enum(['whole', 'part']), before: offsets });

/** The replay that is not through; undefined where there is none. Rejects with STATE_UNAVAILABLE for one of another version. */
export async function readPlan(state: StateStore): Promise<ReplayPlan | undefined> {
  return readStored(state, planSchema, planKey);
}

/** Keeps a plan, and puts the group of replays to where it begins. Rejects with GROUP_ACTIVE while a replay runs. */
export async function beginPlan(transport: Transport, plan: ReplayPlan): Promise<void> {
  const from = Object.entries(plan.from).map(([partition, offset]) => [Number(partition), offset] as const);
  await transport.admin.resetOffsets(topics.raw, replayGroup, new Map(from));
  await transport.transactions.state.write([{ key: planKey, value: plan }]);
}

/** Forgets the plan and its group, which holds back nothing then. Rejects with GROUP_ACTIVE while a replay runs. */
export async function endPlan(transport: Transport): Promise<void> {
  await transport.admin.forgetGroup(topics.raw, replayGroup);
  await transport.transactions.state.write([{ key: planKey, value: undefined }]);
}

/**
 * Forgets a replay that is not through, also one whose beginning was cut off, so that only its group is there, and one that cannot be read. Resolves
 * with its plan as far as there is one, or with undefined where there is nothing to forget. Rejects as {@link endPlan}.
 */
export async function cancelPlan(
  transport: Transport,
): Promise<{ readonly plan: ReplayPlan | undefined } | undefined> {
  const stored = await transport.transactions.state.get(planKey);
  if (stored === undefined && !(await hasReplayGroup(transport))) return undefined;
  await endPlan(transport);
  return { plan: planSchema.safeParse(stored).data };
}

async function hasReplayGroup(transport: Transport): Promise<boolean> {
  const partitions = await transport.describe(topics.raw);
  return partitions.some(({ committed }) => committed[replayGroup] !== undefined);
}

/** How a replay reads a partition: what its plan chooses, marked as said again. */
export function planReading({ producer, key, scope, to }: ReplayPlan, partition: number): Reading {
  const end = to[partition] ?? 0;
  return (record) => {
    if (record.offset >= end || !isChosen(record, { producer, key })) return undefined;
    return { ...record, headers: replayedHeaders(record.headers, scope) };
  };
}

/** Whether a record is of the producer and key that are asked for; the key of a raw event begins with the name of its producer. */
export function isChosen(
  record: StoredRecord,
  { producer, key }: { readonly producer: string | null; readonly key: string | null },
): boolean {
  if (key !== null && record.key !== key) return false;
  return producer === null || record.key.startsWith(`${producer}/`);
}

/**
 * Puts the live group of the transforms to other offsets: it says everything again that it had said from there on. Rejects with GROUP_ACTIVE
 * while it has members.
 */
export async function replayInPlace(
  transport: Transport,
  from: ReadonlyMap<number, number>,
  scope: ReplayScope,
): Promise<void> {
  const partitions = await transport.describe(topics.raw);
  const { state } = transport.transactions;
  // An earlier one may not have been through: what it was to say again is behind the committed offset, and is said again still.
  const earlier = (await readStored(state, inPlaceSchema, inPlaceKey))?.before;
  const before = Object.fromEntries(
    partitions.map(({ partition, earliest, committed }) => [
      partition,
      Math.max(committed[groups.transform] ?? earliest, earlier?.[partition] ?? 0),
    ]),
  );
  // The mark first: whoever joins after the reset must see it. On its own it says nothing of what is still to be read.
  await state.write([{ key: inPlaceKey, value: { scope, before } }]);
  await transport.admin.resetOffsets(topics.raw, groups.transform, from);
}

/** How the live group reads a partition: what it had read before it was put back is said again. */
export async function liveReading(state: StateStore, partition: number): Promise<Reading> {
  const mark = await readStored(state, inPlaceSchema, inPlaceKey);
  const before = mark?.before[partition] ?? 0;
  return (record) => {
    if (mark === undefined || record.offset >= before) return record;
    return { ...record, headers: replayedHeaders(record.headers, mark.scope) };
  };
}
