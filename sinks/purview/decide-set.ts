/** What holds for all members. */
export interface Rules {
  /** Whether what was given and is not held is given again. */
  readonly isLost: boolean;
  readonly adopts: boolean;
}

/** What is to be done with members that have a value each. */
export interface SetDecision<T> {
  readonly set: ReadonlyMap<string, T>;
  readonly remove: readonly string[];
  readonly given: ReadonlyMap<string, T>;
}

/** Whether two values of a member are the same, as far as a catalogue keeps them. */
export type Same<T> = (ours: T, held: T) => boolean;

/** What is known of members that have a value each, by their names. */
export interface Members<T> {
  readonly wanted: ReadonlyMap<string, T>;
  readonly given: ReadonlyMap<string, T>;
  /** What was given, with what may have been. */
  readonly ours: ReadonlyMap<string, T>;
  readonly held: ReadonlyMap<string, T>;
}

/** Decides what becomes of each member: see `decideAnnotations`. */
export function decideSet<T>(
  { wanted, given, ours, held }: Members<T>,
  { isLost, adopts }: Rules,
  same: Same<T> = (a, b) => a === b,
): SetDecision<T> {
  const set = new Map<string, T>();
  const after = new Map<string, T>();
  for (const [name, value] of wanted) {
    const before = ours.get(name);
    const now = held.get(name);
    if (now === undefined) {
      const last = given.get(name);
      // What was given and is gone was taken away by somebody.
      if (last === undefined || isLost || !same(last, value)) set.set(name, value);
      after.set(name, value);
    } else if (same(value, now)) {
      if (before !== undefined || adopts) after.set(name, value);
    } else if (before !== undefined && same(before, now)) {
      set.set(name, value);
      after.set(name, value);
    } else if (before !== undefined) after.set(name, before); // somebody changed it: it stays theirs
  }
  const remove = [...ours].flatMap(([name, before]) => {
    const now = held.get(name);
    return !wanted.has(name) && now !== undefined && same(before, now) ? [name] : [];
  });
  return { set, remove, given: after };
}

/** Whether nothing is to be done. */
export function isSame<T>({ set, remove }: SetDecision<T>): boolean {
  return set.size === 0 && remove.length === 0;
}

/** All members after a decision. */
export function whole<T>(
  held: ReadonlyMap<string, T>,
  { set, remove }: SetDecision<T>,
): ReadonlyMap<string, T> {
  const all = new Map([...held, ...set]);
  for (const name of remove) all.delete(name);
  return all;
}
