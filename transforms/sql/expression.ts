/**
 * Expressions as bags: which columns, sub-queries and functions take part, and how. One pass over the tokens with an
 * explicit stack, so nesting costs no call depth; only sub-queries recurse, under the cursor's limit of depth.
 */
import type { Cursor } from './cursor.ts';
import { constructorEnd, Lambdas } from './constructors.ts';
import { datePartAt } from './date-parts.ts';
import { behindColon, beginsSubquery, endsCall, isUnit, phraseLength } from './phrases.ts';
import { chainAt, plainColumn } from './plain-column.ts';
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
  /** The argument that is a part of a date. */
  datePart?: number;
}

/** Reads the tokens in [from, end) as one expression. */
export function scanExpression(cursor: Cursor, from: number, end: number): Expression {
  if (from >= end) return emptyExpression;
  const plain = plainColumn(cursor, from, end);
  if (plain !== undefined)
    return { refs: [plain], subqueries: emptyExpression.subqueries, calls: emptyExpression.calls };
  return new Scanner(cursor, [from, end]).run();
}

class Scanner {
  private readonly refs: ColumnRef[] = [];
  private subqueries: SubQuery[] | undefined;
  private calls: Name[] | undefined;
  private readonly frames: Frame[] = [];
  private readonly lambdas = new Lambdas();
  private readonly outermost: Frame;
  private readonly cursor: Cursor;
  private readonly end: number;
  private at: number;

  constructor(cursor: Cursor, range: readonly [number, number], role: Frame['role'] = 'group') {
    this.cursor = cursor;
    [this.at, this.end] = range;
    this.outermost = { end: Number.POSITIVE_INFINITY, kind: 'transformed', rest: 'transformed', role };
  }

  run(): Expression {
    while (this.at < this.end) {
      while (this.frames.length > 0 && this.top().end <= this.at) this.frames.pop();
      this.step();
    }
    const { refs, subqueries = emptyExpression.subqueries, calls = emptyExpression.calls } = this;
    return { refs, subqueries, calls };
  }

  private top(): Frame {
    return this.frames.at(-1) ?? this.outermost;
  }

  private step(): void {
    const { cursor } = this;
    const token = cursor.token(this.at);
    switch (token.kind) {
      case '(':
        if (!this.lambda()) this.group(this.top().kind, 'group');
        return;
      case '.':
        // A field of a value: `a[0].b`, `(a).b`.
        this.at += cursor.isName(this.at + 1) ? 2 : 1;
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
      case 'quoted':
      case 'temporary':
        if (token.kind !== 'word' || !this.keyword(token)) this.chain();
        return;
      default:
        this.at++;
    }
  }

  /** Handles a word that is no keyword and no name of a column either. */
  private word(): boolean {
    if (isUnit(this.cursor, this.at)) this.at++;
    else {
      const next = constructorEnd(this.cursor, this.at, this.end);
      if (next === this.at) return this.lambda();
      this.at = next;
    }
    return true;
  }

  /** Handles the head of a lambda: its names are no columns in its body. */
  private lambda(): boolean {
    const from = this.lambdas.enter(this.cursor, this.at, Math.min(this.end, this.top().end));
    if (from < 0) return false;
    this.at = from;
    return true;
  }

  private operator(text: string): void {
    this.at++;
    if (text === '::') this.type();
    else if (text === ':') {
      const { variable, next } = behindColon(this.cursor, this.at, this.end);
      this.at = next;
      if (variable !== undefined) this.reference([variable], true);
    }
  }

  /** Handles the word as syntax. False if it is (the start of) a name. */
  private keyword(token: Token): boolean {
    const next = this.cursor.token(this.at + 1);
    if (this.cursor.symbol(this.at + 1, '.')) return false;
    if (!syntaxWords.has(token.code) && next.text !== '=>') return this.word();
    if (token.upper === 'AS') {
      this.at++;
      this.type();
    } else if (caseWords.has(token.code)) this.caseWord(token.upper);
    else return next.kind === '(' ? this.keywordBeforeGroup(token) : this.keywordAlone(token, next);
    return true;
  }

  private keywordAlone({ upper, code }: Token, next: Token): boolean {
    if (upper === 'WITHIN' && next.upper === 'GROUP' && this.cursor.symbol(this.at + 2, '(')) {
      this.at += 2;
      this.group(furtherKind(this.top().kind, 'window'), 'window');
    } else if (upper === 'OVER' && this.cursor.isName(this.at + 1) && endsCall(this.cursor, this.at))
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
    } else if (upper === 'FILTER' && this.cursor.symbol(this.at - 1, ')')) {
      this.at++;
      this.group(furtherKind(kind, 'conditional'), 'group');
    } else if (expressionKeywords.has(code)) this.at++;
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
    const window = new Scanner(this.cursor, range, 'window').run();
    const kind = furtherKind(this.top().kind, 'window');
    for (const ref of window.refs) this.refs.push({ ...ref, kind });
  }

  private chain(): void {
    const { cursor } = this;
    const first = this.at;
    const { parts, next } = chainAt(cursor, first, this.end);
    this.at = next;
    if (first === this.top().datePart) {
      // WEEK(MONDAY)
      if (cursor.symbol(this.at, '(')) this.at = cursor.closeOf(this.at, this.end) + 1;
      return;
    }
    if (this.at < this.end && cursor.symbol(this.at, '(')) this.call(parts, first);
    else if (this.lambdas.hide(parts[0] ?? '', this.at)) return;
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
    else if (parts.length > 1 || cursor.dialect.name === 'oracle') (this.calls ??= []).push(parts);
    const name = parts.length === 1 ? cursor.code(first) : 0;
    const datePart = datePartAt(cursor, this.at, this.end);
    const outside = this.top().kind;
    if (conditionalFunctions.has(name))
      this.group(furtherKind(outside, 'conditional'), 'group', false, outside);
    else this.group(furtherKind(outside, aggregates.has(name) ? 'aggregated' : 'transformed'), 'group');
    if (datePart >= 0) this.top().datePart = datePart;
    // The first argument of T-SQL's CONVERT is a type.
    else if (convertFunctions.has(name) && cursor.dialect.brackets !== false) this.type();
  }

  /** Enters the group at the cursor, or takes it as a query. */
  private group(kind: DirectKind, role: Frame['role'], exists = false, rest: DirectKind = kind): void {
    const { cursor } = this;
    const close = cursor.closeOf(this.at, this.end);
    if (beginsSubquery(cursor, this.at + 1)) {
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
