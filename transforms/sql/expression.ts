/**
 * Expressions as bags: which columns, sub-queries and functions take part, and how. One pass over the tokens with an
 * explicit stack, so nesting costs no call depth; only sub-queries recurse, under the cursor's limit of depth.
 */
import type { Cursor } from './cursor.ts';
import { isDatePart, isOperand, phraseLength } from './phrases.ts';
import { plainColumn } from './plain-column.ts';
import { columnForm, columnMethod, isPseudoColumn } from './column-forms.ts';
import { skipType } from './data-types.ts';
import { findWindow } from './windows.ts';
import {
  type ColumnRef,
  type DirectKind,
  emptyExpression,
  type Expression,
  type Name,
  type SubQuery,
} from './ir.ts';
import { furtherKind } from './kinds.ts';
import type { Token } from './tokens.ts';
import {
  aggregates,
  caseWords,
  conditionalFunctions,
  convertFunctions,
  expressionKeywords,
  frameUnits,
  orderedAggregates,
  subqueryPredicates,
  syntaxWords,
} from './words.ts';

interface Frame {
  readonly end: number;
  kind: DirectKind;
  /** The kind once the first argument is over. */
  rest: DirectKind;
  readonly role: 'group' | 'case' | 'window' | 'cast';
}

/** Reads the tokens in [from, end) as one expression. */
export function scanExpression(cursor: Cursor, from: number, end: number): Expression {
  if (from >= end) return emptyExpression;
  const plain = plainColumn(cursor, from, end);
  if (plain !== undefined)
    return { refs: [plain], subqueries: emptyExpression.subqueries, calls: emptyExpression.calls };
  return new Scanner(cursor, from, end).run();
}

class Scanner {
  private readonly refs: ColumnRef[] = [];
  private subqueries: SubQuery[] | undefined;
  private calls: Name[] | undefined;
  private readonly frames: Frame[] = [];
  private readonly outermost: Frame = {
    end: Number.POSITIVE_INFINITY,
    kind: 'transformed',
    rest: 'transformed',
    role: 'group',
  };
  private readonly cursor: Cursor;
  private readonly end: number;
  private at: number;

  constructor(cursor: Cursor, from: number, end: number) {
    this.cursor = cursor;
    this.at = from;
    this.end = end;
  }

  run(): Expression {
    while (this.at < this.end) {
      while (this.frames.length > 0 && this.top().end <= this.at) this.frames.pop();
      this.step();
    }
    const { subqueries, calls } = emptyExpression;
    return { refs: this.refs, subqueries: this.subqueries ?? subqueries, calls: this.calls ?? calls };
  }

  private top(): Frame {
    return this.frames.at(-1) ?? this.outermost;
  }

  private step(): void {
    const { cursor } = this;
    const token = cursor.token(this.at);
    switch (token.kind) {
      case '(':
        this.group(this.top().kind, 'group');
        return;
      case ',':
        this.top().kind = this.top().rest;
        this.at++;
        return;
      case 'operator':
        this.operator(token.text);
        return;
      case 'variable':
        if (!token.text.startsWith('@@')) this.reference([cursor.identifier(this.at)], true);
        this.at++;
        return;
      case 'word':
        if (!cursor.symbol(this.at + 1, '.') && this.keyword(token)) return;
        this.chain();
        return;
      case 'quoted':
      case 'temporary':
        this.chain();
        return;
      default:
        this.at++;
    }
  }

  private operator(text: string): void {
    this.at++;
    if (text === '::') this.type();
    else if (text === ':') {
      if (!isOperand(this.cursor.token(this.at - 2))) {
        // `:name`, a variable of the routine or of the program around it.
        if (['NEW', 'OLD'].includes(this.cursor.word(this.at))) return;
        if (this.cursor.isName(this.at)) this.reference([this.cursor.identifier(this.at)], true);
        this.at++;
        return;
      }
      // Snowflake and Databricks: `column:path.to[0].field`.
      while (this.at < this.end && (this.cursor.isName(this.at) || this.cursor.symbol(this.at, '.')))
        this.at++;
    }
  }

  /** Handles the word as syntax. False if it is (the start of) a name. */
  private keyword(token: Token): boolean {
    const next = this.cursor.token(this.at + 1);
    if (!syntaxWords.has(token.code) && next.text !== '=>') return false;
    return next.kind === '(' ? this.keywordBeforeGroup(token) : this.keywordAlone(token, next);
  }

  private keywordAlone({ upper, code }: Token, next: Token): boolean {
    if (caseWords.has(code)) this.caseWord(upper);
    else if (upper === 'AS') {
      this.at++;
      this.type();
    } else if (upper === 'WITHIN' && next.upper === 'GROUP' && this.cursor.symbol(this.at + 2, '(')) {
      this.at += 2;
      this.group(furtherKind(this.top().kind, 'window'), 'window');
    } else if (upper === 'OVER' && this.cursor.isName(this.at + 1) && this.cursor.symbol(this.at - 1, ')'))
      this.namedWindow();
    else if (upper === 'ORDER' && next.upper === 'BY' && this.frames.length > 0) this.order();
    else if (frameUnits.has(code) && this.top().role === 'window')
      this.at = Math.min(this.top().end, this.end);
    else {
      const skip = phraseLength(this.cursor, this.at);
      this.at += skip;
      return skip > 0;
    }
    return true;
  }

  private keywordBeforeGroup({ upper, code }: Token): boolean {
    const kind = this.top().kind;
    if (upper === 'EXISTS' || subqueryPredicates.has(code)) {
      this.at++;
      this.group(furtherKind(kind, 'conditional'), 'group', upper === 'EXISTS');
    } else if (
      upper === 'OVER' ||
      (upper === 'KEEP' && orderedAggregates.has(this.cursor.code(this.at + 2)))
    ) {
      this.at++;
      this.group(furtherKind(kind, 'window'), 'window');
      // Oracle: KEEP (DENSE_RANK LAST ORDER BY c).
      if (upper === 'KEEP') this.at += 2;
    } else if (upper === 'FILTER') {
      this.at++;
      this.group(furtherKind(kind, 'conditional'), 'group');
    } else if (upper === 'AS') {
      this.at++;
      this.type();
    } else if (caseWords.has(code)) this.caseWord(upper);
    else if (expressionKeywords.has(code)) this.at++;
    else return false;
    return true;
  }

  private caseWord(upper: string): void {
    this.at++;
    const top = this.top();
    if (upper === 'CASE') {
      const kind = furtherKind(top.kind, 'conditional');
      this.frames.push({ end: top.end, kind, rest: kind, role: 'case' });
    } else if (top.role !== 'case') return;
    else if (upper === 'END') this.frames.pop();
    else {
      const outside = this.frames.at(-2)?.kind ?? 'transformed';
      top.kind = upper === 'WHEN' ? furtherKind(outside, 'conditional') : furtherKind(outside, 'transformed');
    }
  }

  private type(): void {
    this.at = Math.max(this.at, skipType(this.cursor, this.at, Math.min(this.end, this.top().end)));
  }

  /** `ARRAY_AGG(a ORDER BY b)`: what the values are sorted by. */
  private order(): void {
    const top = this.top();
    top.kind = furtherKind(top.kind, 'window');
    top.rest = top.kind;
    this.at += 2;
  }

  /** `OVER w`: the columns of the window that the query defines under the name. */
  private namedWindow(): void {
    const range = findWindow(this.cursor, this.at + 1);
    this.at += 2;
    if (range === undefined) return;
    const window = new Scanner(this.cursor, range[0], range[1]).run();
    const kind = furtherKind(this.top().kind, 'window');
    for (const ref of window.refs) this.refs.push({ ...ref, kind });
  }

  private chain(): void {
    const { cursor } = this;
    const first = this.at;
    const parts: string[] = [cursor.identifier(this.at++)];
    while (this.at < this.end && cursor.symbol(this.at, '.')) {
      this.at++;
      if (cursor.symbol(this.at, '*')) {
        parts.push('*');
        this.at++;
        break;
      }
      if (!cursor.isName(this.at)) break;
      parts.push(cursor.identifier(this.at++));
    }
    if (this.at < this.end && cursor.symbol(this.at, '(')) this.call(parts, first);
    else if (!isPseudoColumn(cursor, parts, first)) this.reference(parts, false);
  }

  private reference(parts: Name, variable: boolean): void {
    this.refs.push({ parts, kind: this.top().kind, variable, line: this.cursor.token(this.at - 1).line });
  }

  private call(parts: Name, first: number): void {
    const { cursor } = this;
    const column = columnForm(cursor, { parts, open: this.at, end: this.end });
    if (column !== undefined) {
      this.reference(column.parts, false);
      this.at = column.next;
      return;
    }
    const last = parts.at(-1) ?? '';
    if (parts.length > 1 && cursor.dialect.tsql && columnMethod.test(last))
      this.reference(parts.slice(0, -1), false);
    else if (parts.length > 1) (this.calls ??= []).push(parts);
    const name = parts.length === 1 ? cursor.code(first) : 0;
    const outside = this.top().kind;
    if (conditionalFunctions.has(name))
      this.group(furtherKind(outside, 'conditional'), 'group', false, outside);
    else this.group(furtherKind(outside, aggregates.has(name) ? 'aggregated' : 'transformed'), 'group');
    this.skipFirstArgument(name);
  }

  /** Skips what is no value in the first argument: a date part, or the type of T-SQL's CONVERT. */
  private skipFirstArgument(code: number): void {
    if (isDatePart(this.cursor, this.at, code)) this.at++;
    else if (convertFunctions.has(code) && this.cursor.dialect.tsql) this.type();
  }

  /** Enters the group at the cursor, or takes it as a query. */
  private group(kind: DirectKind, role: Frame['role'], exists = false, rest: DirectKind = kind): void {
    const { cursor } = this;
    const close = cursor.closeOf(this.at, this.end);
    const next = cursor.word(this.at + 1);
    if (next === 'SELECT' || next === 'WITH' || (next === 'FROM' && cursor.isName(this.at + 2))) {
      cursor.at = this.at + 1;
      const query = cursor.readQuery(cursor, close);
      (this.subqueries ??= []).push({ query, kind, exists });
      this.at = Math.min(close + 1, this.end);
      return;
    }
    this.frames.push({ end: close, kind, rest: furtherKind(rest, 'transformed'), role });
    this.at++;
  }
}
