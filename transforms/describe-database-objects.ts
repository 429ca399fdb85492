/**
 * Describes the objects of a database: each database-object event becomes an entity of its level with its columns, and for a view the
 * process that carries its lineage; routines in other languages than SQL become processes without lineage. Which types the levels have is
 * declared by the producer ({@link DatabaseTypes}), so that every database producer uses this one transform.
 */
import {
  containerReferences,
  type PathContext,
  databaseTypes,
  refOfPath,
} from '../pipeline/database-names.ts';
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
import type { DatabaseObject, EntityBody, TypedEvent } from '../schemas/types.ts';
import { describeColumns } from './describe-columns.ts';
import { describeRoutine } from './describe-routines.ts';
import { describeViewLineage } from './describe-view-lineage.ts';
import { dialectOfSource } from './sql-source/dialect.ts';
import { otherName } from './sql-source/other-names.ts';

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
  const columns = describeColumns(at, object, ref);
  const root: EntityBody = {
    typeName: ref.typeName,
    qualifiedName: ref.qualifiedName,
    attributes: Object.assign({}, level.attributes(object), { name: object.path.at(-1)?.name ?? '' }),
    references: containerReferences(at, object.path, level.container),
  };
  const asset: KnownAsset = {
    typeName: ref.typeName,
    qualifiedName: ref.qualifiedName,
    columns: (object.columns ?? []).map((column) => column.name),
  };
  const described: DerivedEntity = {
    entities: [root, ...columns.entities],
    complete: object.columns === null ? [] : [columns.attribute],
    placeholder: false,
  };
  const lineage = describeViewLineage(context, at, object);
  return {
    event,
    changes: [described, ...lineage.changes],
    known: [asset, ...otherNames(at, object, asset)],
    warnings: [...object.warnings, ...lineage.warnings],
  };
}

/** Where the database compares names without regard to case, scripts may spell a table in any way. */
function otherNames(at: PathContext, object: DatabaseObject, asset: KnownAsset): readonly KnownAsset[] {
  const level = object.path.at(-1)?.level;
  const { dialect } = dialectOfSource(at.settings, object.system);
  if (dialect.folding !== 'preserve' || (level !== 'table' && level !== 'view')) return [];
  const other = otherName(at, object.path, dialect);
  const { typeName, qualifiedName } = asset;
  return other === undefined ? [] : [{ ...asset, ...other, standsFor: { typeName, qualifiedName } }];
}

function levelOf(at: PathContext, object: DatabaseObject): LevelType<DatabaseObject> | undefined {
  const level = object.path.at(-1)?.level;
  return level === undefined || level === 'column' || level === 'routine'
    ? undefined
    : at.database.levels[level];
}
