import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { configurationPage } from '../../cli/configuration-page.ts';
import { openLocalCatalog } from '../../cli/local-catalog.ts';
import { producers } from '../../producers/index.ts';
import { sinks } from '../../sinks/index.ts';
import { cli, root, shellFunction, start, startScript } from '../support/cli.ts';
import { hasKafka, kafkaOfRun } from '../support/kafka/shared.ts';
import { anyPrefix } from '../transports/kafka/support.ts';

const page = (name: string): Promise<string> => readFile(path.join(root, name), 'utf8');

/** The shell blocks of a page, each as text. */
function shellBlocks(text: string): readonly string[] {
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
}

describe('docs/configuration.md', () => {
  it('is what `npm run docs` writes', async () => {
    expect(await page('docs/configuration.md')).toBe(configurationPage({ producers, sinks }));
  });
});

describe('docs/replay.md', () => {
  it('has commands that end as the page says', { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'replay-page-'));
    const blocks = shellBlocks(await page('docs/replay.md'));
    const block = blocks.find((text) => text.includes('removals approve')) ?? 'exit 9';
    const script = ['set -e', shellFunction(), block.replaceAll('/tmp/replay-page', folder)].join('\n');
    const { code, stdout, stderr } = await start('bash', ['-c', script]).ended;
    await rm(folder, { recursive: true, force: true });
    expect(stderr).not.toContain('error:');
    expect(code).toBe(0);
    expect(stdout).toContain('0 entities more, 0 different, 0 fewer');
    expect(stdout).toContain('`produce by-hand --once`');
    expect(stdout).toContain('2 removals of by-hand are emitted.');
    const exported = stdout.slice(stdout.lastIndexOf('removals of by-hand'));
    expect(exported).toContain('etl://demo/jobs/j1');
    expect(exported).not.toContain('etl://demo/jobs/j2');
  });

  it('is linked from README.md', async () => {
    expect(await page('README.md')).toContain('](docs/replay.md)');
  });
});

describe.skipIf(!hasKafka)('docs/kafka.md', () => {
  it('has commands that end as the page says', { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'kafka-page-'));
    const blocks = shellBlocks(await page('docs/kafka.md'));
    const block = blocks.find((text) => text.includes('topics apply')) ?? 'exit 9';
    const own = block
      .replaceAll('/tmp/kafka-page', folder)
      .replaceAll('127.0.0.1:9092', (await kafkaOfRun()).plain)
      .replaceAll('try.', anyPrefix());
    const { code, stdout, stderr } = await start('bash', ['-c', ['set -e', shellFunction(), own].join('\n')])
      .ended;
    await rm(folder, { recursive: true, force: true });
    expect(stderr).not.toContain('error:');
    expect(code).toBe(0);
    expect(stdout).toContain('6 changed.\nThe topics are as they are wanted.');
    expect(stdout).toContain('db://demo/shop');
  });
});

describe('docs/event-hubs.md', () => {
  it('has commands that end as the page says', { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'event-hubs-page-'));
    const standIn = startScript(`${root}scripts/event-hubs.ts`, []);
    const lines = await vi.waitFor(
      () =>
        /export EVENT_HUBS=.*\nexport BLOBS=.*\n/.exec(standIn.output().stdout)?.[0] ??
        Promise.reject(new Error()),
      { timeout: 60_000 },
    );
    const blocks = shellBlocks(await page('docs/event-hubs.md'));
    const block = blocks.find((text) => text.includes('transform --once')) ?? 'exit 9';
    const own = block.replaceAll('/tmp/event-hubs-page', folder);
    const { code, stdout, stderr } = await start('bash', [
      '-c',
      ['set -e', lines, shellFunction(), own].join('\n'),
    ]).ended;
    standIn.child.kill('SIGTERM');
    await standIn.ended;
    await rm(folder, { recursive: true, force: true });
    expect(stderr).not.toContain('error:');
    expect(code).toBe(0);
    expect(stdout).toContain('db://demo/shop');
  });
});

describe('README.md', () => {
  it('names a login that the local catalogue takes', async () => {
    const text = await page('README.md');
    const [, login = '', address = ''] = /`curl -u (\S+) '(http:[^']+)'`/.exec(text) ?? [];
    const at = await mkdtemp(path.join(tmpdir(), 'readme-catalog-'));
    const catalog = await openLocalCatalog({ folder: at, host: '127.0.0.1', port: 0 });
    const url = address.replace('http://127.0.0.1:21000', catalog.url);
    const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
    expect((await fetch(url)).status).toBe(401);
    const answer = await fetch(url, { headers: { authorization } });
    expect([answer.status, await answer.json()]).toMatchObject([200, { queryType: 'BASIC' }]);
    await catalog.close();
    await rm(at, { recursive: true, force: true });
  });

  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'readme-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has a raw event by hand that ends as lineage in the catalogue', { timeout: 120_000 }, async () => {
    const blocks = shellBlocks(await page('README.md'));
    const named = blocks.find((text) => text.startsWith('purview-streams()'))?.split('\n')[0] ?? 'exit 8';
    const block = blocks.find((text) => text.includes('events.ndjson')) ?? 'exit 9';
    const script = [
      'set -e',
      named,
      block.replaceAll('/tmp/by-hand', folder).replace('port: 21001', 'port: 0'),
    ].join('\n');
    const { code, stdout, stderr } = await start('bash', ['-c', script], { cwd: root }).ended;
    expect(stderr).not.toContain('error:');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'etl://demo-etl/jobs/export -> https://demo.blob.core.windows.net/out/orders.csv',
    );
    expect(stdout).toContain('db://demo/shop/public/orders -> etl://demo-etl/jobs/export');
  });

  it('names only commands that exist', { timeout: 120_000 }, async () => {
    const names = new Set(
      [...(await page('README.md')).matchAll(/^purview-streams ([a-z-]+)/gm)].map((match) => match[1] ?? ''),
    );
    const { stdout } = await cli(['--help']);
    for (const name of names) expect(stdout).toMatch(new RegExp(`^  ${name}[ |]`, 'm'));
    expect(names.size).toBeGreaterThan(5);
  });

  it('links only to files that exist', async () => {
    const links = [...(await page('README.md')).matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1] ?? '');
    await Promise.all(
      links.map((link) => cp(path.join(root, link), path.join(folder, 'links', link), { recursive: true })),
    );
    expect(links.length).toBeGreaterThan(5);
  });
});
