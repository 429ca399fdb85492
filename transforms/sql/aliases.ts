/** The names that earlier items of a select list have given to their values. */
import type { Origins } from './relations.ts';
import { columnKey } from './scope.ts';

/** Up to this many items are looked through one by one. */
const few = 12;

/** Items of one select list by their names; the first item of a name keeps it. */
export class Aliases {
  private readonly names: string[] = [];
  private readonly values: Origins[] = [];
  private index: Map<string, Origins> | undefined;

  add(name: string, origins: Origins): void {
    this.names.push(name);
    this.values.push(origins);
    if (this.index !== undefined) this.toIndex(this.index, this.names.length - 1);
  }

  private toIndex(index: Map<string, Origins>, at: number): void {
    const key = columnKey(this.names[at] ?? '');
    const origins = this.values[at];
    if (origins !== undefined && !index.has(key)) index.set(key, origins);
  }

  get(key: string): Origins | undefined {
    const { names } = this;
    if (names.length > few) {
      if (this.index === undefined) {
        this.index = new Map();
        for (let at = 0; at < names.length; at++) this.toIndex(this.index, at);
      }
      return this.index.get(key);
    }
    for (let at = 0; at < names.length; at++) if (columnKey(names[at] ?? '') === key) return this.values[at];
    return undefined;
  }
}
