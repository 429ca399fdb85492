/** Calls of routines, and SQL that is run from text: EXEC, CALL, EXECUTE IMMEDIATE, sp_executesql. */
import { commaRanges, findAtDepth } from './clauses.ts';
import type { Cursor } from './cursor.ts';
import type { Call, Name, Statement, TextPart } from './ir.ts';
import { readTextParts } from './text-parts.ts';
import { words } from './words.ts';

/** T-SQL's procedures that run their first argument as SQL. */
const runners = words('SP_EXECUTESQL SP_PREPEXEC SP_EXECUTE_EXTERNAL');
const textEnds = words('INTO USING AT WITH');

/** Reads EXEC, EXECUTE or CALL at the cursor. */
export function readCall(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const isCall = cursor.is('CALL');
  cursor.at++;
  if (runsNothing(cursor)) return { type: 'other', understood: true, line, with: [] };
  const isNamed = cursor.is('PROCEDURE', 'FUNCTION');
  if (isNamed) cursor.at++;
  const into =
    cursor.token(cursor.at).kind === 'variable' && cursor.symbol(cursor.at + 1, '=')
      ? [cursor.identifier(cursor.at)]
      : [];
  if (into.length > 0) cursor.at += 2;
  if (cursor.eat('IMMEDIATE')) return readText(cursor, end, line);
  if (cursor.symbol(cursor.at, '(')) return readText(cursor, end, line);
  const token = cursor.token(cursor.at);
  // Elsewhere than in T-SQL, EXECUTE runs text or what PREPARE made of it; routines are called by CALL.
  // SQL*Plus calls one by EXECUTE.
  if (!isCall && !isNamed && !cursor.dialect.tsql && cursor.dialect.name !== 'oracle')
    return readText(cursor, end, line);
  if (token.kind === 'string' || token.kind === 'variable') return readText(cursor, end, line);
  const name = cursor.name(end);
  return name === undefined
    ? { type: 'other', understood: false, line, with: [] }
    : readNamed(cursor, end, { name, line, into });
}

/** EXECUTE AS user; Snowflake's EXECUTE TASK. */
function runsNothing(cursor: Cursor): boolean {
  return cursor.is('AS', 'TASK', 'ALERT') && cursor.isName(cursor.at + 1);
}

/** Reads the arguments of a routine whose name is read. */
export function readNamed(
  cursor: Cursor,
  end: number,
  start: { name: Name; line: number; into: readonly string[] },
): Call {
  const grouped = cursor.symbol(cursor.at, '(');
  const stop = grouped ? cursor.closeOf(cursor.at, end) : end;
  const ranges = commaRanges(cursor, grouped ? cursor.at + 1 : cursor.at, stop);
  cursor.at = end;
  const args = ranges.map(([from, to]) => readTextParts(cursor, argumentStart(cursor, from), to));
  const call: Call = {
    type: 'call',
    routine: start.name,
    script: undefined,
    server: undefined,
    args,
    into: start.into,
    line: start.line,
    with: [],
  };
  const last = (start.name.at(-1) ?? '').toUpperCase();
  return runners.hasText(last)
    ? { ...call, routine: [], script: args[0] ?? [{ unknown: true }], args: args.slice(1) }
    : call;
}

/** Reads PostgreSQL's `DO [LANGUAGE plpgsql] $$ block $$`. */
export function readDo(cursor: Cursor, end: number): Statement {
  const line = cursor.token(cursor.at).line;
  const at = findAtDepth(cursor, cursor.at, end, (index) => cursor.token(index).kind === 'string');
  const language = findAtDepth(cursor, cursor.at, end, (index) => cursor.word(index) === 'LANGUAGE');
  const isForeign = language < end && !['SQL', 'PLPGSQL'].includes(cursor.word(language + 1));
  const body = cursor.token(at);
  cursor.at = end;
  if (at >= end || isForeign) {
    if (isForeign)
      cursor.note(
        'foreign-language',
        line,
        `The block is written in ${cursor.token(language + 1).text}, line ${line}.`,
      );
    return { type: 'other', understood: true, line, with: [] };
  }
  return {
    type: 'call',
    routine: [],
    script: [{ text: body.text }],
    server: undefined,
    args: [],
    into: [],
    line: body.line,
    with: [],
  };
}

/** Skips `@name =` and `name =>`. */
function argumentStart(cursor: Cursor, from: number): number {
  return cursor.isName(from) && (cursor.symbol(from + 1, '=') || cursor.symbol(from + 1, '=>'))
    ? from + 2
    : from;
}

function readText(cursor: Cursor, end: number, line: number): Call {
  const from = cursor.at;
  const stop = findAtDepth(cursor, from, end, (at) => textEnds.has(cursor.code(at)));
  const inner = cursor.symbol(from, '(') && cursor.closeOf(from, end) === stop - 1;
  const [first] = commaRanges(cursor, inner ? from + 1 : from, inner ? stop - 1 : stop);
  const script: readonly TextPart[] =
    first === undefined ? [{ unknown: true }] : readTextParts(cursor, first[0], first[1]);
  cursor.at = stop;
  const server = cursor.eat('AT') && cursor.isName(cursor.at) ? cursor.identifier(cursor.at++) : undefined;
  const into: string[] = [];
  if (cursor.eat('INTO')) {
    cursor.eat('STRICT');
    while (cursor.isName(cursor.at) && cursor.at < end) {
      into.push(cursor.identifier(cursor.at++));
      if (!cursor.symbol(cursor.at, ',')) break;
      cursor.at++;
    }
  }
  cursor.at = end;
  return { type: 'call', routine: [], script, server, args: [], into, line, with: [] };
}
