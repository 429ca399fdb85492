import { type PathContext, pathParameters, refOfPath } from '../pipeline/database-names.ts';
import type { ColumnEdge } from '../pipeline/column-mapping.ts';
import { placeholderOf } from '../pipeline/datasets.ts';
import { processEntity } from '../pipeline/process.ts';
import type { DerivedEntity, KnownAsset, TransformContext } from '../pipeline/transform.ts';
import type { ColumnDependency, DatabaseObject, EntityRef, NamePart, Warning } from '../schemas/types.ts';

/** The process of a view with what stands in for sources that nobody described, and what could not be resolved. */
export interface ViewLineage {
  readonly changes: readonly DerivedEntity[];
  readonly warnings: readonly Warning[];
}

interface Source {
  readonly ref: EntityRef;
  readonly path: readonly NamePart[];
  readonly known: KnownAsset | undefined;
}

/**
 * Makes the lineage process of a view from the dependencies that its source records: inputs are the tables and views read, the output is the view,
 * and column edges join columns that both sides have. A source that no event describes (yet) is a placeholder with a
 * warning; a column that its table does not have is a warning. Objects without dependencies have no process.
 */
export function describeViewLineage(
  context: TransformContext,
  at: PathContext,
  object: DatabaseObject,
): ViewLineage {
  const view = refOfPath(at, object.path);
  if (view === undefined || object.dependencies.length === 0) return { changes: [], warnings: [] };
  const sources = readSources(context, at, object);
  const warnings: Warning[] = [];
  const edges = object.dependencies.flatMap((dependency) => {
    const source = sources.get(keyOf(dependency.source));
    return source === undefined ? [] : edgeOf(dependency, { source, view, object, warnings });
  });
  const unknown = [...sources.values()].filter((source) => source.known === undefined);
  for (const { ref } of unknown) warnings.push(warningOf(object, 'source-not-described', notDescribed(ref)));
  const { typeName } = at.database.viewLineage;
  const name = object.path.at(-1)?.name ?? '';
  const process = processEntity({
    typeName,
    qualifiedName: at.naming.build(typeName, pathParameters(at.settings, object.path)),
    name,
    inputs: [...sources.values()].map((source) => source.ref),
    outputs: [view],
    edges,
    warnings: [...object.warnings, ...warnings],
  });
  return {
    changes: [
      ...unknown.map(({ ref, path }) => placeholderOf(ref, path.at(-1)?.name ?? '')),
      { entities: [process], complete: [], placeholder: false },
    ],
    warnings,
  };
}

/** Each table or view that is read, once, sorted by name. */
function readSources(
  context: TransformContext,
  at: PathContext,
  object: DatabaseObject,
): ReadonlyMap<string, Source> {
  const paths = new Map(object.dependencies.map(({ source }) => [keyOf(source), source]));
  const sources = new Map<string, Source>();
  for (const [key, path] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const ref = refOfPath(at, path);
    if (ref !== undefined) sources.set(key, { ref, path, known: context.known.asset(ref) });
  }
  return sources;
}

function edgeOf(
  { sourceColumn, targetColumn }: ColumnDependency,
  about: {
    readonly source: Source;
    readonly view: EntityRef;
    readonly object: DatabaseObject;
    readonly warnings: Warning[];
  },
): readonly ColumnEdge[] {
  const { source, view, object } = about;
  if (sourceColumn === null || targetColumn === null) return [];
  const hasTarget = object.columns?.some((column) => column.name === targetColumn) ?? false;
  const hasSource = source.known === undefined || source.known.columns.includes(sourceColumn);
  if (hasSource && hasTarget) {
    const known = source.known !== undefined;
    return known
      ? [{ source: source.ref.qualifiedName, sourceColumn, target: view.qualifiedName, targetColumn }]
      : [];
  }
  const [column, owner] = hasSource ? [targetColumn, view] : [sourceColumn, source.ref];
  const message = `${owner.qualifiedName} has no column ${JSON.stringify(column)}, which the view's query names.`;
  about.warnings.push(warningOf(object, 'column-not-found', message));
  return [];
}

function notDescribed(ref: EntityRef): string {
  return `${ref.qualifiedName} is read, but no producer describes it; it is only a placeholder.`;
}

function warningOf(object: DatabaseObject, code: string, message: string): Warning {
  return { code, location: object.objectId, message };
}

/** A path as one text; equal paths give equal texts. */
function keyOf(path: readonly NamePart[]): string {
  return JSON.stringify(path.map((part) => [part.level, part.name]));
}
