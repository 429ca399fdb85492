import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { jsonLines } from '../support/by-hand.ts';
import { root } from '../support/cli.ts';
import { runHere } from '../support/run-here.ts';

let state = '';
beforeAll(async () => {
  state = await mkdtemp(path.join(tmpdir(), 'excel-example-'));
});
afterAll(() => rm(state, { recursive: true, force: true }));

const config = path.join(root, 'examples/excel/purview-streams.yaml');
const run = (...args: readonly string[]) => runHere([...args, '--config', config, '--state', state]);
const exportedSchema = z.looseObject({
  typeName: z.string(),
  qualifiedName: z.string(),
  attributes: z.record(z.string(), z.unknown()),
});

it('the example of docs/excel.md: types first, then assets and lineage, and nothing the second time', {
  timeout: 180_000,
}, async () => {
  expect((await run('excel', 'types', '--producer', 'assets', '--apply')).code).toBe(0);
  expect((await run('run', '--once', '--port', '0')).code).toBe(0);
  const exported = jsonLines(exportedSchema, (await run('catalog', 'export')).stdout);
  const named = (name: string) => exported.find(({ qualifiedName }) => qualifiedName === name);
  expect(named('store://exports/orders.csv')?.attributes).toMatchObject({
    name: 'orders',
    description: 'Every order; one line each',
  });
  expect(named('store://reports/weekly')).toMatchObject({
    typeName: 'store_report',
    attributes: { pages: 12, refreshedDaily: true, since: Date.UTC(2026, 0, 31), tags: ['board', 'finance'] },
  });
  expect(named('store://jobs/load_revenue')).toMatchObject({
    relationshipAttributes: {
      inputs: [{ qualifiedName: 'store://exports/orders.csv' }],
      outputs: [
        { qualifiedName: 'store://exports/revenue.csv' },
        { qualifiedName: 'store://reports/weekly' },
      ],
    },
  });
  const again = await run('run', '--once', '--port', '0', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ writeCalls: 0 });
});
