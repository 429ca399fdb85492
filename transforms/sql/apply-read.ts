/** Bare queries to edges. */
import type { Frame } from './frame.ts';
import type { Name, Read, Select } from './ir.ts';
import type { Relation } from './relations.ts';
import type { Session } from './session.ts';
import { setVariables } from './variables.ts';

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
    .map((name) => name.join('.'));
  if (statement.cursor !== undefined) {
    effect.absorb(resolver, []);
    session.openCursor(statement.cursor, {
      relation,
      reads: [...resolver.reads.values(), ...resolver.others],
    });
  } else if (assigned) assignItems(frame, select, relation);
  else if (variables.length > 0) {
    effect.absorb(resolver, []);
    setVariables(frame, variables, relation, [...resolver.reads.values(), ...resolver.others]);
  } else if (select !== undefined && select.into.length > 0)
    storeInto(frame, select.into, select.intoTemporary, relation);
  else {
    effect.absorb(resolver, [null]);
    effect.store(null, relation);
    session.addResult(relation);
  }
  return relation;
}

/** `SELECT @a = x, @b = y`. */
function assignItems(frame: Frame, select: Select | undefined, relation: Relation): void {
  const { effect, resolver, session } = frame;
  for (const item of select?.items ?? []) {
    if (item.assigns === undefined) continue;
    // With a FROM clause the value depends on rows.
    const text = select?.from.length === 0 ? item.text : undefined;
    session.texts.set(item.assigns, text === undefined ? undefined : session.texts.fold(text));
    const node = session.nodes.variable(item.assigns);
    for (const read of [...resolver.reads.values(), ...resolver.others]) effect.edge(read, node);
    const origins = relation.columns.find((column) => column.name === item.name)?.origins;
    if (origins !== undefined) effect.value(node, '', origins);
  }
  effect.absorb(resolver, []);
}

/** In routines of block languages SELECT INTO fills variables; T-SQL makes a table. */
function takesVariables(session: Session, name: Name): boolean {
  const { dialect } = session;
  const [first] = name;
  if (dialect.tsql || first === undefined) return false;
  // Oracle makes no tables by SELECT INTO.
  if (dialect.name === 'oracle' || session.isVariable(first) || first.startsWith('@')) return true;
  return name.length === 1 && session.routine !== undefined && dialect.name !== 'postgres';
}

function storeInto(frame: Frame, names: readonly Name[], temporary: boolean, relation: Relation): void {
  const { effect, resolver, session } = frame;
  const [name] = names;
  if (name === undefined) return;
  if (temporary) session.nodes.declareTemporary(name);
  const target = session.nodes.of(name);
  effect.writes.add(target);
  session.fill(target);
  session.nodes.create(target);
  if (relation.open.length === 0)
    session.setShape(
      target,
      relation.columns.map((column) => column.name),
    );
  effect.store(target, relation);
  effect.absorb(resolver, [target]);
}
