/** FROM items to relations: tables, common tables, sub-queries, functions, files, PIVOT and UNPIVOT. */
import type { Expression, Pivot, Source } from './ir.ts';
import { unknownNode } from './nodes.ts';
import { type Column, emptyRelation, noOrigins, Origins, type Relation, renamed } from './relations.ts';
import type { Resolver } from './resolver.ts';
import { type Bound, columnKey, Scope } from './scope.ts';

/** Binds the sources of a query into its scope. Earlier ones are seen by later ones (LATERAL, APPLY). */
export function bindSources(resolver: Resolver, sources: readonly Source[], scope: Scope): void {
  for (const source of sources) bindSource(resolver, source, scope);
}

/** Binds one source; `silent` if it is written rather than read. */
export function bindSource(resolver: Resolver, source: Source, scope: Scope, silent = false): Bound {
  const { relation, table } = relationOf(resolver, source, scope, silent);
  let shaped =
    source.type === 'table' && source.pivots.length === 0 && source.columns.length === 0
      ? relation
      : renamed(relation, source.pivots.length === 0 ? source.columns : []);
  for (const pivot of source.pivots) shaped = applyPivot(resolver, pivot, shaped, scope.tables);
  // Names for all columns, of which only the last ones are known.
  const skipped = shaped.open.length > 0 ? Math.max(0, source.columns.length - shaped.columns.length) : 0;
  if (source.pivots.length > 0) shaped = renamed(shaped, source.columns.slice(skipped));
  const names = namesOf(source);
  const isOther =
    source.alias !== undefined && columnKey(source.alias) !== columnKey(source.name.at(-1) ?? '');
  const alias = isOther ? source.alias : undefined;
  const bound: Bound = { relation: shaped, table, label: source.alias ?? source.name.join('.'), alias };
  scope.add(bound, names);
  return bound;
}

/** The qualifiers that mean the source: its alias; the name, also without its first parts. */
function namesOf(source: Source): readonly string[] {
  const names: string[] = source.alias === undefined ? [] : [columnKey(source.alias)];
  if (source.type === 'query') return names;
  const { name } = source;
  for (let from = 0; from < Math.min(name.length, 4); from++)
    names.push(columnKey(from + 1 === name.length ? (name[from] ?? '') : name.slice(from).join('.')));
  return names;
}

interface Found {
  readonly relation: Relation;
  readonly table: string | undefined;
}

function relationOf(resolver: Resolver, source: Source, scope: Scope, silent: boolean): Found {
  switch (source.type) {
    case 'query':
    case 'values':
      return {
        relation:
          source.query === undefined ? emptyRelation : resolver.query(source.query, scope.tables, scope),
        table: undefined,
      };
    case 'function':
      return { relation: functionRelation(resolver, source, scope), table: undefined };
    case 'path':
      return tableRelation(resolver, resolver.context.nodes.of(source.name), silent);
    case 'table':
      return namedRelation(resolver, source, scope, silent);
  }
}

function namedRelation(resolver: Resolver, source: Source, scope: Scope, silent: boolean): Found {
  const { context } = resolver;
  const [first] = source.name;
  if (source.name.length === 1 && first !== undefined) {
    const common = scope.tables.get(columnKey(first));
    if (common !== undefined) {
      resolver.use(common);
      return { relation: common.relation, table: undefined };
    }
    const pseudo = context.pseudoTable(first);
    if (pseudo !== undefined) return tableRelation(resolver, pseudo, silent);
    if (context.isVariable(first) && !first.startsWith('@')) {
      const node = context.nodes.variable(first);
      resolver.addOther(node);
      return { relation: { columns: [], open: [node] }, table: undefined };
    }
  }
  if (context.nodes.isSystem(source.name))
    return { relation: { columns: [], open: [], any: noOrigins }, table: undefined };
  const array = source.name.length > 1 && context.structs ? arrayOf(source, scope) : undefined;
  if (array !== undefined) return { relation: array, table: undefined };
  return tableRelation(resolver, context.nodes.of(source.name), silent, source.line);
}

/** BigQuery: `FROM t, t.items AS i` walks over an array of `t`. */
function arrayOf(source: Source, scope: Scope): Relation | undefined {
  const bound = scope.find(columnKey(source.name[0] ?? ''));
  if (bound === undefined) return undefined;
  const any = new Origins();
  for (const table of bound.relation.open)
    any.add({ table, column: source.name[1] ?? '*', kind: 'transformed' });
  return { columns: [], open: [], any };
}

function tableRelation(resolver: Resolver, table: string, silent: boolean, line = 0): Found {
  if (table === unknownNode) resolver.unknownName(line);
  if (!silent) resolver.reads.add(table);
  const columns = resolver.context.columnsOf(table);
  if (columns === undefined) return { relation: { columns: [], open: [table] }, table };
  return {
    relation: {
      columns: columns.map(
        (name): Column => ({
          name,
          origins: Origins.of(table, name),
          star: false,
        }),
      ),
      open: [],
    },
    table,
  };
}

function functionRelation(resolver: Resolver, source: Source, scope: Scope): Relation {
  const { context } = resolver;
  const any = new Origins();
  if (source.args !== undefined) any.addAll(resolver.origins(source.args, scope), 'transformed');
  const last = (source.name.at(-1) ?? '').toLowerCase();
  if (context.tsql && last === 'nodes' && source.name.length > 1) {
    const parts = source.name.slice(0, -1);
    const column = {
      refs: [{ parts, kind: 'transformed', variable: parts[0]?.startsWith('@') === true, line: source.line }],
      subqueries: [],
      calls: [],
    } as const;
    any.addAll(resolver.origins(column, scope), 'transformed');
    return { columns: [], open: [], any };
  }
  if (context.nodes.isSystem(source.name)) return { columns: [], open: [], any };
  const routine = context.nodes.of(source.name);
  const result = context.resultOf(routine);
  const isRoutine = context.isRoutine(routine);
  if (source.name.length === 1 && result === undefined && !isRoutine) return { columns: [], open: [], any };
  const node = `fn:${routine}`;
  resolver.addOther(node);
  if (result === undefined) {
    if (isRoutine) return { columns: [], open: [node] };
    resolver.note(
      'routine-not-defined',
      source.line,
      `Function ${source.name.join('.')} is not defined in this script, line ${source.line}.`,
    );
    return { columns: [], open: [node] };
  }
  const columns = result.columns.map(
    (column): Column => ({
      ...column,
      origins: Origins.of(node, column.name),
    }),
  );
  return { columns, open: result.open.length > 0 ? [node] : [] };
}

function applyPivot(resolver: Resolver, pivot: Pivot, relation: Relation, tables: Scope['tables']): Relation {
  const inner = new Scope(tables);
  inner.add({ relation, table: undefined, label: '' }, []);
  const selectors = resolver.origins(pivot.selectors, inner);
  const known = new Map<Expression, Origins>();
  // One value of PIVOT is that of many columns.
  const valueOf = (values: Expression): Origins => {
    let origins = known.get(values);
    if (origins === undefined) {
      origins = new Origins();
      origins.addAll(resolver.origins(values, inner), pivot.type === 'pivot' ? 'aggregated' : 'transformed');
      origins.addAll(selectors, 'conditional');
      known.set(values, origins);
    }
    return origins;
  };
  const gone = new Set(
    [...pivot.consumed.refs, ...pivot.selectors.refs].map((ref) => columnKey(ref.parts.at(-1) ?? '')),
  );
  const kept = relation.columns.filter((column) => !gone.has(columnKey(column.name)));
  const produced = pivot.produced.map(
    ({ name, values }): Column => ({ name, origins: valueOf(values), star: false }),
  );
  const labels = pivot.labels.map((name): Column => ({ name, origins: noOrigins, star: false }));
  return { columns: [...kept, ...labels, ...produced], open: relation.open };
}
