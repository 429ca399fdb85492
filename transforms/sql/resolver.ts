/**
 * Columns to where they come from: scopes, common tables, derived tables, stars, unions. One resolver serves one
 * statement and collects what the statement reads on the way.
 */
import type { Dialect } from './dialects.ts';
import type {
  ColumnRef,
  CommonTable,
  Expression,
  Query,
  Select,
  SelectItem,
  Statement,
  SubQuery,
} from './ir.ts';
import { maxColumns, maxStarSteps } from './limits.ts';
import { NameSet } from './name-set.ts';
import type { Nodes } from './nodes.ts';
import type { Reason, ReasonCode } from './reasons.ts';
import { resolveReference, variableOrigins } from './references.ts';
import {
  type Column,
  emptyRelation,
  noOrigins,
  Origins,
  type Relation,
  renamed,
  united,
  unitedByName,
} from './relations.ts';
import { CommonTables, columnKey, Scope, type SharedTable } from './scope.ts';
import { type IndirectKind, type Influence, Seen } from './seen.ts';
import { Aliases } from './aliases.ts';
import { bindSources } from './sources.ts';
import { starColumns } from './star-columns.ts';

/** What the resolver asks of the session around it. */
export interface ResolverContext {
  readonly nodes: Nodes;
  /** The columns of a table, from the script so far or the catalogue. */
  columnsOf(table: string): readonly string[] | undefined;
  /** True for a declared variable of the current routine. */
  isVariable(name: string): boolean;
  /** True for the name of the current routine, which qualifies its parameters. */
  isCurrentRoutine(name: string): boolean;
  /** The table behind `inserted`, `deleted`, `new`, `old`; undefined outside of triggers. */
  pseudoTable(name: string): string | undefined;
  /** True for a routine that the script defines. */
  isRoutine(routine: string): boolean;
  /** True while the text may hold names that are not known. */
  readonly guessed: boolean;
  /** The result columns of a routine of this script. */
  resultOf(routine: string): Relation | undefined;
  /** Runs a data-changing statement inside a query and gives its output. */
  runNested(statement: Statement, resolver: Resolver, tables: CommonTables): Relation;
  readonly structs: boolean;
  readonly dialect: Dialect;
  readonly lateralAliases: boolean;
  readonly tsql: boolean;
}

/** Resolves one statement. */
export class Resolver {
  readonly context: ResolverContext;
  private seen = new Seen();
  /** How many common tables are being resolved inside each other. */
  private commonDepth = 0;
  private noted: Set<string> | undefined;
  private readonly line: number;
  private starSteps = 0;
  private existsDepth = 0;

  constructor(context: ResolverContext, line: number) {
    this.context = context;
    this.line = line;
  }

  /** Tables read. */
  get reads(): NameSet {
    return this.seen.reads;
  }

  /** Functions and variables that values come from. */
  get others(): readonly string[] {
    return this.seen.others;
  }

  /** Notes a function or variable that values come from. */
  addOther(node: string): void {
    this.seen.addOther(node);
  }

  /** Columns that steer rows. */
  get indirect(): readonly Influence[] {
    return this.seen.indirect;
  }

  /** What could not be known. */
  get reasons(): readonly Reason[] {
    return this.seen.reasons;
  }

  /** Notes that a common table is used. */
  use(table: SharedTable): void {
    if (table.seen === undefined) return;
    if (this.commonDepth > 0) this.seen.uses.push(table.seen);
    else this.seen.absorb(table.seen);
  }

  /** Notes that a table's name is built at run time. */
  unknownName(line: number): void {
    this.note('dynamic-sql', line, `The name of a table is built at run time, line ${line}.`);
  }

  /** Notes a gap once. */
  note(code: ReasonCode, line: number, text: string): void {
    const key = `${code} ${text}`;
    this.noted ??= new Set();
    if (this.noted.has(key) || this.noted.size > 100) return;
    this.noted.add(key);
    this.seen.reasons.push({ code, line: line === 0 ? this.line : line, text });
  }

  /** The scope of common tables after WITH. */
  withTables(list: readonly CommonTable[], parent: CommonTables, outer?: Scope): CommonTables {
    if (list.length === 0) return parent;
    const tables = new CommonTables(parent);
    for (const table of list) {
      const key = columnKey(table.name);
      if (table.statement !== undefined) {
        const relation = renamed(this.context.runNested(table.statement, this, tables), table.columns);
        tables.set(key, { relation, seen: undefined });
        continue;
      }
      // The first branch is the anchor of a recursion: the others see its columns under the table's own name.
      const around = this.seen;
      const own = new Seen();
      this.seen = own;
      this.commonDepth++;
      const relation = this.query(table.query, tables, outer, (anchor) =>
        tables.set(key, { relation: renamed(anchor, table.columns), seen: own }),
      );
      this.commonDepth--;
      this.seen = around;
      tables.set(key, { relation: renamed(relation, table.columns), seen: own });
    }
    return tables;
  }

  /** What a query hands out. `onAnchor` is told the first branch before the second is looked at. */
  query(
    query: Query,
    parent: CommonTables,
    outer?: Scope,
    onAnchor?: (relation: Relation) => void,
  ): Relation {
    const tables = this.withTables(query.with, parent, outer);
    const results: Relation[] = [];
    for (const [at, branch] of query.branches.entries()) {
      let relation: Relation;
      if (branch.type === 'select') relation = this.select(branch, tables, outer);
      else if (branch.type === 'nested') relation = this.query(branch.query, tables, outer);
      else {
        const scope = new Scope(tables, outer);
        relation = {
          columns: branch.columns.map((cell, index) => ({
            name: `column${index + 1}`,
            origins: this.origins(cell, scope),
            star: false,
          })),
          open: [],
        };
      }
      if (at === 0 && query.branches.length > 1) onAnchor?.(relation);
      if (query.feeds[at] === true) results.push(relation);
    }
    const changed = query.branches.length === 0 ? query.with.at(-1) : undefined;
    if (changed !== undefined) return tables.get(columnKey(changed.name))?.relation ?? emptyRelation;
    return query.byName === true ? unitedByName(results) : united(results);
  }

  /** What a SELECT hands out. */
  select(select: Select, tables: CommonTables, outer?: Scope): Relation {
    const scope = new Scope(tables, outer);
    bindSources(this, select.from, scope);
    this.influences(select, scope);
    return this.items(select.items, scope);
  }

  /** Notes the columns that steer the rows of a clause set. */
  influences(clauses: Partial<Pick<Select, 'filters' | 'joins' | 'groups' | 'sorts'>>, scope: Scope): void {
    this.influence('filter', clauses.filters, scope);
    this.influence('join', clauses.joins, scope);
    this.influence('group', clauses.groups, scope);
    this.influence('sort', clauses.sorts, scope);
  }

  private influence(kind: IndirectKind, expression: Expression | undefined, scope: Scope): void {
    if (expression === undefined) return;
    for (const { table, column } of this.origins(expression, scope).values()) {
      if (table !== '' && this.seen.indirect.length < maxColumns)
        this.seen.indirect.push({ table, column, kind });
    }
  }

  /** The columns of a select list. */
  items(items: readonly SelectItem[], scope: Scope): Relation {
    const columns: Column[] = [];
    const open = new NameSet();
    const aliases = new Aliases();
    for (const item of items) {
      if (columns.length >= maxColumns) {
        this.note(
          'too-many-edges',
          item.line,
          `A query has more than ${maxColumns} columns; the rest were left out.`,
        );
        break;
      }
      if (item.star !== undefined) starColumns(this, item, scope, { columns, open });
      else {
        const origins = this.origins(item.expression, scope, aliases);
        aliases.add(item.name, origins);
        columns.push({ name: item.name, origins, star: false });
      }
    }
    return {
      columns: columns.length > maxColumns ? columns.slice(0, maxColumns) : columns,
      open: open.values(),
    };
  }

  /** True inside of EXISTS, where no value comes out: what stands behind a star does not matter. */
  get inExists(): boolean {
    return this.existsDepth > 0;
  }

  /** Counts the sources that stars look at; false once there are too many. */
  allowsStar(sources: number): boolean {
    this.starSteps += sources;
    return this.starSteps <= maxStarSteps;
  }

  /** Where the value of an expression comes from. `aliases`: earlier items of the same list. */
  origins(expression: Expression, scope: Scope, aliases?: Aliases): Origins {
    if (expression.refs.length + expression.subqueries.length + expression.calls.length === 0)
      return noOrigins;
    const plain = this.plainColumn(expression, scope, aliases);
    if (plain !== undefined) return plain;
    const origins = new Origins();
    for (const ref of expression.refs) this.reference(ref, scope, origins, aliases);
    for (const subquery of expression.subqueries) this.subquery(subquery, scope, origins);
    for (const call of expression.calls) {
      const [only] = call;
      // PL/SQL: an element of a collection.
      if (call.length === 1 && only !== undefined) {
        if (this.context.isVariable(only)) origins.addAll(variableOrigins(this, only), 'transformed');
        continue;
      }
      const routine = this.context.nodes.of(call);
      if (this.context.isRoutine(routine)) this.addOther(`fn:${routine}`);
    }
    return origins;
  }

  /** The origins of an expression that is nothing but one column, which are shared rather than copied. */
  private plainColumn(
    { refs, subqueries, calls }: Expression,
    scope: Scope,
    aliases?: Aliases,
  ): Origins | undefined {
    const [only] = refs;
    if (only === undefined || refs.length + subqueries.length + calls.length > 1 || only.kind !== 'identity')
      return undefined;
    const found = resolveReference(this, only, scope, aliases);
    if (found === undefined) return noOrigins;
    const [origins] = found;
    if (origins !== undefined && found.length === 1) return origins;
    const all = new Origins();
    for (const list of found) all.addAll(list, 'identity');
    return all;
  }

  private subquery(subquery: SubQuery, scope: Scope, origins: Origins): void {
    if (subquery.exists) {
      this.existsDepth++;
      this.query(subquery.query, scope.tables, scope);
      this.existsDepth--;
      return;
    }
    const relation = this.query(subquery.query, scope.tables, scope);
    for (const column of relation.columns) origins.addAll(column.origins, subquery.kind);
  }

  private reference(ref: ColumnRef, scope: Scope, origins: Origins, aliases?: Aliases): void {
    const found = resolveReference(this, ref, scope, aliases);
    if (found === undefined) return;
    for (const list of found) origins.addAll(list, ref.kind);
  }
}
