/** What a query reads and leaves open, gathered while it is resolved; that of a common table counts only if something uses it. */
import type { Reason } from './reasons.ts';

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
  readonly reads = new Set<string>();
  /** Functions and variables that values come from. */
  get others(): Set<string> {
    this.otherSources ??= new Set();
    return this.otherSources;
  }
  /** Columns that steer rows; some may stand there twice. */
  readonly indirect: Influence[] = [];
  readonly reasons: Reason[] = [];
  /** What the common tables in use have seen. */
  readonly uses: Seen[] = [];
  private absorbed = false;
  private otherSources: Set<string> | undefined;

  /** True if there are any {@link others}. */
  get hasOthers(): boolean {
    return this.otherSources !== undefined;
  }

  /** Takes over what a common table has seen, with all that it uses itself. Walks in a loop: tables may use each other in long chains. */
  absorb(table: Seen): void {
    const queue = [table];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (next.absorbed || next === this) continue;
      next.absorbed = true;
      for (const read of next.reads) this.reads.add(read);
      if (next.hasOthers) for (const other of next.others) this.others.add(other);
      for (const influence of next.indirect) this.indirect.push(influence);
      for (const reason of next.reasons) this.reasons.push(reason);
      queue.push(...next.uses);
    }
  }
}
