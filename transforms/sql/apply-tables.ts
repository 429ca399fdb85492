/** CREATE, whole-table moves, TRUNCATE, DROP, ALTER and USE to edges and to the state of the session. */
import { type Frame, targetColumns, writeTo } from './frame.ts';
import { renameTable } from './apply-routine.ts';
import type { Dialect } from './dialects.ts';
import type { Create, Move, Query, Touch, Use } from './ir.ts';
import { isLocation } from './names.ts';
import { renamed } from './relations.ts';

/** Applies CREATE TABLE and VIEW. */
export function applyCreate(frame: Frame, statement: Create): void {
  const { effect, resolver, session } = frame;
  const tables = resolver.withTables(statement.with, frame.tables);
  const relation = statement.query === undefined ? undefined : resolver.query(statement.query, tables);
  if (statement.temporary) session.nodes.declareTemporary(statement.target);
  if (statement.copyOf !== undefined) resolver.reads.add(session.nodes.of(statement.copyOf));
  const target = writeTo(frame, statement.target);
  session.nodes.create(target);
  if (relation === undefined) {
    const copied =
      statement.copyOf === undefined ? undefined : session.columnsOf(session.nodes.of(statement.copyOf));
    session.setShape(target, statement.columns.length > 0 ? statement.columns : (copied ?? []));
  } else {
    const shaped = renamed(relation, statement.columns);
    effect.store(target, shaped);
    const names = shaped.columns.map((column) => column.name);
    if (!names.includes('*')) session.setShape(target, names);
  }
  effect.absorb(resolver, [target]);
  if (statement.copyOf !== undefined && statement.copiesRows) {
    const source = session.nodes.of(statement.copyOf);
    effect.keepColumns(source, target, session.columnsOf(source));
  }
}

/** Applies a move of a whole table. */
export function applyMove(frame: Frame, statement: Move): void {
  const { session } = frame;
  if (statement.how === 'synonym') {
    session.nodes.addSynonym(statement.target, statement.source);
    return;
  }
  if (statement.how === 'rename') {
    renameTable(frame, statement.source, statement.target);
    return;
  }
  if (statement.how === 'alter-rename') {
    renameForGood(frame, statement);
    return;
  }
  if (statement.query === undefined) moveTable(frame, statement);
  else storeQuery(frame, statement, statement.query);
}

function storeQuery(frame: Frame, statement: Move, query: Query): void {
  const { effect, resolver } = frame;
  const relation = resolver.query(query, frame.tables);
  const target = writeTo(frame, statement.target);
  effect.absorb(resolver, [target]);
  effect.store(
    target,
    relation,
    isLocation(statement.target)
      ? undefined
      : targetColumns(frame, target, relation, statement.sourceColumns),
  );
}

function moveTable(frame: Frame, statement: Move): void {
  const { effect, resolver, session } = frame;
  const source = session.nodes.of(statement.source);
  resolver.reads.add(source);
  const target = writeTo(frame, statement.target);
  if (statement.how === 'switch') session.empty(source);
  effect.absorb(resolver, [target]);
  effect.keepColumns(source, target, session.columnsOf(source) ?? session.columnsOf(target));
}

/** ALTER TABLE … RENAME: the old name is gone. Without rows of this script it moves no data. */
function renameForGood(frame: Frame, statement: Move): void {
  const { effect, session } = frame;
  const source = session.nodes.of(statement.source);
  if (!session.isWritten(source)) return;
  const target = writeTo(frame, statement.target);
  effect.edge(source, target);
  const columns = session.columnsOf(source);
  effect.keepColumns(source, target, columns);
  session.setShape(target, columns ?? []);
  session.nodes.leave(source);
}

/** Applies TRUNCATE, DROP and ALTER TABLE. */
export function applyTouch(frame: Frame, statement: Touch): void {
  const { session } = frame;
  for (const name of statement.targets) {
    if (statement.type === 'drop') session.nodes.drop(name);
    else {
      const node = writeTo(frame, name);
      if (statement.type === 'truncate') session.empty(node);
    }
  }
}

/** In Databricks, Hive and MySQL a database is a schema, and USE names one. */
function meansSchema(dialect: Dialect): boolean {
  return dialect.name === 'databricks' || !dialect.threeParts;
}

/** Applies USE. */
export function applyUse(frame: Frame, statement: Use): void {
  const { nodes, dialect } = frame.session;
  const { defaults } = nodes;
  const [first, second] = statement.name;
  if (first === undefined || (statement.level === 'any' && first.toLowerCase() === 'default')) return;
  // T-SQL's scripts begin with USE and mean one database by all their names; those that use several are complete from the start.
  const full = defaults.full || (!dialect.tsql && dialect.threeParts);
  if (second !== undefined) nodes.defaults = { database: first, schema: second, full };
  else if (statement.level === 'schema' || (statement.level !== 'catalog' && meansSchema(dialect)))
    nodes.defaults = { ...defaults, schema: first };
  else nodes.defaults = { database: first, schema: dialect.tsql ? defaults.schema : undefined, full };
}
