/** INSERT, UPDATE, DELETE and MERGE to edges, with OUTPUT. */
import { runCall } from './apply-routine.ts';
import type { Effect } from './effect.ts';
import {
  type Assignment,
  type Delete,
  emptyExpression,
  type Insert,
  type Merge,
  type Name,
  type Output,
  type Source,
  type Update,
} from './ir.ts';
import { addOrigin, type Origins, type Relation, united } from './relations.ts';
import type { Resolver } from './resolver.ts';
import { type Bound, type CommonTables, columnKey, findColumn, Scope } from './scope.ts';
import type { Session } from './session.ts';
import { bindSource, bindSources } from './sources.ts';

/** What a statement is applied to: session, effect, resolver and the common tables in sight. */
export interface Frame {
  readonly session: Session;
  readonly effect: Effect;
  readonly resolver: Resolver;
  readonly tables: CommonTables;
}

/** Notes a write and gives the node. */
export function writeTo(frame: Frame, target: Name): string {
  const node = frame.session.nodes.of(target);
  markWritten(frame, node);
  return node;
}

function markWritten({ session, effect }: Frame, node: string): void {
  effect.writes.add(node);
  session.written.add(node);
  session.emptied.delete(node);
}

/** The names by which stored columns are known: the list given, else the target's own if their number fits. */
export function targetColumns(
  frame: Frame,
  target: string,
  relation: Relation,
  listed: readonly string[],
): readonly string[] | undefined {
  if (listed.length > 0) return listed;
  const shape = frame.session.columnsOf(target);
  const star = relation.columns.some((column) => column.star);
  if (shape !== undefined && shape.length === relation.columns.length && !star) return shape;
  if (!star && shape === undefined && relation.columns.some((column) => column.origins.size > 0)) {
    frame.effect.note(
      'target-columns-unknown',
      `Columns go to ${frame.session.nodes.display(target)} by position, line ${frame.effect.line}; they bear the query's names here.`,
    );
  }
  return undefined;
}

/** Applies INSERT. */
export function applyInsert(frame: Frame, statement: Insert): Relation {
  const { effect, resolver, session } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const inner: Frame = { ...frame, tables };
  const results: Relation[] = [];
  if (statement.query !== undefined) results.push(resolver.query(statement.query, tables));
  if (statement.call !== undefined) {
    const call = runCall(frame, statement.call);
    for (const read of call.reads) effect.edge(read, session.nodes.of(statement.target));
    results.push(...call.results);
  }
  const target = writeTo(frame, statement.target);
  const relation = united(results);
  if (results.length > 0)
    effect.store(target, relation, targetColumns(inner, target, relation, statement.columns));
  const scope = new Scope(tables);
  bindTarget(
    inner,
    {
      type: 'table',
      name: statement.target,
      alias: undefined,
      columns: [],
      pivots: [],
      line: statement.line,
    },
    scope,
  );
  for (const name of ['excluded', 'new'])
    scope.add(
      {
        relation:
          relation.columns.length > 0
            ? { ...relation, columns: named(relation, statement.columns) }
            : { columns: [], open: [target] },
        table: undefined,
        label: name,
      },
      [name],
    );
  assign(inner, statement.assignments, scope, () => target);
  effect.absorb(resolver, [target]);
  return applyOutputs(inner, statement.output, target, scope);
}

function named(relation: Relation, names: readonly string[]): Relation['columns'] {
  return relation.columns.map((column, at) => ({ ...column, name: names[at] ?? column.name }));
}

function bindTarget({ resolver }: Frame, source: Source, scope: Scope): Bound {
  return bindSource(resolver, source, scope, true);
}

/** Sets columns; the target of each may depend on its qualifier. */
function assign(
  { effect, resolver }: Frame,
  assignments: readonly Assignment[],
  scope: Scope,
  targetOf: (assignment: Assignment) => string | undefined,
): void {
  for (const assignment of assignments) {
    const target = targetOf(assignment);
    if (target === undefined) continue;
    const [subquery] = assignment.expression.subqueries;
    if (assignment.columns.length > 1 && subquery !== undefined) {
      const relation = resolver.query(subquery.query, scope.tables, scope);
      effect.store(target, relation, assignment.columns);
      continue;
    }
    const origins = resolver.origins(assignment.expression, scope);
    for (const column of assignment.columns) effect.value(target, column, origins);
  }
}

/** Finds which source an UPDATE or DELETE names, and binds the others around it. */
function bindAround(frame: Frame, statement: Update | Delete, scope: Scope): readonly Bound[] {
  const named: Source[] = [];
  const targets: Bound[] = [];
  // MySQL joins inside UPDATE: which of the tables are written, the SET list says.
  const writes =
    statement.type === 'update' && statement.targets.length > 1
      ? assignedSources(frame.session, statement)
      : statement.targets;
  for (const target of writes) {
    const label = columnKey(target.name.join('.'));
    const found =
      statement.from.find(
        (source) =>
          (source.alias !== undefined && columnKey(source.alias) === label) ||
          (source.alias === undefined && columnKey(source.name.join('.')) === label),
      ) ??
      statement.from.find((source) => source.type === 'table' && columnKey(source.name.join('.')) === label);
    named.push(found ?? target);
  }
  for (const source of [
    ...named.filter((source) => !statement.from.includes(source) && !statement.targets.includes(source)),
    ...statement.targets,
    ...statement.from,
  ]) {
    if (named.includes(source)) targets.push(bindTarget(frame, source, scope));
    else if (!statement.targets.includes(source) || !writes.includes(source))
      bindSource(frame.resolver, source, scope);
  }
  return targets;
}

function assignedSources(session: Session, statement: Update): readonly Source[] {
  const qualifiers = new Set(
    statement.assignments.map((assignment) => columnKey(assignment.qualifier.at(-1) ?? '')),
  );
  const found = statement.targets.filter((source) =>
    qualifiers.has(columnKey(source.alias ?? source.name.at(-1) ?? '')),
  );
  const [first] = statement.targets;
  if (found.length > 0 || first === undefined) return found;
  const known = statement.targets.find((source) =>
    session
      .columnsOf(session.nodes.of(source.name))
      ?.some((column) => columnKey(column) === columnKey(statement.assignments[0]?.columns[0] ?? '')),
  );
  return [known ?? first];
}

/** The table that a bound stands for; through a common table or derived table, that of the column. */
function tableBehind(bound: Bound | undefined, column: string | undefined): string | undefined {
  if (bound?.table !== undefined) return bound.table;
  if (bound === undefined) return undefined;
  const origins = column === undefined ? undefined : findColumn(bound.relation, column)?.origins;
  for (const origin of origins?.values() ?? []) if (origin.table !== '') return origin.table;
  for (const { origins } of bound.relation.columns)
    for (const origin of origins.values()) if (origin.table !== '') return origin.table;
  return bound.relation.open[0];
}

/** Applies UPDATE. */
export function applyUpdate(frame: Frame, statement: Update): Relation {
  const { resolver } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const inner: Frame = { ...frame, tables };
  const scope = new Scope(tables);
  const bounds = bindAround(inner, statement, scope);
  resolver.influences(statement, scope);
  const written = new Set<string>();
  const targetOf = (assignment: Assignment): string | undefined => {
    const qualifier = columnKey(assignment.qualifier.at(-1) ?? '');
    const bound =
      bounds.length > 1
        ? bounds.find((one) => columnKey(one.label.split('.').at(-1) ?? '') === qualifier)
        : undefined;
    const table = tableBehind(bound ?? bounds[0], assignment.columns[0]);
    if (table !== undefined) written.add(table);
    return table;
  };
  assign(inner, statement.assignments, scope, targetOf);
  if (written.size === 0)
    for (const bound of bounds.slice(0, 1)) written.add(tableBehind(bound, undefined) ?? '');
  written.delete('');
  return finishChange(inner, { written, bounds, scope, output: statement.output });
}

/** Applies DELETE. */
export function applyDelete(frame: Frame, statement: Delete): Relation {
  const { resolver } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const inner: Frame = { ...frame, tables };
  const scope = new Scope(tables);
  const bounds = bindAround(inner, statement, scope);
  resolver.influences(statement, scope);
  const written = new Set<string>();
  for (const bound of bounds) written.add(tableBehind(bound, undefined) ?? '');
  written.delete('');
  return finishChange(inner, { written, bounds, scope, output: statement.output });
}

interface Change {
  readonly written: ReadonlySet<string>;
  readonly bounds: readonly Bound[];
  readonly scope: Scope;
  readonly output: readonly Output[];
}

function finishChange(frame: Frame, change: Change): Relation {
  const { effect, resolver } = frame;
  for (const table of change.written) {
    markWritten(frame, table);
    // Through a common table the target was read only to be found.
    if (change.bounds.some((bound) => bound.table === undefined)) resolver.reads.delete(table);
  }
  effect.absorb(resolver, [...change.written]);
  const [first] = change.written;
  return applyOutputs(frame, change.output, first, change.scope);
}

/** Applies MERGE. */
export function applyMerge(frame: Frame, statement: Merge): Relation {
  const { effect, resolver, session } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const inner: Frame = { ...frame, tables };
  const scope = new Scope(tables);
  const bound = bindTarget(inner, statement.target, scope);
  const source = new Scope(tables);
  bindSources(resolver, statement.using, source);
  for (const [at, one] of source.bounds.entries()) scope.add(one, [...namesOfUsing(statement.using[at])]);
  resolver.influences(statement, scope);
  const target = tableBehind(bound, statement.assignments[0]?.columns[0]);
  if (target === undefined) return { columns: [], open: [] };
  markWritten(frame, target);
  // Values of an INSERT action are of the source: the target has no row yet.
  assign(
    inner,
    statement.assignments.map((one) => positioned(session, target, one)),
    valueScope(scope, source),
    () => target,
  );
  if (statement.starActions)
    for (const one of source.bounds)
      effect.store(
        target,
        resolver.items(
          [
            {
              name: '*',
              expression: emptyExpression,
              star: { qualifier: [], except: [] },
              line: statement.line,
            },
          ],
          source.bounds.length === 1 ? source : scopeOf(tables, one),
        ),
      );
  effect.absorb(resolver, [target]);
  return applyOutputs(inner, statement.output, target, scope);
}

function namesOfUsing(source: Source | undefined): readonly string[] {
  if (source === undefined) return [];
  const own =
    source.type === 'query' ? [] : [columnKey(source.name.join('.')), columnKey(source.name.at(-1) ?? '')];
  return source.alias === undefined ? own : [columnKey(source.alias), ...own];
}

function scopeOf(tables: CommonTables, bound: Bound): Scope {
  const scope = new Scope(tables);
  scope.add(bound, []);
  return scope;
}

/** Unqualified columns are looked for in the source first, then with the target. */
function valueScope(all: Scope, source: Scope): Scope {
  const scope = new Scope(all.tables, all);
  for (const bound of source.bounds) scope.add(bound, []);
  return scope;
}

/** Gives an unnamed position of INSERT VALUES the name that the target's shape has there. */
function positioned(session: Session, target: string, assignment: Assignment): Assignment {
  if (assignment.position === undefined) return assignment;
  const column = session.columnsOf(target)?.[assignment.position];
  return column === undefined ? assignment : { ...assignment, columns: [column] };
}

/** Applies OUTPUT and RETURNING: into a table, or handed out. */
function applyOutputs(
  frame: Frame,
  outputs: readonly Output[],
  target: string | undefined,
  around: Scope,
): Relation {
  const { effect, session } = frame;
  let result: Relation = { columns: [], open: [] };
  for (const output of outputs) {
    const resolver = session.resolver(effect.line);
    const scope = new Scope(frame.tables, around);
    if (target !== undefined) {
      const columns = session.columnsOf(target);
      const own =
        columns === undefined
          ? { columns: [], open: [target] }
          : {
              columns: columns.map((name) => ({ name, origins: single(target, name), star: false })),
              open: [],
            };
      for (const name of ['inserted', 'deleted'])
        scope.add({ relation: own, table: target, label: name }, [name]);
    }
    const relation = resolver.items(output.items, scope);
    effect.reasons.push(...resolver.reasons);
    if (output.into === undefined) {
      result = relation;
      continue;
    }
    const into = writeTo(frame, output.into);
    effect.store(into, relation, targetColumns(frame, into, relation, output.columns));
    const sources = new Set<string>();
    for (const column of relation.columns)
      for (const origin of column.origins.values()) if (origin.table !== '') sources.add(origin.table);
    if (sources.size === 0 && target !== undefined) sources.add(target);
    for (const source of sources) effect.edge(source, into);
  }
  return result;
}

function single(table: string, column: string): Origins {
  const origins: Origins = new Map();
  addOrigin(origins, { table, column, kind: 'identity' });
  return origins;
}
