import { z } from 'zod';
import { type ErrorCode, messageOf, StreamError } from '../pipeline/errors.ts';
import { redacted, redactText } from './redact.ts';

/** Who asks for tokens, and where (OAuth 2.0, client credentials; RFC 6749, section 4.4). */
export interface OauthClient {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
}

const answerShape = z.object({ access_token: z.string().min(1), expires_in: z.number().optional() });
const timeoutMs = 30_000;
/** A token is asked for anew when it has less than this left, in milliseconds. */
const spareMs = 60_000;
const shortestSeconds = 300;

/** Codes of the errors, by what the token is for. */
interface OauthCodes {
  readonly unavailable: ErrorCode;
  readonly refused: ErrorCode;
}

/**
 * Gives the current token, and asks for a new one shortly before it expires. Rejects with the code `unavailable` when the server does not answer, and with
 * `refused` when it gives none. No error shows the secret.
 */
export function createOauthTokens(
  client: OauthClient,
  codes: OauthCodes = { unavailable: 'TRANSPORT_UNAVAILABLE', refused: 'TRANSPORT_REFUSED' },
): () => Promise<string> {
  let current: { readonly token: string; readonly until: number } | undefined;
  return async () => {
    if (current === undefined || current.until - Date.now() < spareMs) {
      const { access_token: token, expires_in: seconds = shortestSeconds } = await ask(client, codes);
      current = { token, until: Date.now() + seconds * 1000 };
    }
    return current.token;
  };
}

async function ask(
  { tokenUrl, clientId, clientSecret, scope }: OauthClient,
  codes: OauthCodes,
): Promise<z.output<typeof answerShape>> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) });
  const login = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString(
    'base64',
  );
  let response: Response;
  try {
    response = await fetch(tokenUrl, {
      method: 'POST',
      headers: { authorization: `Basic ${login}` },
      body: form,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (thrown) {
    throw new StreamError(
      codes.unavailable,
      `No token from ${new URL(tokenUrl).origin}: ${messageOf(thrown)}.`,
    );
  }
  const text = await response.text();
  const answer = answerShape.safeParse(jsonOf(text));
  if (response.ok && answer.success) return answer.data;
  // Some servers repeat what they were sent.
  const sent = [login, clientSecret, encodeURIComponent(clientSecret)].filter((secret) => secret !== '');
  const kept = sent.reduce((all, secret) => all.replaceAll(secret, redacted), text);
  const said = redactText(kept.slice(0, 200));
  throw new StreamError(
    response.status >= 500 ? codes.unavailable : codes.refused,
    `No token from ${new URL(tokenUrl).origin}: it answered ${response.status} ${said}.`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
