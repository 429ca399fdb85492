import type { DatabaseLevel, EntityRef, NamePart, Reference } from '../schemas/types.ts';
import { StreamError } from './errors.ts';
import { foldCase, type Naming, type NameParameters } from './naming.ts';
import type { DatasetRule, SourceSettings } from './transform.ts';
import type { DatabaseTypes, LevelType } from './types.ts';

/** What a producer's settings say about its database. Throws CONFIG_INVALID when its source is none. */
export function databaseTypes(settings: SourceSettings, producer: string): DatabaseTypes {
  if (settings.types.database === undefined) {
    throw new StreamError(
      'CONFIG_INVALID',
      `The producer ${producer} emits database objects, but declares no database types.`,
    );
  }
  return settings.types.database;
}

/**
 * The parameters that a path gives to name patterns: one for each level, with the source's case rule applied. A view's
 * name is also the parameter `table`: tables and views share one name space.
 */
export function pathParameters(settings: SourceSettings, path: readonly NamePart[]): NameParameters {
  const parameters: Partial<Record<NamePart['level'], string>> = {};
  for (const { level, name } of path) parameters[level] = foldCase(name, settings.caseRule);
  return parameters.view === undefined ? parameters : { ...parameters, table: parameters.view };
}

/** Where a path is: what is needed to name it. */
export interface PathContext {
  readonly naming: Naming;
  readonly settings: SourceSettings;
  readonly database: DatabaseTypes;
}

/** The entity that a path names, or undefined when its level has no entity of its own. The last part decides the level. */
export function refOfPath(at: PathContext, path: readonly NamePart[]): EntityRef | undefined {
  const level = path.at(-1)?.level;
  if (level === undefined || level === 'column') return undefined;
  const typeName = level === 'routine' ? at.database.routine?.typeName : at.database.levels[level]?.typeName;
  if (typeName === undefined) return undefined;
  return { typeName, qualifiedName: at.naming.build(typeName, pathParameters(at.settings, path)) };
}

/** Names the columns of the table or view that a path names. */
export function columnRefs(at: PathContext, path: readonly NamePart[]): (column: string) => EntityRef {
  const { typeName } = path.at(-1)?.level === 'view' ? at.database.columns.view : at.database.columns.table;
  let build: ((column: string) => string) | undefined;
  return (column) => {
    build ??= at.naming.builder(typeName, pathParameters(at.settings, path), 'column');
    return { typeName, qualifiedName: build(foldCase(column, at.settings.caseRule)) };
  };
}

/** The entity of a column of the table or view that a path names. */
export function refOfColumn(at: PathContext, path: readonly NamePart[], column: string): EntityRef {
  return columnRefs(at, path)(column);
}

/** The container of a path at a level, by the declared reference: the path cut after that level. */
function containerRef(
  at: PathContext,
  path: readonly NamePart[],
  level: DatabaseLevel,
): EntityRef | undefined {
  const index = path.findIndex((part) => part.level === level);
  return index < 0 ? undefined : refOfPath(at, path.slice(0, index + 1));
}

/** The reference of an object to the next declared level above it, by the child's side; none where there is no such level. */
export function containerReferences(
  at: PathContext,
  path: readonly NamePart[],
  container: { readonly attribute: string; readonly level: DatabaseLevel } | undefined,
): readonly Reference[] {
  if (container === undefined) return [];
  const parent = containerRef(at, path.slice(0, -1), container.level);
  if (parent === undefined) return [];
  return [{ attribute: container.attribute, many: false, targets: [parent] }];
}

/** Types that another producer describes, as far as names of tables need them. */
export function typesOfRule({ types: [table, view] }: DatasetRule): DatabaseTypes {
  const level = (typeName: string): LevelType<unknown> & { readonly attribute: string } => ({
    typeName,
    attribute: '',
    attributes: () => ({}),
  });
  return {
    levels: { table: level(table), ...(view === undefined ? {} : { view: level(view) }) },
    columns: { table: level(''), view: level('') },
    viewLineage: { typeName: '' },
  };
}
