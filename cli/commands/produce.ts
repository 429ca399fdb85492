import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import { configure } from '../configured.ts';
import { loadConfig } from '../load-config.ts';
import { requireSharedTopics } from './stage.ts';
import { addRunOptions, type RunOptions, runProducers } from './run.ts';

/** `produce <name>`: one producer of the configuration, with the stages that take its events to the catalogue. */
export function produceCommand(setExitCode: (code: number) => void): Command {
  return addRunOptions(new Command('produce'))
    .argument('<name...>', 'names of producers in the configuration')
    .option('--only', 'only append raw events; the stages run in other processes (`transform`, `sink`)')
    .description('Run only the named producers, with the stages that take their events to the catalogue.')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 a source or the catalogue failed, 2 wrong usage or configuration, 3 done, but some events are dead letters.\n\nExamples:\n  purview-streams produce warehouse --once\n  purview-streams produce shop-db loader --once --json\n  purview-streams produce warehouse --only          append only; `transform` and `sink` run elsewhere',
    )
    .action(async (names: string[], options: RunOptions & { readonly only?: boolean }) => {
      const configured = configure(await loadConfig(options.config));
      const known = [...configured.producers.keys()];
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) {
        throw new StreamError('USAGE', `There is no producer ${unknown} in ${options.config}.`, {
          advice: `It has: ${known.join(', ')}.`,
        });
      }
      if (options.only !== true) return setExitCode(await runProducers(options, { producers: names }));
      requireSharedTopics(configured, 'produce --only');
      setExitCode(await runProducers(options, { producers: names, stages: [] }));
    });
}
