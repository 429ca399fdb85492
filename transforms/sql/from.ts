/** FROM clauses: tables, sub-queries, functions, files, joins in any nesting, APPLY, LATERAL VIEW, PIVOT and UNPIVOT. */
import { hints, joinHeads, joinPrefixes, readAlias } from './alias.ts';
import { beginsClause, columnList, endsQuery } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { readEmbedded } from './embedded.ts';
import { joinExpressions } from './bags.ts';
import { scanExpression } from './expression.ts';
import type { Expression, Name, Source } from './ir.ts';
import { maxPivots, maxQueryDepth } from './limits.ts';
import { conditionEnd, sourceEnds } from './join-condition.ts';
import { beginsArrayJoin, readArrayJoin, readLateralView } from './lateral-view.ts';
import { mergedColumns, naturalColumns } from './merged-columns.ts';
import { type Made, queryOf, sourceOf } from './made-source.ts';
import { locationName } from './names.ts';
import { readPivot } from './pivot.ts';
import { readStage, readTableCall } from './places.ts';
import { holdsQuery, isStream, readGroup } from './groups.ts';
import {
  declaredColumns,
  isFileFormat,
  isFileFunction,
  readArguments,
  stringsIn,
} from './table-functions.ts';
import { readValues } from './values.ts';
import { words } from './words.ts';

/** What a FROM clause holds. */
export interface FromClause {
  readonly sources: readonly Source[];
  readonly joins: Expression;
}

const sourcePrefixes = words('LATERAL ONLY');

/** Reads a FROM clause; the cursor stands on FROM (or on the word that plays its part). */
export function readFrom(cursor: Cursor, end: number): FromClause {
  cursor.at++;
  return new FromReader(cursor).read(end);
}

/** Reads one source with its alias and what is joined to it. */
export function readJoined(cursor: Cursor, end: number): FromClause {
  return new FromReader(cursor).joinedSource(end);
}

/** Reads one source with its alias; a group in parentheses may give several. */
export function readSource(cursor: Cursor, end: number): FromClause {
  return new FromReader(cursor).single(end);
}

class FromReader {
  private readonly sources: Made[] = [];
  private readonly joins: Expression[] = [];
  private readonly cursor: Cursor;

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  read(end: number): FromClause {
    this.list(end);
    return this.result();
  }

  single(end: number): FromClause {
    this.factor(end);
    return this.result();
  }

  joinedSource(end: number): FromClause {
    this.factor(end);
    this.joined(end, 0);
    return this.result();
  }

  private result(): FromClause {
    return { sources: this.sources, joins: joinExpressions(this.joins) };
  }

  private list(end: number): void {
    const { cursor } = this;
    while (cursor.at < end) {
      const first = this.sources.length;
      this.factor(end);
      this.joined(end, first);
      if (!cursor.symbol(cursor.at, ',')) return;
      cursor.at++;
    }
  }

  /** Reads what is joined to the sources from `first` on. */
  private joined(end: number, first: number): void {
    const { cursor } = this;
    let right = first;
    while (cursor.at < end) {
      if (cursor.is('LATERAL') && cursor.word(cursor.at + 1) === 'VIEW')
        this.sources.push(readLateralView(cursor, end));
      else if (beginsArrayJoin(cursor)) this.sources.push(...readArrayJoin(cursor, end));
      else if (cursor.is('ON') && !endsQuery(cursor, cursor.at)) {
        const stop = conditionEnd(cursor, cursor.at + 1, end);
        this.joins.push(scanExpression(cursor, cursor.at + 1, stop));
        cursor.at = stop;
      } else if (cursor.is('USING') && cursor.symbol(cursor.at + 1, '(')) {
        const line = cursor.token(cursor.at++).line;
        const columns = columnList(cursor, end);
        this.joins.push(mergedColumns({ columns, sources: this.sources, left: first, right, line }));
      } else {
        let at = cursor.at;
        while (joinPrefixes.has(cursor.code(at))) at++;
        if (!joinHeads.has(cursor.code(at)) || at >= end) return;
        const { line } = cursor.token(cursor.at);
        const isNatural = cursor.is('NATURAL');
        cursor.at = at + 1;
        right = this.sources.length;
        this.factor(end);
        if (isNatural) this.joins.push(naturalColumns({ sources: this.sources, left: first, right, line }));
      }
    }
  }

  private factor(end: number): void {
    const { cursor } = this;
    while (sourcePrefixes.has(cursor.code(cursor.at)) && !cursor.symbol(cursor.at + 1, '.')) cursor.at++;
    const line = cursor.token(cursor.at).line;
    // Db2: FINAL TABLE (INSERT …).
    if (
      cursor.is('FINAL', 'OLD', 'NEW') &&
      cursor.word(cursor.at + 1) === 'TABLE' &&
      cursor.symbol(cursor.at + 2, '(')
    )
      cursor.at += 2;
    if (cursor.symbol(cursor.at, '(')) this.parenthesised(end, line);
    else if (cursor.is('VALUES') && cursor.symbol(cursor.at + 1, '(')) {
      const query = { with: [], branches: [readValues(cursor, end)], feeds: [true] };
      this.finish(queryOf(query, line), end);
    } else if (cursor.token(cursor.at).kind === 'string') {
      // DuckDB and ClickHouse read a file by its name.
      this.finish(sourceOf('path', locationName(cursor.token(cursor.at++).text), line), end);
    } else this.named(end, line);
  }

  private parenthesised(end: number, line: number): void {
    const { cursor } = this;
    const close = cursor.closeOf(cursor.at, end);
    if (cursor.depth >= maxQueryDepth) {
      cursor.note(
        'too-deep',
        line,
        `More than ${maxQueryDepth} levels of parentheses in FROM; the inner ones were left out.`,
      );
      cursor.at = Math.min(close + 1, end);
      return;
    }
    if (holdsQuery(cursor, cursor.at, close)) {
      const query = readGroup(cursor, close);
      cursor.at = Math.min(close + 1, end);
      this.finish(queryOf(query, line), end);
      return;
    }
    cursor.at++;
    cursor.depth++;
    const first = this.sources.length;
    this.list(close);
    cursor.depth--;
    cursor.at = Math.min(close + 1, end);
    const only = this.sources[first];
    if (only !== undefined && this.sources.length === first + 1 && only.alias === undefined) {
      this.sources.pop();
      this.finish(only, end);
    } else readAlias(this.cursor, end);
  }

  private named(end: number, line: number): void {
    const { cursor } = this;
    if (isStream(cursor)) {
      this.stream(end, line);
      return;
    }
    if (
      beginsClause(cursor, cursor.at) ||
      (cursor.token(cursor.at).kind === 'word' && sourceEnds.has(cursor.code(cursor.at)))
    )
      return;
    const place = readTableCall(cursor, end, line) ?? readStage(cursor, end, line);
    if (place !== undefined) {
      this.finish(place, end);
      return;
    }
    const name = cursor.name(end);
    if (name === undefined) return;
    if (cursor.symbol(cursor.at, '(') && !hints.has(cursor.code(cursor.at + 1))) this.call(name, end, line);
    else if (isFileFormat(cursor, name))
      this.finish(sourceOf('path', locationName(name.at(-1) ?? ''), line), end);
    else this.finish(sourceOf('table', name, line), end);
  }

  /** Databricks: `STREAM t`, `STREAM(t)`, `STREAM read_files(…)`. */
  private stream(end: number, line: number): void {
    const { cursor } = this;
    cursor.at++;
    const grouped = cursor.symbol(cursor.at, '(');
    if (grouped) cursor.at++;
    const name = cursor.name(end) ?? [];
    const isCall = cursor.symbol(cursor.at, '(');
    if (isCall) this.call(name, end, line);
    if (grouped) cursor.at++;
    if (!isCall) this.finish(sourceOf('table', name, line), end);
  }

  private call(name: Name, end: number, line: number): void {
    const { cursor } = this;
    const open = cursor.at;
    const args = readArguments(cursor, end);
    const literals = stringsIn(cursor, open, cursor.at);
    const columns: string[] = [];
    if (cursor.is('WITH') && cursor.symbol(cursor.at + 1, '(')) {
      cursor.at++;
      columns.push(...columnList(cursor, end));
    } else columns.push(...declaredColumns(cursor, open, end));
    const upper = (name.at(-1) ?? '').toUpperCase();
    const remote =
      upper === 'OPENQUERY' || (upper === 'OPENROWSET' && literals.length > 1)
        ? readEmbedded(cursor, literals.at(-1) ?? '', line)
        : undefined;
    if (remote !== undefined) {
      cursor.note(
        'remote-server',
        line,
        `${upper} runs its query on another server; names are as they stand there, line ${line}.`,
      );
      this.finish(queryOf(remote, line), end, columns);
    } else if (
      (upper === 'OPENROWSET' && cursor.word(open + 1) === 'BULK') ||
      (literals[0] !== undefined && isFileFunction(name))
    ) {
      this.finish(sourceOf('path', locationName(literals[0] ?? ''), line), end, columns);
    } else {
      const source = sourceOf('function', name, line);
      source.args = args;
      source.literals = literals;
      this.finish(source, end, columns);
    }
  }

  /** Reads the alias and the pivots behind a source, which may have names for its columns already. */
  private finish(source: Made, end: number, columns: readonly string[] = source.columns): void {
    const { cursor } = this;
    const first = readAlias(cursor, end);
    source.alias = first.alias ?? source.alias;
    source.columns = first.columns.length > 0 ? first.columns : columns;
    while (cursor.is('PIVOT', 'UNPIVOT')) {
      const pivot = readPivot(cursor, end);
      if (source.pivots.length < maxPivots) source.pivots = [...source.pivots, pivot];
      const after = readAlias(cursor, end);
      source.alias = after.alias ?? source.alias;
      if (after.columns.length > 0) source.columns = after.columns;
    }
    this.sources.push(source);
  }
}
