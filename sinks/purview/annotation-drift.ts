import { partsOf } from './annotation-parts.ts';
import type { ReadEntity } from './client.ts';
import { heldAnnotations } from './held-annotations.ts';
import type { Given } from './said-schema.ts';

const parts = [
  ['classifications', 'classification'],
  ['labels', 'label'],
  ['terms', 'term'],
  ['business', 'business metadata'],
  ['custom', 'custom attribute'],
  ['experts', 'expert'],
  ['owners', 'owner'],
] as const;

/**
 * What was given to an entity beside its attributes and references, and is not there any more: somebody took it away. What somebody gave
 * another value, and a collection that it was moved out of, is theirs, and is not listed.
 *
 * @param hasContacts whether the catalogue keeps contacts: Atlas does not
 */
export function goneAnnotations(given: Given, entity: ReadEntity, hasContacts: boolean): readonly string[] {
  const ours = partsOf(given);
  const held = partsOf(heldAnnotations(entity, given.terms));
  return parts.flatMap(([part, what]) => {
    if (!hasContacts && (part === 'experts' || part === 'owners')) return [];
    return [...ours[part].keys()]
      .filter((name) => !held[part].has(name))
      .map((name) => `${what} ${name.replace('\n', '.')}`);
  });
}
