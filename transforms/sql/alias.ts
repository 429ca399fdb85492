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
    let alias: string | undefined;
    let columns: readonly string[] = [];
    for (;;) {
      if (this.skipVersion(end) || this.skipHints(end)) continue;
      if (alias !== undefined || cursor.at >= end) break;
      const start = cursor.at;
      const explicit = cursor.eat('AS');
      if (cursor.symbol(cursor.at, '(') && explicit) {
        columns = columnList(cursor, end);
        break;
      }
      const token = cursor.token(cursor.at);
      const usable =
        cursor.isName(cursor.at) &&
        token.kind !== 'variable' &&
        (explicit || !notAliases.has(token.upper)) &&
        !this.joinAhead();
      if (!(usable || (explicit && token.kind === 'string')) || cursor.at >= end) {
        cursor.at = start;
        break;
      }
      alias = token.kind === 'string' ? token.text : cursor.identifier(cursor.at);
      cursor.at++;
      if (cursor.symbol(cursor.at, '(') && !hints.has(cursor.word(cursor.at + 1)))
        columns = columnList(cursor, end);
    }
    return { alias, columns };
  }

  /** `t HASH JOIN u`: HASH is no alias. */
  private joinAhead(): boolean {
    const { cursor } = this;
    return joinPrefixes.has(cursor.word(cursor.at)) && joinHeads.has(cursor.word(cursor.at + 1));
  }

  private skipHints(end: number): boolean {
    const { cursor } = this;
    const withGroup = cursor.is('WITH') && cursor.symbol(cursor.at + 1, '(');
    if (withGroup) cursor.at++;
    if (withGroup || (cursor.symbol(cursor.at, '(') && hints.has(cursor.word(cursor.at + 1))))
      return cursor.skipGroup(end);
    if (cursor.is('WITH') && ['ORDINALITY', 'OFFSET'].includes(cursor.word(cursor.at + 1))) {
      cursor.at += 2;
      if (cursor.eat('AS')) cursor.at++;
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

  private skipVersion(end: number): boolean {
    const { cursor } = this;
    const next = cursor.word(cursor.at + 1);
    if (cursor.is('TABLESAMPLE', 'SAMPLE')) {
      cursor.at++;
      while (cursor.is('BERNOULLI', 'SYSTEM', 'BLOCK', 'ROW')) cursor.at++;
      if (!cursor.skipGroup(end)) cursor.at++;
      return true;
    }
    const temporal =
      cursor.is('FOR') && ['SYSTEM_TIME', 'SYSTEM_VERSION', 'TIMESTAMP', 'VERSION'].includes(next);
    const travel = cursor.is('TIMESTAMP', 'VERSION') && next === 'AS';
    const snowflake = cursor.is('AT', 'BEFORE', 'CHANGES') && cursor.symbol(cursor.at + 1, '(');
    if (snowflake) cursor.at++;
    if (snowflake) return cursor.skipGroup(end);
    if (!temporal && !travel) return false;
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
