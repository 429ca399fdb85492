/**
 * Other names under which tables and routines are looked up: without regard to case where the database compares names
 * so, and routines without the signature that tells overloads apart.
 */
import { type PathContext, refOfPath } from '../../pipeline/database-names.ts';
import type { EntityRef, NamePart } from '../../schemas/types.ts';
import type { Dialect } from '../sql/dialects.ts';

/** The other name of a path's table, view or routine; undefined where its level has no entity. */
export function otherName(
  at: PathContext,
  path: readonly NamePart[],
  dialect: Dialect,
): EntityRef | undefined {
  const fold = (name: string): string => (dialect.folding === 'preserve' ? name.toLowerCase() : name);
  const ref = refOfPath(
    at,
    path.map(({ level, name }) => ({ level, name: fold(name) })),
  );
  if (ref === undefined) return undefined;
  // The type of a script's routines is named by file, but they are called by schema: etl.p is another one than dbo.p.
  const isRoutine = path.at(-1)?.level === 'routine';
  const qualifiedName = isRoutine ? path.map(({ name }) => fold(name)).join('/') : ref.qualifiedName;
  // The mark keeps another name apart from the asset that really bears it.
  return { qualifiedName, typeName: `other name of ${ref.typeName}` };
}
