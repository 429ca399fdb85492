/** Who may call: Basic credentials on Atlas's paths, bearer tokens on Purview's. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

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

const refused = (message: string): Caller => ({ kind: 'refused', message });

/** Equality that takes as long for a wrong secret as for a right one. */
function sameSecret(a: string, b: string): boolean {
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

/** What a token must be for: Purview, by its name or by the id of its application. */
const audiences = ['https://purview.azure.net', '73c2949e-da2d-457a-9607-fcc665198967'];
const claimsSchema = z.looseObject({ exp: z.number().optional(), aud: z.string().optional() });

/** Why a token that says what it is (a JSON Web Token) is of no use here; undefined for others. Who signed it cannot be told. */
function unusable(token: string, now: number): string | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  const { success, data } = claimsSchema.safeParse(
    jsonOf(Buffer.from(payload, 'base64url').toString('utf8')),
  );
  if (!success) return 'The bearer token cannot be read';
  if (data.exp !== undefined && data.exp * 1000 <= now) return 'The bearer token has expired';
  const isForPurview = data.aud === undefined || audiences.includes(data.aud.replace(/\/$/, ''));
  return isForPurview ? undefined : 'The bearer token is for another resource';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // it is refused then
  }
}

/** Recognizes a bearer token. @param now milliseconds since 1970 */
export function bearerCaller(
  header: string | undefined,
  tokens: ReadonlyMap<string, CatalogRole>,
  now: number,
): Caller {
  const sent = /^Bearer (.+)$/.exec(header ?? '')?.[1];
  if (sent === undefined) return refused('Full authentication is required to access this resource');
  const why = unusable(sent, now);
  if (why !== undefined) return refused(why);
  for (const [token, role] of tokens)
    if (sameSecret(token, sent)) return { kind: 'known', name: 'bearer', role };
  return refused('The bearer token is not valid');
}
