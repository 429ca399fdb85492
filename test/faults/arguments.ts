import { parseArgs } from 'node:util';
import { messageOf } from '../../pipeline/errors.ts';
import { type Place, places, type Scenario } from './scenario.ts';

/** What to run. */
export interface Options {
  /** Each scenario once and with little, in place of at length. */
  readonly quick: boolean;
  readonly chosen: readonly Scenario[];
  readonly seed: number;
}

/** An argument that is wrong: its message says what there is. */
export class UsageError extends Error {}

/**
 * What the command line asks for: the help, or scenarios to run. `seed` is what the environment gives.
 * @throws {UsageError} for what there is not
 */
export function readArguments(
  scenarios: readonly Scenario[],
  args: readonly string[],
  seed?: string,
): Options | { readonly help: string } {
  const { values, positionals } = parsed(args);
  if (values.help === true) return { help: help(scenarios) };
  const asked = places.filter((place) => values[place] === true);
  const there = scenarios.filter((scenario) => asked.length === 0 || asked.includes(placeOf(scenario)));
  const numbers = positionals.map((text) => numberOf(text, scenarios, there));
  return {
    quick: values.quick === true,
    chosen: there.filter(({ number }) => numbers.length === 0 || numbers.includes(number)),
    seed: seed === undefined ? Date.now() % 1_000_000 : seedOf(seed),
  };
}

function parsed(args: readonly string[]) {
  const flag = { type: 'boolean' } as const;
  const help = { ...flag, short: 'h' } as const;
  const options = { help, quick: flag, embedded: flag, kafka: flag, 'event-hubs': flag };
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (thrown) {
    throw new UsageError(`${messageOf(thrown).split('. ')[0]}.\n${lookAtHelp}`);
  }
}

const lookAtHelp = 'What there is: npm run test:faults -- --help';

function numberOf(text: string, scenarios: readonly Scenario[], there: readonly Scenario[]): number {
  const named = scenarios.filter(({ number }) => String(number) === text);
  if (named.length === 0)
    throw new UsageError(`There is no scenario ${text}. There are ${numbersOf(scenarios)}.\n${lookAtHelp}`);
  if (!named.some((scenario) => there.includes(scenario)))
    throw new UsageError(
      `Scenario ${text} does not run there: it runs on ${[...new Set(named.map(placeOf))].join(', ')}.`,
    );
  return Number(text);
}

function seedOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`SEED takes a whole number, not ${text}.`);
  return Number(text);
}

function placeOf({ on = 'embedded' }: Scenario): Place {
  return on;
}

function numbersOf(scenarios: readonly Scenario[]): string {
  return [...new Set(scenarios.map(({ number }) => number))].sort((a, b) => a - b).join(', ');
}

/** One line for each scenario, with the places where it runs. */
function listed(scenarios: readonly Scenario[]): string {
  const lines = new Map<string, Place[]>();
  for (const scenario of [...scenarios].sort((a, b) => a.number - b.number)) {
    const title = scenario.title.replace(/, on (Kafka|Event Hubs)$/, '');
    const line = `${String(scenario.number).padStart(4)}  ${title}`;
    lines.set(line, [...(lines.get(line) ?? []), placeOf(scenario)]);
  }
  return Array.from(lines, ([line, own]) => `${line} (${own.join(', ')})\n`).join('');
}

function help(scenarios: readonly Scenario[]): string {
  return `Usage: npm run test:faults [-- [options] NUMBER…]

Breaks what a pipeline of real processes stands on, and looks at what came of it: PASS or FAIL for each scenario on standard output,
what goes on on standard error; it ends with 1 when one has failed. Without numbers all scenarios run, one after the other.

Options:
  --quick       each once and with little, a minute or two a scenario; without it at length: all of them take hours
  --embedded    only those with the topics in an embedded log
  --kafka       only those with the topics in a Kafka, which is started here: needs java and mvn
  --event-hubs  only those with the topics in a stand-in for Event Hubs, and Azurite
  -h, --help    print this

SEED=<number> before it repeats a run: every run says its seed.

Examples:
  npm run test:faults -- --quick                    everything once
  npm run test:faults -- --quick --kafka 2 3 4      three of them, on Kafka alone
  SEED=4711 npm run test:faults -- --embedded 43    one at length, with the moments of an earlier run

Scenarios, and where they run:
${listed(scenarios)}`;
}
