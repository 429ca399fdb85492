import type { LaneItem } from './lane-item.ts';

/** Counts what waits for its batch or is in flight, by key. */
export class OpenKeys {
  readonly #keys = new Map<string, number>();
  #deletions = 0;

  /** Adds changes, and keys whose parked changes are tried again. */
  add(items: readonly LaneItem[], keys: readonly string[] = []): void {
    this.#count(items, keys, 1);
  }

  /** Takes away what was added. Throws a RangeError for what was not: it would be kept for ever. */
  remove(items: readonly LaneItem[], keys: readonly string[] = []): void {
    this.#count(items, keys, -1);
  }

  /**
   * Those of some changes that nothing open comes before: each alone of its key, and none while a deletion is open or among them,
   * which may take other assets along.
   */
  unblocked(items: readonly LaneItem[]): readonly LaneItem[] {
    if (this.#deletions > 0 || items.some(isDeletion)) return [];
    const own = new Map<string, number>();
    for (const { record } of items) own.set(record.key, (own.get(record.key) ?? 0) + 1);
    return items.filter(({ record: { key } }) => own.get(key) === 1 && !this.#keys.has(key));
  }

  #count(items: readonly LaneItem[], keys: readonly string[], by: number): void {
    this.#deletions += by * items.filter(isDeletion).length;
    for (const key of [...items.map(({ record }) => record.key), ...keys]) {
      const count = (this.#keys.get(key) ?? 0) + by;
      if (count < 0) throw new RangeError(`A change of ${key} is closed that was not open.`);
      if (count === 0) this.#keys.delete(key);
      else this.#keys.set(key, count);
    }
  }
}

function isDeletion({ change }: LaneItem): boolean {
  return change.operation === 'DELETE';
}
