/** One column reference to its origins: qualified names, variables, aliases of the same list, ambiguity. */
import { Aliases } from './aliases.ts';
import type { Dialect } from './dialects.ts';
import type { ColumnRef } from './ir.ts';
import { Origins, type Relation } from './relations.ts';
import type { Resolver } from './resolver.ts';
import { isUnknownText } from './unknown-text.ts';
import { type Bound, columnKey, findColumn, type Scope } from './scope.ts';

const noAliases = new Aliases();

/** The origins of a reference, one list for each column that it means; undefined if it means none. */
export function resolveReference(
  resolver: Resolver,
  ref: ColumnRef,
  scope: Scope,
  aliases?: Aliases,
): readonly Origins[] | undefined {
  const [first] = ref.parts;
  if (first === undefined || (resolver.context.guessed && ref.parts.some(isUnknownText))) return undefined;
  if (ref.against !== undefined) return ofBothSides(resolver, ref, scope);
  if (ref.among !== undefined) return ofSide(ref.among, first, scope);
  if (ref.variable) return [variableOrigins(resolver, first)];
  if (ref.parts.length > 1) return qualified(resolver, ref, scope);
  return unqualified(resolver, ref, scope, aliases);
}

/** The column of one side of a join; undefined if it is not known which source has it. */
function ofSide(among: readonly string[], column: string, scope: Scope): readonly Origins[] | undefined {
  const relations = among.flatMap((name) => scope.find(columnKey(name))?.relation ?? []);
  const known = relations.flatMap((relation) => findColumn(relation, column)?.origins ?? []);
  if (known.length > 0) return known;
  const [only, second] = relations.flatMap((relation) => relation.open);
  return only === undefined || second !== undefined ? undefined : [Origins.of(only, column)];
}

/** The columns that both sides of a NATURAL JOIN have; a reason where those of one side are not known. */
function ofBothSides(
  resolver: Resolver,
  { among = [], against = [], line }: ColumnRef,
  scope: Scope,
): readonly Origins[] | undefined {
  const relationsOf = (labels: readonly string[]): readonly Relation[] =>
    labels.flatMap((label) => scope.find(columnKey(label))?.relation ?? []);
  const [left, right] = [relationsOf(among), relationsOf(against)];
  if ([...left, ...right].some((relation) => relation.open.length > 0 || relation.any !== undefined)) {
    const text = `NATURAL JOIN joins by the columns that both sides have, which are not all in the catalogue, line ${line}.`;
    resolver.note('join-columns-unknown', line, text);
    return undefined;
  }
  return left
    .flatMap((relation) => relation.columns)
    .flatMap(({ name, origins }) => {
      const others = right.flatMap((relation) => findColumn(relation, name)?.origins ?? []);
      return others.length === 0 ? [] : [origins, ...others];
    });
}

/** The origins of a variable's value. */
export function variableOrigins(resolver: Resolver, name: string): Origins {
  const node = resolver.context.nodes.variable(name);
  resolver.addOther(node);
  return Origins.of(node, '');
}

function unqualified(
  resolver: Resolver,
  ref: ColumnRef,
  scope: Scope,
  aliases?: Aliases,
): readonly Origins[] | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const found = inScope(resolver, ref, at, at === scope ? (aliases ?? noAliases) : undefined);
    if (found !== undefined) return found;
  }
  return unknownColumn(resolver, ref, scope);
}

/** Looks in one query; `aliases` only in the innermost one, where variables are seen, too. */
function inScope(
  resolver: Resolver,
  ref: ColumnRef,
  scope: Scope,
  aliases: Aliases | undefined,
): readonly Origins[] | undefined {
  const name = ref.parts[0] ?? '';
  const key = columnKey(name);
  const known = scope.columns(key);
  if (known.length > 0) return known;
  const whole = wholeRow(resolver, scope.find(key), ref);
  if (whole !== undefined) return whole;
  if (aliases !== undefined && resolver.context.isVariable(name)) return [variableOrigins(resolver, name)];
  const [only, second] = scope.open();
  const alias = aliases?.get(key);
  if (only !== undefined && second === undefined)
    return [columnOrAlias(resolver, { table: only, name }, alias)];
  if (alias !== undefined) return [alias];
  if (second !== undefined) return [ambiguous(resolver, ref, name)];
  const any = scope.bounds.length === 1 ? scope.bounds[0]?.relation.any : undefined;
  return any === undefined ? undefined : [any];
}

/** A source as a value: what a function hands out, or all columns of a row, where they are known. */
function wholeRow(
  resolver: Resolver,
  bound: Bound | undefined,
  { line }: ColumnRef,
): readonly Origins[] | undefined {
  const relation = bound?.relation;
  if (bound === undefined || relation === undefined) return undefined;
  if (relation.any !== undefined) return [relation.any];
  const all = new Origins();
  for (const { origins } of relation.columns) all.addAll(origins, 'transformed');
  if (relation.open.length === 0) return relation.columns.length === 0 ? undefined : [all];
  // A table may have a column of its own name; of another name that the query gives it, it has hardly one.
  if (bound.alias === undefined || !hasRows(resolver.context.dialect)) return undefined;
  for (const table of relation.open) all.add({ table, column: '*', kind: 'transformed' });
  const text = `A row of ${bound.label} is taken as a whole, line ${line}; its columns are not in the catalogue.`;
  resolver.note('star-not-expanded', line, text);
  return [all];
}

/** True where the name of a source alone is its row as a value: PostgreSQL and its relatives, and dialects with structs. */
function hasRows({ structs, nestedComments, tsql }: Dialect): boolean {
  return structs || (nestedComments && !tsql);
}

/** A column goes before an alias of the same list, and an alias made from the column shows that there is one. */
function columnOrAlias(
  resolver: Resolver,
  { table, name }: { readonly table: string; readonly name: string },
  alias: Origins | undefined,
): Origins {
  const column = Origins.of(table, name);
  if (alias === undefined || !resolver.context.lateralAliases) return column;
  const key = columnKey(name);
  return alias.values().some((origin) => columnKey(origin.column) === key) ? column : alias;
}

/** Every source is known and none has the column: the catalogue may be older than the script. */
function unknownColumn(resolver: Resolver, ref: ColumnRef, scope: Scope): readonly Origins[] | undefined {
  const name = ref.parts[0] ?? '';
  const [only] = scope.tablesBound();
  if (only === undefined) return undefined;
  return [scope.bounds.length === 1 ? Origins.of(only, name) : ambiguous(resolver, ref, name)];
}

function ambiguous(resolver: Resolver, ref: ColumnRef, name: string): Origins {
  resolver.note(
    'ambiguous-column',
    ref.line,
    `Column ${name} may come from several tables, line ${ref.line}; qualify it or give the tables' columns.`,
  );
  return Origins.of('', name);
}

function qualified(resolver: Resolver, ref: ColumnRef, scope: Scope): readonly Origins[] | undefined {
  const qualifier = columnKey(
    ref.parts.length === 2 ? (ref.parts[0] ?? '') : ref.parts.slice(0, -1).join('.'),
  );
  const first = columnKey(ref.parts[0] ?? '');
  const column = ref.parts.at(-1) ?? '';
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const bound = at.find(qualifier);
    if (bound !== undefined) return fromRelation(resolver, bound.relation, column, ref);
    // `alias.column.field`
    const outer = ref.parts.length > 2 ? at.find(first) : undefined;
    if (outer !== undefined) return fromRelation(resolver, outer.relation, ref.parts[1] ?? '', ref);
  }
  return withoutSource(resolver, ref, scope);
}

/** A qualifier that is no source: a row of a trigger, a record, a column with fields, or a mistake. */
function withoutSource(resolver: Resolver, ref: ColumnRef, scope: Scope): readonly Origins[] | undefined {
  const { context } = resolver;
  const first = ref.parts[0] ?? '';
  const column = ref.parts.at(-1) ?? '';
  const pseudo = ref.parts.length === 2 ? context.pseudoTable(first) : undefined;
  if (pseudo !== undefined) {
    resolver.reads.add(pseudo);
    return [Origins.of(pseudo, column)];
  }
  if (context.isVariable(first)) return [recordField(resolver, first, column)];
  if (ref.parts.length === 2 && context.isCurrentRoutine(first) && context.isVariable(column))
    return [variableOrigins(resolver, column)];
  if (context.structs) return unqualified(resolver, { ...ref, parts: [first] }, scope);
  resolver.note(
    'unknown-qualifier',
    ref.line,
    `${ref.parts.join('.')} is qualified by a name that is no source here, line ${ref.line}.`,
  );
  return [Origins.of('', column)];
}

function recordField(resolver: Resolver, name: string, field: string): Origins {
  const node = resolver.context.nodes.variable(name);
  resolver.addOther(node);
  return Origins.of(node, field);
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
  if (relation.open.length === 1 && only !== undefined) return [Origins.of(only, column)];
  if (relation.open.length > 1) return [ambiguous(resolver, ref, column)];
  return undefined;
}
