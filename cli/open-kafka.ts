import type { SASLOptions } from 'kafkajs';
import { StreamError } from '../pipeline/errors.ts';
import type { Transport } from '../pipeline/transport.ts';
import type { SaslConfig, TransportConfig } from '../pipeline/transport-config.ts';
import { connectAzure } from '../platform/azure-credential.ts';
import { createOauthTokens } from '../platform/oauth-token.ts';
import { createKafkaTransport, type KafkaTransportOptions } from '../transports/kafka/transport.ts';

/** Opens the configured cluster as a transport. */
export function openKafka(config: TransportConfig): Transport {
  return createKafkaTransport(kafkaOptions(config));
}

/** How the configured cluster is reached, and what of it is ours. `connect` makes a credential of Azure. */
export function kafkaOptions(config: TransportConfig, connect = connectAzure): KafkaTransportOptions {
  const own = ownKafkaOptions(config);
  return config.preset === undefined ? own : { ...own, ...eventHubsPreset(config, own, connect) };
}

/** Event Hubs closes a request that is not answered for a minute as late as that; it asks clients to wait so long. */
const eventHubsRequestMs = 60_000;

/**
 * The Kafka endpoint of Event Hubs (Microsoft's "Apache Kafka developer guide", its recommended configurations): TLS always, a connection string as password or a
 * token of Entra ID, no compression below the tier Premium, and topics that the portal or a template makes.
 */
function eventHubsPreset(
  { namespace = '', brokers, connectionString, credential, sasl }: TransportConfig,
  own: KafkaTransportOptions,
  connect: typeof connectAzure,
): Partial<KafkaTransportOptions> {
  const scope = `https://${namespace}/.default`;
  let connected: ReturnType<typeof connectAzure> | undefined;
  const token = async (): Promise<{ readonly value: string }> => {
    connected ??= connect(credential);
    const found = await (await connected).getToken(scope);
    if (found === null) throw new StreamError('TRANSPORT_REFUSED', `There is no token for ${scope}.`);
    return { value: found.token };
  };
  const login: SASLOptions =
    connectionString === undefined
      ? { mechanism: 'oauthbearer', oauthBearerProvider: token }
      : { mechanism: 'plain', username: '$ConnectionString', password: connectionString };
  return {
    brokers: brokers ?? [`${namespace}:9093`],
    ssl: own.ssl ?? true,
    ...(sasl === undefined ? { sasl: login } : {}),
    compression: 'none',
    requestMs: eventHubsRequestMs,
    createsTopics: false,
  };
}

function ownKafkaOptions(config: TransportConfig): KafkaTransportOptions {
  const { brokers = [], prefix, clientId, sessionMs, ssl, sasl, compression, processingGuarantee } = config;
  return {
    brokers,
    prefix,
    clientId,
    sessionMs,
    compression,
    processingGuarantee,
    ...(ssl === false ? {} : { ssl: ssl === true ? true : withoutUndefined(ssl) }),
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
  };
}

function withoutUndefined(tls: {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}) {
  const { ca, cert, key } = tls;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** What the client needs to log in; the schema has seen to it that it is there. */
function saslOptions(sasl: SaslConfig): SASLOptions {
  const { mechanism, username = '', password = '' } = sasl;
  if (mechanism !== 'oauthbearer') return { mechanism, username, password };
  const { token, tokenUrl, clientId, clientSecret, scope } = sasl;
  if (token !== undefined) return { mechanism, oauthBearerProvider: async () => ({ value: token }) };
  if (tokenUrl === undefined || clientId === undefined || clientSecret === undefined)
    throw new StreamError('CONFIG_INVALID', 'oauthbearer needs a token, or where to ask for one.');
  const tokens = createOauthTokens({ tokenUrl, clientId, clientSecret, scope });
  return { mechanism, oauthBearerProvider: async () => ({ value: await tokens() }) };
}
