import type { EntityChange, EntityRef } from '../schemas/types.ts';
import { refKey } from './derive/keys.ts';
import type { ReplayScope } from './delivery/replayed.ts';
import { isComparable, isDerivedBefore } from './derive/sequence.ts';
import type { Delivery } from './sink.ts';

/** What is left to do for one root after all its changes of a batch are looked at together. */
export interface CoalescedRoot<T extends Delivery> extends EntityRef {
  /** The deletion that comes before the upserts, where there is one. */
  readonly deletion: T | undefined;
  /** At most one of each producer, in the order of producers' names; all are placeholders or none is. Each says also what those that it overtook said of former names. */
  readonly upserts: readonly T[];
  /** How much is replayed, where any of the changes is one of a replay. */
  readonly replayed: ReplayScope | undefined;
  /** Overtaken by the others: nothing is done for them. */
  readonly superseded: readonly T[];
}

/** What somebody said of a root last. */
export interface Said extends Pick<EntityChange, 'producer' | 'objectId' | 'position' | 'placeholder'> {
  /** True for a deletion. */
  readonly deleted: boolean;
  /** The offset of the change that said it, where that is known. */
  readonly offset?: number;
  /** Its number among what the transforms have derived, where it had one. */
  readonly sequence?: string | undefined;
}

/** What had been said of a root before. */
export interface SaidBefore {
  /** By each producer last; nothing of before a deletion, and then what the deleter said. */
  readonly said: readonly Said[];
  /** The number of the last deletion, where it had one: what was derived before it counts no more, whoever says it. */
  readonly deletedAt?: string | undefined;
}

/**
 * Reduces the changes of a batch to one decision for each root: what is left when they are taken one after the other by offset,
 * so neither the order and duplication of the list nor the bounds of the batch matter.
 * - What is older, by source position, than what its object said last is dropped. Positions compare only for one object and incarnation.
 * - What comes late is dropped where anything that overrules it was derived after it, or, from the dead letters, has a later offset.
 * - A deletion (nobody speaks of the root any more) undoes every change before it.
 * - A placeholder is dropped where anybody speaks for real, and gives way to whoever does.
 * - Changes of different producers both stay.
 *
 * @param before what had been said of a root before the batch
 */
export function coalesce<T extends Delivery>(
  deliveries: readonly T[],
  before: (root: EntityRef) => SaidBefore = () => ({ said: [] }),
): readonly CoalescedRoot<T>[] {
  const roots = [...groupBy(deliveries, ({ change }) => refKey(change))];
  return roots
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, changes]) => {
      const [{ change }] = changes;
      const root = { typeName: change.typeName, qualifiedName: change.qualifiedName };
      return { ...root, ...fold(changes, before(root)) };
    });
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

function fold<T extends Delivery>(
  deliveries: readonly T[],
  before: SaidBefore,
): Omit<CoalescedRoot<T>, keyof EntityRef> {
  let said = new Map<string, Said>(before.said.map((one) => [one.producer, one]));
  let { deletedAt } = before;
  let deletion: T | undefined;
  let upserts = new Map<string, T>();
  for (const delivery of [...deliveries].sort(byOffset)) {
    const { change } = delivery;
    const last = said.get(change.producer);
    if (last !== undefined && isOlder(change, last)) continue;
    if (isDerivedBefore(delivery.sequence, deletedAt) || isOvertaken(delivery, said.values())) continue;
    if (change.operation === 'DELETE') {
      deletion = delivery;
      deletedAt = delivery.sequence;
      upserts = new Map();
      said = new Map();
    } else {
      if (change.placeholder && [...said.values()].some((one) => !one.deleted && !one.placeholder)) continue;
      for (const [producer, one] of said) {
        if (!one.deleted && one.placeholder === change.placeholder) continue;
        said.delete(producer);
        upserts.delete(producer);
      }
      upserts.set(change.producer, delivery);
    }
    const { producer, objectId, position, placeholder } = change;
    const { offset, sequence } = delivery;
    const deleted = change.operation === 'DELETE';
    said.set(producer, { producer, objectId, position, placeholder, deleted, offset, sequence });
  }
  const kept = new Set<T | undefined>([deletion, ...upserts.values()]);
  return {
    deletion,
    upserts: [...upserts.values()]
      .sort((a, b) => (a.change.producer < b.change.producer ? -1 : 1))
      .map((delivery) => withRenamed(delivery, deliveries)),
    replayed: scopeOf(deliveries),
    superseded: deliveries.filter((delivery) => !kept.has(delivery)),
  };
}

/** Whether a change that comes late is overruled by what was said after it: of its own producer, or by a deletion; a deletion by anything. */
export function isOvertaken(delivery: Delivery, said: Iterable<Said>): boolean {
  const { change } = delivery;
  for (const one of said) {
    const overrules = one.deleted || one.producer === change.producer || change.operation === 'DELETE';
    if (overrules && isEarlier(delivery, one)) return true;
  }
  return false;
}

/** Whether a change stands before what was said: by their numbers where these compare; by their offsets where it was a dead letter. */
function isEarlier({ offset, sequence, isLate }: Delivery, than: Said): boolean {
  if (isComparable(sequence, than.sequence)) return isDerivedBefore(sequence, than.sequence);
  return isLate === true && than.offset !== undefined && than.offset > offset;
}

function scopeOf(deliveries: readonly Delivery[]): ReplayScope | undefined {
  const scopes = new Set(deliveries.map(({ replayed }) => replayed));
  return scopes.has('part') ? 'part' : scopes.has('whole') ? 'whole' : undefined;
}

/** A change with all that it, and such of its producer as it overtook, say of former names; the earliest first. */
function withRenamed<T extends Delivery>(delivery: T, deliveries: readonly T[]): T {
  const { producer, renamed: own = [] } = delivery.change;
  const renamed = [...deliveries]
    .sort(byOffset)
    .flatMap(({ change }) =>
      change.producer === producer && change.operation === 'UPSERT' ? (change.renamed ?? []) : [],
    );
  return renamed.length === own.length ? delivery : { ...delivery, change: { ...delivery.change, renamed } };
}

/** By offset; the same offset twice is the same change twice. */
function byOffset(a: Delivery, b: Delivery): number {
  return a.offset - b.offset;
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
