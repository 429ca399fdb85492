import { existsSync } from 'node:fs';
import path from 'node:path';
import { StreamError } from '../pipeline/errors.ts';
import type { Transport } from '../pipeline/transport.ts';
import { createEmbeddedTransport } from '../transports/embedded/transport.ts';
import { loadConfig } from './load-config.ts';
import { topicsFolder } from './open-transport.ts';
import { stateFolder } from './state-folder.ts';

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
  const folder = topicsFolder(await folderOf(options));
  if (!existsSync(folder)) {
    throw new StreamError('STATE_UNAVAILABLE', `There are no topics in ${folder}.`, {
      advice: 'Run the pipeline first, or name its state folder with --state.',
    });
  }
  return createEmbeddedTransport({ folder });
}

async function folderOf(options: LogOptions): Promise<string> {
  if (options.state !== undefined) return path.resolve(options.state);
  const loaded = await loadConfig(options.config, { withoutSources: true });
  const { kind } = loaded.config.transport;
  if (kind === 'embedded') return stateFolder(loaded, undefined);
  throw new StreamError(
    'STATE_UNAVAILABLE',
    `The topics of the transport ${kind} live in the process that runs, and end with it.`,
    { advice: `Set transport.kind to embedded in ${options.config}.` },
  );
}
