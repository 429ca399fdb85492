/** `npm run bench [-- NAME…]`: measures, and writes a JSON line a figure to standard output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Benchmark, Figure } from './benchmark.ts';
import { smallScale } from './benchmark.ts';
import { benchmarks } from './benchmarks.ts';

const help = `Usage: npm run bench [-- [options] NAME…]

Measures, and writes one JSON line for each figure to standard output: {name, value, unit, baseline, ratio, note}; ratio is value
divided by baseline. What is going on is said on standard error. Without names, everything is measured, one after the other, each
in a process of its own. The machine should have nothing else to do.

Options:
  --list       print the names, what they measure and what is aimed at
  --scale <x>  multiply the sizes, to try a benchmark; figures mean something at 1 only (default 1)
  --help       print this

Examples:
  npm run bench                            everything: about an hour
  npm run bench --silent -- replay         one figure, nothing else on standard output
  npm run bench -- --scale 0.01 restart    does it work at all?
`;

const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  if (values.help === true) return write(help);
  if (values.list === true) return write(benchmarks.map(listed).join(''));
  const scale = Number(values.scale ?? 1);
  if (!(scale > 0)) throw new UsageError(`--scale takes a number above 0, not ${values.scale}.`);
  const all = benchmarks.flatMap(({ names }) => names);
  const unknown = positionals.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`There is no benchmark ${unknown}. There are:\n  ${all.join('\n  ')}`);
  const wanted = new Set(positionals.length === 0 ? all : positionals);
  const chosen = benchmarks.filter(({ names }) => names.some((name) => wanted.has(name)));
  if (chosen.length === 1 || scale < smallScale) {
    for (const benchmark of chosen) await measure(benchmark, wanted, scale);
    return exitCodes.done;
  }
  let code: number = exitCodes.done;
  for (const { names } of chosen)
    code = Math.max(
      code,
      await measureApart(
        names.filter((name) => wanted.has(name)),
        scale,
      ),
    );
  return code;
}

class UsageError extends Error {}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        list: { type: 'boolean' },
        scale: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (thrown) {
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function listed({ names, summary, aim }: Benchmark): string {
  return `${names.join(', ')}\n    ${summary}\n    aim: ${aim}\n`;
}

async function measure(benchmark: Benchmark, wanted: ReadonlySet<string>, scale: number): Promise<void> {
  const progress = (text: string): void => void process.stderr.write(`${benchmark.names[0]}: ${text}\n`);
  progress(benchmark.summary);
  for (const figure of await benchmark.measure({ scale, progress }))
    if (wanted.has(figure.name)) write(line(figure));
}

function line({ name, value, unit, baseline, note }: Figure): string {
  const rounded = (number: number): number => Number(number.toPrecision(5));
  const ratio = baseline === null || baseline === 0 ? null : rounded(value / baseline);
  const shown = { name, value: rounded(value), unit, baseline: baseline === null ? null : rounded(baseline) };
  return `${JSON.stringify({ ...shown, ratio, note })}\n`;
}

/** A benchmark in a process of its own: what the others compiled and left behind does not show in its figures. */
async function measureApart(names: readonly string[], scale: number): Promise<number> {
  const [, script] = process.argv;
  if (script === undefined) throw new Error('Node.js does not say which script it runs.');
  const child = spawn(
    process.execPath,
    [...process.execArgv, script, '--scale', String(scale), '--', ...names],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : exitCodes.failed;
}

function write(text: string): number {
  process.stdout.write(text);
  return exitCodes.done;
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const usage = thrown instanceof UsageError;
  process.stderr.write(`error: ${usage || !(thrown instanceof Error) ? String(thrown) : thrown.stack}\n`);
  process.exitCode = usage ? exitCodes.usage : exitCodes.failed;
}
