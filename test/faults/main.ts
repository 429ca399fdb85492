/**
 * `npm run test:faults`: what happens to the pipeline when its processes die, its disk fills and its files rot. Each scenario starts real
 * processes through the command line, breaks something at moments from a printed seed, and lets an oracle judge that reads
 * only the catalogue and the dead letters: no gap, nothing unknown, every payload exact, and a fresh event passes. `-- --help` says what there is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { seededRandom } from '../support/random.ts';
import { buildCli } from '../support/build-cli.ts';
import { canStartBroker } from '../support/kafka/broker.ts';
import { type Options, readArguments, UsageError } from './arguments.ts';
import type { Place, Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { HubsService, KafkaService } from './services.ts';

const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

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

async function runAll(options: Options): Promise<number> {
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
    return failed > 0 ? exitCodes.failed : exitCodes.done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  const read = readArguments(scenarios, process.argv.slice(2), process.env['SEED']);
  if ('help' in read) process.stdout.write(read.help);
  else process.exitCode = (await runAll(read)) || process.exitCode;
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  process.stderr.write(`error: ${thrown.message}\n`);
  process.exitCode = exitCodes.usage;
}
