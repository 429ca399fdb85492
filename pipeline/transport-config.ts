import { z } from 'zod';
import { azureSignIn } from './azure-sign-in.ts';

const tls = z.strictObject({
  ca: z
    .string()
    .optional()
    .describe('Certificates to trust instead of those of this machine, as PEM: `${file:ca.pem}`.'),
  cert: z.string().optional().describe('Certificate of this client, as PEM, where the brokers ask for one.'),
  key: z.string().optional().describe('Key of that certificate, as PEM.'),
});

const sasl = z
  .strictObject({
    mechanism: z
      .enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])
      .describe('How to log in. plain only with `ssl`: it sends the password as it is.'),
    username: z.string().optional().describe('User, for plain and scram.'),
    password: z.string().optional().describe('Password, for plain and scram.'),
    token: z.string().optional().describe('oauthbearer: a token that does not expire while this runs.'),
    tokenUrl: z.url().optional().describe('oauthbearer: where tokens are asked for (client credentials).'),
    clientId: z.string().optional().describe('oauthbearer: who asks there.'),
    clientSecret: z.string().optional().describe('oauthbearer: and with which secret.'),
    scope: z.string().optional().describe('oauthbearer: what the token is for.'),
  })
  .superRefine((value, context) => {
    const needed = neededBy(value);
    for (const field of needed)
      if (value[field] === undefined)
        context.addIssue({ code: 'custom', path: [field], message: `${value.mechanism} needs it` });
  });

/** How a client logs in to Kafka. */
export type SaslConfig = z.output<typeof sasl>;

function neededBy(value: { readonly mechanism: string; readonly token?: string | undefined }) {
  if (value.mechanism !== 'oauthbearer') return ['username', 'password'] as const;
  return value.token === undefined ? (['tokenUrl', 'clientId', 'clientSecret'] as const) : [];
}

/** A container of Azure Blob Storage. */
export const blobsSchema = z.strictObject({
  url: z
    .url()
    .optional()
    .describe(
      'Address of the storage account: `https://ACCOUNT.blob.core.windows.net`. Signed in to with `credential`.',
    ),
  connectionString: z
    .string()
    .optional()
    .describe('Connection string of the storage account, instead: `${env:BLOBS}`.'),
  container: z
    .string()
    .regex(/^[a-z0-9](-?[a-z0-9])+$/u, 'a container is named with small letters, digits and single dashes')
    .default('purview-streams')
    .describe('Container; it is made where it is missing.'),
});

const processingGuarantee = z.enum(['at-least-once', 'exactly-once']);

/** What holds for the outputs of a stage when a process dies, as Kafka Streams calls it. */
export type ProcessingGuarantee = z.output<typeof processingGuarantee>;

const eventHubsFields = {
  preset: z
    .literal('event-hubs')
    .optional()
    .describe(
      'kafka: the cluster is the Kafka endpoint of an Event Hubs namespace: brokers, TLS and login follow from `namespace`, and from `connectionString` or `credential`; batches are not compressed; topics are not created (docs/event-hubs.md).',
    ),
  namespace: z
    .string()
    .regex(/^[\w-]+(\.[\w-]+)+$/u, 'a namespace is NAME.servicebus.windows.net')
    .optional()
    .describe(
      'event-hubs, and kafka with the preset: the namespace, `NAME.servicebus.windows.net`. Signed in to with `credential`.',
    ),
  connectionString: z
    .string()
    .optional()
    .describe(
      'event-hubs, and kafka with the preset: connection string of the namespace, instead: `${env:EVENT_HUBS}`.',
    ),
  credential: azureSignIn
    .prefault({})
    .describe(
      'event-hubs, and kafka with the preset: whom to sign in as where no connection string is given.',
    ),
  consumerGroup: z
    .string()
    .min(1)
    .default('$Default')
    .describe(
      'event-hubs: consumer group of the event hubs that is read with; it takes five readers of a partition.',
    ),
  retentionHours: z
    .union([z.number().min(1), z.literal('compacted')])
    .default(168)
    .describe(
      'event-hubs, and kafka with the preset: hours for which the event hub `metadata.raw` keeps events (--retention-time), which cannot be asked over AMQP. `check` and `doctor` warn of producers that do not say everything anew within them. compacted: it keeps the last event of each key instead (--cleanup-policy Compact), which goes by the Kafka endpoint only.',
    ),
  blobs: blobsSchema.optional().describe('event-hubs: where consumer groups, offsets and state live.'),
};

/** The `transport` section of the configuration: where the topics between the stages live. */
export const transportSchema = z
  .strictObject({
    kind: z
      .enum(['memory', 'embedded', 'kafka', 'event-hubs'])
      .describe(
        'Where topics, offsets and state live. embedded: in the state folder; durable, for any number of processes of one machine. kafka: in Apache Kafka, for processes of any number of machines (docs/kafka.md). event-hubs: in Azure Event Hubs over AMQP, with offsets and state in Blob Storage, for the same (docs/event-hubs.md). memory: in this process; forgets everything when it ends, so that what is removed from a source between two runs stays in the catalogue.',
      ),
    partitions: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe(
        'Partitions of a topic. More of them let the sink send more batches at once; assets that refer to each other then wait for each other more often. A topic that exists keeps those that it has.',
      ),
    sessionMs: z
      .number()
      .int()
      .min(1000)
      .default(30_000)
      .describe(
        'Milliseconds after which a process that is not heard of loses its partitions to the others. It has half of them to drain what it holds when it is to give a partition up. kafka: the brokers take 6,000 to 1,800,000, unless they are told otherwise.',
      ),
    maxBytes: z
      .number()
      .int()
      .min(1_000_000)
      .default(16 * 1024 ** 3)
      .describe('embedded: bytes of records above which producers are refused with TRANSPORT_FULL.'),
    brokers: z
      .array(z.string().regex(/^[^\s:]+:\d+$/u, 'a broker is host:port'))
      .min(1)
      .optional()
      .describe('kafka: brokers to begin with, as host:port; the others are found through them.'),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]*$/u, 'a prefix is made of letters, digits, dot, dash and underscore')
      .default('')
      .describe(
        'kafka: begins the names of topics, consumer groups and transactional ids, so that several pipelines share a cluster: `prod.`. event-hubs: the names of event hubs and blobs.',
      ),
    clientId: z
      .string()
      .min(1)
      .default('purview-streams')
      .describe('kafka: how this process calls itself in the logs of the brokers.'),
    ssl: z
      .union([z.boolean(), tls])
      .default(false)
      .describe(
        'kafka: encrypts. true trusts the certificates of this machine; a section names others: `ca`, `cert` and `key`, each as PEM (`${file:ca.pem}`).',
      ),
    sasl: sasl.optional().describe('kafka: who logs in.'),
    compression: z
      .enum(['gzip', 'snappy', 'lz4', 'none'])
      .default('gzip')
      .describe(
        'kafka: how batches are compressed. snappy and lz4 take less time and more room, and need a package beside this one (docs/kafka.md).',
      ),
    processingGuarantee: processingGuarantee
      .default('at-least-once')
      .describe(
        'kafka: what holds for the changes that transforms append. at-least-once: after a crash some of them stand twice on metadata.entities, the second without effect; a little faster. exactly-once: they are in one transaction with the state and the offset, and whoever reads committed data sees each once (docs/kafka.md).',
      ),
    ...eventHubsFields,
  })
  .superRefine((value, context) => {
    const faults = value.kind === 'kafka' ? kafkaFaults(value) : [];
    for (const { path, message } of value.kind === 'event-hubs' ? eventHubsFaults(value) : faults)
      context.addIssue({ code: 'custom', path: [...path], message });
  });

interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

interface Reached {
  readonly namespace?: string | undefined;
  readonly connectionString?: string | undefined;
}

function* kafkaFaults(
  value: Reached & {
    readonly preset?: string | undefined;
    readonly brokers?: readonly string[] | undefined;
    readonly sessionMs: number;
    readonly ssl: unknown;
    readonly sasl?: SaslConfig | undefined;
  },
): Iterable<Fault> {
  const { preset, namespace, brokers, sessionMs, ssl, sasl: login } = value;
  if (preset === undefined) {
    if (brokers === undefined) yield { path: ['brokers'], message: 'kafka needs at least one broker' };
  } else {
    if (namespace === undefined) yield { path: ['namespace'], message: 'the preset event-hubs needs it' };
    if (sessionMs < 30_000)
      yield { path: ['sessionMs'], message: 'the preset event-hubs needs 30000 at the least' };
  }
  if (login?.mechanism === 'plain' && ssl === false && preset === undefined)
    yield {
      path: ['sasl', 'mechanism'],
      message: 'plain sends the password as it is: set ssl, or use scram-sha-256',
    };
}

function* eventHubsFaults(
  value: Reached & {
    readonly retentionHours: number | 'compacted';
    readonly blobs?:
      | { readonly url?: string | undefined; readonly connectionString?: string | undefined }
      | undefined;
  },
): Iterable<Fault> {
  const { namespace, connectionString, retentionHours, blobs: store } = value;
  if (retentionHours === 'compacted')
    yield {
      path: ['retentionHours'],
      message: 'event-hubs are not compacted by the keys of events: only kafka with the preset is',
    };
  if (namespace === undefined && connectionString === undefined)
    yield { path: ['namespace'], message: 'event-hubs needs a namespace or a connectionString' };
  if (store?.url === undefined && store?.connectionString === undefined)
    yield { path: ['blobs'], message: 'event-hubs needs a url or a connectionString of a storage account' };
}

/** Where the topics live, and how they are reached. */
export type TransportConfig = z.output<typeof transportSchema>;
