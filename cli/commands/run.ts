import { Command, Option } from 'commander';
import type { LogFormat } from '../json-log.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { openOwnCatalog } from '../local-catalog.ts';
import { parsePort } from '../parse-port.ts';

/** Options of `run` and `produce`. */
export interface RunOptions {
  readonly config: string;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly state?: string;
  readonly host?: string;
  readonly port?: number;
  readonly metricsPort?: number;
  readonly force?: boolean;
  readonly log?: LogFormat;
}

/** Text of the option that the commands with a sink share. */
export const forceOption = [
  '--force',
  'write everything that comes to the catalogue, also what it is known to have; `replay --in-place` says everything again',
] as const;

/** Options of every command that runs a part of the pipeline. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--once', 'end when everything is settled, instead of following changes')
    .option('--json', 'print the summary as one JSON object')
    .addOption(
      new Option(
        '--log <format>',
        'how standard error is written: lines for people, or JSON, one object a line',
      )
        .choices(['text', 'json'])
        .default('text'),
    )
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .addOption(
      new Option(
        '--metrics-port <number>',
        'port of /metrics, /healthz and /readyz, instead of the configured one',
      ).argParser(parsePort),
    );
}

/** Options that `run` and `produce` share. */
export function addRunOptions(command: Command): Command {
  return addConfigOptions(command)
    .addOption(
      new Option('--host <address>', 'address of the local catalogue, instead of the configured one'),
    )
    .addOption(
      new Option('--port <number>', 'port of the local catalogue, instead of the configured one').argParser(
        parsePort,
      ),
    );
}

/** `run`: all producers and stages in one process. */
export function runCommand(setExitCode: (code: number) => void): Command {
  return addRunOptions(new Command('run'))
    .option(...forceOption)
    .description(
      'Run every producer, the transforms and the sink in one process, then follow changes until Ctrl-C.',
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 a source or the catalogue failed, 2 wrong usage or configuration, 3 done, but some events are dead letters or parked,
130 stopped before it was done, with --once.

Examples:
  purview-streams run                              run purview-streams.yaml and follow changes
  purview-streams run --once --json | jq .         one pass, the summary for a program
  purview-streams run -c prod.yaml --state /var/lib/purview-streams`,
    )
    .action(async (options: RunOptions) => setExitCode(await run(options)));
}

/** The local catalogue opens while the rest is loaded, which takes longer than all that comes before it. */
async function run(options: RunOptions): Promise<number> {
  const loaded = await loadConfig(options.config);
  const catalog = openOwnCatalog(loaded, { ...options, inThread: true });
  catalog.catch((thrown: unknown) => thrown); // thrown where it is waited for
  try {
    const { runProducers } = await import('../run-producers.ts');
    return await runProducers(options, { begun: { loaded, catalog } });
  } finally {
    await (await catalog.catch(() => undefined))?.close();
  }
}
