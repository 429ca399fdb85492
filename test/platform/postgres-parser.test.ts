import { expect, it } from 'vitest';
import { loadPostgresParser } from '../../platform/postgres-parser.ts';

const many = (count: number, part: string): string => part.repeat(count);

/** Texts whose tree is as deep as they are long. */
const deep: Readonly<Record<string, (levels: number) => string>> = {
  sum: (levels) => `SELECT 1${many(levels, '+1')}`,
  union: (levels) => `SELECT 1, 2${many(levels, ' UNION ALL SELECT 1, 2')}`,
  not: (levels) => `SELECT ${many(levels, 'NOT ')}true`,
  call: (levels) => `SELECT ${many(levels, 'f(1,')}1${many(levels, ')')}`,
  cast: (levels) => `SELECT 1${many(levels, '::int')}`,
  join: (levels) => `SELECT 1 FROM t${many(levels, ' CROSS JOIN t')}`,
};

it('loadPostgresParser() refuses what is too deep for its stack, and reads what comes after it', {
  timeout: 120_000,
}, async () => {
  const parser = await loadPostgresParser();
  const problemOf = (text: string): string => {
    const answer = parser.parseSql(text);
    return 'problem' in answer ? answer.problem : '';
  };
  for (const make of Object.values(deep)) {
    expect(problemOf(make(10_000))).toContain('lie inside each other');
    let levels = 6_000;
    while (problemOf(make(levels)).includes('lie inside each other')) levels -= 100;
    expect(levels).toBeGreaterThan(500);
    // The deepest that it takes costs no stack, however often it comes.
    for (let round = 0; round < 40; round += 1) expect(problemOf(make(levels))).toBe('');
  }
  expect(problemOf(many(20_000, "INSERT INTO t (a, b) VALUES (1, '(((');\n"))).toBe('');
  expect(problemOf(`INSERT INTO t VALUES ${many(20_000, '(1 + 2, a || b), ')} (1)`)).toBe('');
  expect(problemOf('SELECT a FROM t')).toBe('');
});
