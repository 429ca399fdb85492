/**
 * Describes the objects of a database: each database-object event becomes an entity of its level with its columns, and for a view the
 * process that carries its lineage; routines in SQL languages become processes whose text is not traced here. Which types the levels have is
 * declared by the producer ({@link DatabaseTypes}), so that every database producer uses this one transform.
 */
import { type PathContext, containerRef, databaseTypes, refOfPath } from '../pipeline/database-names.ts';
import {
  type Derivation,
  type DerivedEntity,
  deriving,
  type KnownAsset,
  type ObjectRawEvent,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import type { LevelType } from '../pipeline/types.ts';
import type { DatabaseObject, EntityBody, NamePart, Reference, TypedEvent } from '../schemas/types.ts';
import { describeColumns } from './describe-columns.ts';
import { describeRoutine } from './describe-routines.ts';
import { describeViewLineage } from './describe-view-lineage.ts';

/** Makes the transform. */
export const describeDatabaseObjects: TransformFactory = (context) =>
  deriving((event) => {
    if (event.type === 'database-object') return describeObject(context, event);
    if (event.type === 'routine') return describeRoutine(context, event);
    return undefined;
  });

function describeObject(
  context: TransformContext,
  event: TypedEvent<'database-object'> & ObjectRawEvent,
): Derivation | undefined {
  const object = event.value;
  const settings = context.settings(object.producer);
  const at: PathContext = {
    naming: context.naming,
    settings,
    database: databaseTypes(settings, object.producer),
  };
  const ref = refOfPath(at, object.path);
  const level = levelOf(at, object);
  if (ref === undefined || level === undefined) {
    return { event, changes: [], known: [], warnings: object.warnings };
  }
  const columns = describeColumns(at, object);
  const root: EntityBody = {
    ...ref,
    attributes: { ...level.attributes(object), name: object.path.at(-1)?.name ?? '' },
    references: containerReferences(at, object.path, level),
  };
  const asset: KnownAsset = { ...ref, columns: (object.columns ?? []).map((column) => column.name) };
  const described: DerivedEntity = {
    entities: [root, ...columns.entities],
    complete: object.columns === null ? [] : [columns.attribute],
    placeholder: false,
  };
  const lineage = describeViewLineage(context, at, object);
  return {
    event,
    changes: [described, ...lineage.changes],
    known: [asset],
    warnings: [...object.warnings, ...lineage.warnings],
  };
}

function levelOf(at: PathContext, object: DatabaseObject): LevelType<DatabaseObject> | undefined {
  const level = object.path.at(-1)?.level;
  return level === undefined || level === 'column' || level === 'routine'
    ? undefined
    : at.database.levels[level];
}

/** The reference to the next declared level above, by the child's side. */
function containerReferences(
  at: PathContext,
  path: readonly NamePart[],
  level: LevelType<DatabaseObject>,
): readonly Reference[] {
  if (level.container === undefined) return [];
  const container = containerRef(at, path.slice(0, -1), level.container.level);
  if (container === undefined) return [];
  return [{ attribute: level.container.attribute, many: false, targets: [container] }];
}
