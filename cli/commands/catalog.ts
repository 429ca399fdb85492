import { Command, Option } from 'commander';
import { loadConfig, defaultConfigFile } from '../load-config.ts';
import { openLocalCatalog } from '../local-catalog.ts';
import { note, print } from '../output.ts';
import { parsePort } from '../parse-port.ts';
import { onShutdown } from '../shutdown.ts';
import { stateFolderOf } from '../state-folder.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly host?: string;
  readonly port?: number;
}

/** `catalog`: the local catalogue on its own; `catalog export`: what it holds. */
export function catalogCommand(): Command {
  return new Command('catalog')
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
      '\nExamples:\n  purview-streams catalog\n  purview-streams catalog --state /tmp/try --port 0\n  purview-streams catalog export > catalog.ndjson',
    )
    .action(serve);
}

async function serve(options: Options): Promise<void> {
  const config = options.state === undefined ? (await loadConfig(options.config)).config : undefined;
  const catalog = await openLocalCatalog({
    folder: await stateFolderOf(options),
    host: options.host ?? config?.catalog?.host ?? '127.0.0.1',
    port: options.port ?? config?.catalog?.port ?? 21_000,
  });
  print(`Catalogue: ${catalog.url}`);
  note('Ctrl-C ends.');
  await new Promise<void>((resolve) => {
    onShutdown(() => resolve());
  });
  await catalog.close();
}
