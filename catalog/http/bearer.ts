/** Bearer tokens on Purview's paths. */
import { z } from 'zod';
import { type Caller, type CatalogRole, refused, sameSecret } from './auth.ts';

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
