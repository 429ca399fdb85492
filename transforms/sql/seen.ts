/** What a query reads and leaves open, gathered while it is resolved; that of a common table counts only if something uses it. */
import { NameSet } from './name-set.ts';
import type { Reason } from './reasons.ts';

const noNames: readonly string[] = [];

/** How a column steers rows without being part of the value, in OpenLineage's words. */
export type IndirectKind = 'filter' | 'join' | 'group' | 'sort';

/** A column that steers rows. */
export interface Influence {
  readonly table: string;
  readonly column: string;
  readonly kind: IndirectKind;
}

/** One query's share; what the common tables that it uses have seen is a share of their own. */
export class Seen {
  /** Tables read. */
  readonly reads = new NameSet();
  /** Columns that steer rows; some may stand there twice. */
  readonly indirect: Influence[] = [];
  readonly reasons: Reason[] = [];
  /** What the common tables in use have seen. */
  readonly uses: Seen[] = [];
  private absorbed = false;
  private otherSources: NameSet | undefined;

  /** Functions and variables that values come from. */
  get others(): readonly string[] {
    return this.otherSources?.values() ?? noNames;
  }

  /** Notes a function or variable that values come from. */
  addOther(node: string): void {
    (this.otherSources ??= new NameSet()).add(node);
  }

  /** Takes over what a common table has seen, with all that it uses itself. Walks in a loop: tables may use each other in long chains. */
  absorb(table: Seen): void {
    const queue = [table];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (next.absorbed || next === this) continue;
      next.absorbed = true;
      this.reads.addAll(next.reads.values());
      for (const other of next.others) this.addOther(other);
      for (const influence of next.indirect) this.indirect.push(influence);
      for (const reason of next.reasons) this.reasons.push(reason);
      queue.push(...next.uses);
    }
  }
}
