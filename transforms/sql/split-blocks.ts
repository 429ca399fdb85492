/**
 * The languages with `;` to statements: plain SQL, and the block languages PL/pgSQL, PL/SQL, SQL/PSM (MySQL, Db2),
 * Snowflake scripting, BigQuery and Databricks scripting. Their control words are taken off one by one, so a block
 * that is not whole still gives its statements.
 */
import { findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { Name } from './ir.ts';
import { maxControlTokens } from './limits.ts';
import { type Piece, pieceOf, type RoutineHead, stepOf } from './pieces.ts';
import { isHeadAlone, mayBeginHead, readHead } from './routine-head.ts';
import { nextSemicolons } from './semicolons.ts';
import { isStatementWord } from './statement.ts';
import { words } from './words.ts';

/** Cuts the whole token list. */
export function splitBlocks(cursor: Cursor, routine?: RoutineHead): readonly Piece[] {
  return new BlockSplitter(cursor, routine).run();
}

const alone = words('ELSE LOOP REPEAT THEN EXCEPTION DO');
const conditions: ReadonlyMap<string, readonly string[]> = new Map([
  ['IF', ['THEN']],
  ['ELSIF', ['THEN']],
  ['ELSEIF', ['THEN']],
  ['WHEN', ['THEN']],
  ['CASE', ['WHEN']],
  ['WHILE', ['LOOP', 'DO']],
  ['UNTIL', ['END', 'DO']],
]);
const isElse = words('ELSE ELSIF ELSEIF');
const blockEnds = words('IF LOOP WHILE CASE REPEAT FOR');
const transactions = words('TRANSACTION TRAN WORK ISOLATION READ DEFERRED IMMEDIATE EXCLUSIVE');

class BlockSplitter {
  private readonly pieces: Piece[] = [];
  private at = 0;
  private readonly end: number;
  /** For each token the index of the next `;`. */
  private readonly semicolons: Int32Array;
  private depth = 0;
  private readonly branches: ('IF' | 'CASE')[] = [];
  private declaring = false;
  private readonly outer: RoutineHead | undefined;
  private routine: RoutineHead | undefined;
  /** Routines (PL/SQL) whose declarations hold the current one. */
  private readonly around: RoutineHead[] = [];
  /** The package (PL/SQL) around routines. */
  private container: Name | undefined;
  private readonly cursor: Cursor;

  constructor(cursor: Cursor, routine: RoutineHead | undefined) {
    this.cursor = cursor;
    this.end = cursor.tokens.length;
    this.semicolons = nextSemicolons(cursor);
    this.outer = routine;
    this.routine = routine;
  }

  run(): readonly Piece[] {
    while (this.at < this.end) {
      const before = this.at;
      this.next();
      if (this.at <= before) this.at = before + 1;
    }
    return this.pieces;
  }

  private next(): void {
    const { cursor } = this;
    const word = cursor.word(this.at);
    const token = cursor.token(this.at);
    if (token.kind === ';' || cursor.symbol(this.at, '/')) this.separator();
    else if (cursor.symbol(this.at, '<') && cursor.symbol(this.at + 1, '<')) this.label();
    else if (word === '') this.statement();
    else if (cursor.symbol(this.at + 1, ':') && this.isLabelled()) this.at += 2;
    else if (!this.control(word) && !this.head(word)) this.statement();
  }

  /** Takes off one control word; false if there is none. */
  private control(word: string): boolean {
    if (word === 'BEGIN') this.begin();
    else if (word === 'END') this.blockEnd();
    else if (word === 'DECLARE' && this.cursor.word(this.at + 1) !== 'GLOBAL') this.declare();
    else if (word === 'FOR' || word === 'FORALL' || word === 'FOREACH') this.loop();
    else if (alone.has(this.cursor.code(this.at)) && this.inBlock()) {
      if (word === 'ELSE') this.branch('ELSE');
      this.at++;
    } else if (conditions.has(word) && this.inBlock()) this.condition(conditions.get(word) ?? []);
    else return false;
    return true;
  }

  /** A label is followed by a block; otherwise `:` is part of a statement. */
  private isLabelled(): boolean {
    return ['BEGIN', 'LOOP', 'WHILE', 'REPEAT', 'FOR'].includes(this.cursor.word(this.at + 2));
  }

  /** Control words count as such inside of blocks, and before statements that cannot begin otherwise. */
  private inBlock(): boolean {
    return (
      this.depth > 0 ||
      this.routine !== undefined ||
      this.branches.length > 0 ||
      ['IF', 'WHILE', 'LOOP', 'CASE', 'REPEAT', 'UNTIL'].includes(this.cursor.word(this.at))
    );
  }

  private separator(): void {
    if (this.cursor.symbol(this.at, '/') && this.depth === 0) {
      this.routine = this.outer;
      this.around.length = 0;
      this.container = undefined;
    }
    this.at++;
  }

  private label(): void {
    while (this.at < this.end && !this.cursor.symbol(this.at, '>')) this.at++;
    this.at += 2;
  }

  private begin(): void {
    const { cursor } = this;
    const next = cursor.token(this.at + 1);
    this.declaring = false;
    if (
      transactions.has(next.code) ||
      (next.kind === ';' && this.routine === undefined && this.depth === 0)
    ) {
      this.at = this.untilSemicolon(this.at);
      return;
    }
    this.depth++;
    this.at++;
    if (cursor.word(this.at) === 'NOT' && cursor.word(this.at + 1) === 'ATOMIC') this.at += 2;
    else if (cursor.word(this.at) === 'ATOMIC') this.at++;
  }

  private blockEnd(): void {
    const { cursor } = this;
    if (blockEnds.has(cursor.code(this.at + 1))) {
      this.branch(`END ${cursor.word(this.at + 1)}`);
      this.at = this.untilSemicolon(this.at);
      return;
    }
    this.depth = Math.max(0, this.depth - 1);
    this.at = this.untilSemicolon(this.at);
    if (this.depth === 0) this.leave();
    else this.declaring = false;
  }

  /** Leaves a routine; behind one that another one declares, the declarations of that go on. */
  private leave(): void {
    const around = this.around.pop();
    this.declaring = around !== undefined;
    this.routine = around ?? this.outer;
  }

  private untilSemicolon(from: number): number {
    return this.semicolons[from] ?? this.end;
  }

  private declare(): void {
    const { cursor } = this;
    // MySQL: DECLARE CONTINUE HANDLER FOR NOT FOUND statement.
    if (cursor.word(this.at + 2) === 'HANDLER') {
      this.at = findAtDepth(cursor, this.at + 3, this.end, (at) => cursor.word(at) === 'FOR') + 1;
      while (
        this.at < this.end &&
        !['SET', 'BEGIN', 'ROLLBACK', 'INSERT', 'UPDATE', 'SELECT', 'CALL'].includes(cursor.word(this.at)) &&
        cursor.token(this.at).kind !== ';'
      )
        this.at++;
      return;
    }
    this.declaring = true;
    this.at++;
    if (cursor.word(this.at) !== 'BEGIN' && cursor.token(this.at).kind !== ';') this.declaration();
  }

  private declaration(): void {
    const end = this.untilSemicolon(this.at);
    this.push('declare', this.at, end);
    this.at = end;
  }

  private condition(stops: readonly string[]): void {
    const { cursor } = this;
    const end = this.untilSemicolon(this.at);
    const limit = Math.min(end, this.at + maxControlTokens);
    const stop = findAtDepth(cursor, this.at + 1, limit, (at) => stops.includes(cursor.word(at)));
    if (stop >= limit && !['UNTIL', 'IF'].includes(cursor.word(this.at))) {
      this.statement();
      return;
    }
    this.push('evaluate', this.at + 1, stop);
    this.branch(cursor.word(this.at));
    const isBody = stops[0] === 'THEN' || stops.includes('DO');
    this.at = isBody ? stop + 1 : stop;
  }

  /** `FOR x IN query LOOP`, `FOR x AS c CURSOR FOR query DO`; FORALL has a statement behind its range. */
  private loop(): void {
    const { cursor } = this;
    const end = this.untilSemicolon(this.at);
    const stop = findAtDepth(
      cursor,
      this.at + 1,
      Math.min(end, this.at + maxControlTokens),
      (at) =>
        (['LOOP', 'DO'].includes(cursor.word(at)) && !cursor.symbol(at - 1, '.')) ||
        (cursor.word(this.at) === 'FORALL' &&
          ['INSERT', 'UPDATE', 'DELETE', 'MERGE'].includes(cursor.word(at))),
    );
    if (stop >= Math.min(end, this.at + maxControlTokens)) {
      this.statement();
      return;
    }
    this.push('loop', this.at + 1, stop);
    this.at = ['LOOP', 'DO'].includes(cursor.word(stop)) ? stop + 1 : stop;
  }

  private head(word: string): boolean {
    if (!mayBeginHead(word, this.routine !== undefined || this.container !== undefined)) return false;
    const head = readHead(this.cursor, this.at, this.untilSemicolon(this.at));
    if (head === undefined) return false;
    const wasDeclaring = this.declaring;
    this.at = head.next;
    this.declaring = head.declares;
    if (head.isPackage) {
      this.container = head.routine.name;
      return true;
    }
    const routine =
      this.container === undefined
        ? head.routine
        : { ...head.routine, name: [...this.container, ...head.routine.name] };
    if (isHeadAlone(head)) return true;
    if (wasDeclaring && this.routine !== undefined && this.depth === 0) this.around.push(this.routine);
    const body = pieceOf('body', head.bodyFrom, head.bodyEnd, routine);
    body.language = head.language;
    this.pieces.push(body);
    this.routine = head.finished ? this.outer : routine;
    return true;
  }

  private statement(): void {
    if (this.declaring && this.cursor.word(this.at) === 'PRAGMA') {
      this.at = this.untilSemicolon(this.at);
      return;
    }
    if (isStatementWord(this.cursor, this.at) || this.cursor.symbol(this.at + 1, ':='))
      this.declaring = false;
    const end = this.untilSemicolon(this.at);
    this.push(this.declaring ? 'declare' : 'statement', this.at, end);
    this.at = end;
    // A routine of one statement has no BEGIN, and so no END.
    if (this.depth === 0 && !this.declaring) this.routine = this.outer;
  }

  /** Tells the steps of IF and CASE; WHEN also stands in exception handlers, where it is none. */
  private branch(word: string): void {
    const open = this.branches.at(-1);
    if (word === 'IF' || word === 'CASE') {
      this.branches.push(word);
      this.step('if');
    } else if (open !== undefined && word === `END ${open}`) {
      this.branches.pop();
      this.step('end');
    } else if (open !== undefined && (word === 'WHEN' ? open === 'CASE' : isElse.hasText(word)))
      this.step('else');
  }

  private step(step: NonNullable<Piece['step']>): void {
    this.pieces.push(stepOf(step, this.at, this.routine));
  }

  private push(kind: Piece['kind'], from: number, end: number): void {
    if (end > from) this.pieces.push(pieceOf(kind, from, end, this.routine));
  }
}
