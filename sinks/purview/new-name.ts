import type { EntityChange, Renamed } from '../../schemas/types.ts';

/** What the root of a deletion is called now, and was before, where it was only renamed. */
export function newName({
  operation,
  typeName,
  qualifiedName,
  renamed = [],
}: EntityChange): Renamed | undefined {
  if (operation !== 'DELETE') return undefined;
  return renamed.find((pair) => pair.typeName === typeName && pair.from === qualifiedName);
}
