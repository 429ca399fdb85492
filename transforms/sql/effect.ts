/** What one statement does to the graph of tables and columns. */
import type { DirectKind } from './ir.ts';
import { maxStatementEdges } from './limits.ts';
import { NameSet } from './name-set.ts';
import type { RoutineHead } from './pieces.ts';
import type { Reason } from './reasons.ts';
import { Origins, type Relation } from './relations.ts';
import type { Resolver } from './resolver.ts';
import { columnKey } from './scope.ts';
import { isUnknownText } from './unknown-text.ts';
import type { IndirectKind } from './seen.ts';

/** A value that goes from a column to a column. Tables are nodes; a target of null is the result of a bare query. */
export interface NodeColumnEdge {
  readonly source: string;
  readonly sourceColumn: string;
  readonly target: string | null;
  readonly targetColumn: string;
  readonly kind: DirectKind;
}

/** A column that steers the rows of a table. */
export interface NodeIndirectEdge {
  readonly source: string;
  readonly sourceColumn: string;
  readonly target: string | null;
  readonly kind: IndirectKind;
}

/** Up to this many sources of a target column are looked through one by one. */
const fewSources = 8;

function sourceKey(table: string, column: string, target: string | null): string {
  return target === null ? `${table}\u0000${column}` : `${table}\u0000${column}\u0000${target}`;
}

/** Collects the effect of one statement. */
export class Effect {
  readonly line: number;
  readonly kind: string;
  readonly routine: RoutineHead | undefined;
  readonly reads = new NameSet();
  readonly writes = new NameSet();
  readonly tableEdges: (readonly [string, string])[] = [];
  readonly columnEdges: NodeColumnEdge[] = [];
  readonly indirectEdges: NodeIndirectEdge[] = [];
  private called: NameSet | undefined;
  readonly reasons: Reason[] = [];
  /** How the statement writes its tables, where that is not their full name. */
  private names: Map<string, string> | undefined;
  private keepsNames = false;
  /** For each target column the edges that it has; undefined while there are few edges. */
  private columns: Map<string, NodeColumnEdge[]> | undefined;
  /** The same as keys, for target columns with many sources. */
  private manySources: Map<string, Set<string>> | undefined;

  private readonly guessed: boolean;

  /** `guessed`: the text may hold names that are not known. */
  constructor(line: number, kind: string, routine: RoutineHead | undefined, guessed = false) {
    this.line = line;
    this.kind = kind;
    this.routine = routine;
    this.guessed = guessed;
  }

  /** Routines called: `proc:` and `fn:` with the name. */
  get calls(): readonly string[] {
    return this.called?.values() ?? [];
  }

  /** Notes a call. */
  call(routine: string): void {
    (this.called ??= new NameSet()).add(routine);
  }

  /** Keeps how the statement writes its tables; the first call counts. */
  keepNames(display: (node: string) => string): void {
    if (this.keepsNames || this.reads.size + this.writes.size === 0) return;
    this.keepsNames = true;
    for (const node of this.reads.values()) this.keepName(node, display(node));
    for (const node of this.writes.values()) this.keepName(node, display(node));
  }

  private keepName(node: string, name: string): void {
    if (name !== node) (this.names ??= new Map()).set(node, name);
  }

  /** The table as the statement writes it; undefined if it is none of its own. */
  nameOf(node: string): string | undefined {
    if (!this.keepsNames || (!this.reads.has(node) && !this.writes.has(node))) return undefined;
    return this.names?.get(node) ?? node;
  }

  /** Notes a gap of this statement. */
  note(code: Reason['code'], text: string): void {
    this.reasons.push({ code, line: this.line, text });
  }

  /** Adds an edge between tables. */
  edge(source: string, target: string): void {
    if (source !== target && this.tableEdges.length < maxStatementEdges)
      this.tableEdges.push([source, target]);
  }

  /** Takes over what the resolver saw, as sources of the targets. */
  absorb(resolver: Resolver, targets: readonly (string | null)[]): void {
    const sources = resolver.reads.values();
    const others = resolver.others;
    this.reads.addAll(sources);
    for (const other of others) if (other.startsWith('fn:')) this.call(other);
    for (const target of targets) {
      if (target !== null) {
        for (const source of sources) this.edge(source, target);
        for (const source of others) this.edge(source, target);
      }
      for (const { table, column, kind } of resolver.indirect) {
        if (this.indirectEdges.length < maxStatementEdges)
          this.indirectEdges.push({ source: table, sourceColumn: column, target, kind });
      }
    }
  }

  /** Adds the edges of one target column. A column that keeps its own value is no edge. */
  value(target: string | null, targetColumn: string, origins: Origins): void {
    if (origins.size === 0 || (this.guessed && isUnknownText(targetColumn))) return;
    const targetKey = columnKey(targetColumn);
    for (const { table, column, kind } of origins.values()) {
      const key = columnKey(column);
      if (kind === 'identity' && table === target && key === targetKey) continue;
      if (this.columnEdges.length >= maxStatementEdges) return;
      const known = this.edgesInto(targetKey);
      if (this.hasSource(known, targetKey, { table, key, target })) continue;
      const edge: NodeColumnEdge = { source: table, sourceColumn: column, target, targetColumn, kind };
      if (known !== this.columnEdges) known.push(edge);
      this.columnEdges.push(edge);
    }
  }

  /** The edges among which one into the column would be: all of them while they are few. */
  private edgesInto(targetKey: string): NodeColumnEdge[] {
    if (this.columns === undefined) {
      if (this.columnEdges.length < fewSources) return this.columnEdges;
      this.columns = new Map();
      for (const edge of this.columnEdges) this.edgesInto(columnKey(edge.targetColumn)).push(edge);
    }
    let known = this.columns.get(targetKey);
    if (known === undefined) {
      known = [];
      this.columns.set(targetKey, known);
    }
    return known;
  }

  /** True if the target column has the source already; few are looked through, many have keys. */
  private hasSource(
    known: readonly NodeColumnEdge[],
    targetKey: string,
    { table, key, target }: { readonly table: string; readonly key: string; readonly target: string | null },
  ): boolean {
    if (known.length <= fewSources) {
      for (const edge of known)
        if (
          edge.source === table &&
          edge.target === target &&
          columnKey(edge.sourceColumn) === key &&
          columnKey(edge.targetColumn) === targetKey
        )
          return true;
      return false;
    }
    this.manySources ??= new Map();
    let keys = this.manySources.get(targetKey);
    if (keys === undefined) {
      keys = new Set(known.map((edge) => sourceKey(edge.source, columnKey(edge.sourceColumn), edge.target)));
      this.manySources.set(targetKey, keys);
    }
    const size = keys.size;
    keys.add(sourceKey(table, key, target));
    return keys.size === size;
  }

  /** Adds edges between columns of the same names; by `*` if they are not known. */
  keepColumns(source: string, target: string, columns: readonly string[] | undefined): void {
    for (const column of columns ?? ['*']) {
      this.columnEdges.push({ source, sourceColumn: column, target, targetColumn: column, kind: 'identity' });
    }
  }

  /** Adds the edges of a relation that is stored: by the given names (null where it is not known which one), else by the relation's own. */
  store(target: string | null, relation: Relation, names?: readonly (string | null)[]): void {
    const [first] = relation.columns;
    for (const [at, column] of relation.columns.entries()) {
      const named = column.star ? '*' : names?.[at];
      if (named === null) continue;
      // One unknown may stand for several columns, so the places behind it are not known either.
      if (this.guessed && (isUnknownText(column.name) || isUnknownText(named ?? ''))) return;
      this.value(target, named ?? column.name, column.origins);
    }
    if (first === undefined && relation.any !== undefined) this.value(target, '*', relation.any);
    if (relation.columns.some((column) => column.star)) return;
    for (const table of relation.open) {
      if (first === undefined) this.value(target, '*', Origins.of(table, '*'));
    }
  }
}
