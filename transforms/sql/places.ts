/** Sources that do not begin with a name: TABLE(…), and stages of Snowflake. */
import type { Cursor } from './cursor.ts';
import { type Made, sourceOf } from './made-source.ts';
import { locationName } from './names.ts';
import { readArguments, readStagePath } from './table-functions.ts';

/** Reads `TABLE(routine(…))` of Oracle and Snowflake, or `TABLE(collection)`; undefined if neither begins at the cursor. */
export function readTableCall(cursor: Cursor, end: number, line: number): Made | undefined {
  if (!cursor.is('TABLE') || !cursor.symbol(cursor.at + 1, '(')) return undefined;
  const open = cursor.at + 1;
  const close = cursor.closeOf(open, end);
  cursor.at = open + 1;
  const name = cursor.name(close) ?? [];
  const isCall = cursor.symbol(cursor.at, '(') && cursor.closeOf(cursor.at, end) === close - 1;
  if (!isCall) cursor.at = open;
  const source = sourceOf('function', isCall ? name : ['table'], line);
  source.args = readArguments(cursor, end);
  cursor.at = Math.min(close + 1, end);
  return source;
}

/** Reads `@stage/path (options)`; undefined if none begins at the cursor. */
export function readStage(cursor: Cursor, end: number, line: number): Made | undefined {
  const { kind, text } = cursor.token(cursor.at);
  if (text !== '@' && (cursor.dialect.name !== 'snowflake' || kind !== 'variable')) return undefined;
  const path = locationName(readStagePath(cursor, end));
  cursor.skipGroup(end);
  return sourceOf('path', path, line);
}
