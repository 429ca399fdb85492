import { existsSync } from 'node:fs';
import path from 'node:path';
import { StreamError } from '../pipeline/errors.ts';
import { topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';
import { createEventTransport } from '../platform/events/event-transport.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { type LoadedConfig, loadConfig } from './load-config.ts';
import { openEvents } from './open-events.ts';
import { topicsFolder } from './open-transport.ts';
import { stateFolder } from './state-folder.ts';
import { tellOfStopped } from './tell-stopped.ts';

/** Which log a command looks at. */
export interface LogOptions {
  readonly config: string;
  /** State folder instead of the configured one; then no configuration needs to exist. */
  readonly state?: string;
}

/**
 * Opens the topics that earlier or running processes keep, without making any. Needs no secret of a source. Throws STATE_UNAVAILABLE where
 * nothing has run yet, and where topics live in the memory of the process that runs.
 */
export async function openLog(options: LogOptions): Promise<Transport> {
  const loaded =
    options.state === undefined ? await loadConfig(options.config, { withoutSources: true }) : undefined;
  const kind = loaded?.config.transport.kind;
  if (loaded !== undefined && (kind === 'kafka' || kind === 'event-hubs')) return openShared(loaded);
  const state = folderOf(options, loaded);
  const folder = topicsFolder(state);
  if (!existsSync(folder)) {
    throw new StreamError('STATE_UNAVAILABLE', `There are no topics in ${folder}.`, {
      advice: 'Run the pipeline first, or name its state folder with --state.',
    });
  }
  if (loaded !== undefined) return openEvents(loaded, state);
  tellOfStopped(folder);
  return createEventTransport(createEmbeddedTransport({ folder }));
}

/** The topics of a cluster or namespace; there may be other topics, so that ours are looked for. */
async function openShared(loaded: LoadedConfig): Promise<Transport> {
  const config = loaded.config.transport;
  const transport = await openEvents(loaded, '');
  try {
    const names = await transport.admin.topics();
    if (Object.values(topics).every((name) => names.includes(name))) return transport;
    const where = config.brokers?.join(', ') ?? config.namespace ?? 'the namespace';
    throw new StreamError('STATE_UNAVAILABLE', `There are no topics at ${where}.`, {
      advice:
        config.kind === 'kafka'
          ? 'Run the pipeline first, or create them: `topics apply`.'
          : 'Run the pipeline first.',
    });
  } catch (thrown) {
    await transport.close();
    throw thrown;
  }
}

function folderOf(options: LogOptions, loaded: LoadedConfig | undefined): string {
  if (options.state !== undefined) return path.resolve(options.state);
  if (loaded?.config.transport.kind === 'embedded') return stateFolder(loaded, undefined);
  throw new StreamError(
    'STATE_UNAVAILABLE',
    'The topics of the transport memory live in the process that runs, and end with it.',
    { advice: `Set transport.kind to embedded in ${options.config}.` },
  );
}
