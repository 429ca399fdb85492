import type { EntityChange, EntityRef } from '../schemas/types.ts';
import { refKey } from './derive/keys.ts';
import type { Delivery } from './sink.ts';

/** What is left to do for one root after all its changes of a batch are looked at together. */
export interface CoalescedRoot<T extends Delivery> extends EntityRef {
  /** The deletion that comes before the upserts, where there is one. */
  readonly deletion: T | undefined;
  /** At most one of each producer, in the order of producers' names; all are placeholders or none is. */
  readonly upserts: readonly T[];
  /** Overtaken by the others: nothing is done for them. */
  readonly superseded: readonly T[];
}

/**
 * Reduces the changes of a batch to one decision for each root. It depends on positions and offsets alone, not on the
 * order or the duplication of the list:
 * - of one object of a source, the latest source position counts (only within the incarnation that came last), ties by offset;
 * - objects and producers are ordered among each other by offset, since positions do not compare between them;
 * - a deletion (nobody speaks of the root any more) undoes every change before it;
 * - a placeholder is dropped where anybody speaks for real;
 * - changes of different producers both stay.
 */
export function coalesce<T extends Delivery>(deliveries: readonly T[]): readonly CoalescedRoot<T>[] {
  const roots = [...groupBy(deliveries, ({ change }) => refKey(change))];
  return roots.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, changes]) => coalesceRoot(changes));
}

/** Whether a change is older than what its source object said last: both known by position in one incarnation. */
export function isOlder(
  change: Pick<EntityChange, 'producer' | 'objectId' | 'position'>,
  than: Pick<EntityChange, 'producer' | 'objectId' | 'position'>,
): boolean {
  return (
    change.producer === than.producer &&
    change.objectId === than.objectId &&
    change.position.incarnation === than.position.incarnation &&
    change.position.sequence < than.position.sequence
  );
}

function coalesceRoot<T extends Delivery>(deliveries: readonly T[]): CoalescedRoot<T> {
  const [first] = deliveries;
  const current = [
    ...groupBy(deliveries, ({ change }) => JSON.stringify([change.producer, change.objectId])).values(),
  ].map(latestOfObject);
  const deletion = latest(current.filter(({ change }) => change.operation === 'DELETE'));
  const after = current.filter(
    ({ change, offset }) =>
      change.operation === 'UPSERT' && (deletion === undefined || offset > deletion.offset),
  );
  const real = after.filter(({ change }) => !change.placeholder);
  const upserts = [...groupBy(real.length > 0 ? real : after, ({ change }) => change.producer).values()]
    .map((changes) => latest(changes))
    .filter((delivery) => delivery !== undefined)
    .sort((a, b) => (a.change.producer < b.change.producer ? -1 : 1));
  const kept = new Set<T | undefined>([deletion, ...upserts]);
  return {
    typeName: first?.change.typeName ?? '',
    qualifiedName: first?.change.qualifiedName ?? '',
    deletion,
    upserts,
    superseded: deliveries.filter((delivery) => !kept.has(delivery)),
  };
}

/** The current change of one object of a source. */
function latestOfObject<T extends Delivery>(deliveries: readonly [T, ...T[]]): T {
  const incarnation = latest(deliveries)?.change.position.incarnation;
  const [head, ...rest] = deliveries;
  return rest.reduce((best, next) => {
    const isCurrent = next.change.position.incarnation === incarnation;
    if (isCurrent !== (best.change.position.incarnation === incarnation)) return isCurrent ? next : best;
    const [a, b] = [best.change.position.sequence, next.change.position.sequence];
    return b > a || (b === a && next.offset > best.offset) ? next : best;
  }, head);
}

function latest<T extends Delivery>(deliveries: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const next of deliveries) if (best === undefined || next.offset > best.offset) best = next;
  return best;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, [T, ...T[]]> {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
