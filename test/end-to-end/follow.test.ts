import { cp, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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
  jobs:
    kind: etl-job-files
    path: jobs
    tool: flow
    datasets:
      customDB: { type: customdb_table, name: '{table}', parameters: { server: warehouse } }
      blob: { type: azure_blob_path, name: '{url+}' }
`;

describe('run, while it follows changes', () => {
  let folder: string;
  let running: RunningCommand;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'follow-'));
    await cp(path.join(root, 'examples/retail/warehouse'), path.join(folder, 'warehouse'), {
      recursive: true,
    });
    await cp(path.join(root, 'examples/retail/jobs'), path.join(folder, 'jobs'), { recursive: true });
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

  it('takes finished files only: a slow writer, a rename and a burst each end right, and cost no dead letter', async () => {
    const jobs = path.join(folder, 'jobs');
    const [first = ''] = (await readdir(jobs)).filter((file) => file.endsWith('.xml'));
    const text = await readFile(path.join(jobs, first), 'utf8');
    const id = /jobId="([^"]+)"/.exec(text)?.[1] ?? '';
    expect(id).not.toBe('');
    const named = (name: string): string => text.replaceAll(`"${id}"`, `"${name}"`);
    const slow = await open(path.join(jobs, 'slow.xml'), 'w');
    const pieces = named('slow_job').match(/[^]{1,200}/g) ?? [];
    for (const [index, piece] of pieces.entries()) {
      await slow.write(piece);
      if (index % 4 === 0) await writeFile(path.join(jobs, `burst${index}.xml`), named(`burst_${index}`));
      await delay(20); // the pace of the writer
    }
    await slow.close();
    const scripts = path.join(folder, 'warehouse/scripts');
    await writeFile(path.join(jobs, 'later.tmp'), named('moved_in'));
    await rename(path.join(jobs, 'later.tmp'), path.join(jobs, 'later.xml'));
    await rename(path.join(scripts, 'copy_products.custom'), path.join(scripts, 'copied.custom'));
    await vi.waitFor(
      async () => {
        const now = await exported();
        for (const name of ['slow_job', 'burst_0', 'moved_in']) expect(now).toContain(`/jobs/${name}"`);
        expect(now).toContain('scripts/copied"');
        expect(now).not.toContain('scripts/copy_products"');
        const job = (name: string): readonly string[] =>
          edgesOf(now).filter((edge) => edge.includes(`/jobs/${name}:`));
        expect(job('slow_job').map((edge) => edge.replace('slow_job', id))).toEqual(job(id));
        expect(job(id).length).toBeGreaterThan(0);
      },
      { timeout: 60_000, interval: 250 },
    );
    expect(running.output().stderr).not.toContain('dead letter');
  }, 120_000);

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
