import { z } from 'zod';
import { azureSignIn } from '../../pipeline/azure-sign-in.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { SinkHost } from '../../pipeline/sink-component.ts';
import { connectAzure, createTokenSource, describeToken } from '../../platform/azure-credential.ts';
import type { HttpClientOptions } from '../../platform/http.ts';
import { basic } from './options.ts';

/** How requests are signed. */
export interface CatalogAccess {
  readonly authorize?: NonNullable<HttpClientOptions['authorize']>;
  /** Makes `authorize` get something new, after what it gave was refused in a request that was sent at that time. */
  readonly renew?: (sentAt: number) => void;
  /** Who signs in, for a person; never a secret. Rejects as `authorize` does. */
  readonly identity?: () => Promise<string>;
  /** Parameters of every request. */
  readonly query: Readonly<Record<string, string>>;
}

/** What credentials change with. */
interface Changing {
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** The options of the sink with what files and vaults hold now, see {@link SinkHost.optionsAgain}. */
  readonly again?: SinkHost['optionsAgain'];
}

/** Clouds, by Microsoft's documentation. */
const clouds = {
  public: { authorityHost: 'https://login.microsoftonline.com', scope: 'https://purview.azure.net/.default' },
  'us-government': {
    authorityHost: 'https://login.microsoftonline.us',
    scope: 'https://purview.azure.us/.default',
  },
  china: {
    authorityHost: 'https://login.partner.microsoftonline.cn',
    scope: 'https://purview.azure.cn/.default',
  },
} as const;

/** Options of the sink purview that say who signs in, and where. */
interface PurviewSignIn {
  readonly cloud: keyof typeof clouds;
  readonly scope?: string | undefined;
  readonly authorityHost?: string | undefined;
  readonly credential: z.output<typeof azureSignIn>;
  readonly apiVersion: string;
}

const signInAgain = z.object({ credential: azureSignIn.prefault({}) });

/** Where tokens are asked for, and for what. */
export function tokenPlace(options: Pick<PurviewSignIn, 'cloud' | 'scope' | 'authorityHost'>): {
  readonly scope: string;
  readonly authorityHost: string;
} {
  const cloud = clouds[options.cloud];
  const { scope = cloud.scope, authorityHost = cloud.authorityHost } = options;
  return { scope, authorityHost };
}

/** Tokens of Microsoft Entra ID. After a refusal the credential is made anew, with the secret that it has by then. */
export function purviewAccess(
  options: PurviewSignIn,
  { now = Date.now, again }: Changing = {},
): CatalogAccess {
  const { scope, authorityHost } = tokenPlace(options);
  let connected = false;
  const tokens = createTokenSource(
    scope,
    async () => {
      const changed = connected ? signInAgain.safeParse(await again?.()).data : undefined;
      connected = true;
      return connectAzure({ ...(changed ?? options).credential, authorityHost });
    },
    now,
  );
  return {
    authorize: () => tokens.authorize(),
    identity: async () => {
      const { authorization = '' } = await tokens.authorize();
      const { kind } = options.credential;
      const chosen = tokens.chosen();
      const how = chosen === undefined ? kind : `${kind}, by ${chosen}`;
      return `${how}: ${describeToken(authorization.replace(/^Bearer /u, ''))}`;
    },
    renew: (sentAt) => tokens.renew(sentAt),
    query: { 'api-version': options.apiVersion },
  };
}

const login = z.object(basic);

/** User and password. After a refusal they are what their references hold by then. Throws CONFIG_INVALID where only one is given. */
export function basicAccess(
  given: z.output<typeof login>,
  { now = Date.now, again }: Changing = {},
): CatalogAccess {
  const first = headerOf(given);
  if (first === undefined) return { query: {} };
  let header = Promise.resolve(first);
  let got = Number.NEGATIVE_INFINITY;
  const ask = async (): Promise<string> => headerOf(login.safeParse(await again?.()).data ?? given) ?? first;
  return {
    query: {},
    authorize: async () => ({ authorization: await header }),
    identity: async () => `the user ${given.user}`,
    ...(again === undefined
      ? {}
      : {
          renew: (sentAt) => {
            if (got > sentAt) return; // of many requests that were refused together only the first asks
            got = now();
            const before = header;
            header = ask().catch(() => before); // where it cannot be had now, the refusal of the old one tells enough
          },
        }),
  };
}

function headerOf({ user, password }: z.output<typeof login>): string | undefined {
  if ((user === undefined) !== (password === undefined)) {
    throw new StreamError('CONFIG_INVALID', 'The sink needs both user and password, or neither.');
  }
  if (user === undefined || password === undefined) return undefined;
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}
