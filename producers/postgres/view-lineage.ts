import { messageOf } from '../../pipeline/errors.ts';
import type { ColumnDependency, NamePart, Warning } from '../../schemas/types.ts';
import { parseNodeTree } from './node-tree.ts';
import { type OutputColumn, queryLineage } from './query-lineage.ts';
import type { ColumnRow, NameRow, ReadRow, ViewRow } from './rows.ts';

/** What is needed to name the columns of a view's lineage. */
export interface ViewContext {
  readonly view: ViewRow;
  /** Columns of the view itself. */
  readonly columns: readonly ColumnRow[];
  /** What PostgreSQL records that the view reads. */
  readonly reads: readonly ReadRow[];
  readonly names: ReadonlyMap<number, NameRow>;
  readonly pathOf: (name: NameRow) => readonly NamePart[];
  readonly location: string;
}

/** Output columns of a view with their origins, or why its tree could not be read. */
export type TracedView = { readonly outputs: readonly OutputColumn[] } | { readonly failure: string };

/** Follows the stored query of a view. A tree that cannot be read is no error: what the view reads is known without it. */
export function traceView(view: ViewRow): TracedView {
  try {
    return { outputs: queryLineage(parseNodeTree(view.tree)) };
  } catch (thrown) {
    return { failure: messageOf(thrown) };
  }
}

/**
 * Dependencies of a view: an entry for each pair of source column and output column from its stored query, and one without an output column for
 * each column that PostgreSQL records as read but that only filters, joins or sorts. Sorted; system catalogues are left out.
 */
export function viewDependencies(
  context: ViewContext,
  traced: TracedView,
): { readonly dependencies: readonly ColumnDependency[]; readonly warnings: readonly Warning[] } {
  const targetNames = new Map(context.columns.map((column) => [column.ordinal, column.name]));
  const outputs = 'outputs' in traced ? traced.outputs : [];
  const shown = new Set<string>();
  const found: ColumnDependency[] = [];
  for (const { position, origins } of outputs) {
    for (const origin of origins) {
      const dependency = named(context, origin.relation, origin.column);
      if (dependency === undefined) continue;
      shown.add(`${origin.relation}/${origin.column}`);
      found.push({
        ...dependency,
        targetColumn: targetNames.get(position) ?? null,
        transformed: origin.computed,
      });
    }
  }
  for (const { relation, column } of context.reads) {
    const dependency = shown.has(`${relation}/${column}`) ? undefined : named(context, relation, column);
    if (dependency !== undefined) found.push({ ...dependency, targetColumn: null, transformed: false });
  }
  const warnings: Warning[] = [];
  if ('failure' in traced) {
    warnings.push({
      code: 'view-query-not-read',
      location: context.location,
      message: `The stored query cannot be followed, so that only the columns read are known: ${traced.failure}`,
    });
  }
  return { dependencies: unique(found), warnings };
}

function named(
  context: ViewContext,
  relation: number,
  column: number,
): { readonly source: readonly NamePart[]; readonly sourceColumn: string | null } | undefined {
  const name = context.names.get(relation);
  if (name === undefined) return undefined;
  return { source: context.pathOf(name), sourceColumn: name.columns[`${column}`] ?? null };
}

function unique(dependencies: readonly ColumnDependency[]): readonly ColumnDependency[] {
  const byKey = new Map(dependencies.map((dependency) => [JSON.stringify(dependency), dependency]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, dependency]) => dependency);
}
