import type { NamePart } from '../../schemas/types.ts';
import type { Place, RelationalSource } from './model.ts';

/** The path of a place. */
export function pathOf({ server, levels }: RelationalSource, place: Place): readonly NamePart[] {
  const below = levels
    .slice(0, place.length)
    .map((level, index): NamePart => ({ level, name: place[index] ?? '' }));
  return [{ level: 'server', name: server }, ...below];
}

/** The path below the server as one text: each name percent-encoded, so that a slash in a name cannot pose as a level. */
export function objectIdOf(path: readonly NamePart[]): string {
  const names = path.slice(1).map(({ name }) => encodeURIComponent(name.toWellFormed()));
  return names.length === 0 ? '/' : names.join('/');
}

/** The ref of an object with that id: where letter case tells no names apart, it is the same in any spelling. */
export function refOf({ foldsCase = false }: Pick<RelationalSource, 'foldsCase'>, objectId: string): string {
  if (!foldsCase) return objectId;
  const names = objectId.split('/').map((part) => decodeURIComponent(part).toLowerCase());
  return names.map((name) => encodeURIComponent(name)).join('/');
}

/** The id of a routine, whose path ends with its name; a table may have the same. */
export function routineIdOf(path: readonly NamePart[]): string {
  const name = path.at(-1)?.name ?? '';
  return `${objectIdOf([...path.slice(0, -1), { level: 'routine', name: 'routines' }])}/${encodeURIComponent(name.toWellFormed())}`;
}
