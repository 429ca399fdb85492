import { StreamError } from '../pipeline/errors.ts';
import {
  beginPlan,
  endPlan,
  planReading,
  readPlan,
  replayGroup,
  type ReplayPlan,
} from '../pipeline/replay-plan.ts';
import { SinkStage } from '../pipeline/sink-stage.ts';
import { createTelemetry } from '../pipeline/telemetry.ts';
import { inputOf, topics } from '../pipeline/topics.ts';
import { runTransformStage } from '../pipeline/transform-stage.ts';
import type { Transport } from '../pipeline/transport.ts';
import type { Configured } from './configured.ts';
import { openLog } from './open-log.ts';
import { openPipeline, type OpenPipeline } from './open-pipeline.ts';
import { exitCodes, note, print } from './output.ts';
import { askedText, rangeOf, type ReplayOptions, sizeOfRange } from './replay-options.ts';
import { showDelivery, showUntil } from './replay-progress.ts';
import { waitUntilSettled } from './settled.ts';
import { onShutdown } from './shutdown.ts';
import { stageCountText, StageCounts } from './stage-counts.ts';

/**
 * Replays raw events through the transforms, as a consumer group of its own, while others go on. Where nobody runs the sink, this process
 * does: as a member of the live group, since each name has one writer. Resolves with the exit code.
 */
export async function replayLive(configured: Configured, options: ReplayOptions): Promise<number> {
  const log = await openLog(options);
  let plan: ReplayPlan;
  let hasSink: boolean;
  try {
    plan = await planOf(log, options);
    hasSink = (await log.admin.members(topics.entities, inputOf.sink.group)) > 0;
  } finally {
    await log.close();
  }
  const telemetry = createTelemetry();
  const counts = new StageCounts(telemetry);
  const stages = hasSink ? (['transform'] as const) : (['transform', 'sink'] as const);
  const pipeline = await openPipeline(configured, { telemetry, ...options, stages });
  try {
    note(
      hasSink
        ? `Replaying as ${replayGroup}; the sinks that run deliver what comes of it.`
        : `Replaying as ${replayGroup}, and running the sink: nobody else does.`,
    );
    const isThrough = await runReplay(pipeline, plan);
    const rows = counts.rows();
    if (options.json === true) print(JSON.stringify({ finished: isThrough, stages: rows }));
    else
      print(
        [isThrough ? 'Replayed.' : 'Stopped: `replay` goes on from here.', ...rows.map(stageCountText)].join(
          '\n',
        ),
      );
    const transformed = rows.find(({ stage }) => stage === 'transform');
    if (isThrough && (transformed?.received ?? 0) === (transformed?.settled.filtered ?? 0))
      note(
        'Nothing was said again: these options mean no event of the topic, or an earlier start has said them all.',
      );
    const letters = rows.some(({ settled }) => settled['dead-lettered'] > 0);
    return isThrough && letters ? exitCodes.partly : exitCodes.done;
  } finally {
    await pipeline.close();
  }
}

/** The unfinished replay where the same is asked for, or nothing; a new one otherwise. */
async function planOf(transport: Transport, options: ReplayOptions): Promise<ReplayPlan> {
  const open = await readPlan(transport.transactions.state);
  const asked = askedText(options);
  if (open !== undefined && options.restart !== true) {
    if (asked === '' || asked === open.asked) {
      note(`Going on with the replay ${open.asked} of ${open.startedAt}.`);
      return open;
    }
    throw new StreamError('USAGE', `The replay ${open.asked} of ${open.startedAt} is not through.`, {
      advice:
        '`replay` goes on with it, `replay --cancel` forgets it, `--restart` begins this one in its place.',
    });
  }
  const range = await rangeOf(transport, options);
  const plan = { asked, startedAt: new Date().toISOString(), ...range };
  await beginPlan(transport, plan);
  return plan;
}

/** Runs until everything of the plan is settled, or until it is to stop. Resolves with whether it is through. */
async function runReplay(pipeline: OpenPipeline, plan: ReplayPlan): Promise<boolean> {
  const { transport, transformStage, sinkStage } = pipeline;
  if (transformStage === undefined) throw new TypeError('A replay needs the transforms.');
  const sink = sinkStage && new SinkStage(sinkStage);
  const ended = new AbortController();
  const stages = Promise.all([
    runTransformStage(
      { ...transformStage, group: replayGroup, reading: async (partition) => planReading(plan, partition) },
      ended.signal,
    ),
    sink?.run(ended.signal),
  ]);
  const failed = stages.then(() => new Promise<never>(() => undefined));
  failed.catch(() => ended.abort());
  let stopped = false;
  const offShutdown = onShutdown(() => {
    stopped = true;
    ended.abort();
  });
  try {
    await Promise.race([failed, through(transport, plan, { sink, signal: ended.signal })]);
  } catch (thrown) {
    if (!stopped) throw thrown;
  } finally {
    ended.abort();
    await stages;
    offShutdown();
  }
  if (stopped) return false;
  await finish(transport);
  return true;
}

/** Resolves when the group is at the end of the plan, and the sink at the end of what came of it. Rejects when `signal` fires. */
async function through(
  transport: Transport,
  plan: ReplayPlan,
  { sink, signal }: { readonly sink: SinkStage | undefined; readonly signal: AbortSignal },
): Promise<void> {
  await showUntil({ total: sizeOfRange(plan) }, () => settledOf(transport, plan), signal);
  signal.throwIfAborted();
  await showDelivery(transport, signal);
  await waitUntilSettled(transport, signal, { stages: ['sink'], sink });
}

async function settledOf(transport: Transport, { from, to }: ReplayPlan): Promise<number> {
  const partitions = await transport.describe(topics.raw);
  return partitions.reduce((sum, { partition, committed }) => {
    const [start, end] = [from[partition] ?? 0, to[partition] ?? 0];
    const at = Math.min(Math.max(committed[replayGroup] ?? start, start), end);
    return sum + at - start;
  }, 0);
}

/** The last process of a replay forgets it. */
async function finish(transport: Transport): Promise<void> {
  try {
    await endPlan(transport);
  } catch (thrown) {
    if (!(thrown instanceof StreamError && thrown.code === 'GROUP_ACTIVE')) throw thrown;
  }
}
