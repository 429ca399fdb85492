/** Who may call, and Basic credentials on Atlas's paths. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** What a caller may do. A reader may not write. */
export type CatalogRole = 'writer' | 'reader';

/** Someone who may call with Basic credentials. */
export interface CatalogUser {
  readonly name: string;
  readonly password: string;
  readonly role: CatalogRole;
}

/** The callers of a catalogue. */
export interface CatalogAuth {
  /** For Atlas's paths. Default: admin/admin may write, reader/reader may read (as in Atlas's own quick start). */
  readonly users?: readonly CatalogUser[];
  /** For Purview's paths: accepted bearer tokens with what they allow. */
  readonly bearerTokens?: ReadonlyMap<string, CatalogRole>;
}

/** The users of a catalogue that names none. */
export const defaultUsers: readonly CatalogUser[] = [
  { name: 'admin', password: 'admin', role: 'writer' },
  { name: 'reader', password: 'reader', role: 'reader' },
];

/** A caller who was recognized, or the sentence with which Atlas refuses. */
export type Caller =
  | { readonly kind: 'known'; readonly name: string; readonly role: CatalogRole }
  | { readonly kind: 'refused'; readonly message: string };

/** Refuses a caller. */
export const refused = (message: string): Caller => ({ kind: 'refused', message });

/** Equality that takes as long for a wrong secret as for a right one. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Recognizes Basic credentials; the refusals are Atlas's sentences. */
export function basicCaller(header: string | undefined, users: readonly CatalogUser[]): Caller {
  const encoded = /^Basic (.*)$/.exec(header ?? '')?.[1];
  if (encoded === undefined) return refused('Full authentication is required to access this resource');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return refused('Failed to decode basic authentication token');
  const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  const user = users.find((candidate) => candidate.name === name);
  if (user === undefined) return refused(`Username not found.${name}`);
  if (!sameSecret(user.password, rest.join(':'))) return refused('Wrong password');
  return { kind: 'known', name, role: user.role };
}
