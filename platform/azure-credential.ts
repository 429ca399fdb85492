import { AsyncLocalStorage } from 'node:async_hooks';
import type * as Identity from '@azure/identity';
import type { TokenCredential as AzureCredential } from '@azure/identity';
import { z } from 'zod';
import { StreamError, messageOf } from '../pipeline/errors.ts';

/** Whom to sign in as, and how. */
export interface AzureSignIn {
  /** The credential of @azure/identity; `default` is its chain: environment, workload identity, managed identity, Azure CLI, … */
  readonly kind:
    | 'default'
    | 'managed-identity'
    | 'workload-identity'
    | 'client-secret'
    | 'client-certificate'
    | 'azure-cli';
  readonly tenantId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** Path of a PEM file with certificate and private key. */
  readonly certificate?: string | undefined;
  readonly certificatePassword?: string | undefined;
  /** Where tokens are asked for, in national clouds. */
  readonly authorityHost?: string | undefined;
}

/** The part of @azure/identity's TokenCredential that is used here. */
export interface TokenCredential {
  getToken(
    scope: string,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp?: number | undefined } | null>;
  /** Of a chain of credentials the one that gave the last token. */
  readonly chosen?: () => string | undefined;
}

/** Bearer tokens of one scope. */
export interface TokenSource {
  /** The header that carries the current token. Rejects with CATALOG_REFUSED when there is none, with CATALOG_UNAVAILABLE when nobody can be asked. */
  authorize(): Promise<Readonly<Record<string, string>>>;
  /**
   * Forgets the current token, after the server refused it in a request that was sent at `sentAt` (milliseconds since 1970). One
   * that is newer stays: of many requests that were refused together only the first renews.
   */
  renew(sentAt: number): void;
  /** Where the credential is a chain: which of it gave the last token. */
  chosen(): string | undefined;
}

interface HeldToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly got: number;
  readonly expires: number;
}

/** How long before its end a token is replaced. */
const earlyMs = 120_000;

/**
 * Makes a source of Entra tokens: one credential for the process, one request for a token at any time, and a new token two minutes
 * before the old one ends; as long as that is valid, no failure to get a new one shows. @azure/identity keeps tokens too and offers no
 * way to drop one, so after a refusal a new credential forces it.
 *
 * @param scope such as `https://purview.azure.net/.default`
 * @param connect makes a credential
 * @param now milliseconds since 1970
 */
export function createTokenSource(
  scope: string,
  connect: () => Promise<TokenCredential>,
  now: () => number = Date.now,
): TokenSource {
  let credential: Promise<TokenCredential> | undefined;
  let held: HeldToken | undefined;
  let chosen: string | undefined;
  let asking: Promise<HeldToken> | undefined;
  const ask = async (): Promise<HeldToken> => {
    try {
      credential ??= connect();
      const connected = await credential;
      const found = await connected.getToken(scope);
      if (found === null) throw new Error('the credential gave none');
      chosen = connected.chosen?.();
      const got = now();
      held = { token: found.token, got, expires: found.expiresOnTimestamp ?? got };
      return held;
    } catch (thrown) {
      credential = undefined;
      throw failed(scope, thrown);
    } finally {
      asking = undefined;
    }
  };
  const fresh = (): Promise<HeldToken> => (asking ??= ask());
  const current = async (): Promise<HeldToken> => {
    const valid = held;
    if (valid !== undefined && now() < valid.expires - earlyMs) return valid;
    if (valid === undefined || now() >= valid.expires) return fresh();
    return fresh().catch(() => valid);
  };
  return {
    authorize: async () => ({ authorization: `Bearer ${(await current()).token}` }),
    renew: (sentAt) => {
      if (held === undefined || held.got > sentAt) return;
      held = undefined;
      credential = undefined;
    },
    chosen: () => chosen,
  };
}

/** What the network says, as opposed to those who give tokens. */
const unreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/;

function failed(scope: string, thrown: unknown): StreamError {
  const message = `No token for ${scope}: ${messageOf(thrown)}.`;
  if (unreachable.test(messageOf(thrown)))
    return new StreamError('CATALOG_UNAVAILABLE', message, { cause: thrown });
  return new StreamError('CATALOG_REFUSED', message, {
    cause: thrown,
    advice: 'Sign in (az login), give the process a managed identity, or configure `sink.credential`.',
  });
}

/** Where Microsoft gives tokens, by its documentation ("Azure authentication with national clouds"). */
const knownAuthorities: ReadonlySet<string> = new Set([
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
]);

/** An authority that is none of Microsoft's public ones (a private cloud) cannot be looked up there, and is taken as it is named. */
function authorityOf(authorityHost: string | undefined): {
  readonly authorityHost?: string;
  readonly disableInstanceDiscovery?: true;
} {
  if (authorityHost === undefined) return {};
  const { host } = new URL(authorityHost);
  return knownAuthorities.has(host) ? { authorityHost } : { authorityHost, disableInstanceDiscovery: true };
}

/** Makes a credential of @azure/identity; the library is loaded only now, since it takes a while. Throws CONFIG_INVALID where something is missing. */
export async function connectAzure(signIn: AzureSignIn): Promise<TokenCredential> {
  const identity = await import('@azure/identity');
  const { tenantId, clientId, authorityHost } = signIn;
  const options = {
    ...authorityOf(authorityHost),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(clientId === undefined ? {} : { clientId }),
  };
  switch (signIn.kind) {
    case 'default':
      return chosenOf(
        identity,
        new identity.DefaultAzureCredential({
          ...options,
          ...(clientId === undefined ? {} : { managedIdentityClientId: clientId }),
        }),
      );
    case 'managed-identity':
      return new identity.ManagedIdentityCredential(options);
    case 'workload-identity':
      return new identity.WorkloadIdentityCredential(options);
    case 'azure-cli':
      return new identity.AzureCliCredential(options);
    case 'client-secret':
      return new identity.ClientSecretCredential(
        needed(signIn, 'tenantId'),
        needed(signIn, 'clientId'),
        needed(signIn, 'clientSecret'),
        options,
      );
    case 'client-certificate':
      return new identity.ClientCertificateCredential(
        needed(signIn, 'tenantId'),
        needed(signIn, 'clientId'),
        {
          certificatePath: needed(signIn, 'certificate'),
          ...(signIn.certificatePassword === undefined
            ? {}
            : { certificatePassword: signIn.certificatePassword }),
        },
        options,
      );
  }
}

/** Where it is noted which credential of a chain gave a token, while that is asked for one. */
const asking = new AsyncLocalStorage<{ chosen?: string }>();
const listening = new WeakSet<object>();

/** The chain says which of its credentials gave a token nowhere but in its log. Of that there is one in the process: it is listened to once, however often a credential is made. */
function chosenOf({ logger }: typeof Identity, chain: AzureCredential): TokenCredential {
  const { info } = logger;
  if (!listening.has(info)) {
    listening.add(info);
    const { enabled: wasEnabled } = info;
    const write = info.log.bind(info);
    info.log = (...args: unknown[]) => {
      const asked = asking.getStore();
      const [, name] = /Result for (\w+): SUCCESS/u.exec(args.join(' ')) ?? [];
      if (asked !== undefined && name !== undefined) asked.chosen = name;
      if (wasEnabled) write(...args);
    };
    info.enabled = true;
  }
  const own: { chosen?: string } = {};
  const getToken = chain.getToken.bind(chain);
  return Object.assign(chain, {
    getToken: (scope: string) => asking.run(own, () => getToken(scope)),
    chosen: () => own.chosen,
  });
}

const claimsSchema = z.looseObject({
  upn: z.string().optional(),
  unique_name: z.string().optional(),
  app_displayname: z.string().optional(),
  appid: z.string().optional(),
  azp: z.string().optional(),
  oid: z.string().optional(),
  tid: z.string().optional(),
  xms_mirid: z.string().optional(),
  exp: z.number().optional(),
});

/** Whom a token of Entra ID stands for, by its claims (Microsoft's "Access token claims reference"); nothing of the token itself. */
export function describeToken(token: string): string {
  const claims = claimsOf(token);
  if (claims === undefined) return 'a token that does not say for whom';
  const {
    upn,
    unique_name: unique,
    app_displayname: app,
    appid,
    azp,
    oid,
    tid,
    xms_mirid: resource,
    exp,
  } = claims;
  const parts = [
    upn ?? unique ?? app ?? 'an application',
    ...(resource === undefined ? [] : [`managed identity of ${resource}`]),
    ...(appid === undefined && azp === undefined ? [] : [`client ${appid ?? azp}`]),
    ...(oid === undefined ? [] : [`object ${oid}`]),
    ...(tid === undefined ? [] : [`tenant ${tid}`]),
    ...(exp === undefined ? [] : [`until ${new Date(exp * 1000).toISOString()}`]),
  ];
  return parts.join(', ');
}

function claimsOf(token: string): z.output<typeof claimsSchema> | undefined {
  const [, payload = ''] = token.split('.');
  try {
    return claimsSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString())).data;
  } catch {
    return undefined; // some tokens are opaque
  }
}

/** A credential in the form that other libraries of Azure take. */
export function asAzureCredential(credential: TokenCredential): AzureCredential {
  return {
    getToken: async (scopes) => {
      const [scope = ''] = typeof scopes === 'string' ? [scopes] : scopes;
      const found = await credential.getToken(scope);
      return found && { token: found.token, expiresOnTimestamp: found.expiresOnTimestamp ?? Date.now() };
    },
  };
}

function needed(signIn: AzureSignIn, field: Exclude<keyof AzureSignIn, 'kind'>): string {
  const value = signIn[field];
  if (value !== undefined) return value;
  throw new StreamError('CONFIG_INVALID', `The credential ${signIn.kind} needs ${field}.`, {
    advice: 'Set it in the same section `credential`.',
  });
}
