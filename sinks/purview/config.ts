import { z } from 'zod';
import { azureSignIn } from '../../pipeline/azure-sign-in.ts';
import { type SinkComponent, type SinkHost, sinkComponent } from '../../pipeline/sink-component.ts';
import type { Sink } from '../../pipeline/sink.ts';
import { createHttpClient, type HttpClient } from '../../platform/http.ts';
import { basicAccess, type CatalogAccess, purviewAccess } from './access.ts';
import { stateOf } from './applied.ts';
import { CatalogClient } from './client.ts';
import { Gate } from './gate.ts';
import { basic, common, type CommonOptions, paceOptions, removals } from './options.ts';
import { CatalogSink } from './sink.ts';

/** Answers are small beside what was sent; a catalogue that sends more than this is not one. */
const maxResponseBytes = 64_000_000;

const atlasOptions = z.strictObject({
  url: z.string().describe('Address of the server, such as http://atlas.example:21000.'),
  path: z.string().default('/api/atlas/v2').describe('Path of the REST interface on it.'),
  ...basic,
  ...common,
  pace: paceOptions(undefined),
  removals,
});

/** Apache Atlas with Basic authentication. */
export const atlas: SinkComponent = sinkComponent({
  summary: 'Apache Atlas 2.x by its REST interface, with Basic authentication.',
  options: atlasOptions,
  create: (options, host) =>
    catalogSink(options, remote(options, host), basicAccess(options, { again: host.optionsAgain })),
});

const localOptions = z.strictObject({
  url: z.string().default('http://127.0.0.1:21000').describe('Address of the local catalogue.'),
  path: z.string().default('/api/atlas/v2').describe('Path of the REST interface on it.'),
  ...basic,
  ...common,
  pace: paceOptions(undefined),
  removals,
});

/** A local catalogue that does not answer is one that nobody has started. */
const startIt = 'Start the local catalogue with `purview-streams catalog`, or `run`, which brings its own.';

/** The catalogue that `run` starts. */
export const local: SinkComponent = sinkComponent({
  summary: 'The local catalogue that the same process starts.',
  options: localOptions,
  create: (options, host) =>
    catalogSink(options, host, basicAccess(options, { again: host.optionsAgain }), startIt),
});

const purviewOptions = z.strictObject({
  url: z
    .string()
    .describe(
      'Address of the account: https://ACCOUNT.purview.azure.com or https://api.purview-service.microsoft.com.',
    ),
  path: z.string().default('/datamap/api/atlas/v2').describe('Path of the Atlas interface on it.'),
  apiVersion: z.string().default('2023-09-01').describe('Value of the parameter api-version.'),
  cloud: z
    .enum(['public', 'us-government', 'china'])
    .default('public')
    .describe('Which cloud the account is in: where tokens are asked for, and for what.'),
  scope: z.string().optional().describe('What the token is asked for, instead of what the cloud says.'),
  authorityHost: z
    .string()
    .optional()
    .describe('Address where tokens are asked for, instead of what the cloud says.'),
  credential: azureSignIn.prefault({}).describe('Whom to sign in as.'),
  ...common,
  // One capacity unit, with which every account begins: 25 operations a second (concept-elastic-data-map).
  pace: paceOptions(25),
});

/** Microsoft Purview with Entra tokens. */
export const purview: SinkComponent = sinkComponent({
  summary: 'Microsoft Purview (Data Map), with a token of Microsoft Entra ID.',
  options: purviewOptions,
  create: (options, host) =>
    catalogSink(
      options,
      remote(options, host),
      purviewAccess(options, { now: () => host.clock.now(), again: host.optionsAgain }),
    ),
});

type AddressOptions = CommonOptions & {
  readonly url: string;
  readonly path: string;
  readonly removals?: 'soft' | 'purge';
};

/** A catalogue to read from, signed in. */
export interface CatalogConnection {
  readonly http: HttpClient;
  /** Parameters of every request. */
  readonly query: Readonly<Record<string, string>>;
  /** Where it is. */
  readonly url: string;
  /** Who signs in, for a person. Rejects where nobody can. */
  readonly identity: () => Promise<string>;
}

/** Connects to the catalogue of a sink's options, for commands that read. Undefined when the sink has none. Throws a ZodError for wrong options. */
export function connectCatalog(kind: string, given: unknown): CatalogConnection | undefined {
  const connect = <S extends z.ZodType<AddressOptions>>(
    schema: S,
    access: (options: z.output<S>) => CatalogAccess,
  ): CatalogConnection => {
    const options = schema.parse(given);
    const signed = access(options);
    const { query, identity = async () => 'nobody in particular' } = signed;
    return { http: httpClient(options, signed), query, url: baseUrlOf(options), identity };
  };
  if (kind === 'atlas') return connect(atlasOptions, basicAccess);
  if (kind === 'local') return connect(localOptions, basicAccess);
  return kind === 'purview' ? connect(purviewOptions, (options) => purviewAccess(options)) : undefined;
}

function httpClient(options: AddressOptions, { authorize }: CatalogAccess): HttpClient {
  return createHttpClient({
    baseUrl: baseUrlOf(options),
    timeoutMs: options.timeoutMs,
    maxResponseBytes,
    unavailableCode: 'CATALOG_UNAVAILABLE',
    tooLargeCode: 'CATALOG_UNEXPECTED',
    ...(authorize === undefined ? {} : { authorize }),
  });
}

/** A catalogue elsewhere is known by its address; the local one lies beside the state, whatever port it listens on. */
function remote(options: AddressOptions, host: SinkHost): SinkHost {
  return { ...host, state: stateOf(host.state, baseUrlOf(options)) };
}

/** Atlas's administration lies beside its REST interface: /api/atlas/admin beside /api/atlas/v2. */
function purgePathOf(options: Pick<AddressOptions, 'url' | 'path'>): string {
  return `${baseUrlOf(options).replace(/\/v2\/?$/u, '')}/admin/purge/`;
}

/** Purview's own interface lies beside Atlas's: /datamap/api beside /datamap/api/atlas/v2. */
function dataMapPathOf(options: Pick<AddressOptions, 'url' | 'path'>): string {
  return baseUrlOf(options).replace(/\/atlas\/v2\/?$/u, '');
}

function baseUrlOf({ url, path }: Pick<AddressOptions, 'url' | 'path'>): string {
  return url.replace(/\/+$/, '') + path;
}

/**
 * Makes the sink for any catalogue that speaks Atlas's REST interface.
 *
 * @param advice what to do when nobody answers at the start
 */
export function catalogSink(
  options: AddressOptions,
  host: SinkHost,
  access: CatalogAccess,
  advice?: string,
): Sink {
  const { renew, query } = access;
  const { clock, random, telemetry, members = async () => 1 } = host;
  const { requestsPerSecond: limit, inFlight: most } = options.pace;
  const longestProbeMs = options.retry.maxDelayMs;
  const client = new CatalogClient({
    gate: new Gate({ clock, random, members, limit, inFlight: most, longestProbeMs, telemetry }),
    http: httpClient(options, access),
    host,
    query,
    retry: options.retry,
    ...(renew === undefined ? {} : { renew }),
    // Only Purview asks for a version.
    ...(query['api-version'] === undefined ? {} : { dataMapPath: dataMapPathOf(options) }),
    ...(options.removals === 'purge' ? { purgePath: purgePathOf(options) } : {}),
  });
  const { batch: limits, rejections, onError, retry } = options;
  return new CatalogSink({ client, limits, rejections, onError, retry, host, advice });
}
