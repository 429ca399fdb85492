/** What one event of a batch says, in order. */
export interface Saying<T> {
  /** The object that the event is about; undefined where it is about none. */
  readonly object: string | undefined;
  readonly said: readonly T[];
  /** Those that the event's own object says. */
  readonly own: ReadonlySet<T>;
}

/**
 * What of a batch comes again when all of it is taken again: what the last event of an object says, as it is said in any case. Not what an earlier one
 * says, which is superseded then. Nor what something else is said behind of the same key, so that what is appended later does not change the order.
 *
 * @param keyOf the key by which it is appended
 */
export function comingAgain<T>(batch: readonly Saying<T>[], keyOf: (one: T) => string): ReadonlySet<T> {
  const again = new Set<T>();
  const laterObjects = new Set<string>();
  const laterKeys = new Set<string>();
  for (const { object, said, own } of [...batch].reverse()) {
    const isLast = object !== undefined && !laterObjects.has(object);
    if (object !== undefined) laterObjects.add(object);
    for (const one of [...said].reverse()) {
      const key = keyOf(one);
      if (isLast && own.has(one) && !laterKeys.has(key)) again.add(one);
      laterKeys.add(key);
    }
  }
  return again;
}
