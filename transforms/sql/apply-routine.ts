/** Calls, dynamic SQL, variables, cursors and bare queries to edges. */
import type { Frame } from './frame.ts';
import type { Assign, Call, Fetch, Name, Read } from './ir.ts';
import { displayName } from './names.ts';
import { Origins, type Relation, united } from './relations.ts';
import { Scope } from './scope.ts';
import type { Session } from './session.ts';

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
  const text = session.fold(call.script ?? []);
  if (text === undefined) {
    effect.note('dynamic-sql', `Dynamic SQL built at run time, line ${call.line}.`);
    return { results: [], reads: [] };
  }
  if (call.server !== undefined)
    effect.note(
      'remote-server',
      `Runs on server ${call.server}; names are as they stand there, line ${call.line}.`,
    );
  const first = session.effects.length;
  const results = session.run(text, call.line);
  const reads = new Set<string>();
  for (const inner of session.effects.slice(first))
    for (const read of [...inner.reads, ...inner.calls]) reads.add(read);
  return { results, reads: [...reads] };
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
  effect.calls.add(node);
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
  const [from, to, kind] = call.args.map((arg) => session.fold(arg));
  if (from === undefined || to === undefined) {
    frame.effect.note('dynamic-sql', `sp_rename with names built at run time, line ${call.line}.`);
    return;
  }
  if (kind !== undefined && kind.toUpperCase() !== 'OBJECT') return;
  const source = nameFromText(from);
  renameTable(frame, source, [...source.slice(0, -1), to]);
}

/** Cuts `[a].b` at its dots. */
function nameFromText(text: string): Name {
  return [...text.matchAll(/\[((?:[^\]]|\]\])*)\]|"((?:[^"]|"")*)"|([^.[\]"]+)/g)].map((part) =>
    (part[1] ?? part[2] ?? part[3] ?? '').trim(),
  );
}

/** Notes that rows which this script wrote go on under another name; an emptied table takes none along. */
export function renameTable(frame: Frame, from: Name, to: Name): void {
  const { effect, session } = frame;
  const source = session.nodes.of(from);
  if (!session.written.has(source) || session.emptied.has(source)) return;
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
  for (const target of call.into) if (session.dialect.tsql) session.setText(target, undefined);
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
    const folded = session.fold(text);
    const before = session.textOf(variable);
    session.setText(
      variable,
      append ? (before === undefined || folded === undefined ? undefined : before + folded) : folded,
    );
    const node = session.nodes.variable(variable);
    const own = session.resolver(statement.line);
    const origins = own.origins(expression, scope);
    effect.value(node, '', origins);
    effect.absorb(own, [node]);
    effect.reasons.push(...own.reasons);
  }
  effect.absorb(resolver, []);
}

/** Applies FETCH … INTO. */
export function applyFetch(frame: Frame, statement: Fetch): void {
  const known = frame.session.cursors.get(statement.cursor.toLowerCase());
  if (known !== undefined) setVariables(frame, statement.into, known.relation, known.reads);
}

/** Gives variables the columns of a relation by position (one variable may take them all as a record), and the tables read. */
function setVariables(
  frame: Frame,
  names: readonly string[],
  relation: Relation,
  reads: readonly string[],
): void {
  const { effect, session } = frame;
  for (const [at, name] of names.entries()) {
    session.declare(name);
    session.setText(name, undefined);
    const node = session.nodes.variable(name);
    for (const read of reads) effect.edge(read, node);
    const record = names.length === 1 && (relation.columns.length !== 1 || relation.open.length > 0);
    const columns = record ? relation.columns : relation.columns.slice(at, at + 1);
    for (const column of columns) effect.value(node, record ? column.name : '', column.origins);
  }
}

/** Applies a query on its own: a result, the rows of a cursor, values for variables, or SELECT INTO a table. */
export function applyRead(frame: Frame, statement: Read): Relation {
  const { effect, resolver, session } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const relation = resolver.query(statement.query, tables);
  const [first] = statement.query.branches;
  const select = first?.type === 'select' ? first : undefined;
  const assigned = select?.items.some((item) => item.assigns !== undefined) === true;
  const variables = (select?.into ?? [])
    .filter((name) => takesVariables(session, name))
    .map((name) => name[0] ?? '');
  if (statement.cursor !== undefined) {
    effect.absorb(resolver, []);
    session.cursors.set(statement.cursor.toLowerCase(), {
      relation,
      reads: [...resolver.reads, ...resolver.others],
    });
  } else if (assigned) {
    for (const item of select?.items ?? [])
      assignItem(frame, item.assigns, relation.columns.find((column) => column.name === item.name)?.origins);
    effect.absorb(resolver, []);
  } else if (variables.length > 0) {
    effect.absorb(resolver, []);
    setVariables(frame, variables, relation, [...resolver.reads, ...resolver.others]);
  } else if (select !== undefined && select.into.length > 0)
    storeInto(frame, select.into, select.intoTemporary, relation);
  else {
    effect.absorb(resolver, [null]);
    effect.store(null, relation);
    session.addResult(relation);
  }
  return relation;
}

function assignItem(
  frame: Frame,
  variable: string | undefined,
  origins: Parameters<Frame['effect']['value']>[2] | undefined,
): void {
  if (variable === undefined) return;
  const { effect, resolver, session } = frame;
  session.setText(variable, undefined);
  const node = session.nodes.variable(variable);
  for (const read of [...resolver.reads, ...resolver.others]) effect.edge(read, node);
  if (origins !== undefined) effect.value(node, '', origins);
}

/** In routines of block languages SELECT INTO fills variables; T-SQL makes a table. */
function takesVariables(session: Session, name: Name): boolean {
  if (session.dialect.tsql || name.length !== 1) return false;
  const [only] = name;
  return (
    only !== undefined &&
    (session.isVariable(only) ||
      only.startsWith('@') ||
      (session.routine !== undefined && session.dialect.name !== 'postgres'))
  );
}

function storeInto(frame: Frame, names: readonly Name[], temporary: boolean, relation: Relation): void {
  const { effect, resolver, session } = frame;
  const [name] = names;
  if (name === undefined) return;
  if (temporary) session.nodes.declareTemporary(name);
  const target = session.nodes.of(name);
  effect.writes.add(target);
  session.written.add(target);
  session.emptied.delete(target);
  session.nodes.create(target);
  if (relation.open.length === 0)
    session.setShape(
      target,
      relation.columns.map((column) => column.name),
    );
  effect.store(target, relation);
  effect.absorb(resolver, [target]);
}
