import path from 'node:path';
import type { Transport } from '../pipeline/transport.ts';
import type { TransportConfig } from '../pipeline/transport-config.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { createMemoryTransport } from '../transports/memory.ts';
import { tellOfStopped } from './tell-stopped.ts';

/** The folder of the embedded transport within the state folder. */
export function topicsFolder(stateFolder: string): string {
  return path.join(stateFolder, 'topics');
}

/** Opens the configured transport: topics, offsets and state in one place. */
export async function openTransport(config: TransportConfig, stateFolder: string): Promise<Transport> {
  const { kind, sessionMs, maxBytes } = config;
  switch (kind) {
    case 'memory':
      return createMemoryTransport();
    case 'embedded':
      tellOfStopped(topicsFolder(stateFolder));
      return createEmbeddedTransport({ folder: topicsFolder(stateFolder), sessionMs, maxBytes });
    case 'kafka':
      // Libraries are loaded only where they are used, since that takes a while.
      return (await import('./open-kafka.ts')).openKafka(config);
    case 'event-hubs':
      return (await import('./open-event-hubs.ts')).openEventHubs(config);
  }
}
