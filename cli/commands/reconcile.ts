import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import type { Drift } from '../../pipeline/sink.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { configureWithoutSources } from '../configured.ts';
import { defaultConfigFile } from '../load-config.ts';
import { openPipeline } from '../open-pipeline.ts';
import { exitCodes, note, print } from '../output.ts';
import { onShutdown } from '../shutdown.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly repair?: boolean;
  readonly json?: boolean;
}

/** `reconcile`: is the catalogue still as it was written? */
export function reconcileCommand(setExitCode: (code: number) => void): Command {
  return new Command('reconcile')
    .description(
      'Read back, in bulk, everything that was delivered, and list what is gone from the catalogue or was changed there.',
    )
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option(
      '--repair',
      'forget that what is listed was delivered: its next change, or `replay --in-place`, writes it again',
    )
    .option('--json', 'print JSON, one entity a line')
    .addHelpText(
      'after',
      `
Exit codes: 0 all is as delivered, 1 failed, 3 something is gone or changed.

Examples:
  purview-streams reconcile
  purview-streams reconcile --json | jq -r 'select(.what == "gone") | .qualifiedName'
  purview-streams reconcile --repair && purview-streams replay --from beginning --in-place`,
    )
    .action(async (options: Options) => setExitCode(await run(options)));
}

async function run(options: Options): Promise<number> {
  const configured = await configureWithoutSources(options.config);
  const pipeline = await openPipeline(configured, {
    telemetry: createTelemetry(),
    port: 0,
    once: true,
    ...(options.state === undefined ? {} : { state: options.state }),
  });
  const stop = new AbortController();
  const offShutdown = onShutdown(() => stop.abort(new StreamError('USAGE', 'It was stopped.')));
  const { repair = false } = options;
  let found = 0;
  try {
    const drifts = pipeline.sinkStage?.sink.reconcile?.(repair, stop.signal);
    if (drifts === undefined) {
      throw new StreamError(
        'CONFIG_INVALID',
        `The sink of kind ${configured.loaded.config.sink.kind} has no catalogue to read back.`,
      );
    }
    for await (const drift of drifts) {
      found += 1;
      print(options.json === true ? JSON.stringify(drift) : textOf(drift));
    }
  } finally {
    offShutdown();
    await pipeline.close();
  }
  const done = repair && found > 0 ? ' They are written again with their next change, or by a replay.' : '';
  note(found === 0 ? 'Everything is as it was delivered.' : `${found} entities are gone or changed.${done}`);
  return found === 0 ? exitCodes.done : exitCodes.partly;
}

function textOf({ what, typeName, qualifiedName, attributes }: Drift): string {
  return `${what.padEnd(8)} ${typeName} ${qualifiedName}${attributes.length === 0 ? '' : `: ${attributes.join(', ')}`}`;
}
