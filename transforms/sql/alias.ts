/** What stands behind a source: versions, samples, hints, and its alias with column names. */
import { columnList } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { notAliases, words } from './words.ts';

/** Words before JOIN and APPLY. */
export const joinPrefixes = words(
  'INNER LEFT RIGHT FULL CROSS OUTER NATURAL ANTI SEMI ASOF GLOBAL HASH LOOP MERGE REMOTE ANY ALL POSITIONAL REPLICATE REDUCE REDISTRIBUTE',
);
/** Words that join the next source. */
export const joinHeads = words('JOIN APPLY STRAIGHT_JOIN');
/** T-SQL's table hints, which may stand in plain parentheses. */
export const hints = words(
  'NOLOCK READUNCOMMITTED READPAST UPDLOCK HOLDLOCK ROWLOCK TABLOCK TABLOCKX PAGLOCK XLOCK NOWAIT FORCESEEK INDEX READCOMMITTED REPEATABLEREAD SERIALIZABLE SNAPSHOT NOEXPAND',
);

const versions = words('SYSTEM_TIME SYSTEM_VERSION TIMESTAMP VERSION');

/** The name that a source has in its query. */
export interface Alias {
  readonly alias: string | undefined;
  readonly columns: readonly string[];
}

/** Reads everything up to the next source, join or clause. */
export function readAlias(cursor: Cursor, end: number): Alias {
  return new AliasReader(cursor).read(end);
}

class AliasReader {
  private readonly cursor: Cursor;

  constructor(cursor: Cursor) {
    this.cursor = cursor;
  }

  read(end: number): Alias {
    const { cursor } = this;
    this.skipDecorations(end);
    const start = cursor.at;
    const explicit = cursor.eat('AS');
    if (explicit && cursor.symbol(cursor.at, '('))
      return { alias: undefined, columns: columnList(cursor, end) };
    if (cursor.at >= end || !this.isAlias(explicit)) {
      cursor.at = start;
      return { alias: undefined, columns: [] };
    }
    const token = cursor.token(cursor.at);
    const alias = token.kind === 'string' ? token.text : cursor.identifier(cursor.at);
    cursor.at++;
    const listed = cursor.symbol(cursor.at, '(') && !hints.has(cursor.code(cursor.at + 1));
    const columns = listed ? columnList(cursor, end) : [];
    this.skipDecorations(end);
    return { alias, columns };
  }

  private skipDecorations(end: number): void {
    while (this.cursor.at < end && (this.skipSample(end) || this.skipVersion(end) || this.skipHints(end)));
  }

  private isAlias(explicit: boolean): boolean {
    const { cursor } = this;
    const token = cursor.token(cursor.at);
    if (token.kind === 'string') return explicit;
    if (!cursor.isName(cursor.at) || token.kind === 'variable' || this.joinAhead()) return false;
    return explicit || !notAliases.has(token.code);
  }

  /** `t HASH JOIN u`: HASH is no alias. */
  private joinAhead(): boolean {
    const { cursor } = this;
    return joinPrefixes.has(cursor.code(cursor.at)) && joinHeads.has(cursor.code(cursor.at + 1));
  }

  private skipHints(end: number): boolean {
    const { cursor } = this;
    const withGroup = cursor.is('WITH') && cursor.symbol(cursor.at + 1, '(');
    if (withGroup) cursor.at++;
    if (withGroup || (cursor.symbol(cursor.at, '(') && hints.has(cursor.code(cursor.at + 1))))
      return cursor.skipGroup(end);
    if (cursor.is('WITH') && ['ORDINALITY', 'OFFSET'].includes(cursor.word(cursor.at + 1))) {
      const isOffset = cursor.word(cursor.at + 1) === 'OFFSET';
      cursor.at += 2;
      if (isOffset && cursor.eat('AS')) cursor.at++;
      return true;
    }
    if (
      (cursor.is('USE', 'FORCE', 'IGNORE') && cursor.word(cursor.at + 1) === 'INDEX') ||
      cursor.is('PARTITION')
    ) {
      cursor.at += cursor.is('PARTITION') ? 1 : 2;
      return cursor.skipGroup(end);
    }
    return cursor.eat('FINAL');
  }

  private skipSample(end: number): boolean {
    const { cursor } = this;
    if (!cursor.is('TABLESAMPLE', 'SAMPLE')) return false;
    cursor.at++;
    while (cursor.is('BERNOULLI', 'SYSTEM', 'BLOCK', 'ROW')) cursor.at++;
    if (!cursor.skipGroup(end)) cursor.at++;
    return true;
  }

  /** Skips `FOR SYSTEM_TIME …` (T-SQL), `TIMESTAMP AS OF …` (Spark), `AT (…)` (Snowflake). */
  private skipVersion(end: number): boolean {
    const { cursor } = this;
    const next = cursor.word(cursor.at + 1);
    if (cursor.is('AT', 'BEFORE', 'CHANGES') && cursor.symbol(cursor.at + 1, '(')) {
      cursor.at++;
      return cursor.skipGroup(end);
    }
    const temporal = cursor.is('FOR') && versions.has(cursor.code(cursor.at + 1));
    if (!temporal && !(cursor.is('TIMESTAMP', 'VERSION') && next === 'AS')) return false;
    cursor.at += temporal ? 2 : 1;
    if (cursor.eatAll('AS', 'OF')) this.skipValue(end);
    else if (cursor.eat('ALL') || cursor.eatAll('CONTAINED', 'IN')) cursor.skipGroup(end);
    else if (cursor.is('FROM', 'BETWEEN')) {
      cursor.at++;
      this.skipValue(end);
      cursor.at++;
      this.skipValue(end);
    }
    return true;
  }

  private skipValue(end: number): void {
    const { cursor } = this;
    if (cursor.token(cursor.at + 1).kind === 'string') cursor.at++;
    cursor.at++;
    cursor.skipGroup(end);
  }
}
