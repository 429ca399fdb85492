import type { SecretClient } from '@azure/keyvault-secrets';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { asAzureCredential, type TokenCredential } from './azure-credential.ts';

/** Which secret: of which vault, under which name, and in which version; without one, the current version. */
export interface VaultSecret {
  /** Name of a vault in the public cloud, or its whole host: `shop`, `shop.vault.azure.cn`. */
  readonly vault: string;
  readonly name: string;
  readonly version?: string;
}

/** Reads secrets of Azure Key Vault. */
export interface VaultReader {
  /**
   * The value of a secret. What was read within the time limit is not asked for again, unless it has to be `fresh`. Rejects with
   * CONFIG_REFERENCE where there is none, SECRET_REFUSED where nobody may read it, SECRET_UNAVAILABLE where nobody answers. Errors name vault and secret,
   * never a value.
   */
  read(secret: VaultSecret, options?: { readonly fresh?: boolean }): Promise<string>;
}

/** Options of {@link createVaultReader}. */
export interface VaultReaderOptions {
  /** Makes a credential; called once, when the first secret is read. */
  readonly connect: () => Promise<TokenCredential>;
  /** How long a value is kept, in milliseconds. */
  readonly cacheMs: number;
  /** Pause before a request is sent again after a passing fault, in milliseconds; it is sent three times at the most. @default 500 */
  readonly retryDelayMs?: number;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

interface Kept {
  readonly value: Promise<string>;
  readonly asked: number;
  isPending: boolean;
}

/** Makes a reader of secrets; it connects when the first one is read. */
export function createVaultReader(options: VaultReaderOptions): VaultReader {
  const { now = Date.now } = options;
  const kept = new Map<string, Kept>();
  const clients = new Map<string, Promise<SecretClient>>();
  let credential: Promise<TokenCredential> | undefined;
  const clientOf = (host: string): Promise<SecretClient> => {
    const found =
      clients.get(host) ?? connectTo(host, (credential ??= options.connect()), options.retryDelayMs);
    clients.set(host, found);
    return found;
  };
  return {
    read: async (secret, { fresh = false } = {}) => {
      const key = JSON.stringify([secret.vault, secret.name, secret.version ?? '']);
      const known = kept.get(key);
      const isGood = known?.isPending === true || (!fresh && now() - (known?.asked ?? 0) < options.cacheMs);
      if (known !== undefined && isGood) return known.value;
      const asking: Kept = { value: ask(secret, clientOf), asked: now(), isPending: true };
      kept.set(key, asking);
      try {
        const value = await asking.value;
        asking.isPending = false;
        return value;
      } catch (thrown) {
        kept.delete(key);
        credential = undefined;
        clients.clear();
        throw thrown;
      }
    },
  };
}

/** The library is loaded only now, since it takes a while. */
async function connectTo(
  host: string,
  credential: Promise<TokenCredential>,
  retryDelayInMs = 500,
): Promise<SecretClient> {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  const retryOptions = { maxRetries: 2, retryDelayInMs, maxRetryDelayInMs: retryDelayInMs * 10 };
  return new SecretClient(`https://${host}`, asAzureCredential(await credential), { retryOptions });
}

async function ask(
  { vault, name, version }: VaultSecret,
  clientOf: (host: string) => Promise<SecretClient>,
): Promise<string> {
  const host = vault.includes('.') ? vault : `${vault}.vault.azure.net`;
  const what = `the secret ${name} of the vault ${host}`;
  let value: string | undefined;
  try {
    const client = await clientOf(host);
    ({ value } = await client.getSecret(name, version === undefined ? {} : { version }));
  } catch (thrown) {
    throw faultOf(what, thrown);
  }
  if (value === undefined) throw new StreamError('CONFIG_REFERENCE', `${what} has no value.`);
  return value;
}

/** What Key Vault answers ("Key Vault REST API error codes"), and what the credential says, as an error that a person can act on. Without its cause, which holds the request. */
function faultOf(what: string, thrown: unknown): StreamError {
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined;
  const why = (messageOf(thrown).split('\n')[0] ?? '').replace(/\.$/u, '');
  if (status === 404) return new StreamError('CONFIG_REFERENCE', `${what} does not exist.`);
  if (status === 400) return new StreamError('CONFIG_REFERENCE', `${what} cannot be asked for: ${why}.`);
  if (status === 401 || status === 403 || isCredential(thrown)) {
    return new StreamError('SECRET_REFUSED', `${what} may not be read: ${why}.`, {
      advice:
        'Give the identity the role Key Vault Secrets User on the vault, or configure another one: `secrets.credential`.',
    });
  }
  return new StreamError('SECRET_UNAVAILABLE', `${what} cannot be had: ${why}.`);
}

function isCredential(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    ['CredentialUnavailableError', 'AuthenticationError', 'AggregateAuthenticationError'].includes(
      thrown.name,
    )
  );
}
