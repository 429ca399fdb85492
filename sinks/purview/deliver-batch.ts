import { setImmediate as turn } from 'node:timers/promises';
import { coalesce, type CoalescedRoot } from '../../pipeline/coalesce.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { Delivery, Outcome } from '../../pipeline/sink.ts';
import type { Applied } from './applied.ts';
import { readRecords, saidOf } from './applied-before.ts';
import { type BatchContext, BatchWriter } from './batch.ts';
import { Removals } from './dangling.ts';
import { RootDecision } from './decision.ts';
import { unlessHeld } from './read-first.ts';
import { inTurn } from './renames.ts';
import { RequestQueue } from './request-queue.ts';
import { type Item, orderUnits, type RootWrite } from './unit.ts';
import type { StateView, WatchedState } from './watched-state.ts';

/** What a batch is delivered with. */
export interface DeliverContext extends BatchContext {
  readonly producers: ReadonlySet<string>;
  /** Whether everything is written that comes, also what was applied already. */
  readonly force: boolean;
}

/** A batch that was planned before its turn; it must be closed. */
export interface Foresight {
  readonly items: readonly Item[];
  readonly queue: RequestQueue;
  /** Outcomes of what needs no request, by place in the batch. */
  readonly outcomes: Outcomes;
  /** What it was planned with, and what is to be written before anything is sent. */
  readonly view: StateView;
}

type Outcomes = Map<number, Outcome>;
type Records = ReadonlyMap<string, Applied | undefined>;

/** Roots that are planned in one go: what waits for an answer is kept waiting for that long. */
const plannedTogether = 16;

/** Delivers a batch. Resolves with one outcome for each delivery, in order. */
export async function deliverBatch(
  batch: readonly Delivery[],
  context: DeliverContext,
): Promise<readonly Outcome[]> {
  const items = itemsOf(batch, context);
  const outcomes: Outcomes = new Map();
  const records = await readRecords(context, batch);
  const roots = coalesce<Item>(items, (root) => saidOf(records.get(refKey(root))));
  const groups = inTurn(roots);
  for (const some of groups) {
    const isUntouched = groups.length === 1 && some.every(({ deletion }) => deletion === undefined);
    const decisions = decisionsOf(some, context, { outcomes, records: isUntouched ? records : undefined });
    const planned = await plan(decisions, context);
    const toWrite = context.adopts ? await unlessHeld(context, planned) : planned;
    const queue = new RequestQueue(orderUnits(toWrite, context.types), context.size);
    await write(queue, outcomes, context);
  }
  return inOrder(items, outcomes);
}

/** Delivers a batch as it was planned, in its turn. */
export async function deliverForeseen(
  { items, queue, outcomes, view: { writes } }: Foresight,
  context: DeliverContext,
): Promise<readonly Outcome[]> {
  if (writes.length > 0) await context.state.write(writes);
  await write(queue, outcomes, context);
  return inOrder(items, outcomes);
}

/**
 * Plans a batch before its turn, without a word to the catalogue about what it delivers. Undefined where it is better planned in its turn: where anything
 * of it fails, or the catalogue would be asked what it holds.
 */
export async function foresee(
  batch: readonly Delivery[],
  context: DeliverContext,
  state: WatchedState,
): Promise<Foresight | undefined> {
  if (context.adopts) return undefined;
  const view = state.view();
  try {
    const foresight = await planAhead(batch, { ...context, state: view }, view);
    if ([...foresight.outcomes.values()].every(isWell)) return foresight;
  } catch {
    // It comes again when the batch is planned in its turn, and is told then.
  }
  await view.close();
  return undefined;
}

async function planAhead(
  batch: readonly Delivery[],
  context: DeliverContext,
  view: StateView,
): Promise<Foresight> {
  const items = itemsOf(batch, context);
  const outcomes: Outcomes = new Map();
  const records = await readRecords(context, batch);
  const roots = coalesce<Item>(items, (root) => saidOf(records.get(refKey(root))));
  const planned: RootWrite[] = [];
  for (const [index, decision] of decisionsOf(roots, context, { outcomes, records }).entries()) {
    if (index % plannedTogether === 0) await turn();
    planned.push(...(await decision.plan()));
    await view.write(decision.writes);
  }
  await turn();
  const queue = new RequestQueue(orderUnits(planned, context.types), context.size);
  queue.prepare();
  return { items, queue, outcomes, view };
}

function itemsOf(batch: readonly Delivery[], { force }: DeliverContext): readonly Item[] {
  const forced = force ? { replayed: 'part' as const } : {};
  return batch.map((delivery, index) => ({ ...forced, ...delivery, index }));
}

/** @param known `records` are what was applied, where nothing that is decided changes it; else it is read when it is needed */
function decisionsOf(
  roots: readonly CoalescedRoot<Item>[],
  context: DeliverContext,
  { outcomes, records }: { readonly outcomes: Outcomes; readonly records: Records | undefined },
): readonly RootDecision[] {
  const settle = (item: Item, outcome: Outcome): void => void outcomes.set(item.index, outcome);
  return roots.map((root) => {
    const decision = new RootDecision(context, root, settle);
    return records === undefined ? decision : decision.knows(records.get(refKey(root)));
  });
}

/** Does the deletions, then resolves with what is to be written. */
async function plan(
  decisions: readonly RootDecision[],
  context: DeliverContext,
): Promise<readonly RootWrite[]> {
  const roots = decisions.flatMap(({ deletes }) => deletes);
  const removals = new Removals(context, roots);
  const planned: RootWrite[] = [];
  try {
    // A deletion may take other roots of the batch with it: only then is it known what they need.
    for (const decision of decisions) await decision.delete(removals);
    for (const decision of decisions) planned.push(...(await decision.plan()));
  } finally {
    const writes = decisions.flatMap((decision) => decision.writes);
    if (writes.length > 0) await context.state.write(writes);
  }
  return planned;
}

/** Writes what is in a queue, and says so when all went well, before it is recorded. */
async function write(queue: RequestQueue, outcomes: Outcomes, context: DeliverContext): Promise<void> {
  const accepted = (): void => {
    if ([...outcomes.values()].every(isWell)) context.accepted();
  };
  const settle = (item: Item, outcome: Outcome): void => void outcomes.set(item.index, outcome);
  await new BatchWriter({ ...context, accepted }, settle).write(queue);
}

function isWell({ kind }: Outcome): boolean {
  return kind === 'delivered' || kind === 'unchanged' || kind === 'superseded';
}

function inOrder(items: readonly Item[], outcomes: Outcomes): readonly Outcome[] {
  return items.map((item) => {
    const outcome = outcomes.get(item.index);
    if (outcome !== undefined) return outcome;
    const { typeName, qualifiedName } = item.change;
    throw new StreamError(
      'CATALOG_UNEXPECTED',
      `The change of ${typeName} ${qualifiedName} was left without an outcome.`,
    );
  });
}
