import type { ResolvedDataset } from '../../pipeline/datasets.ts';
import type { KnownColumns } from '../known-columns.ts';

/** A dataset that a job reads or writes. */
export interface JobDataset {
  /** As the job file names it. */
  readonly name: string;
  readonly resolved: ResolvedDataset;
  readonly columns: KnownColumns;
}

/** A column of a dataset of the catalogue. */
export interface Origin {
  readonly dataset: JobDataset;
  readonly column: string;
}

/** A column that a step gives out, with the columns of the catalogue that it comes from. */
export interface StepColumn {
  readonly name: string;
  readonly origins: ReadonlySet<Origin>;
}

/** Something that has columns which a step can name: a dataset that is read, or what an earlier step gives out. */
export type Relation =
  | { readonly kind: 'dataset'; readonly dataset: JobDataset }
  | { readonly kind: 'step'; readonly id: string; readonly columns: ReadonlyMap<string, StepColumn> }
  /** The result of a step's own query, which it names `query`. */
  | { readonly kind: 'query'; readonly columns: ReadonlyMap<string, StepColumn> };

/** A column of a relation, as the relation spells it. */
export interface ColumnRef {
  readonly relation: Relation;
  readonly column: string;
}

/** What a name in a column mapping means. */
export type Found =
  | { readonly kind: 'found'; readonly ref: ColumnRef }
  | { readonly kind: 'missing'; readonly code: string; readonly why: string };

/** Where a name is looked up. */
export interface Scope {
  /** What the step itself reads and what the steps before it hand on. */
  readonly visible: readonly Relation[];
  /** Datasets that steps before it read, but that a projection between hides. */
  readonly hidden: readonly Relation[];
  /** The tool's case rule. */
  readonly fold: (name: string) => string;
}

/** Longer names are not looked up: no tool has them, and splitting them is quadratic. */
const maxNameLength = 1_000;

/**
 * Finds the column that a mapping names. `table.column` goes to the relation of that name (a dataset as the job file names it or by
 * its last part, or a step's id), the longest such name first; a plain column to the only relation that has it, or to the only one
 * whose columns are not known when no other has it. A table that a projection hides is still found by its name.
 */
export function findColumn(name: string, scope: Scope): Found {
  const missing = (code: string, why: string): Found => ({ kind: 'missing', code, why });
  if (name.length > maxNameLength) {
    return missing('unknown-source', `A name of ${name.length} characters is not looked up.`);
  }
  return (
    findQualified(name, scope.visible, scope.fold) ??
    findPlain(name, scope) ??
    findQualified(name, scope.hidden, scope.fold) ??
    missing('unknown-source', `"${name}" names no column of what the step takes.`)
  );
}

function findQualified(
  name: string,
  relations: readonly Relation[],
  fold: (name: string) => string,
): Found | undefined {
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const label = fold(name.slice(0, dot));
    const column = name.slice(dot + 1);
    const exact = relations.filter((relation) => fold(labelOf(relation)) === label);
    const named =
      exact.length > 0 ? exact : relations.filter((relation) => fold(shortLabel(relation)) === label);
    const [relation, second] = named;
    if (relation === undefined || column === '') continue;
    if (second !== undefined) {
      return { kind: 'missing', code: 'ambiguous-source', why: `"${name}" can mean ${named.length} inputs.` };
    }
    const found = columnOf(relation, column, fold);
    return found === undefined
      ? { kind: 'missing', code: 'unknown-column', why: `${labelOf(relation)} has no column ${column}.` }
      : { kind: 'found', ref: { relation, column: found } };
  }
  return undefined;
}

function findPlain(name: string, { visible, fold }: Scope): Found | undefined {
  const having = visible.filter(
    (relation) => !isOpen(relation) && columnOf(relation, name, fold) !== undefined,
  );
  const open = name.includes('.') ? [] : visible.filter(isOpen);
  const candidates = having.length > 0 ? having : open;
  const [relation, second] = candidates;
  if (relation === undefined) return undefined;
  if (second !== undefined) {
    const labels = candidates.map(labelOf).sort().join(', ');
    return { kind: 'missing', code: 'ambiguous-source', why: `The column ${name} can come from ${labels}.` };
  }
  return { kind: 'found', ref: { relation, column: columnOf(relation, name, fold) ?? name } };
}

/** The name of a relation in warnings and qualified names. */
export function labelOf(relation: Relation): string {
  if (relation.kind === 'query') return relation.kind;
  return relation.kind === 'dataset' ? relation.dataset.name : relation.id;
}

/** The table's own name in `schema.table`; URLs have no short form. */
function shortLabel(relation: Relation): string {
  const label = labelOf(relation);
  return relation.kind !== 'dataset' || label.includes('/') ? label : label.slice(label.lastIndexOf('.') + 1);
}

function isOpen(relation: Relation): boolean {
  return relation.kind === 'dataset' && relation.dataset.columns.names === undefined;
}

function columnOf(relation: Relation, column: string, fold: (name: string) => string): string | undefined {
  if (relation.kind === 'dataset') return relation.dataset.columns.find(column);
  const name = relation.columns.get(fold(column))?.name;
  // A column of a query may come from no table: the query's own warnings tell what could not be read.
  return name ?? (relation.kind === 'query' ? column : undefined);
}

/** Every column that a relation is known to have. */
export function columnsOf(relation: Relation): readonly string[] {
  return relation.kind === 'dataset'
    ? (relation.dataset.columns.names ?? [])
    : [...relation.columns.values()].map((column) => column.name);
}
