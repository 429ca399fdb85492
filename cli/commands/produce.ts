import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { configure } from '../configured.ts';
import { loadConfig } from '../load-config.ts';
import { addRunOptions, type RunOptions, runProducers } from './run.ts';

/** `produce <name>`: one producer of the configuration, with the stages that take its events to the catalogue. */
export function produceCommand(setExitCode: (code: number) => void): Command {
  return addRunOptions(new Command('produce'))
    .argument('<name...>', 'names of producers in the configuration')
    .description('Run only the named producers, with the stages that take their events to the catalogue.')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 a source or the catalogue failed, 2 wrong usage or configuration, 3 done, but some events are dead letters.\n\nExamples:\n  purview-streams produce warehouse --once\n  purview-streams produce shop-db loader --once --json',
    )
    .action(async (names: string[], options: RunOptions) => {
      const known = [...configure(await loadConfig(options.config)).producers.keys()];
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) {
        throw new StreamError('USAGE', `There is no producer ${unknown} in ${options.config}.`, {
          advice: `It has: ${known.join(', ')}.`,
        });
      }
      setExitCode(await runProducers(options, names));
    });
}
