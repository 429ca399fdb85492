import { Command } from 'commander';
import { configure } from '../configured.ts';
import { catalogue } from '../doctor/catalogue.ts';
import { disk, versions } from '../doctor/machine.ts';
import { sources } from '../doctor/sources.ts';
import { stateStore } from '../doctor/state-store.ts';
import { transport } from '../doctor/topics.ts';
import { type Finding, ok, printFindings } from '../finding.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { stateFolder } from '../state-folder.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** `doctor`: what would keep the pipeline from working here, and what to do about it. */
export function doctorCommand(setExitCode: (code: number) => void): Command {
  return new Command('doctor')
    .description(
      'Look at everything that the pipeline needs: versions, disk, topics and their settings, the catalogue, identity, rights, clock, sources. Writes nothing.',
    )
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      `
Every line ends in "ok" or in what to do next.

Exit codes: 0 all is well, 1 something does not work, 2 the configuration is wrong, 3 it works, but a person should look.

Examples:
  purview-streams doctor
  purview-streams doctor -c prod.yaml --json | jq -r 'select(.next != null) | .next'`,
    )
    .action(async (options: Options) =>
      setExitCode(await printFindings(findings(options), options.json === true)),
    );
}

async function* findings(options: Options): AsyncIterable<Finding> {
  yield versions();
  const configured = configure(await loadConfig(options.config));
  const { loaded, producers } = configured;
  const folder = stateFolder(loaded, options.state);
  yield ok('configuration', `${options.config} is valid; ${producers.size} producers`);
  yield* disk(folder, loaded.config);
  yield* transport(configured, folder);
  yield* stateStore(configured, folder);
  yield* catalogue(loaded, folder);
  yield* sources(configured);
}
