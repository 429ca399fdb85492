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
