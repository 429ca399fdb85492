import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { benchmarks } from '../../bench/benchmarks.ts';
import { root } from '../support/cli.ts';

const page = readFileSync(join(root, 'docs/delivery.md'), 'utf8');

it('docs/delivery.md names only tests that exist, and at least one for each invariant and each fault but the power', () => {
  const named = [...page.matchAll(/`(test\/[^`]+\.ts)`/gu)].map((match) => match[1] ?? '');
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  const [promises = ''] = page.split('## Figures');
  const rows = promises.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| |'));
  const untested = rows.filter((row) => !row.includes('`test/'));
  expect(untested.map((row) => row.split('|')[1]?.trim())).toEqual(['the power fails']);
});

it('docs/delivery.md gives figures of benchmarks that exist', () => {
  const names = benchmarks.flatMap((benchmark) => benchmark.names);
  const figures = [...page.matchAll(/`npm run bench -- ([a-z0-9-]+)`/gu)].map((match) => match[1] ?? '');
  expect(figures.length).toBeGreaterThan(0);
  expect(figures.filter((name) => name !== '--list' && !names.includes(name))).toEqual([]);
});
