import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cli, type CommandResult, root, start } from '../support/cli.ts';
import { edgesOf } from '../support/edges.ts';

const summarySchema = z.object({
  producers: z.array(
    z.object({
      name: z.string(),
      rawEvents: z.number(),
      created: z.number(),
      updated: z.number(),
      unchanged: z.number(),
      processes: z.number(),
      lineageEdges: z.number(),
      columnEdges: z.number(),
      warnings: z.number(),
      deadLetters: z.number(),
    }),
  ),
  writeCalls: z.number(),
  seconds: z.number(),
});

describe('npm start on the example shop', () => {
  let state: string;
  let first: CommandResult;
  let second: CommandResult;
  const npmStart = (): Promise<CommandResult> =>
    start('npm', ['start', '--silent', '--', '--once', '--json', '--state', state, '--port', '0'], {
      cwd: root,
    }).ended;

  beforeAll(async () => {
    state = await mkdtemp(path.join(tmpdir(), 'retail-'));
    first = await npmStart();
    second = await npmStart();
  }, 180_000);

  afterAll(() => rm(state, { recursive: true, force: true }));

  const summary = (result: CommandResult) =>
    summarySchema.parse(JSON.parse(result.stdout.trim().split('\n').at(-1) ?? ''));

  it('exits 0 with every producer read, nothing dead-lettered and the expected figures', () => {
    expect(first.stderr).not.toContain('error:');
    expect(first.code).toBe(0);
    const figures = summary(first).producers.map(
      ({ name, rawEvents, processes, lineageEdges, columnEdges, warnings, deadLetters }) =>
        [name, rawEvents, processes, lineageEdges, columnEdges, warnings, deadLetters].join(' '),
    );
    expect(figures).toEqual([
      'shop-db 21 9 27 23 0 0',
      'warehouse 14 3 6 7 3 0',
      'loader 13 13 26 0 3 0',
      'jobs 3 3 8 8 2 0',
      'landing 4 0 0 0 0 0',
      'scripts 1 1 5 4 0 0',
      'assets 2 1 2 0 0 0',
      'till 5 1 2 2 0 0',
      'runs 2 2 0 0 0 0',
      'packages 1 1 2 4 0 0',
      'backups 2 2 5 0 0 0',
      'dbt 1 1 3 1 1 0',
      'statements 1 1 2 1 0 0',
    ]);
  });

  it('says unchanged for everything and makes no write call when it runs again', () => {
    expect(second.code).toBe(0);
    const { producers, writeCalls } = summary(second);
    expect(writeCalls).toBe(0);
    // In the first run a placeholder may have stood in for some of them until their own source was read.
    const entities = {
      'shop-db': 63,
      warehouse: 37,
      loader: 24,
      jobs: 5,
      landing: 14,
      scripts: 1,
      assets: 2,
      till: 15,
      runs: 3,
      packages: 4,
      backups: 5,
      dbt: 2,
      statements: 1,
    };
    for (const row of producers) {
      expect(row).toMatchObject({ created: 0, updated: 0, deadLetters: 0 });
      expect({ [row.name]: row.unchanged }).toEqual({
        [row.name]: entities[row.name as keyof typeof entities],
      });
    }
  });

  it('leaves exactly the expected edges, table and column, by name', { timeout: 120_000 }, async () => {
    const exported = await cli(['catalog', 'export', '--state', state]);
    expect(exported.code).toBe(0);
    const expected = await readFile(new URL('./retail-edges.txt', import.meta.url), 'utf8');
    expect(edgesOf(exported.stdout)).toEqual(expected.trim().split('\n'));
  });
});
