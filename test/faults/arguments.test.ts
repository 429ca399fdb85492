import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { root, start } from '../support/cli.ts';
import { readArguments, UsageError } from './arguments.ts';
import { onEventHubs, onKafka, type Scenario } from './scenario.ts';

const named = (number: number, title: string): Scenario => ({ number, title, run: async () => [] });
const kill = named(4, 'kill -9');
const full = named(25, 'disk full');
const scenarios = [full, kill, onKafka(kill), onEventHubs(kill)];
const read = (...args: readonly string[]) => readArguments(scenarios, args, '7');

describe('readArguments()', () => {
  it('chooses by number and place, and everything without them', () => {
    expect(read()).toEqual({ quick: false, chosen: scenarios, seed: 7 });
    expect(read('--quick', '4')).toMatchObject({ quick: true, chosen: scenarios.slice(1) });
    expect(read('--kafka', '--event-hubs')).toMatchObject({ chosen: scenarios.slice(2) });
    expect(read('4', '--embedded')).toMatchObject({ chosen: [kill] });
  });

  it('gives a line for each scenario, with its places, when it is asked for help', () => {
    expect(read('--help', '99')).toEqual({
      help: expect.stringContaining(
        '\n   4  kill -9 (embedded, kafka, event-hubs)\n  25  disk full (embedded)\n',
      ),
    });
    expect(read('-h')).toEqual({ help: expect.stringMatching(/--quick .*--kafka .*SEED=/su) });
  });

  it.each([
    [['5'], 'There is no scenario 5. There are 4, 25.'],
    [['four'], 'There is no scenario four.'],
    [['25', '--kafka'], 'Scenario 25 does not run there: it runs on embedded.'],
    [['--fast'], "Unknown option '--fast'.\nWhat there is: npm run test:faults -- --help"],
  ])('throws what is wrong when given %j', (args, message) => {
    expect(() => read(...args)).toThrow(UsageError);
    expect(() => read(...args)).toThrow(message);
  });

  it('throws when the seed is no number, which would repeat nothing', () => {
    expect(() => readArguments(scenarios, [], 'x')).toThrow('SEED takes a whole number, not x.');
  });
});

it('`npm run test:faults` exits 2 with what is wrong, and nothing else, when there is no such scenario', async () => {
  const args = ['--import', import.meta.resolve('tsx'), `${root}test/faults/main.ts`, '--quick', '99'];
  const { code, stdout, stderr } = await start(process.execPath, args).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: There is no scenario 99\. There are 1, 2, .*\.\nWhat there is: .*\n$/u);
});
