import { expect, it } from 'vitest';
import { z } from 'zod';
import { benchmarks } from '../../bench/benchmarks.ts';
import { type CommandResult, compiled, root, start, startScript } from '../support/cli.ts';

const names = benchmarks.flatMap((benchmark) => benchmark.names);
const figure = z.strictObject({
  name: z.enum(names),
  value: z.number().min(0),
  unit: z.string().min(1),
  baseline: z.number().nullable(),
  ratio: z.number().nullable(),
  note: z.string().min(1),
});

const bench = (...args: readonly string[]): Promise<CommandResult> =>
  start(process.execPath, [compiled('bench/run.js'), ...args]).ended;

it('`bench` writes a line for every figure, and nothing else, to standard output', {
  timeout: 600_000,
}, async () => {
  const { code, stdout, stderr } = await bench('--scale', '0.001');
  expect({ code, errors: stderr.match(/^error:.*$/mu) }).toEqual({ code: 0, errors: null });
  const figures = stdout
    .trimEnd()
    .split('\n')
    .map((line) => figure.parse(JSON.parse(line)));
  expect(figures.map(({ name }) => name)).toEqual(names);
  // All three are rounded, each on its own.
  const wrong = figures.filter(({ value, baseline, ratio }) =>
    baseline === null || baseline === 0
      ? ratio !== null
      : !(Math.abs((ratio ?? Number.NaN) * baseline - value) <= 0.02 * value),
  );
  expect(wrong).toEqual([]);
});

it('`bench` lists the names when one is unknown', async () => {
  const { code, stdout, stderr } = await bench('replay', 'repaly');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('There is no benchmark repaly.');
  for (const name of names) expect(stderr).toContain(`\n  ${name}`);
});

it('`npm run bench -- --list` says what each measures', async () => {
  const { code, stdout } = await startScript(`${root}scripts/bench.ts`, ['--list']).ended;
  expect(code).toBe(0);
  for (const { summary, names: own } of benchmarks)
    expect(stdout).toContain(`${own.join(', ')}\n    ${summary}\n`);
});
