import { type PathContext, pathParameters, refOfPath } from '../pipeline/database-names.ts';
import type { ColumnEdge } from '../pipeline/column-mapping.ts';
import { placeholderOf } from '../pipeline/datasets.ts';
import { processEntity, type ProcessParts } from '../pipeline/process.ts';
import type { DerivedEntity, KnownAsset, TransformContext } from '../pipeline/transform.ts';
import type {
  Attributes,
  ColumnDependency,
  DatabaseObject,
  EntityBody,
  EntityRef,
  NamePart,
  Warning,
} from '../schemas/types.ts';
import { dialectOfSource } from './sql-source/dialect.ts';
import { traceText } from './sql-source/trace-text.ts';

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
 * warning; a column that its table does not have is a warning. Where the source records none but tells the view's definition, its SQL is
 * read instead; without either, or where nothing is read, there is no process.
 */
export function describeViewLineage(
  context: TransformContext,
  at: PathContext,
  object: DatabaseObject,
): ViewLineage {
  if (object.dependencies.length === 0) return traceDefinition(context, at, object);
  const view = refOfPath(at, object.path);
  if (view === undefined) return { changes: [], warnings: [] };
  const sources = readSources(context, at, object);
  const warnings: Warning[] = [];
  const edges = object.dependencies.flatMap((dependency) => {
    const source = sources.get(keyOf(dependency.source));
    return source === undefined ? [] : edgeOf(dependency, { source, view, object, warnings });
  });
  const unknown = [...sources.values()].filter((source) => source.known === undefined);
  for (const { ref } of unknown) warnings.push(warningOf(object, 'source-not-described', notDescribed(ref)));
  const process = viewProcess(at, object, {
    inputs: [...sources.values()].map((source) => source.ref),
    outputs: [view],
    edges,
    warnings: [...object.warnings, ...warnings],
    attributes: { evidence: 'declared', confidence: 1 },
  });
  return {
    changes: [
      ...unknown.map(({ ref, path }) => placeholderOf(ref, path.at(-1)?.name ?? '')),
      { entities: [process], complete: [], placeholder: false },
    ],
    warnings,
  };
}

/** Reads the SQL of a view whose source records no dependencies. */
function traceDefinition(context: TransformContext, at: PathContext, object: DatabaseObject): ViewLineage {
  const last = object.path.at(-1);
  if (object.definition === null || last?.level !== 'view') return { changes: [], warnings: [] };
  const traced = traceText(context, at, {
    text: object.definition,
    producer: object.producer,
    language: dialectOfSource(at.settings, object.system),
    path: object.path.slice(0, -1),
    location: object.objectId,
    view: { name: last.name, columns: (object.columns ?? []).map((column) => column.name) },
  });
  const { placeholders, warnings } = traced;
  const readsNothing = traced.inputs.length === 0 && traced.attributes['confidence'] === 1;
  if (readsNothing) return { changes: [], warnings: [] };
  const process = viewProcess(at, object, { ...traced, warnings: [...object.warnings, ...warnings] });
  return { changes: [...placeholders, { entities: [process], complete: [], placeholder: false }], warnings };
}

/** The process of a view, with those attributes that its type declares. */
function viewProcess(
  at: PathContext,
  object: DatabaseObject,
  lineage: Pick<ProcessParts, 'inputs' | 'outputs' | 'edges' | 'warnings'> & {
    readonly attributes: Attributes;
  },
): EntityBody {
  const { typeName } = at.database.viewLineage;
  const declared = at.naming.type(typeName).attributes;
  const attributes = Object.entries(lineage.attributes).filter(([name]) => Object.hasOwn(declared, name));
  return processEntity({
    typeName,
    qualifiedName: at.naming.build(typeName, pathParameters(at.settings, object.path)),
    name: object.path.at(-1)?.name ?? '',
    ...lineage,
    attributes: Object.fromEntries(attributes),
  });
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
