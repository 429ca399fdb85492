/** Sources that are no tables: files by format, and functions with columns of their own. */
import { commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import { scanExpression } from './expression.ts';
import { emptyExpression, type Expression, type Name } from './ir.ts';
import { words } from './words.ts';

const fileFormats = words('PARQUET CSV JSON ORC AVRO TEXT DELTA BINARYFILE');

/** True for a file that is read by its format, Spark's parquet.`/path`; the cursor stands behind the name. */
export function isFileFormat(cursor: Cursor, name: Name): boolean {
  const last = cursor.token(cursor.at - 1);
  return (
    name.length === 2 &&
    last.kind === 'quoted' &&
    cursor.dialect.structs &&
    fileFormats.hasText((name[0] ?? '').toUpperCase()) &&
    /[/:.]/.test(last.text)
  );
}

/** Functions that read the file or folder that their first string names. */
const fileFunctions = words(`
  READ_FILES READ_CSV READ_CSV_AUTO READ_PARQUET PARQUET_SCAN READ_JSON READ_JSON_AUTO READ_NDJSON CLOUD_FILES S3 S3CLUSTER URL FILE GCS
  AZUREBLOBSTORAGE DELTALAKE ICEBERG ICEBERG_SCAN DELTA_SCAN
`);

/** True for a function that reads a file. */
export function isFileFunction(name: Name): boolean {
  return name.length === 1 && fileFunctions.hasText((name[0] ?? '').toUpperCase());
}

const documentTables = words('JSON_TABLE XMLTABLE');

/** Where the columns begin that JSON_TABLE and XMLTABLE declare; the closing parenthesis if there are none. */
function columnsAt(cursor: Cursor, open: number, close: number): number {
  if (!documentTables.has(cursor.code(open - 1))) return close;
  return findAtDepth(cursor, open + 1, close, (index) => cursor.word(index) === 'COLUMNS');
}

/** The columns that JSON_TABLE and XMLTABLE declare, whose parenthesis is at `open`: `… COLUMNS (a …, b …)`. */
export function declaredColumns(cursor: Cursor, open: number, end: number): readonly string[] {
  const close = cursor.closeOf(open, end);
  const at = columnsAt(cursor, open, close) + 1;
  return at > close ? [] : columnNames(cursor, at, close);
}

/** The names in `(a type …, NESTED PATH '…' COLUMNS (b …))`, or without the parentheses. */
function columnNames(cursor: Cursor, at: number, end: number): readonly string[] {
  const grouped = cursor.symbol(at, '(');
  const [from, to] = grouped ? [at + 1, cursor.closeOf(at, end)] : [at, end];
  return commaRanges(cursor, from, to).flatMap(([start, stop]) => {
    if (cursor.word(start) !== 'NESTED') return [cursor.identifier(start)];
    const inner = findAtDepth(cursor, start, stop, (index) => cursor.word(index) === 'COLUMNS') + 1;
    return inner > stop ? [] : columnNames(cursor, inner, stop);
  });
}

/** The strings in a range, in order. */
export function stringsIn(cursor: Cursor, from: number, end: number): readonly string[] {
  return cursor.tokens
    .slice(from, end)
    .filter((token) => token.kind === 'string')
    .map((token) => token.text);
}

/** Reads a Snowflake stage with its path, `@stage/folder/file`. */
export function readStagePath(cursor: Cursor, end: number): string {
  let path = cursor.token(cursor.at++).text;
  while (cursor.at < end && cursor.token(cursor.at).start === cursor.token(cursor.at - 1).end) {
    if (cursor.symbol(cursor.at, '(') || cursor.symbol(cursor.at, ')')) break;
    path += cursor.token(cursor.at++).text;
  }
  return path;
}

/** Reads the arguments of a function; empty if no group follows. */
export function readArguments(cursor: Cursor, end: number): Expression {
  if (!cursor.symbol(cursor.at, '(')) return emptyExpression;
  const close = cursor.closeOf(cursor.at, end);
  const args = scanExpression(cursor, cursor.at + 1, columnsAt(cursor, cursor.at, close));
  cursor.at = Math.min(close + 1, end);
  return args;
}
