/**
 * Reads what the gate's runs have left behind.
 *
 *   report.mjs failed FOLDER NAME   prints the test files that failed in the run of that name, a line each
 *   report.mjs sum FOLDER           prints what was flaky, and as its last line "N passed, N failed, N skipped"; exits 1 where something failed
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';

const [what, where = '', which = ''] = process.argv.slice(2);
const text = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const report = (file) => JSON.parse(text(file) || '{}');

const print = (line) => process.stdout.write(`${line}\n`);

/** Names of the files in a run of vitest in which something failed: a test, or something outside of any test, which only the printed text tells. */
function failedFiles(name) {
  const { testResults = [] } = report(path.join(where, `${name}.json`));
  const failed = testResults
    .filter(({ status }) => status !== 'passed')
    .map((file) => path.relative(process.cwd(), file.name));
  const printed = stripVTControlCharacters(text(path.join(where, `${name}.log`)));
  const origins = [...printed.matchAll(/^This error originated in "([^"]+)" test file/gmu)];
  return [...new Set([...failed, ...origins.map(([, file]) => file)])];
}

/** Counts of a run of vitest. One that left no report did not come to its end, and counts as one failure. */
function vitest(name) {
  const first = report(path.join(where, `${name}.json`));
  const again = report(path.join(where, `${name}.again.json`));
  const count = (key) => first[key] ?? 0;
  const skipped = count('numPendingTests') + count('numTodoTests');
  if (count('numTotalTests') === 0) return { passed: 0, failed: 1, skipped };
  // A file that does not load has failed, though none of its tests has.
  const files = failedFiles(name);
  const failed = Math.max(count('numFailedTests'), files.length);
  const passed = count('numPassedTests');
  if (files.length === 0 || again.success !== true) return { passed, failed, skipped };
  for (const file of files) print(`flaky, passed when run once more: ${file}`);
  return { passed: passed + count('numFailedTests'), failed: 0, skipped };
}

/** Counts of the fault scenarios. A run that did not come to its last line counts as one failure. */
function faults() {
  const read = (name) =>
    /^faults: (\d+) passed, (\d+) failed$/m
      .exec(text(path.join(where, name)))
      ?.slice(1)
      .map(Number);
  const [passed = 0, failed = 1] = read('faults.txt') ?? [];
  const [passedAgain = 0] = read('faults.again.txt') ?? [];
  if (passedAgain > 0) print(`flaky, passed when run once more: ${passedAgain} of the fault scenarios`);
  return { passed: passed + passedAgain, failed: failed - passedAgain, skipped: 0 };
}

/** Steps that are no tests: each one that failed counts, and is named. */
function steps() {
  const names = text(path.join(where, 'steps.txt')).split('\n').filter(Boolean);
  for (const name of names) print(`failed: ${name}`);
  return { passed: 0, failed: names.length, skipped: 0 };
}

if (what === 'failed') for (const file of failedFiles(which)) print(file);
else {
  const parts = [...['all', 'node24', 'atlas'].map(vitest), faults(), steps()];
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  print(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  if (sum('failed') > 0) process.exitCode = 1;
}
