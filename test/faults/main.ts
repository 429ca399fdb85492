/**
 * `npm run test:faults`: what happens to the pipeline when its processes die, its disk fills and its files rot. Each scenario starts real
 * processes through the command line, breaks something at moments from a printed seed, and lets an oracle judge that reads
 * only the catalogue and the dead letters: no gap, nothing unknown, every payload exact, and a fresh event passes.
 *
 * npm run test:faults [-- --quick] [-- --embedded | --kafka | --event-hubs] [-- NUMBER…]     SEED=… repeats a run
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { seededRandom } from '../support/random.ts';
import { buildCli } from '../support/build-cli.ts';
import { canStartBroker } from '../support/kafka/broker.ts';
import { onEventHubs, onKafka, type Place, places, type Scenario } from './scenario.ts';
import { HubsService, KafkaService } from './services.ts';
import { brokerRestarts } from './scenarios/broker.ts';
import {
  allPoison,
  ambiguous,
  brokenAnswers,
  missingReferents,
  missingRight,
  missingType,
  onePoison,
  storm,
  throttled,
} from './scenarios/catalogue.ts';
import { bitFlips, tornFile } from './scenarios/damage.ts';
import { diskFull } from './scenarios/disk.ts';
import { drainInMidBatch } from './scenarios/drain.ts';
import { killInMidBatch } from './scenarios/kill.ts';
import { killedAtLetters, lateRedrive, noRoomForLetters } from './scenarios/letters.ts';
import { wrongOffsets } from './scenarios/offsets.ts';
import { ownerDies } from './scenarios/owner.ts';
import { rebalanceInMidBatch, zombieWakes } from './scenarios/rebalance.ts';
import { blackHole } from './scenarios/network.ts';
import { rollingScale } from './scenarios/scale.ts';
import { limitHalves } from './scenarios/limit.ts';
import { incompleteScan, twoSpeakers } from './scenarios/sources.ts';
import { disorder, evolution, undecodable } from './scenarios/events.ts';
import { wrongClocks } from './scenarios/clocks.ts';
import { blockedLoop } from './scenarios/blocked.ts';
import { oversized } from './scenarios/large.ts';
import { hotKey } from './scenarios/hot.ts';
import { replayWhileLive } from './scenarios/replay.ts';
import { lettersRefused, lostOffsets, partitionsAdded, topicMadeAnew } from './scenarios/topics.ts';

const scenarios: readonly Scenario[] = [
  ownerDies,
  rebalanceInMidBatch,
  rollingScale,
  zombieWakes,
  killInMidBatch,
  drainInMidBatch,
  throttled,
  storm,
  ambiguous,
  brokenAnswers,
  onePoison,
  allPoison,
  missingReferents,
  missingType,
  limitHalves,
  evolution,
  undecodable,
  oversized,
  disorder,
  wrongClocks,
  replayWhileLive,
  twoSpeakers,
  missingRight,
  noRoomForLetters,
  killedAtLetters,
  lateRedrive,
  diskFull,
  tornFile,
  bitFlips,
  wrongOffsets,
  incompleteScan,
  blockedLoop,
  hotKey,
  brokerRestarts,
  lettersRefused,
  lostOffsets,
  topicMadeAnew,
  partitionsAdded,
  ...[
    rebalanceInMidBatch,
    rollingScale,
    zombieWakes,
    blackHole,
    killInMidBatch,
    drainInMidBatch,
    evolution,
    undecodable,
    oversized,
    disorder,
    wrongClocks,
    replayWhileLive,
    twoSpeakers,
    killedAtLetters,
    lateRedrive,
    incompleteScan,
    blockedLoop,
    hotKey,
  ].map(onKafka),
  ...[
    rebalanceInMidBatch,
    rollingScale,
    zombieWakes,
    blackHole,
    killInMidBatch,
    drainInMidBatch,
    evolution,
    undecodable,
    oversized,
    disorder,
    replayWhileLive,
    twoSpeakers,
    killedAtLetters,
    lateRedrive,
  ].map(onEventHubs),
];

const flags: ReadonlySet<string> = new Set(['--quick', ...places.map((place) => `--${place}`)]);

interface Options {
  readonly quick: boolean;
  readonly chosen: readonly Scenario[];
  readonly seed: number;
}

function optionsOf(args: readonly string[]): Options {
  const quick = args.includes('--quick');
  const numbers = args.filter((arg) => !flags.has(arg)).map(Number);
  const unknown = numbers.find((number) => !scenarios.some((scenario) => scenario.number === number));
  if (unknown !== undefined) {
    const known = scenarios.map(({ number }) => number).join(', ');
    throw new Error(`There is no scenario of that number. Known are ${known}, and ${[...flags].join(', ')}.`);
  }
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  const asked = places.filter((place) => args.includes(`--${place}`));
  const chosen = scenarios.filter(
    ({ number, on = 'embedded' }) =>
      (numbers.length === 0 || numbers.includes(number)) && (asked.length === 0 || asked.includes(on)),
  );
  return { quick, chosen, seed };
}

/** The services that some scenarios need, as far as they can be had. */
interface Services {
  readonly kafka?: KafkaService | undefined;
  readonly 'event-hubs'?: HubsService | undefined;
}

async function startServices(chosen: readonly Scenario[], folder: string): Promise<Services> {
  const on = (place: Place): readonly Scenario[] => chosen.filter((one) => one.on === place);
  const clustered = on('kafka').length;
  if (clustered > 0 && !canStartBroker) {
    process.stderr.write(`${clustered} scenarios do not run: they need java and mvn, to start a Kafka.\n`);
    if (process.env['CI'] === 'true') process.exitCode = 1;
  }
  return {
    kafka: clustered > 0 && canStartBroker ? await KafkaService.start(folder) : undefined,
    'event-hubs': on('event-hubs').length > 0 ? await HubsService.start() : undefined,
  };
}

/** Runs one scenario; whether all was right. */
async function runOne(
  scenario: Scenario,
  { quick, seed }: Options,
  at: { readonly main: string; readonly folder: string; readonly services: Services },
): Promise<boolean> {
  const { number, title, on = 'embedded' } = scenario;
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  const say = (text: string): boolean => process.stderr.write(`  [${number}] ${seconds()} s  ${text}\n`);
  process.stderr.write(`[${number}] ${title} (seed ${seed})\n`);
  const random = seededRandom(seed * 1000 + number);
  const folder = await mkdtemp(path.join(at.folder, `${number}-`));
  const { kafka, 'event-hubs': hubs } = at.services;
  let faults: readonly string[];
  try {
    faults = await scenario.run({
      main: at.main,
      folder,
      quick,
      random,
      say,
      ...(on === 'kafka' && kafka !== undefined && { kafka }),
      ...(on === 'event-hubs' && hubs !== undefined && { hubs }),
    });
  } catch (thrown) {
    faults = [thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)];
  }
  const verdict = faults.length === 0 ? 'PASS' : 'FAIL';
  process.stdout.write(`${verdict} ${number} ${title} (seed ${seed}, ${seconds()} s)\n`);
  for (const fault of faults) process.stdout.write(`     ${fault}\n`);
  return faults.length === 0;
}

const options = optionsOf(process.argv.slice(2));
const folder = await mkdtemp(path.join(tmpdir(), 'faults-'));
try {
  const main = await buildCli(folder);
  const services = await startServices(options.chosen, folder);
  const runnable = options.chosen.filter(
    ({ on = 'embedded' }) => on === 'embedded' || services[on] !== undefined,
  );
  let passed = 0;
  for (const scenario of runnable) {
    if (await runOne(scenario, options, { main, folder, services })) passed += 1;
  }
  await services.kafka?.close();
  await services['event-hubs']?.close();
  const failed = runnable.length - passed;
  process.stdout.write(`faults: ${passed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
