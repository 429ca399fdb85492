import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, start } from '../support/cli.ts';

describe('the package', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'package-'));
    const packed = await start('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
      .ended;
    if (packed.code !== 0) throw new Error(packed.stderr);
    const [tarball] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
    await writeFile(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--silent', `./${tarball}`];
    const installed = await start('npm', ['install', ...options], { cwd: folder }).ended;
    if (installed.code !== 0) throw new Error(installed.stderr);
  }, 300_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('runs `npx purview-streams --help` when it is installed in an empty folder', {
    timeout: 60_000,
  }, async () => {
    const { code, stdout } = await start('npx', ['--no-install', 'purview-streams', '--help'], {
      cwd: folder,
    }).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: purview-streams');
  });

  it('exports the contracts', { timeout: 60_000 }, async () => {
    const script =
      "import { StreamError, producerComponent, sinkComponent } from 'purview-streams'; console.log(typeof StreamError, typeof producerComponent, typeof sinkComponent);";
    const { code, stdout } = await start(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
    }).ended;
    expect(stdout.trim()).toBe('function function function');
    expect(code).toBe(0);
  });
});
