import { StreamError, messageOf } from '../pipeline/errors.ts';

/** A service principal. Without one, the default chain of @azure/identity is used: environment, managed identity, Azure CLI, … */
export interface ServicePrincipal {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The part of @azure/identity's TokenCredential that is used here. */
export interface TokenCredential {
  getToken(scope: string): Promise<{ readonly token: string } | null>;
}

/** Bearer tokens of one scope. */
export interface TokenSource {
  /** The header that carries the current token. Rejects with CATALOG_REFUSED when there is none. */
  authorize(): Promise<Readonly<Record<string, string>>>;
  /** Forgets the current token, after the server refused it. */
  renew(): void;
}

/**
 * Makes a source of Entra tokens. @azure/identity keeps a token until shortly before it expires and offers no way to drop it,
 * so a new one is forced by a new credential.
 *
 * @param scope such as `https://purview.azure.net/.default`
 * @param connect makes a credential
 */
export function createTokenSource(scope: string, connect: () => Promise<TokenCredential>): TokenSource {
  let credential: Promise<TokenCredential> | undefined;
  return {
    authorize: async () => {
      credential ??= connect();
      try {
        const token = await (await credential).getToken(scope);
        if (token !== null) return { authorization: `Bearer ${token.token}` };
      } catch (thrown) {
        throw refused(scope, messageOf(thrown), thrown);
      }
      throw refused(scope, 'the credential gave none', undefined);
    },
    renew: () => {
      credential = undefined;
    },
  };
}

function refused(scope: string, why: string, cause: unknown): StreamError {
  return new StreamError('CATALOG_REFUSED', `No token for ${scope}: ${why}.`, {
    cause,
    advice: 'Sign in (az login), give the process a managed identity, or configure a service principal.',
  });
}

/** Makes a credential of @azure/identity; the library is loaded only now, since it takes a while. */
export async function connectAzure(principal: ServicePrincipal | undefined): Promise<TokenCredential> {
  const { ClientSecretCredential, DefaultAzureCredential } = await import('@azure/identity');
  if (principal === undefined) return new DefaultAzureCredential();
  return new ClientSecretCredential(principal.tenantId, principal.clientId, principal.clientSecret);
}
