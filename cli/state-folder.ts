import path from 'node:path';
import { loadConfig } from './load-config.ts';

/** The folder for what is kept over restarts, absolute: the one given, else the configured one. */
export async function stateFolderOf(options: {
  readonly config: string;
  readonly state?: string;
}): Promise<string> {
  if (options.state !== undefined) return path.resolve(options.state);
  const { folder, config } = await loadConfig(options.config, { withoutSources: true });
  return path.resolve(folder, config.state);
}
