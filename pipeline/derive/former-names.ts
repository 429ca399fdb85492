import type { EntityChange, Formerly, NamePart, Renamed } from '../../schemas/types.ts';
import type { ObjectRawEvent } from '../transform.ts';
import { refKey } from './keys.ts';

/** The event as it would be under a name that its object had before: what is derived of it tells the names that its entities had. */
export function underFormerName(event: ObjectRawEvent, { path, columns }: Formerly): ObjectRawEvent {
  if (event.type !== 'database-object') return event;
  const former = new Map(columns.map(({ from, to }) => [to, from]));
  return {
    type: event.type,
    value: {
      ...event.value,
      path,
      columns:
        event.value.columns?.map((column) => ({ ...column, name: former.get(column.name) ?? column.name })) ??
        null,
      formerly: [],
    },
  };
}

/** The event of an object as it would be under the name that it got since. */
export function underNewName(event: ObjectRawEvent, path: readonly NamePart[]): ObjectRawEvent {
  return event.type === 'database-object'
    ? { type: event.type, value: { ...event.value, path, formerly: [] } }
    : event;
}

/** Former names that an event itself tells. */
export function formerlyOf(event: ObjectRawEvent): readonly Formerly[] {
  return event.type === 'database-object' ? (event.value.formerly ?? []) : [];
}

/**
 * Pairs of names out of the changes of one event derived twice, under an old and a new name. Transforms are pure and go by the event's own
 * order, so what stands at the same place is the same; where that cannot be, nothing counts as renamed.
 */
export function pairsOf(
  old: readonly EntityChange[],
  now: readonly EntityChange[],
  by: Pick<Renamed, 'objectId' | 'until'>,
): readonly Renamed[] {
  if (old.length !== now.length) return [];
  return now.flatMap((change, at) => {
    const before = old[at];
    if (before?.entities.length !== change.entities.length) return [];
    return change.entities.flatMap(({ typeName, qualifiedName }, index): Renamed[] => {
      const former = before.entities[index];
      if (former?.typeName !== typeName || former.qualifiedName === qualifiedName) return [];
      return [{ typeName, from: former.qualifiedName, to: qualifiedName, ...by }];
    });
  });
}

/** A change with what it has to do with former names: those of its own entities. */
export function withFormerNames(change: EntityChange, names: readonly Renamed[]): EntityChange {
  if (names.length === 0) return change;
  const own = new Set(change.entities.map(refKey));
  const renamed = names.filter(({ typeName, to }) => own.has(refKey({ typeName, qualifiedName: to })));
  return renamed.length === 0 ? change : { ...change, renamed };
}

/** A deletion with what was its root's, where that was only renamed. */
export function deletionWithNames(change: EntityChange, names: readonly Renamed[]): EntityChange {
  const root = names.find(
    ({ typeName, from }) => typeName === change.typeName && from === change.qualifiedName,
  );
  if (root === undefined) return change;
  const { objectId, until } = root;
  return { ...change, renamed: names.filter((one) => one.objectId === objectId && one.until === until) };
}

/** Names by which a change refers to something, and that are old ones now. */
export function staleNames(change: EntityChange, names: readonly Renamed[]): readonly Renamed[] {
  if (names.length === 0) return names;
  const targets = new Set(
    change.entities.flatMap(({ references }) => references.flatMap(({ targets: refs }) => refs.map(refKey))),
  );
  return names.filter(({ typeName, from }) => targets.has(refKey({ typeName, qualifiedName: from })));
}
