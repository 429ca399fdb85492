/** One column reference to its origins: qualified names, variables, aliases of the same list, ambiguity. */
import type { ColumnRef } from './ir.ts';
import { addOrigin, type Origins, type Relation } from './relations.ts';
import type { Resolver } from './resolver.ts';
import { columnKey, findColumn, type Scope } from './scope.ts';

function single(table: string, column: string): Origins {
  const origins: Origins = new Map();
  addOrigin(origins, { table, column, kind: 'identity' });
  return origins;
}

/** The origins of a reference, one list for each column that it means; undefined if it means none. */
export function resolveReference(
  resolver: Resolver,
  ref: ColumnRef,
  scope: Scope,
  aliases?: ReadonlyMap<string, Origins>,
): readonly Origins[] | undefined {
  const [first] = ref.parts;
  if (first === undefined) return undefined;
  if (ref.variable) return [variable(resolver, first)];
  if (ref.parts.length > 1) return qualified(resolver, ref, scope);
  return unqualified(resolver, ref, scope, aliases);
}

function variable(resolver: Resolver, name: string): Origins {
  const node = resolver.context.nodes.variable(name);
  resolver.others.add(node);
  return single(node, '');
}

function unqualified(
  resolver: Resolver,
  ref: ColumnRef,
  scope: Scope,
  aliases?: ReadonlyMap<string, Origins>,
): readonly Origins[] | undefined {
  const name = ref.parts[0] ?? '';
  const key = columnKey(name);
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const known = at.columns(key);
    if (known.length > 0) return known;
    const whole = at.find(key);
    if (whole?.relation.any !== undefined) return [whole.relation.any];
    if (at === scope && resolver.context.isVariable(name)) return [variable(resolver, name)];
    const [only, second] = at.open();
    if (only !== undefined && second === undefined) return [single(only, name)];
    const alias = at === scope ? aliases?.get(key) : undefined;
    if (alias !== undefined) return [alias];
    if (second !== undefined) return [ambiguous(resolver, ref, name)];
    const any = at.bounds.length === 1 ? at.bounds[0]?.relation.any : undefined;
    if (any !== undefined) return [any];
  }
  return unknownColumn(resolver, ref, scope);
}

/** Every source is known and none has the column: the catalogue may be older than the script. */
function unknownColumn(resolver: Resolver, ref: ColumnRef, scope: Scope): readonly Origins[] | undefined {
  const name = ref.parts[0] ?? '';
  const [only] = scope.tablesBound();
  if (only === undefined) return undefined;
  return [scope.bounds.length === 1 ? single(only, name) : ambiguous(resolver, ref, name)];
}

function ambiguous(resolver: Resolver, ref: ColumnRef, name: string): Origins {
  resolver.note(
    'ambiguous-column',
    ref.line,
    `Column ${name} may come from several tables, line ${ref.line}; qualify it or give the tables' columns.`,
  );
  return single('', name);
}

function qualified(resolver: Resolver, ref: ColumnRef, scope: Scope): readonly Origins[] | undefined {
  const { context } = resolver;
  const qualifier = columnKey(ref.parts.slice(0, -1).join('.'));
  const column = ref.parts.at(-1) ?? '';
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const bound = at.find(qualifier);
    if (bound !== undefined) return fromRelation(resolver, bound.relation, column, ref);
    // `alias.column.field`
    const first =
      ref.parts.length > 2 || context.structs ? at.find(columnKey(ref.parts[0] ?? '')) : undefined;
    if (first !== undefined && ref.parts.length > 2)
      return fromRelation(resolver, first.relation, ref.parts[1] ?? '', ref);
  }
  const pseudo = ref.parts.length === 2 ? context.pseudoTable(ref.parts[0] ?? '') : undefined;
  if (pseudo !== undefined) return [single(pseudo, column)];
  if (context.isVariable(ref.parts[0] ?? '')) return [recordField(resolver, ref.parts[0] ?? '', column)];
  if (context.structs) return unqualified(resolver, { ...ref, parts: ref.parts.slice(0, 1) }, scope);
  resolver.note(
    'unknown-qualifier',
    ref.line,
    `${ref.parts.join('.')} is qualified by a name that is no source here, line ${ref.line}.`,
  );
  return [single('', column)];
}

function recordField(resolver: Resolver, name: string, field: string): Origins {
  const node = resolver.context.nodes.variable(name);
  resolver.others.add(node);
  return single(node, field);
}

/** The column of one source. */
function fromRelation(
  resolver: Resolver,
  relation: Relation,
  column: string,
  ref: ColumnRef,
): readonly Origins[] | undefined {
  const known = findColumn(relation, column);
  if (known !== undefined) return [known.origins];
  if (relation.any !== undefined) return [relation.any];
  const [only] = relation.open;
  if (relation.open.length === 1 && only !== undefined) return [single(only, column)];
  if (relation.open.length > 1) return [ambiguous(resolver, ref, column)];
  return undefined;
}
