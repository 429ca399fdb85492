/** Calls, dynamic SQL, variables and cursors to edges. */
import type { Frame } from './frame.ts';
import type { Assign, Call, Fetch, Name } from './ir.ts';
import { nameFromText } from './computed-names.ts';
import { displayName } from './names.ts';
import { isUnknownText, unknownText } from './unknown-text.ts';
import { Origins, type Relation, united } from './relations.ts';
import { Scope } from './scope.ts';
import { setVariables } from './variables.ts';

/** What a call hands out to the statement around it. */
export interface CallResult {
  readonly results: readonly Relation[];
  /** The routines or tables that rows come from. */
  readonly reads: readonly string[];
}

/** Runs a call: text is read as SQL of this session; a routine is noted as called. */
export function runCall(frame: Frame, call: Call): CallResult {
  return call.script === undefined ? callRoutine(frame, call) : runText(frame, call);
}

function runText(frame: Frame, call: Call): CallResult {
  const { effect, session } = frame;
  const texts = session.texts.fold(call.script ?? []).filter((text) => /[^\s\u{E000}]/u.test(text));
  if (call.server !== undefined)
    effect.note(
      'remote-server',
      `Runs on server ${call.server}; names are as they stand there, line ${call.line}.`,
    );
  const first = session.effects.length;
  const results = texts.flatMap((text) => session.runMade(text, call.line));
  const reads = new Set<string>();
  for (const inner of session.effects.slice(first))
    for (const read of [...inner.reads.values(), ...inner.calls]) reads.add(read);
  if (texts.length === 0 || texts.some(isUnknownText))
    noteDynamic(effect, call, session.effects.slice(first));
  return { results, reads: [...reads] };
}

function noteDynamic(effect: Frame['effect'], { line }: Call, read: readonly Frame['effect'][]): void {
  const isRead = read.some(({ reads, writes }) => reads.size + writes.size > 0);
  effect.note(
    'dynamic-sql',
    `Dynamic SQL built at run time, line ${line}${isRead ? '; only what is constant of it was read' : ''}.`,
  );
}

function callRoutine(frame: Frame, call: Call): CallResult {
  const { effect, session } = frame;
  if (call.routine.length === 0) return { results: [], reads: [] };
  const last = (call.routine.at(-1) ?? '').toLowerCase();
  if (last === 'sp_rename') {
    renameByProcedure(frame, call);
    return { results: [], reads: [] };
  }
  const routine = session.routineNode(call.routine);
  const node = `proc:${routine}`;
  effect.call(node);
  const known = session.resultOf(routine);
  if (known === undefined && !session.isRoutine(routine) && !isSystemProcedure(call.routine)) {
    effect.note(
      'routine-not-defined',
      `Routine ${displayName(call.routine)} is not defined in this script, line ${call.line}.`,
    );
  }
  if (known === undefined) return { results: [], reads: [node] };
  const columns = known.columns.map((column) => ({
    ...column,
    origins: Origins.of(node, column.name),
  }));
  return { results: [{ columns, open: known.open.length > 0 ? [node] : [] }], reads: [node] };
}

function isSystemProcedure(name: Name): boolean {
  const last = (name.at(-1) ?? '').toLowerCase();
  return (
    last.startsWith('sp_') ||
    last.startsWith('xp_') ||
    (name[0] ?? '').toLowerCase() === 'sys' ||
    last.startsWith('dbms_') ||
    (name[0] ?? '').toLowerCase().startsWith('dbms_')
  );
}

/** `EXEC sp_rename 'schema.old', 'new'`: tables only. */
function renameByProcedure(frame: Frame, call: Call): void {
  const { session } = frame;
  const [from, to, kind] = call.args.map((arg) => session.texts.fold(arg).join(unknownText));
  if (from === undefined || to === undefined || isUnknownText(from) || isUnknownText(to)) {
    frame.effect.note('dynamic-sql', `sp_rename with names built at run time, line ${call.line}.`);
    return;
  }
  if (kind !== undefined && kind.toUpperCase() !== 'OBJECT') return;
  const source = nameFromText(from, session.dialect);
  renameTable(frame, source, [...source.slice(0, -1), to]);
}

/** Notes that rows which this script wrote go on under another name; an emptied table takes none along. */
export function renameTable(frame: Frame, from: Name, to: Name): void {
  const { effect, session } = frame;
  const source = session.nodes.of(from);
  if (!session.isWritten(source) || session.isEmptied(source)) return;
  const target = session.nodes.of(to);
  effect.edge(source, target);
  effect.keepColumns(source, target, session.columnsOf(source));
  effect.note(
    'renamed',
    `${session.nodes.display(source)} is renamed to ${session.nodes.display(target)}, line ${effect.line}; the next run makes it anew.`,
  );
}

/** Applies EXEC and CALL. */
export function applyCall(frame: Frame, call: Call): void {
  const { effect, session } = frame;
  const { results, reads } = runCall(frame, call);
  const relation = united(results);
  setVariables(frame, call.into, relation, reads);
  for (const target of call.into) session.openCursor(target, { relation, reads });
  for (const target of call.into) if (session.dialect.tsql) session.texts.set(target, undefined);
  effect.absorb(frame.resolver, []);
}

/** Applies DECLARE and SET: values and their sources go to variables. */
export function applyAssign(frame: Frame, statement: Assign): void {
  const { effect, resolver, session } = frame;
  const scope = new Scope(frame.tables);
  for (const table of statement.tables) {
    const node = session.nodes.of([table.name]);
    session.nodes.create(node);
    session.setShape(node, table.columns);
  }
  for (const { variable, expression, text, append } of statement.assignments) {
    session.declare(variable);
    session.texts.set(variable, session.texts.fold(append ? [{ variable }, ...text] : text));
    const node = session.nodes.variable(variable);
    const own = session.resolver(statement.line);
    const origins = own.origins(expression, scope);
    effect.value(node, '', origins);
    const [rows] = expression.subqueries;
    // Snowflake: a RESULTSET is walked over like a cursor.
    if (rows !== undefined && session.dialect.name === 'snowflake' && expression.refs.length === 0)
      session.openCursor(variable, {
        relation: own.query(rows.query, frame.tables),
        reads: [...own.reads.values(), ...own.others],
      });
    effect.absorb(own, [node]);
    effect.reasons.push(...own.reasons);
  }
  effect.absorb(resolver, []);
}

/** Applies FETCH … INTO. */
export function applyFetch(frame: Frame, statement: Fetch): void {
  const known = frame.session.cursor(statement.cursor);
  if (known !== undefined && statement.as !== undefined) frame.session.openCursor(statement.as, known);
  if (known !== undefined) setVariables(frame, statement.into, known.relation, known.reads);
}
