import { Command, Option } from 'commander';
import { countParked } from '../../pipeline/delivery/parked-entry.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { createTelemetry, type StageName } from '../../pipeline/telemetry.ts';
import { groups, inputOf, topics } from '../../pipeline/topics.ts';
import { configureWithoutSources, type Configured } from '../configured.ts';
import { openPipeline, type OpenPipeline } from '../open-pipeline.ts';
import { exitCodes, note, print } from '../output.ts';
import { parsePort } from '../parse-port.ts';
import { type MetricsServer, startMetrics } from '../metrics-server.ts';
import { startPipeline } from '../pipeline-run.ts';
import { startLog } from '../progress.ts';
import { onShutdown } from '../shutdown.ts';
import { drainedText, stageCountText, StageCounts, type Unsettled } from '../stage-counts.ts';
import { unless } from '../run-producers.ts';
import { addConfigOptions, forceOption, type RunOptions } from './run.ts';

const exitCodesHelp = `
Any number of processes may run a stage at a time: they share its partitions. The topics must be ones that processes share
(any transport.kind but memory). Ctrl-C or SIGTERM finishes what is in flight; a second one ends at once.

Exit codes: 0 done or drained, 1 failed, 2 wrong usage or configuration, 3 done, but some events became dead letters or are parked,
130 stopped before it was done, with --once.
`;

/** `transform`: the transform stage alone. */
export function transformCommand(setExitCode: (code: number) => void): Command {
  return addConfigOptions(new Command('transform'))
    .description(`Run the transforms alone: ${topics.raw} in, ${topics.entities} out, until Ctrl-C.`)
    .addHelpText(
      'after',
      `${exitCodesHelp}
Examples:
  purview-streams transform                    one of any number of processes
  purview-streams transform --once --json      end when everything that is there now is settled`,
    )
    .action(async (options: RunOptions) => setExitCode(await runStage('transform', options)));
}

/** `sink`: the sink stage alone. */
export function sinkCommand(setExitCode: (code: number) => void): Command {
  return addConfigOptions(new Command('sink'))
    .option(...forceOption)
    .description(`Run the sink alone: ${topics.entities} in, the catalogue out, until Ctrl-C.`)
    .addOption(
      new Option('--host <address>', 'where the local catalogue is, instead of the configured address'),
    )
    .addOption(new Option('--port <number>', 'its port, instead of the configured one').argParser(parsePort))
    .addHelpText(
      'after',
      `${exitCodesHelp}A local catalogue (sink.kind: local) must be served by another process: \`purview-streams catalog\`.

Examples:
  purview-streams catalog & purview-streams sink
  purview-streams sink --once --json           end when everything that is there now is settled`,
    )
    .action(async (options: RunOptions) => setExitCode(await runStage('sink', options)));
}

/** Runs one stage; resolves with the exit code. */
async function runStage(stage: StageName, options: RunOptions): Promise<number> {
  const configured = await configureWithoutSources(options.config);
  requireSharedTopics(configured, stage);
  const telemetry = createTelemetry();
  const counts = new StageCounts(telemetry);
  const endProgress = await startLog(telemetry, options.log);
  let parked = 0;
  let isStopped = false;
  try {
    const pipeline = await openPipeline(configured, { telemetry, ...options, stages: [stage] });
    let metrics: MetricsServer | undefined;
    try {
      metrics = await startMetrics(pipeline, options);
      isStopped = await runUntilStopped(pipeline, { stage, counts, metrics, once: options.once === true });
      if (stage === 'sink') parked = await countParked(pipeline.state, groups.sink);
    } finally {
      await metrics?.close();
      await pipeline.close();
    }
  } finally {
    endProgress();
  }
  const rows = counts.rows();
  const text = rows.length === 0 ? `${stage}: no events received` : rows.map(stageCountText).join('\n');
  print(options.json === true ? JSON.stringify({ stages: rows }) : text);
  if (options.once === true && isStopped) return exitCodes.interrupted;
  const letters = rows.some(({ settled, givenUp }) => settled['dead-lettered'] + givenUp > 0);
  return options.once === true && (letters || parked > 0) ? exitCodes.partly : exitCodes.done;
}

/** Resolves with whether it was stopped from outside. */
async function runUntilStopped(
  pipeline: OpenPipeline,
  run: {
    readonly stage: StageName;
    readonly counts: StageCounts;
    readonly metrics: MetricsServer | undefined;
    readonly once: boolean;
  },
): Promise<boolean> {
  const { stage, counts } = run;
  const running = startPipeline(pipeline);
  let before: Unsettled | undefined;
  const offShutdown = onShutdown(() => {
    before = counts.unsettled;
    run.metrics?.drain();
    running.stop().catch((thrown: unknown) => thrown); // called again below, where its failure is reported
  });
  const { topic, group } = inputOf[stage];
  note(`${stage}: reading ${topic} as ${group}. Ctrl-C drains and ends.`);
  try {
    await (run.once ? running.settled : running.follow()).catch(unless(() => before !== undefined));
  } finally {
    await running.stop();
    offShutdown();
  }
  if (before !== undefined) note(drainedText(counts, before));
  return before !== undefined;
}

/** Throws CONFIG_INVALID where the topics live in one process: a stage alone would have nothing to read. */
export function requireSharedTopics({ loaded }: Configured, command: string): void {
  if (loaded.config.transport.kind !== 'memory') return;
  throw new StreamError(
    'CONFIG_INVALID',
    `${command} alone needs topics that processes share, and transport.kind is memory in ${loaded.file}.`,
    { advice: 'Set transport.kind to embedded or kafka, or use `run`.' },
  );
}
