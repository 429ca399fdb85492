import { Command } from 'commander';
import { declareTypes } from '../../pipeline/typedef-plan.ts';
import { configureWithoutSources } from '../configured.ts';
import { defaultConfigFile } from '../load-config.ts';
import { exitCodes } from '../output.ts';
import { changesOfFile, changesOnTopic, checkEntities, printProblems } from '../what-if.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
}

/** `what-if`: would the catalogue take what is to be delivered? */
export function whatIfCommand(setExitCode: (code: number) => void): Command {
  return new Command('what-if')
    .description(
      'Hold entities against the declared types, without a catalogue: unknown types, missing mandatory values, undefined attributes, values of the wrong kind.',
    )
    .argument(
      '[file]',
      'changes as the sink `file` writes them; without it, those on the topic that are not delivered yet',
    )
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option('--json', 'print JSON, one problem a line')
    .addHelpText(
      'after',
      `
Exit codes: 0 no problem, 1 failed, 3 problems.

Examples:
  purview-streams what-if
  purview-streams what-if changes.ndjson --json | jq -r .kind | sort | uniq -c`,
    )
    .action(async (file: string | undefined, options: Options) => {
      const configured = await configureWithoutSources(options.config);
      const changes = file === undefined ? changesOnTopic(options) : changesOfFile(file);
      const problems = await checkEntities(changes, declareTypes(configured.types));
      printProblems(problems, options);
      setExitCode(problems.length === 0 ? exitCodes.done : exitCodes.partly);
    });
}
