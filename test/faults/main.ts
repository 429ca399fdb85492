/**
 * `npm run test:faults`: what happens to the pipeline when its processes die, its disk fills and its files rot. Each scenario starts real
 * processes through the command line, breaks something at moments from a printed seed, and lets an oracle judge that reads
 * only the catalogue and the dead letters: no gap, nothing unknown, every payload exact, and a fresh event passes.
 *
 * npm run test:faults [-- --quick] [-- NUMBER…]     SEED=… repeats a run
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { seededRandom } from '../support/random.ts';
import { buildCli } from './build.ts';
import type { Scenario } from './scenario.ts';
import { bitFlips, tornFile } from './scenarios/damage.ts';
import { diskFull } from './scenarios/disk.ts';
import { drainInMidBatch } from './scenarios/drain.ts';
import { killInMidBatch } from './scenarios/kill.ts';
import { wrongOffsets } from './scenarios/offsets.ts';
import { ownerDies } from './scenarios/owner.ts';
import { rebalanceInMidBatch, zombieWakes } from './scenarios/rebalance.ts';

const scenarios: readonly Scenario[] = [
  ownerDies,
  rebalanceInMidBatch,
  zombieWakes,
  killInMidBatch,
  drainInMidBatch,
  diskFull,
  tornFile,
  bitFlips,
  wrongOffsets,
];

interface Options {
  readonly quick: boolean;
  readonly chosen: readonly Scenario[];
  readonly seed: number;
}

function optionsOf(args: readonly string[]): Options {
  const quick = args.includes('--quick');
  const numbers = args.filter((arg) => arg !== '--quick').map(Number);
  const unknown = numbers.find((number) => !scenarios.some((scenario) => scenario.number === number));
  if (unknown !== undefined) {
    const known = scenarios.map(({ number }) => number).join(', ');
    throw new Error(`There is no scenario of that number. Known are ${known}, and --quick.`);
  }
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  const chosen = scenarios.filter(({ number }) => numbers.length === 0 || numbers.includes(number));
  return { quick, chosen, seed };
}

/** Runs one scenario; whether all was right. */
async function runOne(
  scenario: Scenario,
  { quick, seed }: Options,
  at: { readonly main: string; readonly folder: string },
): Promise<boolean> {
  const { number, title } = scenario;
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  const say = (text: string): boolean => process.stderr.write(`  [${number}] ${seconds()} s  ${text}\n`);
  process.stderr.write(`[${number}] ${title} (seed ${seed})\n`);
  const random = seededRandom(seed * 1000 + number);
  const folder = path.join(at.folder, `${number}`);
  await mkdir(folder);
  let faults: readonly string[];
  try {
    faults = await scenario.run({ main: at.main, folder, quick, random, say });
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
  let passed = 0;
  for (const scenario of options.chosen) {
    if (await runOne(scenario, options, { main, folder })) passed += 1;
  }
  const failed = options.chosen.length - passed;
  process.stdout.write(`faults: ${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
