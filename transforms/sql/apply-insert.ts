/** INSERT to edges. */
import { applyOutputs } from './apply-output.ts';
import { runCall } from './apply-routine.ts';
import { assign, bindTarget, type Frame, frameWith, targetColumns, writeTo } from './frame.ts';
import type { Insert } from './ir.ts';
import { emptyRelation, type Relation, united } from './relations.ts';
import { columnKey, Scope } from './scope.ts';
import { bindSources } from './sources.ts';

/** Applies INSERT. */
export function applyInsert(frame: Frame, statement: Insert): Relation {
  const { effect, resolver, session } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const inner = frameWith(frame, tables);
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
    effect.store(
      target,
      relation,
      statement.byName ? undefined : targetColumns(inner, target, relation, statement.columns),
    );
  if (statement.assignments.length + statement.output.length === 0) {
    effect.absorb(resolver, [target]);
    return emptyRelation;
  }
  const scope = conflictScope(inner, statement, { target, relation });
  assign(inner, statement.assignments, scope, () => target);
  effect.absorb(resolver, [target]);
  return applyOutputs(inner, statement.output, target, scope);
}

/** What ON CONFLICT, ON DUPLICATE KEY and OUTPUT see: the target, and the row that was to go in. */
function conflictScope(
  inner: Frame,
  statement: Insert,
  { target, relation }: { readonly target: string; readonly relation: Relation },
): Scope {
  // A name alone is the target's: the row that was to go in is a scope around it.
  const around = new Scope(inner.tables);
  for (const name of ['excluded', columnKey(statement.newRow ?? 'new')])
    around.add(
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
  // MySQL: also the sources of the query.
  const [branch] = statement.query?.branches ?? [];
  if (branch?.type === 'select' && statement.assignments.length > 0)
    bindSources(inner.resolver, branch.from, around);
  const scope = new Scope(inner.tables, around);
  bindTarget(
    inner,
    {
      type: 'table',
      name: statement.target,
      alias: statement.alias,
      columns: [],
      pivots: [],
      line: statement.line,
    },
    scope,
  );
  return scope;
}

function named(relation: Relation, names: readonly string[]): Relation['columns'] {
  return relation.columns.map((column, at) => ({ ...column, name: names[at] ?? column.name }));
}
