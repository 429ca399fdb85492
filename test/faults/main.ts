/**
 * `npm run test:faults`: what happens to the pipeline when its processes die, its disk fills and its files rot. Each scenario starts real
 * processes through the command line, breaks something at moments from a printed seed, and lets an oracle judge that reads
 * only the catalogue and the dead letters: no gap, nothing unknown, every payload exact, and a fresh event passes.
 *
 * npm run test:faults [-- --quick] [-- --kafka | --embedded] [-- NUMBER…]     SEED=… repeats a run
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { seededRandom } from '../support/random.ts';
import { buildCli } from '../support/build-cli.ts';
import { canStartBroker, type StartedBroker, startBroker } from '../support/kafka/broker.ts';
import { onKafka, type Scenario } from './scenario.ts';
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
import { incompleteScan, twoSpeakers } from './scenarios/sources.ts';

const scenarios: readonly Scenario[] = [
  ownerDies,
  rebalanceInMidBatch,
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
  brokerRestarts,
  ...[rebalanceInMidBatch, zombieWakes, killInMidBatch, drainInMidBatch].map(onKafka),
];

const flags: ReadonlySet<string> = new Set(['--quick', '--kafka', '--embedded']);

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
  const chosen = scenarios.filter(
    ({ number, isOnKafka = false }) =>
      (numbers.length === 0 || numbers.includes(number)) &&
      !args.includes(isOnKafka ? '--embedded' : '--kafka'),
  );
  return { quick, chosen, seed };
}

/** Runs one scenario; whether all was right. */
async function runOne(
  scenario: Scenario,
  { quick, seed }: Options,
  at: { readonly main: string; readonly folder: string; readonly kafka: StartedBroker | undefined },
): Promise<boolean> {
  const { number, title } = scenario;
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  const say = (text: string): boolean => process.stderr.write(`  [${number}] ${seconds()} s  ${text}\n`);
  process.stderr.write(`[${number}] ${title} (seed ${seed})\n`);
  const random = seededRandom(seed * 1000 + number);
  const folder = path.join(at.folder, `${number}${scenario.isOnKafka === true ? '-kafka' : ''}`);
  await mkdir(folder);
  let faults: readonly string[];
  try {
    faults = await scenario.run({
      main: at.main,
      folder,
      quick,
      random,
      say,
      ...(scenario.isOnKafka === true && at.kafka !== undefined && { kafka: at.kafka }),
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
  const clustered = options.chosen.filter(({ isOnKafka }) => isOnKafka === true);
  if (clustered.length > 0 && !canStartBroker) {
    process.stderr.write(
      `${clustered.length} scenarios do not run: they need java and mvn, to start a Kafka.\n`,
    );
    if (process.env['CI'] === 'true') process.exitCode = 1;
  }
  const kafka =
    clustered.length > 0 && canStartBroker ? await startBroker(path.join(folder, 'broker')) : undefined;
  const runnable = options.chosen.filter((one) => one.isOnKafka !== true || kafka !== undefined);
  let passed = 0;
  for (const scenario of runnable) {
    if (await runOne(scenario, options, { main, folder, kafka })) passed += 1;
  }
  await kafka?.kill('SIGKILL');
  const failed = runnable.length - passed;
  process.stdout.write(`faults: ${passed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
