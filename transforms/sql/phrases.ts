/** Words of expressions that are no columns: keywords, and phrases like `INTERVAL '1' DAY`. */
import type { Cursor } from './cursor.ts';
import type { Token } from './tokens.ts';
import { dateUnits, expressionKeywords, typedLiterals, words } from './words.ts';

type Phrase = (cursor: Cursor, at: number) => number;

/** `first` and then one of the words. */
const before =
  (...followers: readonly string[]): Phrase =>
  (cursor, at) =>
    followers.includes(cursor.word(at + 1)) ? 2 : 0;

/** `DATE '2020-01-01'`, `FORMAT 'x'`: the word and a string. */
const beforeString: Phrase = (cursor, at) => (cursor.token(at + 1).kind === 'string' ? 2 : 0);

const jsonShapes = words('VALUE OBJECT ARRAY SCALAR');

/** How many tokens a phrase takes by the word that it begins with; 0 if the word is something else there. */
const phrases: ReadonlyMap<string, Phrase> = new Map<string, Phrase>([
  ['COLLATE', () => 2],
  ['NULLS', (cursor, at) => (['FIRST', 'LAST'].includes(cursor.word(at + 1)) ? 2 : 1)],
  ['INTERVAL', interval],
  ['AT', (cursor, at) => (cursor.word(at + 1) === 'TIME' ? 3 : 0)],
  ['NEXT', (cursor, at) => (cursor.word(at + 1) === 'VALUE' ? sequenceEnd(cursor, at) - at : 0)],
  ['WITH', (cursor, at) => (['ROLLUP', 'CUBE', 'TOTALS'].includes(cursor.word(at + 1)) ? 2 : 1)],
  ['GROUPING', before('SETS')],
  ['CURRENT', (cursor, at) => (cursor.word(at + 1) === 'OF' ? 3 : 0)],
  ['SIBLINGS', before('BY')],
  // Redshift: APPROXIMATE COUNT(DISTINCT a).
  ['APPROXIMATE', (cursor, at) => (cursor.isName(at + 1) && cursor.symbol(at + 2, '(') ? 1 : 0)],
  // Hive: OVER (DISTRIBUTE BY a SORT BY b).
  ['DISTRIBUTE', before('BY')],
  ['SORT', before('BY')],
  // ARRAY_AGG(a LIMIT 5), ANY_VALUE(a HAVING MAX b).
  ['LIMIT', (cursor, at) => (cursor.token(at + 1).kind === 'number' ? 2 : 0)],
  ['HAVING', (cursor, at) => (isBareWord(cursor, at + 1, 'MAX', 'MIN') ? 2 : 1)],
  ['IN', matchMode],
  // CONVERT(a USING utf8)
  ['USING', (cursor, at) => (cursor.token(at + 1).kind === 'word' && cursor.symbol(at + 2, ')') ? 2 : 1)],
  ['FORMAT', (cursor, at) => beforeString(cursor, at) || before('JSON')(cursor, at)],
  ['JSON', (cursor, at) => beforeString(cursor, at) || jsonPredicate(cursor, at)],
  // JSON_TABLE and XMLTABLE.
  [
    'PASSING',
    (cursor, at) => (cursor.symbol(at - 1, ',') || cursor.symbol(at + 1, ',') ? 0 : passing(cursor, at)),
  ],
  ['ERROR', (cursor, at) => (cursor.word(at + 1) === 'ON' ? 3 : 0)],
  ['ON', (cursor, at) => (isBareWord(cursor, at + 1, 'EMPTY', 'ERROR') ? 2 : 1)],
  ['BINARY', (cursor, at) => (cursor.dialect.backslash && beginsOperand(cursor.token(at + 1)) ? 1 : 0)],
]);

const openers = words([...phrases.keys()].join(' '));

/** The number of tokens of a phrase without columns; 0 if none begins here. */
export function phraseLength(cursor: Cursor, at: number): number {
  const upper = cursor.word(at);
  const next = cursor.token(at + 1);
  const length = openers.has(cursor.code(at)) ? (phrases.get(upper)?.(cursor, at) ?? 0) : 0;
  if (length > 0) return length;
  if (typedLiterals.has(cursor.code(at))) {
    // TIMESTAMP WITH TIME ZONE '…'
    const zone = ['WITH', 'WITHOUT'].includes(next.upper) && cursor.word(at + 2) === 'TIME' ? 3 : 0;
    if (cursor.token(at + 1 + zone).kind === 'string') return 2 + zone;
  }
  if (next.text === '=>' && next.kind === 'operator') return 2;
  return expressionKeywords.has(cursor.code(at)) || upper === '$ACTION' ? 1 : 0;
}

/** `INTERVAL '1' DAY`; of `INTERVAL a DAY` only the first word. */
function interval(cursor: Cursor, at: number): number {
  if (cursor.token(at + 1).kind === 'string') return cursor.token(at + 2).kind === 'word' ? 3 : 2;
  return beginsOperand(cursor.token(at + 1)) || cursor.symbol(at + 1, '-') ? 1 : 0;
}

function beginsOperand(token: Token): boolean {
  return ['word', 'quoted', 'variable', 'number', 'string', '('].includes(token.kind);
}

function isBareWord(cursor: Cursor, at: number, ...names: readonly string[]): boolean {
  return names.includes(cursor.word(at)) && !cursor.symbol(at + 1, '(');
}

/** MySQL: `AGAINST ('x' IN BOOLEAN MODE)`. */
function matchMode(cursor: Cursor, at: number): number {
  if (cursor.word(at + 2) === 'MODE') return 3;
  return cursor.word(at + 1) === 'NATURAL' && cursor.word(at + 2) === 'LANGUAGE' ? 4 : 1;
}

/** `a IS JSON OBJECT` */
function jsonPredicate(cursor: Cursor, at: number): number {
  if (!['IS', 'NOT'].includes(cursor.word(at - 1))) return 0;
  return jsonShapes.has(cursor.code(at + 1)) ? 2 : 1;
}

/** `PASSING BY VALUE a` */
function passing(cursor: Cursor, at: number): number {
  if (!beginsOperand(cursor.token(at + 1))) return 0;
  return cursor.word(at + 1) === 'BY' ? 3 : 1;
}

/** `NEXT VALUE FOR schema.sequence`. */
function sequenceEnd(cursor: Cursor, from: number): number {
  let at = from + (cursor.word(from + 2) === 'FOR' ? 3 : 2);
  while (cursor.isName(at) || cursor.symbol(at, '.')) at++;
  return at;
}

/** True if a value ends with the token. */
function isOperand(token: Token): boolean {
  if (token.kind === 'word') return !expressionKeywords.has(token.code);
  return token.kind === 'quoted' || token.kind === ')' || token.text === ']';
}

/** True for the unit behind a value: `INTERVAL a DAY`, `a + 1 DAYS`. */
export function isUnit(cursor: Cursor, at: number): boolean {
  if (!dateUnits.has(cursor.code(at)) || at === 0) return false;
  const last = cursor.token(at - 1);
  return last.kind === 'number' || last.kind === 'variable' || isOperand(last);
}

/** What stands behind a colon at `at - 1`: a variable, a path into the column before it, or a value of its own. */
export function behindColon(
  cursor: Cursor,
  at: number,
  end: number,
): { readonly next: number; readonly variable: string | undefined } {
  const last = cursor.token(at - 2);
  // `{'key': value}`
  if (last.kind === 'string') return { next: at, variable: undefined };
  if (!isOperand(last)) {
    // `:name`, a variable of the routine or of the program around it.
    if (['NEW', 'OLD'].includes(cursor.word(at))) return { next: at, variable: undefined };
    return { next: at + 1, variable: cursor.isName(at) ? cursor.identifier(at) : undefined };
  }
  // Snowflake and Databricks: `column:path.to[0].field`.
  let next = at;
  while (next < end && (cursor.isName(next) || cursor.symbol(next, '.'))) next++;
  return { next, variable: undefined };
}

/** True behind `f(a)`, perhaps with IGNORE NULLS. */
export function endsCall(cursor: Cursor, at: number): boolean {
  return cursor.symbol(at - 1, ')') || cursor.word(at - 1) === 'NULLS';
}

/** True if a query begins at the index, inside a parenthesis. */
export function beginsSubquery(cursor: Cursor, at: number): boolean {
  const word = cursor.word(at);
  if (word === 'SELECT' || word === 'WITH') return true;
  if (word === 'SEL') return cursor.dialect.name === 'teradata';
  return word === 'FROM' && cursor.isName(at + 1);
}
