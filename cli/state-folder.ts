import path from 'node:path';
import type { Command } from 'commander';
import { defaultConfigFile, type LoadedConfig, loadConfig } from './load-config.ts';

/** Adds the options by which a command finds what is kept, and `--json` where its text is given. */
export function addStateOptions(command: Command, json?: string): Command {
  command
    .option(
      '-c, --config <file>',
      'configuration file; may be missing when --state is given',
      defaultConfigFile,
    )
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one');
  return json === undefined ? command : command.option('--json', json);
}

/** The folder of a configuration for what is kept over restarts, absolute; `override` is what the command line says. */
export function stateFolder({ folder, config }: LoadedConfig, override: string | undefined): string {
  return override === undefined ? path.resolve(folder, config.state) : path.resolve(override);
}

/** The same for commands that have read no configuration yet; with an override, none needs to exist. */
export async function stateFolderOf(options: {
  readonly config: string;
  readonly state?: string;
}): Promise<string> {
  if (options.state !== undefined) return path.resolve(options.state);
  return stateFolder(await loadConfig(options.config, { withoutSources: true }), undefined);
}
