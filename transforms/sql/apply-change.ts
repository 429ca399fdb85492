/** UPDATE, DELETE and MERGE to edges. */
import { applyOutputs } from './apply-output.ts';
import { assign, bindTarget, type Frame, frameWith, markWritten } from './frame.ts';
import {
  type Assignment,
  type Delete,
  emptyExpression,
  type Merge,
  type Output,
  type Source,
  type Update,
} from './ir.ts';
import type { Relation } from './relations.ts';
import { type Bound, type CommonTables, columnKey, findColumn, Scope } from './scope.ts';
import type { Session } from './session.ts';
import { bindSource, bindSources } from './sources.ts';

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
      statement.from.find(
        (source) => source.type === 'table' && columnKey(source.name.join('.')) === label,
      ) ??
      unqualifiedMatch(statement.from, target);
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

/** `UPDATE t … FROM dbo.t`: the only source without an alias that ends so. */
function unqualifiedMatch(from: readonly Source[], target: Source): Source | undefined {
  if (target.name.length !== 1 || target.type !== 'table') return undefined;
  const label = columnKey(target.name[0] ?? '');
  const found = from.filter(
    (source) =>
      source.type === 'table' &&
      source.alias === undefined &&
      source.name.length > 1 &&
      columnKey(source.name.at(-1) ?? '') === label,
  );
  return found.length === 1 ? found[0] : undefined;
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

/** Through a common table or derived table the columns have the names that the table behind gives them. */
function storedColumns(bound: Bound | undefined, assignment: Assignment): Assignment {
  if (bound === undefined || bound.table !== undefined) return assignment;
  const columns = assignment.columns.map((column) => {
    const [only, second] = findColumn(bound.relation, column)?.origins.values() ?? [];
    return only !== undefined && second === undefined && only.kind === 'identity' ? only.column : column;
  });
  return { ...assignment, columns };
}

/** Applies UPDATE. */
export function applyUpdate(frame: Frame, statement: Update): Relation {
  const { resolver } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const inner = frameWith(frame, tables);
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
  for (const one of statement.assignments)
    assign(inner, [storedColumns(bounds[0], one)], scope, () => targetOf(one));
  if (written.size === 0)
    for (const bound of bounds.slice(0, 1)) written.add(tableBehind(bound, undefined) ?? '');
  written.delete('');
  return finishChange(inner, { written, bounds, scope, output: statement.output });
}

/** Applies DELETE. */
export function applyDelete(frame: Frame, statement: Delete): Relation {
  const { resolver } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const inner = frameWith(frame, tables);
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
  const inner = frameWith(frame, tables);
  const scope = new Scope(tables);
  const bound = bindTarget(inner, statement.target, scope);
  const source = new Scope(tables);
  bindSources(resolver, statement.using, source);
  for (const [at, one] of source.bounds.entries()) scope.add(one, [...namesOfUsing(statement.using[at])]);
  resolver.influences(statement, scope);
  resolver.influences({ filters: statement.newRows ?? emptyExpression }, source);
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
  // Through a common table the target was read only to be found.
  if (bound.table === undefined) resolver.reads.delete(target);
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
