import { createHash } from 'node:crypto';
import type { EntityBody, EntityChange } from '../schemas/types.ts';
import { canonicalJson } from './canonical-json.ts';

const hashes = new WeakMap<EntityChange, string>();

/**
 * A hash of what a change says: equal for changes that would make the same catalogue. Who said it, from which object and
 * when (position) is left out. 128 bits of SHA-256 as base64url.
 */
export function contentHash(change: EntityChange): string {
  const known = hashes.get(change);
  if (known !== undefined) return known;
  const { operation, typeName, qualifiedName, entities, complete, placeholder } = change;
  const content = {
    operation,
    typeName,
    qualifiedName,
    entities: entities.map(spokenBody),
    complete: [...complete].sort(),
    placeholder,
  };
  const digest = createHash('sha256').update(canonicalJson(content)).digest();
  const hash = digest.subarray(0, 16).toString('base64url');
  hashes.set(change, hash); // changes are immutable, and hashed more than once on their way
  return hash;
}

/** An entity without annotations where nothing is said by them: null and left out are the same. */
export function spokenBody(body: EntityBody): EntityBody {
  if (body.annotations !== null) return body;
  const { typeName, qualifiedName, attributes, references } = body;
  return { typeName, qualifiedName, attributes, references };
}

/** SHA-256 of parts, in hexadecimal. */
export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}
