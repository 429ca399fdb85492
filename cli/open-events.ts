import path from 'node:path';
import type { Telemetry } from '../pipeline/telemetry.ts';
import { topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';
import { type ClaimStore, createFolderClaims } from '../platform/events/claim-store.ts';
import { createEventTransport } from '../platform/events/event-transport.ts';
import type { LoadedConfig } from './load-config.ts';
import { openFraming } from './open-registry.ts';
import { openTransport } from './open-transport.ts';

/** Opens the configured transport for events of any size, as the section `events` says. `telemetry` hears what is waited for. */
export async function openEvents(
  loaded: Pick<LoadedConfig, 'config' | 'folder'>,
  stateFolder: string,
  telemetry?: Telemetry,
): Promise<Transport> {
  const { maxBytes } = loaded.config.events;
  const claims = await openClaims(loaded);
  const framing = openFraming(loaded.config.events);
  const transport = await openTransport(loaded.config.transport, stateFolder);
  return createEventTransport(transport, {
    framing,
    claims,
    maxBytes,
    retryDelayMs: loaded.config.delivery.retryDelayMs,
    onWaiting: (topic, { code, message }, waitMs) =>
      telemetry?.emit('stageWaiting', {
        stage: topic === topics.raw ? 'transform' : 'sink',
        code,
        message,
        waitMs,
      }),
  });
}

async function openClaims({
  config,
  folder,
}: Pick<LoadedConfig, 'config' | 'folder'>): Promise<ClaimStore | undefined> {
  const { claimCheck } = config.events;
  if (claimCheck === undefined) return undefined;
  if (claimCheck.folder !== undefined) return createFolderClaims(path.resolve(folder, claimCheck.folder));
  return (await import('./open-claim-blobs.ts')).openClaimBlobs(claimCheck);
}
