/** A text to statements, applied to a session in order. Bodies of routines in strings are scripts of their own. */
import { applyNested, applyStatement } from './apply.ts';
import { findAtDepth } from './clauses.ts';
import { readDeclare, readEvaluate, readRead } from './commands.ts';
import { Cursor } from './cursor.ts';
import type { Statement } from './ir.ts';
import { lex } from './lexer.ts';
import { maxStatements, maxTokens } from './limits.ts';
import { nameKey } from './names.ts';
import type { Piece } from './pieces.ts';
import { beginsQuery, readQuery } from './query.ts';
import { withoutClientLines } from './client-lines.ts';
import { runPostgres } from './postgres/script.ts';
import { Session, type SessionInput } from './session.ts';
import { splitBlocks } from './split-blocks.ts';
import { splitTsql } from './split-tsql.ts';
import { readStatement } from './statement.ts';
import { readTextParts } from './text-parts.ts';
import { isUnknownText } from './unknown-text.ts';

/** Makes the session of a script. */
export function openSession(input: Omit<SessionInput, 'runText' | 'runNested'>): Session {
  const { dialect, catalog, database, schema, place, postgres, results } = input;
  return new Session({
    dialect,
    catalog,
    database,
    schema,
    place,
    postgres,
    results,
    runText,
    runNested: applyNested,
  });
}

/** Runs a text in the session; lines count from `firstLine`. */
export function runText(session: Session, script: string, firstLine = 1): void {
  const { postgres, dialect } = session;
  const text = dialect.nestedComments && dialect.dollarQuotes ? withoutClientLines(script) : script;
  if (postgres === undefined) {
    readText(session, text, firstLine);
    return;
  }
  const problem = runPostgres(session, postgres, text, firstLine);
  if (problem === undefined) return;
  session.reasons.push({
    code: 'parser-refused',
    line: firstLine,
    text: `PostgreSQL's parser refuses the text (${problem}); it was read without it, line ${firstLine}.`,
  });
  session.withoutParser(() => readText(session, text, firstLine));
}

/** Reads a text by the tolerant grammar of its dialect. */
function readText(session: Session, text: string, firstLine: number): void {
  const { tokens, unterminated, truncatedAtLine } = lex(text, session.dialect, firstLine);
  for (const { line, what } of unterminated) {
    session.reasons.push({
      code: 'unterminated',
      line,
      text: `A ${what} that begins on line ${line} has no end.`,
    });
  }
  if (truncatedAtLine !== undefined) {
    session.reasons.push({
      code: 'too-large',
      line: truncatedAtLine,
      text: `The script has more than ${maxTokens} tokens; from line ${truncatedAtLine} on it was not read.`,
    });
  }
  const cursor = new Cursor({ text, tokens, dialect: session.dialect, readQuery, readStatement });
  const outside = session.routine;
  const pieces = session.dialect.tsql ? splitTsql(cursor) : splitBlocks(cursor, outside);
  for (const { kind, routine } of pieces)
    if (kind === 'body' && routine !== undefined) session.register(routine);
  if (session.tsql && session.depth === 0 && usesSeveral(session, cursor, pieces))
    session.nodes.completeFully();
  for (const piece of pieces) {
    if (session.effects.length >= maxStatements) {
      const { line } = cursor.token(piece.from);
      session.reasons.push({
        code: 'too-large',
        line,
        text: `The script has more than ${maxStatements} statements; from line ${line} on it was not read.`,
      });
      break;
    }
    runPiece(session, cursor, piece);
  }
  session.enter(outside);
}

/** True if the script says USE of more than one database, so that names with a schema alone may be of either. */
function usesSeveral({ dialect }: Session, cursor: Cursor, pieces: readonly Piece[]): boolean {
  const databases = new Set<string>();
  for (const { kind, from } of pieces) {
    if (kind !== 'statement' || cursor.word(from) !== 'USE' || !cursor.isName(from + 1)) continue;
    databases.add(nameKey(cursor.identifier(from + 1), dialect));
    if (databases.size > 1) return true;
  }
  return false;
}

function runPiece(session: Session, cursor: Cursor, piece: Piece): void {
  session.enter(piece.routine ?? (session.depth > 0 ? session.routine : undefined));
  if (piece.step !== undefined) {
    session.texts.branch(piece.step);
    return;
  }
  if (piece.kind === 'body') {
    const body = cursor.token(piece.from);
    if (piece.language !== undefined) {
      session
        .begin(body.line, 'other')
        .note('foreign-language', `The body is written in ${piece.language}, line ${body.line}.`);
    } else if (piece.end > piece.from) session.run(body.text, body.line);
    return;
  }
  cursor.at = piece.from;
  cursor.depth = 0;
  if (cursor.reasons.length > 0) cursor.reasons.length = 0;
  const first = session.effects.length;
  if (piece.kind === 'loop') runLoop(session, cursor, piece);
  else applyStatement(session, readPiece(cursor, piece));
  for (let at = first; at < session.effects.length; at++)
    session.effects[at]?.keepNames((node) => session.nodes.display(node));
  const effect = session.effects[first];
  if (effect === undefined) session.reasons.push(...cursor.reasons);
  else {
    effect.reasons.push(...cursor.reasons);
    noteLeftover(session, cursor, { piece, effect });
  }
}

function readPiece(cursor: Cursor, piece: Piece): Statement {
  switch (piece.kind) {
    case 'evaluate':
      return readEvaluate(cursor, piece.from, piece.end);
    case 'declare':
      return readDeclare(cursor, piece.end);
    default:
      return readStatement(cursor, piece.end);
  }
}

const wholeKinds: ReadonlySet<string> = new Set(['select', 'cursor', 'insert', 'update', 'delete', 'merge']);

/** A statement that moves data and was left before its end is understood in part only. */
function noteLeftover(
  session: Session,
  cursor: Cursor,
  { piece, effect }: { piece: Piece; effect: Session['effects'][number] },
): void {
  const { line } = cursor.token(piece.from);
  if (effect.kind === 'unknown') {
    // What is not known was noted where it was run.
    if (session.guessed && isUnknownText(cursor.textOf(piece.from, piece.end))) return;
    effect.note(
      'not-understood',
      `Not understood: ${cursor.textOf(piece.from, Math.min(piece.end, piece.from + 6))} …, line ${line}.`,
    );
  } else if (wholeKinds.has(effect.kind) && cursor.at < piece.end) {
    effect.note(
      'partly-understood',
      `Not understood from ${cursor.textOf(cursor.at, Math.min(piece.end, cursor.at + 6))} … on, line ${cursor.token(cursor.at).line}.`,
    );
  }
}

/** `FOR r IN query`, `FOR r IN cursor`, `FOR r AS c CURSOR FOR query`, `FOR r IN EXECUTE text`. */
function runLoop(session: Session, cursor: Cursor, piece: Piece): void {
  const { line } = cursor.token(piece.from);
  const name = cursor.identifier(piece.from);
  session.declare(name);
  const at =
    findAtDepth(
      cursor,
      piece.from + 1,
      piece.end,
      (index) =>
        ['IN', 'FOR'].includes(cursor.word(index)) ||
        (cursor.word(index) === 'AS' && beginsQuery(cursor, index + 1)),
    ) + 1;
  cursor.at = cursor.word(at) === 'REVERSE' ? at + 1 : at;
  const fetch: Statement = { type: 'fetch', cursor: name, into: [name], line, with: [] };
  if (
    beginsQuery(cursor, cursor.at) ||
    (cursor.symbol(cursor.at, '(') && beginsQuery(cursor, cursor.at + 1))
  ) {
    applyStatement(session, readRead(cursor, piece.end, name));
  } else if (cursor.is('EXECUTE')) {
    const script = readTextParts(cursor, cursor.at + 1, piece.end);
    applyStatement(session, {
      type: 'call',
      routine: [],
      script,
      server: undefined,
      args: [],
      into: [name],
      line,
      with: [],
    });
  } else {
    const known = session.cursor(cursor.identifier(cursor.at));
    if (known === undefined) {
      applyStatement(session, readEvaluate(cursor, cursor.at, piece.end));
      return;
    }
    session.openCursor(name, known);
  }
  cursor.at = piece.end;
  applyStatement(session, fetch);
}
