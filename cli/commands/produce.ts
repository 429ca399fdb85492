import { Command } from 'commander';
import { configure, requireProducer } from '../configured.ts';
import { loadConfig } from '../load-config.ts';
import { requireSharedTopics } from './stage.ts';
import { installAction, installIn, type InstallOptions } from './produce-install.ts';
import { runProducers } from '../run-producers.ts';
import { addRunOptions, type RunOptions } from './run.ts';

/** `produce <name>`: one producer of the configuration, with the stages that take its events to the catalogue. */
export function produceCommand(setExitCode: (code: number) => void): Command {
  return addRunOptions(new Command('produce'))
    .argument('<name...>', 'names of producers in the configuration')
    .option('--only', 'only append raw events; the stages run in other processes (`transform`, `sink`)')
    .option('--install', 'set up in the source what tells of changes: prints it, then asks')
    .option('--uninstall', 'remove that again: prints it, then asks')
    .option(
      '--drop-slot',
      'drop the replication slot of a PostgreSQL, for which the server keeps its log: prints it, then asks',
    )
    .option('--dry-run', 'with one of these: only print')
    .option('--yes', 'with one of these: do not ask')
    .description('Run only the named producers, with the stages that take their events to the catalogue.')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 a source or the catalogue failed, 2 wrong usage or configuration, 3 done, but some events are dead letters,
130 stopped before it was done, with --once.

Examples:
  purview-streams produce warehouse --once
  purview-streams produce shop-db loader --once --json
  purview-streams produce warehouse --only          append only; \`transform\` and \`sink\` run elsewhere
  purview-streams produce shop-db --install         event triggers, so that changes show within a second
  purview-streams produce shop-db --install --dry-run | psql -h db.example.com -U postgres`,
    )
    .action(async (names: string[], options: RunOptions & InstallOptions & { readonly only?: boolean }) => {
      const configured = configure(await loadConfig(options.config));
      for (const name of names) requireProducer(configured, name);
      const action = installAction(options);
      if (action !== undefined) {
        for (const name of names)
          await installIn({ name, setup: configured.producers.get(name), action, options });
        return;
      }
      if (options.only !== true) return setExitCode(await runProducers(options, { producers: names }));
      requireSharedTopics(configured, 'produce --only');
      setExitCode(await runProducers(options, { producers: names, stages: [] }));
    });
}
