/** Variables and cursors that a routine, a package or a script declares, by their names in lower case. */
import type { CursorRows } from './relations.ts';

/** What is declared at one place, and what is seen there of the place around it. */
export class Declared {
  // Most places declare nothing, so that each is made by its first entry.
  private variables: Set<string> | undefined;
  private cursors: Map<string, CursorRows> | undefined;
  private readonly around: Declared | undefined;

  constructor(around?: Declared) {
    this.around = around;
  }

  declare(name: string): void {
    (this.variables ??= new Set()).add(name);
  }

  isVariable(name: string): boolean {
    return this.variables?.has(name) === true || this.around?.isVariable(name) === true;
  }

  openCursor(name: string, rows: CursorRows): void {
    (this.cursors ??= new Map()).set(name, rows);
  }

  /** What a cursor walks over; undefined if it is not known. */
  cursor(name: string): CursorRows | undefined {
    return this.cursors?.get(name) ?? this.around?.cursor(name);
  }
}
