import { Command } from 'commander';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { configure } from '../configured.ts';
import { stateStore } from '../doctor/state-store.ts';
import { defaultConfigFile, loadConfig } from '../load-config.ts';
import { openPipeline } from '../open-pipeline.ts';
import { describeFailure, exitCodes, print } from '../output.ts';
import { stateFolder } from '../state-folder.ts';
import { retentionWarnings } from '../retention-warnings.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
  readonly offline?: boolean;
}

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
  /** It works, but a person should look at it. */
  readonly isWarning?: true;
}

/** `check`: is the configuration right, and does everything that it names answer? */
export function checkCommand(setExitCode: (code: number) => void): Command {
  return new Command('check')
    .description(
      'Validate the configuration, and connect to every source and to the catalogue. Writes nothing but missing types.',
    )
    .option('-c, --config <file>', 'configuration file', defaultConfigFile)
    .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
    .option('--offline', 'validate the configuration only')
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      '\nExit codes: 0 all right, 1 something does not answer, 2 the configuration is wrong.\n\nExamples:\n  purview-streams check\n  purview-streams check -c prod.yaml --offline',
    )
    .action(async (options: Options) => {
      let ok = true;
      for await (const finding of findings(options)) {
        ok &&= finding.ok;
        print(
          options.json === true
            ? JSON.stringify(finding)
            : `${wordFor(finding)}  ${finding.what}: ${finding.detail}`,
        );
      }
      setExitCode(ok ? exitCodes.done : exitCodes.failed);
    });
}

function wordFor({ ok, isWarning }: Finding): string {
  if (isWarning === true) return 'warning';
  return ok ? 'ok     ' : 'FAILED ';
}

async function* findings(options: Options): AsyncIterable<Finding> {
  const configured = configure(await loadConfig(options.config));
  const { config } = configured.loaded;
  const { size } = configured.producers;
  yield {
    what: options.config,
    ok: true,
    detail: `valid; ${size} producers, ${configured.naming.types.length} types`,
  };
  for (const [name, detail] of retentionWarnings(config, Date.now()))
    yield { what: `producer ${name}`, ok: true, isWarning: true, detail };
  if (options.offline === true) return;
  for await (const { what, state, detail } of stateStore(
    configured,
    stateFolder(configured.loaded, options.state),
  ))
    yield { what, ok: state !== 'failed', detail };
  for (const [name, setup] of configured.producers) {
    yield await attempt(`producer ${name}`, async () => {
      const producer = await setup.open();
      try {
        const how = await producer.describeChanges?.();
        const changes = how === undefined ? '' : `; changes by ${how}`;
        return `${config.producers[name]?.kind ?? ''} answers (incarnation ${await producer.incarnation()})${changes}`;
      } finally {
        await producer.close();
      }
    });
  }
  yield await attempt(`sink ${config.sink.kind}`, async () => {
    const pipeline = await openPipeline(configured, { telemetry: createTelemetry(), port: 0, ...options });
    try {
      await pipeline.sinkStage?.sink.open(AbortSignal.timeout(60_000));
    } finally {
      await pipeline.close();
    }
    return 'answers, and has every type';
  });
}

async function attempt(what: string, run: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, detail: await run() };
  } catch (thrown) {
    return { what, ok: false, detail: describeFailure(thrown) };
  }
}
