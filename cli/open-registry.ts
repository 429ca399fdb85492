import type { EventsConfig, RegistryConfig } from '../pipeline/events-config.ts';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { connectAzure } from '../platform/azure-credential.ts';
import { createAzureRegistry } from '../platform/events/azure-registry.ts';
import { createConfluentRegistry } from '../platform/events/confluent-registry.ts';
import { azureFrame, confluentFrame } from '../platform/events/frames.ts';
import type { Framing } from '../platform/events/framing.ts';
import { createRegistryFraming } from '../platform/events/registry-framing.ts';
import type { SchemaRegistry } from '../platform/events/schema-registry.ts';
import { redactText } from '../platform/redact.ts';

/** What a token for Azure Schema Registry is asked for: the registry is a part of Event Hubs. */
const azureScope = 'https://eventhubs.azure.net/.default';

/** The configured framing; undefined for the one in which events are made. `connect` makes a credential of Azure. */
export function openFraming(events: EventsConfig, connect = connectAzure): Framing | undefined {
  const registry = openRegistry(events, connect);
  if (registry === undefined) return undefined;
  return createRegistryFraming({
    registry,
    frame: events.framing === 'azure' ? azureFrame : confluentFrame,
    registers: events.registry?.register ?? true,
  });
}

/** The configured registry; undefined where the framing needs none. */
export function openRegistry(
  { framing, registry }: EventsConfig,
  connect = connectAzure,
): SchemaRegistry | undefined {
  if (framing === 'single-object' || registry === undefined) return undefined;
  const { url, timeoutMs, prefix, group } = registry;
  return framing === 'azure'
    ? createAzureRegistry({ url, timeoutMs, group, authorize: azureAccess(registry, connect) })
    : createConfluentRegistry({ url, timeoutMs, prefix, authorize: confluentAccess(registry) });
}

function confluentAccess({ user, password = '', token }: RegistryConfig) {
  if (token !== undefined) return async () => ({ authorization: `Bearer ${token}` });
  if (user === undefined) return undefined;
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  return async () => ({ authorization: `Basic ${basic}` });
}

function azureAccess({ credential }: RegistryConfig, connect: typeof connectAzure) {
  let connected: ReturnType<typeof connectAzure> | undefined;
  return async () => {
    try {
      connected ??= connect(credential);
      const found = await (await connected).getToken(azureScope);
      if (found !== null) return { authorization: `Bearer ${found.token}` };
    } catch (thrown) {
      const code = isRefusal(thrown) ? 'REGISTRY_REFUSED' : 'REGISTRY_UNAVAILABLE';
      const message = `There is no token for the schema registry: ${redactText(messageOf(thrown))}.`;
      throw new StreamError(code, message, { cause: thrown });
    }
    throw new StreamError('REGISTRY_REFUSED', `There is no token for ${azureScope}.`);
  };
}

/** What the libraries of Azure say where a login is wrong, and not the network. */
function isRefusal(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    /^(?:Authentication|CredentialUnavailable|AggregateAuthentication)/u.test(thrown.name)
  );
}
