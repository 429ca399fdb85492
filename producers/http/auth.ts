import { StreamError } from '../../pipeline/errors.ts';
import type { Credentials } from '../../platform/ask.ts';
import { createOauthTokens } from '../../platform/oauth-token.ts';
import type { HttpOptions } from './options.ts';

const codes = { unavailable: 'SOURCE_UNAVAILABLE', refused: 'SOURCE_REFUSED' } as const;

/** Name of the header that carries the credentials. */
export function authHeader(auth: HttpOptions['auth']): string {
  return auth?.kind === 'header' ? auth.name.toLowerCase() : 'authorization';
}

/** Credentials by the option `auth`. A token of OAuth that is refused is asked for anew; the others stand in the configuration. */
export function createCredentials(auth: HttpOptions['auth']): Credentials {
  if (auth?.kind === 'oauth') return oauthCredentials(auth);
  const value = auth === undefined ? undefined : fixedValue(auth);
  return {
    current: () => Promise.resolve(value),
    forget: () => undefined,
    advice:
      auth === undefined
        ? 'Give the producer its auth.'
        : `Correct auth (${auth.kind}) in the configuration.`,
  };
}

type Auth = NonNullable<HttpOptions['auth']>;

function fixedValue(auth: Exclude<Auth, { kind: 'oauth' }>): string {
  switch (auth.kind) {
    case 'bearer':
      return `Bearer ${checked(auth.token, 'auth.token')}`;
    case 'basic':
      // RFC 7617: user and password in UTF-8, joined by a colon, in Base64.
      return `Basic ${Buffer.from(`${auth.user}:${auth.password}`, 'utf8').toString('base64')}`;
    case 'header':
      return checked(auth.value, 'auth.value');
  }
}

/** A value that no header may hold would be printed by the HTTP client's own error: it is refused here, unprinted. */
function checked(value: string, option: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value;
  throw new StreamError(
    'CONFIG_INVALID',
    `${option} holds a line break or a letter outside ASCII, or ends with a space.`,
  );
}

function oauthCredentials(client: Extract<Auth, { kind: 'oauth' }>): Credentials {
  let tokens = createOauthTokens(client, codes);
  let known: string | undefined;
  return {
    current: async () => (known = `Bearer ${await tokens()}`),
    forget: (refused) => {
      if (refused !== known) return;
      tokens = createOauthTokens(client, codes);
    },
    advice: 'Correct clientId, clientSecret and scope of auth, or the rights of that client.',
  };
}
