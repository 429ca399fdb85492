import { scanParked } from '../pipeline/delivery/parked-entry.ts';
import { readStageTotals, type StageTotal } from '../pipeline/delivery/partition-counts.ts';
import { heldProducers } from '../pipeline/held-removals.ts';
import { readLastScan } from '../pipeline/last-scan.ts';
import { readRun } from '../pipeline/schedule/run-record.ts';
import { type StageName, stageNames } from '../pipeline/telemetry.ts';
import type { StateStore } from '../pipeline/state.ts';
import { readPlan, replayGroup } from '../pipeline/replay-plan.ts';
import { groups, inputOf, topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';
import { attention, failed, type Finding, ok } from './finding.ts';
import type { LoadedConfig } from './load-config.ts';
import type { OpenKept } from './open-state-store.ts';
import { readDeadLetters } from './read-dead-letters.ts';
import { stageTotalText } from './stage-counts.ts';
import { type ListedPartition, listTopics } from './topic-listing.ts';
import { spanText } from './units.ts';

/** How long the oldest event of a stage may wait before a person should look, in milliseconds. */
const longMs = 10 * 60_000;

/** How the pipeline is, by what stands in its topics and state, in whatever processes it runs; `now` in milliseconds since 1970. */
export async function* statusOf(
  loaded: LoadedConfig,
  { log, ofProducers }: Pick<OpenKept, 'log' | 'ofProducers'>,
  now: number,
): AsyncIterable<Finding> {
  for (const name of Object.keys(loaded.config.producers))
    yield await producerOf(loaded, { state: ofProducers, name, now });
  const listed = await listTopics(log, now);
  const totals = await readStageTotals(log.transactions.state);
  for (const stage of stageNames) yield stageOf(stage, listed, totals);
  yield* replayOf(log);
  yield await parkedOf(log, now);
  yield await lettersOf(log);
  yield await heldOf(ofProducers);
}

async function producerOf(
  { config }: LoadedConfig,
  { state, name, now }: { readonly state: StateStore; readonly name: string; readonly now: number },
): Promise<Finding> {
  const what = `producer ${name}`;
  const last = await readLastScan(state, name);
  const run = config.producers[name]?.schedule === undefined ? undefined : await readRun(state, name);
  if (run?.outcome === 'failed')
    return failed(
      what,
      `the last run by its schedule failed: ${run.message ?? ''}`,
      `mend it, then \`schedules run-now ${name} --wait\``,
    );
  if (last === undefined)
    return attention(what, 'its source has never been read to the end', `run it, and see \`doctor\``);
  const objects = `${last.objects} objects, ${spanText(Math.max(now - last.at, 0))} ago`;
  if (last.rejected > 0)
    return attention(
      what,
      `read ${objects}, ${last.rejected} of them cannot be read`,
      `\`dead-letters list --producer ${name}\` names them`,
    );
  return ok(what, `read ${objects}`);
}

function stageOf(
  stage: StageName,
  listed: readonly ListedPartition[],
  totals: readonly StageTotal[],
): Finding {
  const what = `stage ${stage}`;
  const { topic, group } = inputOf[stage];
  const total = totals.find((one) => one.stage === stage);
  const done =
    total === undefined ? 'has settled nothing yet' : stageTotalText(total).replace(`${stage}: `, '');
  const of = listed
    .filter((one) => one.topic === topic)
    .flatMap((one) => one.groups.filter((at) => at.group === group));
  const lag = of.reduce((sum, at) => sum + at.lag, 0);
  const members = Math.max(0, ...of.map((at) => at.members));
  const oldest = Math.max(0, ...of.map((at) => at.oldestMs ?? 0));
  if (lag === 0) return ok(what, `${done}; nothing waits`);
  const waits = `${done}; ${lag} events wait, the oldest for ${spanText(oldest)}`;
  if (members === 0) return failed(what, `${waits}, and no process runs it`, `start \`run\` or \`${stage}\``);
  if (oldest > longMs)
    return attention(
      what,
      `${waits}, in ${members} processes`,
      'see the log of a process, or its /readyz, for what it waits for (docs/operations.md)',
    );
  return ok(what, `${waits}, in ${members} processes`);
}

/** A replay that was begun and is not through; nothing where there is none. */
async function* replayOf(log: Transport): AsyncIterable<Finding> {
  const plan = await readPlan(log.transactions.state);
  if (plan === undefined) return;
  const { asked, startedAt } = plan;
  const isRunning = (await log.admin.members(topics.raw, replayGroup)) > 0;
  if (isRunning) yield ok('replay', `${asked} of ${startedAt} runs`);
  else
    yield attention(
      'replay',
      `${asked} of ${startedAt} is not through, and no process runs it`,
      '`replay` goes on with it, `replay --cancel` forgets it',
    );
}

async function parkedOf(log: Transport, now: number): Promise<Finding> {
  let count = 0;
  let oldest = now;
  for await (const { since } of scanParked(log.transactions.state, { group: groups.sink })) {
    count += 1;
    oldest = Math.min(oldest, since);
  }
  if (count === 0) return ok('parked', 'nothing');
  return attention(
    'parked',
    `${count} assets wait for others, the first for ${spanText(now - oldest)}`,
    '`parked list` says for which',
  );
}

async function lettersOf(log: Transport): Promise<Finding> {
  const letters = await readDeadLetters(log);
  if (letters.length === 0) return ok('dead letters', 'none');
  const codes = new Map<string, number>();
  for (const { code } of letters) codes.set(code, (codes.get(code) ?? 0) + 1);
  const list = [...codes].map(([code, count]) => `${count} ${code}`).join(', ');
  return attention(
    'dead letters',
    list,
    '`dead-letters list` shows them; after the cause is mended `dead-letters redrive`',
  );
}

async function heldOf(state: StateStore): Promise<Finding> {
  const held = await heldProducers(state);
  if (held.length === 0) return ok('removals', 'none are held back');
  return attention(
    'removals',
    `held back of ${held.join(', ')}`,
    '`removals list` shows them, `removals approve | reject` decides',
  );
}
