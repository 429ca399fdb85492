import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { report, type Scored, scoreAll } from '../../../scripts/score-sql.ts';

const folder = join(import.meta.dirname, '../../../../shared/corpora/sql');
const present = existsSync(folder);
if (!present)
  process.stderr.write('score.test.ts: the SQL corpora are absent, so the engine was not scored.\n');

function share(scores: readonly Scored[], suite: string): number {
  const own = scores.filter((score) => score.suite === suite);
  return own.filter((score) => score.right).length / own.length;
}

describe.runIf(present)('the corpora of public projects', () => {
  const scores = present ? scoreAll(folder) : [];

  it.each([
    ['sqllineage tables', 0.97],
    ['sqllineage columns', 0.94],
    ['OpenLineage tables', 0.95],
    ['procedures', 1],
  ])('`analyzeSql()` is right on enough of %s', (suite, least) => {
    const right = share(scores, suite);
    if (right < least) process.stderr.write(`${report(scores)}\n`);
    expect(right).toBeGreaterThanOrEqual(least);
  });
});
