/** IF, ELSE and WHILE of T-SQL: their bodies are one statement or a block, so where a branch ends must be counted. */
import type { Cursor } from './cursor.ts';
import type { Piece } from './pieces.ts';

type Step = NonNullable<Piece['step']>;

/** Counts blocks and branches, and tells each step of a branch. */
export class Branches {
  /** `branch`: waits for its body; `branch-block`: inside of its body's BEGIN; `block`: a BEGIN of its own. */
  private readonly open: ('branch' | 'branch-block' | 'block')[] = [];
  private readonly cursor: Cursor;
  private readonly tell: (step: Step) => void;

  constructor(cursor: Cursor, tell: (step: Step) => void) {
    this.cursor = cursor;
    this.tell = tell;
  }

  /** IF or WHILE and its condition are read. */
  condition(): void {
    this.open.push('branch');
    this.tell('if');
  }

  /** BEGIN is read. */
  begin(): void {
    if (this.open.at(-1) === 'branch') this.open[this.open.length - 1] = 'branch-block';
    else this.open.push('block');
  }

  /** END is read. Gives where to go on: behind an ELSE, if one follows. */
  blockEnd(at: number, end: number): number {
    const last = this.open.pop();
    if (last === undefined || last === 'block') return at;
    this.open.push('branch');
    return this.statementEnd(at, end);
  }

  /** A statement is read. Gives where to go on: behind an ELSE, if one follows. */
  statementEnd(at: number, end: number): number {
    while (this.open.at(-1) === 'branch') {
      let next = at;
      while (next < end && this.cursor.symbol(next, ';')) next++;
      if (next < end && this.cursor.word(next) === 'ELSE') {
        this.tell('else');
        return next + 1;
      }
      this.open.pop();
      this.tell('end');
    }
    return at;
  }

  /** The batch or routine ends, whatever is open. */
  close(): void {
    for (let last = this.open.pop(); last !== undefined; last = this.open.pop())
      if (last !== 'block') this.tell('end');
  }
}
