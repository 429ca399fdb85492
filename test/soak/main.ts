/**
 * `npm run soak`: the pipeline under everything at once for 20 minutes: schedules, change events, kills, a catalogue that refuses. In the end the catalogue is
 * equal to the sources, the counters add up, and nothing that ran throughout holds more memory or files than it did.
 *
 * npm run soak [-- --minutes 20] [-- --tables 500]     SEED=… repeats a run
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildCli } from '../support/build-cli.ts';
import { seededRandom } from '../support/random.ts';
import { soak } from './soak.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string' }, tables: { type: 'string' } } });
const minutes = Number(values.minutes ?? 20);
const tables = Number(values.tables ?? 500);
if (!(minutes > 0) || !Number.isInteger(tables) || tables < 1)
  throw new Error('--minutes takes a number above 0, and --tables a whole one.');
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const folder = await mkdtemp(path.join(tmpdir(), 'soak-'));
try {
  const main = await buildCli(folder);
  const random = seededRandom(seed);
  const say = (text: string): boolean => process.stderr.write(`  ${text}\n`);
  process.stderr.write(`soak: ${minutes} minutes, ${tables} tables in each of two sources (seed ${seed})\n`);
  const faults = await soak(
    { main, folder: path.join(folder, 'world'), quick: false, random, say },
    { forMs: minutes * 60_000, tables },
  );
  for (const fault of faults) process.stdout.write(`     ${fault}\n`);
  process.stdout.write(
    `${faults.length === 0 ? 'PASS' : 'FAIL'} soak of ${minutes} minutes (seed ${seed})\n`,
  );
  if (faults.length > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
