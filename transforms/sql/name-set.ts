/** A set of names in the order in which they came. Most hold a handful, which a list serves faster than a table. */

/** Up to this many names are looked through one by one. */
const few = 8;

/** Names, each once. */
export class NameSet {
  private list: string[] = [];
  private index: Set<string> | undefined;

  /** How many there are. */
  get size(): number {
    return this.list.length;
  }

  /** All of them. */
  values(): readonly string[] {
    return this.list;
  }

  has(name: string): boolean {
    return this.index === undefined ? this.list.includes(name) : this.index.has(name);
  }

  add(name: string): void {
    if (this.has(name)) return;
    this.list.push(name);
    if (this.index !== undefined) this.index.add(name);
    else if (this.list.length > few) this.index = new Set(this.list);
  }

  /** Adds all names of another set or list. */
  addAll(names: readonly string[]): void {
    for (const name of names) this.add(name);
  }

  delete(name: string): void {
    if (!this.has(name)) return;
    this.list = this.list.filter((one) => one !== name);
    this.index?.delete(name);
  }
}
