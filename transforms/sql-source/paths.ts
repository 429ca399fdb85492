/** Names of SQL as paths of database levels. */
import type { PathContext } from '../../pipeline/database-names.ts';
import type { DatabaseLevel, NamePart } from '../../schemas/types.ts';
import type { Name } from '../sql/ir.ts';

/** The levels of a place, outermost first, that names of tables have. */
export function levelsOf(at: PathContext, place: readonly NamePart[]): readonly DatabaseLevel[] {
  const table = at.database.levels.table?.typeName;
  const named = new Set(table === undefined ? [] : at.naming.parametersOf(table));
  return place.map(({ level }) => level).filter((level) => named.has(level));
}

/** The path of a routine that is named in a place: what the name does not say is the place's own. Undefined if it says more than the place has levels. */
export function pathOfName(
  at: PathContext,
  place: readonly NamePart[],
  name: Name,
): readonly NamePart[] | undefined {
  return pathWithin(levelsOf(at, place), place, name, 'routine');
}

/** The path of a name whose parts are the innermost of the levels; the rest is the place's own. */
export function pathWithin(
  levels: readonly DatabaseLevel[],
  place: readonly NamePart[],
  name: Name,
  level: 'table' | 'view' | 'routine',
): readonly NamePart[] | undefined {
  const parts = name.slice(0, -1);
  const last = name.at(-1);
  if (last === undefined || last === '' || parts.length > levels.length) return undefined;
  const above = levels.map((own, index): NamePart => {
    const given = parts[parts.length - levels.length + index];
    return { level: own, name: given ?? place.find((part) => part.level === own)?.name ?? '' };
  });
  return above.some((part) => part.name === '') ? undefined : [...above, { level, name: last }];
}
