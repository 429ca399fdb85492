/** The heads of routines in the languages with `;`, up to where the body begins. */
import { columnList, commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { Name } from './ir.ts';
import { maxControlTokens } from './limits.ts';
import type { RoutineHead } from './pieces.ts';
import { words } from './words.ts';

/** Where a head ends and what follows it. */
export interface HeadRange {
  readonly routine: RoutineHead;
  /** A body in a string token (`AS $$…$$`): its range. Otherwise empty, and the body follows as statements. */
  readonly bodyFrom: number;
  readonly bodyEnd: number;
  readonly next: number;
  /** Declarations follow without DECLARE (PL/SQL). */
  readonly declares: boolean;
  /** Nothing of the routine follows: its body was in the head, or it has none. */
  readonly finished: boolean;
  /** A package: its routines follow. */
  readonly isPackage: boolean;
  /** The language of a body in a string, if it is none of SQL's own. */
  readonly language: string | undefined;
}

const kinds: ReadonlyMap<string, RoutineHead['kind']> = new Map([
  ['PROCEDURE', 'procedure'],
  ['PROC', 'procedure'],
  ['FUNCTION', 'function'],
  ['TRIGGER', 'trigger'],
  ['PACKAGE', 'procedure'],
]);
const modifiers = words(
  'CREATE ALTER OR REPLACE EDITIONABLE NONEDITIONABLE TEMP TEMPORARY SECURE AGGREGATE DEFINER CONSTRAINT SQL SECURITY INVOKER TABLE',
);
const bodyStarts = words('AS IS BEGIN RETURN DECLARE SELECT INSERT UPDATE DELETE MERGE SET');
const modes = words('IN OUT INOUT VARIADIC');

/** True if the word may begin a head; PROCEDURE and FUNCTION alone only inside of a package or routine. */
export function mayBeginHead(word: string, isInside: boolean): boolean {
  if (word === 'PROCEDURE' || word === 'FUNCTION') return isInside;
  return word === 'CREATE' || word === 'ALTER' || word === 'REPLACE' || word === 'PACKAGE';
}

/** Reads the head at the index, of a statement that ends at `end`; undefined if no routine begins there. */
export function readHead(cursor: Cursor, from: number, end: number): HeadRange | undefined {
  let at = from;
  while (
    at < end &&
    at < from + 12 &&
    (modifiers.has(cursor.code(at)) || ['=', '@'].includes(cursor.token(at).text) || isUser(cursor, at))
  )
    at++;
  const kind = kinds.get(cursor.word(at));
  if (kind === undefined) return undefined;
  const isPackage = cursor.word(at) === 'PACKAGE';
  at++;
  if (cursor.word(at) === 'BODY') at++;
  if (cursor.word(at) === 'IF') at += 3;
  cursor.at = at;
  const name = cursor.name(end);
  if (name === undefined) return undefined;
  const afterName = cursor.at;
  const parameters = readParameters(cursor, end);
  const stop = Math.min(end, afterName + maxControlTokens);
  const on = kind === 'trigger' ? readTriggerTable(cursor, afterName, stop) : undefined;
  const routine: RoutineHead = {
    kind,
    name,
    line: cursor.token(from).line,
    parameters,
    on,
    result: undefined,
    columns: returnedColumns(cursor, stop),
  };
  return {
    ...readBodyStart(cursor, { routine, from: triggerBody(cursor, kind, cursor.at, stop), stop, end }),
    isPackage,
  };
}

/** MySQL: DEFINER = user@host. */
function isUser(cursor: Cursor, at: number): boolean {
  return cursor.symbol(at - 1, '=') || cursor.symbol(at - 1, '@') || cursor.token(at).kind === 'variable';
}

function readParameters(cursor: Cursor, end: number): readonly string[] {
  if (!cursor.symbol(cursor.at, '(')) return [];
  const close = cursor.closeOf(cursor.at, end);
  const names = commaRanges(cursor, cursor.at + 1, close).map(([start]) => {
    const at = modes.has(cursor.code(start)) && cursor.isName(start + 1) ? start + 1 : start;
    return cursor.isName(at) ? cursor.identifier(at) : '';
  });
  cursor.at = Math.min(close + 1, end);
  return names.filter((name) => name !== '');
}

function readTriggerTable(cursor: Cursor, from: number, stop: number): Name | undefined {
  const back = cursor.at;
  cursor.at = findAtDepth(cursor, from, stop, (at) => cursor.word(at) === 'ON') + 1;
  const name = cursor.name(stop);
  cursor.at = Math.max(back, cursor.at);
  return name;
}

/** The columns of `RETURNS TABLE (a int, b text)` at the cursor. */
function returnedColumns(cursor: Cursor, stop: number): readonly string[] {
  const isTable =
    cursor.is('RETURNS') && cursor.word(cursor.at + 1) === 'TABLE' && cursor.symbol(cursor.at + 2, '(');
  if (!isTable) return [];
  const back = cursor.at;
  cursor.at += 2;
  const columns = columnList(cursor, stop);
  cursor.at = back;
  return columns;
}

/** A trigger's events (`AFTER INSERT OR UPDATE ON t FOR EACH ROW`) are no statements. */
function triggerBody(cursor: Cursor, kind: RoutineHead['kind'], from: number, stop: number): number {
  if (kind !== 'trigger') return from;
  let at = from;
  while (
    at < stop &&
    !['BEGIN', 'DECLARE', 'EXECUTE', 'CALL', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'SET', 'IF'].includes(
      cursor.word(at),
    )
  ) {
    at++;
  }
  return at;
}

interface Start {
  readonly routine: RoutineHead;
  readonly from: number;
  /** Where the search ends. */
  readonly stop: number;
  /** The end of the statement. */
  readonly end: number;
}

/** `EXECUTE FUNCTION f()` of a trigger. */
function executedFunction(cursor: Cursor, from: number, stop: number): Name | undefined {
  cursor.at = ['FUNCTION', 'PROCEDURE'].includes(cursor.word(from + 1)) ? from + 2 : from + 1;
  return cursor.name(stop);
}

function readBodyStart(cursor: Cursor, start: Start): Omit<HeadRange, 'isPackage'> {
  const { routine, from, stop, end } = start;
  const none = { routine, bodyFrom: from, bodyEnd: from, language: undefined };
  // A body in a string may stand before or after LANGUAGE and the like.
  for (let at = from; at < stop; at++) {
    if (cursor.symbol(at, '(')) at = cursor.closeOf(at, stop);
    else if (cursor.word(at) === 'AS' && cursor.token(at + 1).kind === 'string') {
      return {
        routine,
        bodyFrom: at + 1,
        bodyEnd: at + 2,
        next: end,
        declares: false,
        finished: true,
        language: foreignLanguage(cursor, from, stop),
      };
    }
  }
  if (['EXECUTE', 'CALL'].includes(cursor.word(from)) && routine.kind === 'trigger') {
    const executes = executedFunction(cursor, from, stop);
    return { ...none, routine: { ...routine, executes }, next: from, declares: false, finished: true };
  }
  const at = findAtDepth(cursor, from, stop, (index) => beginsBody(cursor, index));
  if (at >= stop) return { ...none, next: end, declares: false, finished: true };
  const isAs = cursor.word(at) === 'AS' || cursor.word(at) === 'IS';
  const next = isAs ? at + 1 : at;
  const declares =
    isAs &&
    ![
      'BEGIN',
      'DECLARE',
      'RETURN',
      'SELECT',
      'WITH',
      'INSERT',
      'UPDATE',
      'DELETE',
      'MERGE',
      'TABLE',
      'EXTERNAL',
      'LANGUAGE',
    ].includes(cursor.word(next));
  if (declares && cursor.dialect.name !== 'oracle' && cursor.token(next).kind !== 'word')
    return { ...none, next: end, declares: false, finished: true };
  return { ...none, next, declares, finished: false };
}

/** In PostgreSQL, SET in a head is an option: `SET search_path TO …`. */
function beginsBody(cursor: Cursor, at: number): boolean {
  const word = cursor.word(at);
  if (!bodyStarts.has(cursor.code(at))) return false;
  // Oracle: RETURN in a head tells the type.
  if (word === 'RETURN') return cursor.dialect.name !== 'oracle';
  return word !== 'SET' || !cursor.dialect.dollarQuotes;
}

const ownLanguages = words('SQL PLPGSQL PLSQL');

/** The word behind LANGUAGE, if a body in it is not SQL; Hive and Spark name a class without LANGUAGE. */
function foreignLanguage(cursor: Cursor, from: number, stop: number): string | undefined {
  const at = findAtDepth(cursor, from, stop, (index) => cursor.word(index) === 'LANGUAGE');
  const language = cursor.token(at + 1).text.toUpperCase();
  if (at < stop) return ownLanguages.hasText(language) ? undefined : language;
  return cursor.dialect.structs ? 'JAVA' : undefined;
}

/** A head without a body, as in a package's specification, defines nothing; a trigger of PostgreSQL names its function. */
export function isHeadAlone({ finished, bodyFrom, bodyEnd, routine }: HeadRange): boolean {
  return finished && bodyEnd === bodyFrom && routine.executes === undefined;
}
