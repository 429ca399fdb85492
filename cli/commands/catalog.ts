import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Command, Option } from 'commander';
import { exportCatalog } from '../../catalog/export.ts';
import type { Config } from '../../pipeline/config.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { addCatalogVariant, type CatalogVariant, readCatalogVariant } from '../catalog-options.ts';
import { loadConfig, defaultConfigFile } from '../load-config.ts';
import { openLocalCatalog } from '../local-catalog.ts';
import { note, print } from '../output.ts';
import { parsePort } from '../parse-port.ts';
import { onShutdown } from '../shutdown.ts';
import { stateFolderOf } from '../state-folder.ts';

interface Options extends CatalogVariant {
  readonly config: string;
  readonly state?: string;
  readonly host?: string;
  readonly port?: number;
}

/** `catalog`: the local catalogue on its own; `catalog export`: what it holds. */
export function catalogCommand(): Command {
  const command = new Command('catalog')
    .enablePositionalOptions()
    .description('Serve the local catalogue, an Atlas-compatible server with a page, until Ctrl-C.')
    .option(
      '-c, --config <file>',
      'configuration file; may be missing when --state is given',
      defaultConfigFile,
    )
    .option('--state <folder>', 'folder that holds it, instead of the configured one')
    .addOption(new Option('--host <address>', 'address to listen on, instead of the configured one'))
    .addOption(
      new Option('--port <number>', 'port to listen on, instead of the configured one').argParser(parsePort),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams catalog\n  purview-streams catalog --state /tmp/try --port 0\n  purview-streams catalog export > catalog.ndjson\n  purview-streams catalog --state /tmp/try --mode purview --tokens tokens.txt\n  purview-streams catalog --state /tmp/try --faults \'{"requestsPerSecond":50,"hung":0.005}\'',
    )
    .action(serve);
  addCatalogVariant(command);
  command
    .command('export')
    .description(
      'Print what the local catalogue holds: one entity a line as JSON, sorted, by name and without guids and times.',
    )
    .option(
      '-c, --config <file>',
      'configuration file; may be missing when --state is given',
      defaultConfigFile,
    )
    .option('--state <folder>', 'folder that holds it, instead of the configured one')
    .addHelpText('after', '\nExample:\n  purview-streams catalog export | jq -r .qualifiedName')
    .action(printExport);
  return command;
}

async function printExport(options: Options): Promise<void> {
  const folder = path.join(await stateFolderOf(options), 'catalog');
  if (!existsSync(folder)) {
    throw new StreamError('STATE_UNAVAILABLE', `There is no catalogue in ${folder}.`, {
      advice: 'Run the pipeline first, or name its folder with --state.',
    });
  }
  process.stdout.write(await exportCatalog(folder));
}

async function serve(options: Options): Promise<void> {
  const config = await readConfig(options);
  const catalog = await openLocalCatalog({
    folder: await stateFolderOf(options),
    host: options.host ?? config?.catalog?.host ?? '127.0.0.1',
    port: options.port ?? config?.catalog?.port ?? 21_000,
    ...(await readCatalogVariant(options)),
  });
  print(`Catalogue: ${catalog.url}`);
  note('Ctrl-C ends.');
  await new Promise<void>((resolve) => {
    onShutdown(() => resolve());
  });
  await catalog.close();
}

/** The configuration; undefined where there is none and the command line says all that is needed. */
async function readConfig(options: Options): Promise<Config | undefined> {
  try {
    return (await loadConfig(options.config, { withoutSources: true })).config;
  } catch (thrown) {
    const isMissing = thrown instanceof StreamError && thrown.code === 'CONFIG_NOT_FOUND';
    if (isMissing && options.state !== undefined && options.config === defaultConfigFile) return undefined;
    throw thrown;
  }
}
