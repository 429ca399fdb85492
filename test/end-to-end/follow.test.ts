import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { cli, root, type RunningCommand, startCli } from '../support/cli.ts';
import { edgesOf } from '../support/edges.ts';

const config = `
state: state
catalog: { port: 0 }
sink: { kind: local }
producers:
  warehouse: { kind: custom-db, path: warehouse, server: warehouse }
`;

describe('run, while it follows changes', () => {
  let folder: string;
  let running: RunningCommand;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'follow-'));
    await cp(path.join(root, 'examples/retail/warehouse'), path.join(folder, 'warehouse'), {
      recursive: true,
    });
    await writeFile(path.join(folder, 'purview-streams.yaml'), config);
    running = startCli(['run', '--config', path.join(folder, 'purview-streams.yaml')]);
    await vi.waitUntil(() => running.output().stderr.includes('Following changes'), {
      timeout: 50_000,
      interval: 50,
    });
  });

  afterEach(async () => {
    running.child.kill('SIGKILL');
    await running.ended;
    await rm(folder, { recursive: true, force: true });
  });

  const exported = async (): Promise<string> =>
    (await cli(['catalog', 'export', '--state', path.join(folder, 'state')])).stdout;

  it('takes a changed script, a new column and a removed script to the catalogue', async () => {
    const script = path.join(folder, 'warehouse/scripts/daily_sales.custom');
    await writeFile(script, (await readFile(script, 'utf8')).replace('facts,amount,day', 'facts,day,amount'));
    const table = path.join(folder, 'warehouse/sys.json');
    await writeFile(table, (await readFile(table, 'utf8')).replace('"name": "margin"', '"name": "profit"'));
    await rm(path.join(folder, 'warehouse/scripts/copy_products.custom'));
    await vi.waitFor(
      async () => {
        const now = await exported();
        expect(now).toContain('customdb://warehouse/tables/category_sales#profit');
        expect(now).not.toContain('customdb://warehouse/tables/category_sales#margin');
        expect(edgesOf(now).join('\n')).not.toContain('scripts/copy_products');
      },
      { timeout: 25_000, interval: 250 },
    );
  });

  it('drains and exits 0 on the first SIGINT', async () => {
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(stderr).toContain('SIGINT');
    expect(stderr).toContain('Drained');
    expect(code).toBe(0);
  });

  it('exits 0 on SIGTERM', async () => {
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });
});

describe('run, when the catalogue cannot be reached at the start', () => {
  const remote = (port: number): string => `
state: state
sink: { kind: atlas, url: 'http://127.0.0.1:${port}', user: admin, password: admin }
producers:
  warehouse: { kind: custom-db, path: ${root}examples/retail/warehouse, server: warehouse }
`;

  it('exits 1 with --once, and waits for it when it follows changes', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'late-'));
    const free = await openCatalog({ path: path.join(folder, 'free'), port: 0 });
    const port = Number(new URL(free.url).port);
    await free.close();
    const config = path.join(folder, 'purview-streams.yaml');
    await writeFile(config, remote(port));
    expect((await cli(['run', '--once', '--config', config])).code).toBe(1);
    const running = startCli(['run', '--config', config]);
    await vi.waitUntil(() => running.output().stderr.includes('trying again'), { timeout: 60_000 });
    const catalog = await openCatalog({ path: path.join(folder, 'late'), port });
    try {
      await vi.waitUntil(() => running.output().stderr.includes('Following changes'), { timeout: 60_000 });
      expect(running.output().stdout).toMatch(/^warehouse +14 +37 /m);
    } finally {
      running.child.kill('SIGTERM');
      await running.ended;
      await catalog.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
