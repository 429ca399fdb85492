/** What the appliers of statements share: the frame, writes, names of stored columns, SET lists. */
import type { Effect } from './effect.ts';
import type { Assignment, Name, Source } from './ir.ts';
import { Origins, type Relation } from './relations.ts';
import type { Resolver } from './resolver.ts';
import type { Bound, CommonTables, Scope } from './scope.ts';
import { unknownNode } from './nodes.ts';
import type { Session } from './session.ts';
import { bindSource } from './sources.ts';

/** What a statement is applied to: session, effect, resolver and the common tables in sight. */
export interface Frame {
  readonly session: Session;
  readonly effect: Effect;
  readonly resolver: Resolver;
  readonly tables: CommonTables;
}

/** The frame with the common tables of a statement. */
export function frameWith({ session, effect, resolver }: Frame, tables: CommonTables): Frame {
  return { session, effect, resolver, tables };
}

/** Notes a write and gives the node. */
export function writeTo(frame: Frame, target: Name): string {
  const node = frame.session.nodes.of(target);
  if (node === unknownNode) frame.resolver.unknownName(frame.effect.line);
  markWritten(frame, node);
  return node;
}

/** Notes that the statement writes a node. */
export function markWritten({ session, effect }: Frame, node: string): void {
  effect.writes.add(node);
  session.fill(node);
}

/** The names by which stored columns are known: the list given, else the target's own if their number fits. */
export function targetColumns(
  frame: Frame,
  target: string,
  relation: Relation,
  listed: readonly string[],
): readonly (string | null)[] | undefined {
  const names = listed.length > 0 ? listed : fittingShape(frame.session.columnsOf(target), relation);
  const stars = relation.columns.filter((column) => column.star).length;
  if (names !== undefined && stars < 2) return stars === 0 ? names : aroundStar(names, relation);
  const others = relation.columns.filter((column) => !column.star && column.origins.size > 0);
  if (
    others.length === 0 ||
    (names === undefined && stars === 0 && frame.session.columnsOf(target) !== undefined)
  )
    return undefined;
  const where = `${frame.session.nodes.display(target)} by position, line ${frame.effect.line}`;
  frame.effect.note(
    'target-columns-unknown',
    names === undefined
      ? `Columns go to ${where}; they bear the query's names here.`
      : `Columns go to ${where}; those between stars are left out, because it is not known how many columns a star has.`,
  );
  return names === undefined ? undefined : aroundStar(names, relation);
}

/** The columns of a table, if those of the query can be all of them. */
function fittingShape(
  shape: readonly string[] | undefined,
  { columns }: Relation,
): readonly string[] | undefined {
  if (shape === undefined || shape.length === columns.length) return shape;
  return columns.some((column) => column.star) && shape.length >= columns.length - 1 ? shape : undefined;
}

/** Before the first star names count from the beginning, behind the last one from the end; between two nobody knows. */
function aroundStar(names: readonly string[], { columns }: Relation): readonly (string | null)[] {
  const first = columns.findIndex((column) => column.star);
  const last = columns.findLastIndex((column) => column.star);
  return columns.map((_, at) => {
    if (at < first) return names[at] ?? null;
    return at > last ? (names[names.length - columns.length + at] ?? null) : null;
  });
}

/** Binds a source that is written rather than read. */
export function bindTarget({ resolver }: Frame, source: Source, scope: Scope): Bound {
  return bindSource(resolver, source, scope, true);
}

/** Sets columns; the target of each may depend on its qualifier. */
export function assign(
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
    for (const column of assignment.columns)
      effect.value(target, column, assignment.compound ? withOwn(origins, target, column) : origins);
  }
}

/** `x += y`: of both the old value and the other. */
function withOwn(other: Origins, table: string, column: string): Origins {
  const origins = Origins.of(table, column, 'transformed');
  origins.addAll(other, 'transformed');
  return origins;
}
