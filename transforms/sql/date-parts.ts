/** Arguments of functions on dates that are parts of a date, not columns: `DATEADD(day, 1, a)`, `DATE_TRUNC(a, MONTH)`. */
import { commaRanges } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { keywordCode } from './interned.ts';
import { dateUnits, words } from './words.ts';

/** The part comes first if there are three arguments; `DATEDIFF(a, b)` has none. */
const threeArguments = words(`
  DATEADD DATEDIFF DATEDIFF_BIG DATE_ADD DATE_SUB DATE_DIFF TIMESTAMPADD TIMESTAMPDIFF TIMEADD TIMEDIFF TIME_SLICE DATE_BUCKET
  DATETIME_DIFF TIMESTAMP_DIFF TIME_DIFF
`);
const twoArguments = words(`
  DATEPART DATENAME DATETRUNC DATE_TRUNC DATE_PART EXTRACT LAST_DAY DATETIME_TRUNC TIMESTAMP_TRUNC TIME_TRUNC
`);

/** The index of the bare part of a date in a call whose parenthesis is at `open`; -1 if there is none. */
export function datePartAt(cursor: Cursor, open: number, end: number): number {
  const code = cursor.code(open - 1);
  const needed = threeArguments.has(code) ? 3 : twoArguments.has(code) ? 2 : 0;
  if (needed === 0) return -1;
  const close = cursor.closeOf(open, end);
  if (isBare(cursor, open + 1, close) && cursor.word(open + 2) === 'FROM') return open + 1;
  const ranges = commaRanges(cursor, open + 1, close);
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined || ranges.length < needed) return -1;
  const isLast = cursor.dialect.name === 'bigquery' || code === lastDay;
  if (!isLast && isBare(cursor, ...first) && (needed === 3 || isPart(cursor, first[0]))) return first[0];
  return isLastPart(cursor, first[0], last) ? last[0] : -1;
}

/** A part in quotes comes first, and then the last argument is a column, whatever its name. */
function isLastPart(cursor: Cursor, first: number, [at, end]: readonly [number, number]): boolean {
  if (cursor.token(first).kind === 'string' || !dateUnits.has(cursor.code(at))) return false;
  // WEEK(MONDAY)
  return end === at + 1 || cursor.symbol(at + 1, '(');
}

const lastDay = keywordCode('LAST_DAY');

/** T-SQL has short names of parts, which no other dialect takes without quotes. */
function isPart(cursor: Cursor, at: number): boolean {
  return cursor.dialect.tsql || dateUnits.has(cursor.code(at));
}

function isBare(cursor: Cursor, at: number, end: number): boolean {
  const next = cursor.token(at + 1);
  return (
    cursor.token(at).kind === 'word' &&
    at < end &&
    (next.kind === ',' || next.kind === ')' || next.upper === 'FROM')
  );
}
