import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import { StreamError } from '../pipeline/errors.ts';
import type { Transport } from '../pipeline/transport.ts';
import type { TransportConfig } from '../pipeline/transport-config.ts';
import { asAzureCredential, connectAzure } from '../platform/azure-credential.ts';
import type { HubConnector } from '../transports/event-hubs/hubs.ts';
import { createEventHubsTransport } from '../transports/event-hubs/transport.ts';
import { containerOf } from './open-blobs.ts';

/** It is ours to try again; a connection that is not there within this time, in milliseconds, is given up. */
const retryOptions = { maxRetries: 0, timeoutInMs: 15_000 };

/** What is reached in place of Azure. */
export interface EventHubsReach {
  /** Makes a credential. @default of Azure */
  readonly connect?: typeof connectAzure;
  /** Where the namespace is to be found: `sb://host:port`. @default where its name says */
  readonly endpoint?: string;
}

/** Opens the configured namespace. One credential serves all connections. Throws CONFIG_INVALID where something is missing. */
export async function openEventHubs(
  config: TransportConfig,
  { connect = connectAzure, endpoint }: EventHubsReach = {},
): Promise<Transport> {
  const { prefix, sessionMs, connectionString, blobs } = config;
  const isSignedIn = connectionString === undefined || blobs?.connectionString === undefined;
  const credential = isSignedIn ? asAzureCredential(await connect(config.credential)) : undefined;
  return createEventHubsTransport({
    connect: connectorOf(config, credential, endpoint),
    container: containerOf('transport.blobs', blobs, credential),
    prefix,
    sessionMs,
  });
}

function connectorOf(
  { namespace, connectionString, consumerGroup }: TransportConfig,
  credential: TokenCredential | undefined,
  endpoint: string | undefined,
): HubConnector {
  if (connectionString !== undefined)
    return {
      producer: (hub) => new EventHubProducerClient(connectionString, hub, { retryOptions }),
      consumer: (hub) => new EventHubConsumerClient(consumerGroup, connectionString, hub, { retryOptions }),
    };
  if (namespace === undefined || credential === undefined) throw missing('transport.namespace');
  const options = { retryOptions, ...(endpoint === undefined ? {} : { customEndpointAddress: endpoint }) };
  return {
    producer: (hub) => new EventHubProducerClient(namespace, hub, credential, options),
    consumer: (hub) => new EventHubConsumerClient(consumerGroup, namespace, hub, credential, options),
  };
}

function missing(field: string): StreamError {
  return new StreamError('CONFIG_INVALID', `The transport event-hubs needs ${field}.`);
}
