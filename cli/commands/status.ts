import { Command } from 'commander';
import { printFindings } from '../finding.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { openKept } from '../open-state-store.ts';
import { statusOf } from '../status.ts';

interface Options {
  readonly config: string;
  readonly json?: boolean;
}

/** `status`: how far the pipeline is, and what waits for a person. */
export function statusCommand(setExitCode: (code: number) => void): Command {
  return new Command('status')
    .description(
      'Tell how the pipeline is, in whatever processes it runs: sources, stages, what is parked, dead letters, removals.',
    )
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      `
Every line ends in "ok" or in what to do next. It asks neither sources nor the catalogue: \`doctor\` does.

Exit codes: 0 all is well, 1 something does not work, 2 the configuration is wrong, 3 it works, but a person should look.

Examples:
  purview-streams status
  purview-streams status --json | jq 'select(.state != "ok")'`,
    )
    .action(async (options: Options) => {
      const loaded = await loadConfig(options.config, { withoutSources: true });
      const kept = await openKept(options);
      try {
        setExitCode(await printFindings(statusOf(loaded, kept, Date.now()), options.json === true));
      } finally {
        await kept.close();
      }
    });
}
