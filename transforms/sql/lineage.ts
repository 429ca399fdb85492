/** What is said of statements together: tables, and edges between tables and columns by their names. */
import type { DirectKind } from './ir.ts';
import type { Nodes } from './nodes.ts';
import type { IndirectKind } from './seen.ts';

/** A value from a column to a column; a source table of null could not be told, a target of null is a bare query. */
export interface ColumnEdge {
  readonly sourceTable: string | null;
  readonly sourceColumn: string;
  readonly targetTable: string | null;
  readonly targetColumn: string;
  readonly kind: DirectKind;
}

/** A column that steers the rows of a table without being part of a value. */
export interface IndirectEdge {
  readonly sourceTable: string;
  readonly sourceColumn: string;
  readonly targetTable: string | null;
  readonly kind: IndirectKind;
}

/** Reads, writes and edges in names. */
export interface Lineage {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly tableEdges: readonly (readonly [string, string])[];
  readonly columnEdges: readonly ColumnEdge[];
  readonly indirectEdges: readonly IndirectEdge[];
  /** True if edges were left out because there are too many. */
  readonly cut: boolean;
}

/** How nodes are shown. */
export interface GraphView {
  readonly nodes: Nodes;
  /** Nodes that are left out: all intermediates, or only variables. */
  readonly hidden: (node: string) => boolean;
  /** False if no node is left out. */
  readonly hides: boolean;
  readonly name: (node: string) => string;
}
