import path from 'node:path';
import type { Config } from '../pipeline/config.ts';
import type { Transport } from '../pipeline/transport.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { createMemoryTransport } from '../transports/memory.ts';

/** The folder of the embedded transport within the state folder. */
export function topicsFolder(stateFolder: string): string {
  return path.join(stateFolder, 'topics');
}

/** Opens the configured transport: topics, offsets and state in one place. */
export function openTransport(
  { kind, sessionMs, maxBytes }: Config['transport'],
  stateFolder: string,
): Transport {
  return kind === 'memory'
    ? createMemoryTransport()
    : createEmbeddedTransport({ folder: topicsFolder(stateFolder), sessionMs, maxBytes });
}
