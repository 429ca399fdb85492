import { Command } from 'commander';
import { StreamError } from '../../pipeline/errors.ts';
import type { Sink } from '../../pipeline/sink.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { declarationProblems, type TypeDifference } from '../../pipeline/typedef-diff.ts';
import { declareTypes } from '../../pipeline/typedef-plan.ts';
import { configureWithoutSources } from '../configured.ts';
import { defaultConfigFile } from '../load-config.ts';
import { openPipeline } from '../open-pipeline.ts';
import { exitCodes, note, print } from '../output.ts';
import { changesOnTopic, checkEntities, printProblems } from '../what-if.ts';

interface Options {
  readonly config: string;
  readonly state?: string;
  readonly json?: boolean;
}

const exitCodesHelp = `
Exit codes: 0 nothing is unsafe, 1 failed, 2 the configuration is wrong, 3 something is unsafe or wrong.
`;

/** `types plan|apply|check`: the declared types against those of the catalogue. */
export function typesCommand(setExitCode: (code: number) => void): Command {
  const command = new Command('types').description(
    'The types of the configured producers against those that the catalogue holds.',
  );
  const add = (name: string, description: string, examples: string): Command =>
    command
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'configuration file', defaultConfigFile)
      .option('--state <folder>', 'folder for what is kept over restarts, instead of the configured one')
      .option('--json', 'print JSON, one difference a line')
      .addHelpText('after', `${exitCodesHelp}\nExamples:\n${examples}`);
  add(
    'plan',
    'Show what is different, and whether Atlas lets it be changed. Writes nothing.',
    '  purview-streams types plan\n  purview-streams types plan --json | jq -r \'select(.verdict == "unsafe") | .detail\'',
  ).action(async (options: Options) => setExitCode(await withSink(options, (sink) => plan(sink, options))));
  add(
    'apply',
    'Create what is missing and add what can be added; refuse the rest, with a way to get there.',
    '  purview-streams types apply',
  ).action(async (options: Options) => setExitCode(await withSink(options, (sink) => apply(sink, options))));
  add(
    'check',
    'Hold the declarations against their own rules, the catalogue, and the changes that still stand on the topic.',
    '  purview-streams types check && purview-streams types apply',
  ).action(async (options: Options) => setExitCode(await check(options)));
  return command;
}

/** Opens the configured sink without creating its types. */
async function withSink(options: Options, work: (sink: Sink) => Promise<number>): Promise<number> {
  const configured = await configureWithoutSources(options.config);
  const pipeline = await openPipeline(configured, {
    telemetry: createTelemetry(),
    port: 0,
    once: true,
    ...(options.state === undefined ? {} : { state: options.state }),
  });
  try {
    const sink = pipeline.sinkStage?.sink;
    if (sink?.planTypes !== undefined) return await work(sink);
    throw new StreamError(
      'CONFIG_INVALID',
      `The sink of kind ${configured.loaded.config.sink.kind} has no types.`,
    );
  } finally {
    await pipeline.close();
  }
}

async function plan(sink: Sink, options: Options): Promise<number> {
  return show(await differences(sink), options);
}

async function apply(sink: Sink, options: Options): Promise<number> {
  const before = await differences(sink);
  await sink.applyTypes?.(signal());
  const code = show(before, options);
  const left = await differences(sink);
  const done =
    before.filter(({ verdict }) => isChange(verdict)).length -
    left.filter(({ verdict }) => isChange(verdict)).length;
  note(
    `${done} differences were applied, ${left.filter(({ verdict }) => verdict === 'unsafe').length} refused.`,
  );
  return code;
}

async function check(options: Options): Promise<number> {
  const configured = await configureWithoutSources(options.config);
  const declared = declareTypes(configured.types);
  const wrong = declarationProblems(declared);
  for (const problem of wrong)
    print(options.json === true ? JSON.stringify({ problem }) : `wrong    ${problem}`);
  const held = await withSink(options, (sink) => plan(sink, options));
  const problems = await checkEntities(changesOnTopic(options), declared);
  printProblems(problems, options);
  return wrong.length + problems.length > 0 ? exitCodes.partly : held;
}

function isChange(verdict: TypeDifference['verdict']): boolean {
  return verdict === 'create' || verdict === 'safe';
}

async function differences(sink: Sink): Promise<readonly TypeDifference[]> {
  return (await sink.planTypes?.(signal())) ?? [];
}

function signal(): AbortSignal {
  return AbortSignal.timeout(300_000);
}

function show(found: readonly TypeDifference[], { json }: Options): number {
  for (const one of found) {
    if (json === true) print(JSON.stringify(one));
    else
      print(
        `${one.verdict.padEnd(8)} ${one.type}: ${one.detail}${one.way === undefined ? '' : `\n           ${one.way}`}`,
      );
  }
  if (found.length === 0) note('The catalogue has every type as it is declared.');
  return found.some(({ verdict }) => verdict === 'unsafe') ? exitCodes.partly : exitCodes.done;
}
