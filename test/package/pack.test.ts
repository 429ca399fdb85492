import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, start } from '../support/cli.ts';
import { blob, HandWorld } from '../support/by-hand.ts';

let folder: string;
/** Where the image is built: what the Dockerfile copies, and nothing else. */
let image: string;

/** Runs a command to its end. Throws with what it said where it fails. */
async function done(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await start(command, args, { cwd }).ended;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}${stdout}`);
  return stdout;
}

/** Copies packages as links to the same files, which npm removes and replaces, but for its own list, into which it writes. */
async function linkPackages(from: string, to: string): Promise<void> {
  const copy = 'cp -al "$0" "$1" 2>/dev/null || cp -a "$0" "$1"'; // a link does not leave its file system
  await done('sh', ['-c', copy, path.join(from, 'node_modules'), to], root);
  const list = 'node_modules/.package-lock.json';
  await rm(path.join(to, list));
  await cp(path.join(from, list), path.join(to, list));
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'package-'));
  image = path.join(folder, 'image');
  const names = [...(await readFile(path.join(root, '.dockerignore'), 'utf8')).matchAll(/^!(\S+)$/gm)];
  for (const [, name = ''] of names)
    await cp(path.join(root, name), path.join(image, name), { recursive: true });
  // The step `dependencies` is `npm ci`, which has just made the packages of this checkout: they are taken as they are.
  await linkPackages(root, image);
  await done('scripts/build-image.sh', ['build'], image);
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('scripts/build-image.sh', () => {
  it('leaves a command that says what it can do, and only the packages that it runs with', async () => {
    const dist = path.join(image, 'dist/cli/main.js');
    expect(await done(process.execPath, [dist, '--help'], folder)).toContain('Usage: purview-streams');
    const packages = await readdir(path.join(image, 'node_modules'));
    expect(packages).toContain('kafkajs');
    expect(packages).not.toContain('vitest');
  });

  it('leaves a command that runs a pipeline and writes nothing beside itself', {
    timeout: 120_000,
  }, async () => {
    const before = await readdir(image, { recursive: true });
    const world = await HandWorld.make([{ objectId: 'j1', inputs: ['in.csv'], outputs: ['out.csv'] }]);
    const run = ['dist/cli/main.js', 'run', '--once', '--json', '--config', world.config];
    const summary: unknown = JSON.parse(await done(process.execPath, run, image));
    expect(summary).toMatchObject({ producers: [{ name: 'hand', deadLetters: 0, processes: 1 }] });
    expect(await world.exported()).toContain(blob('out.csv'));
    expect(await readdir(image, { recursive: true })).toEqual(before);
    await world.remove();
  });

  it('is what the Dockerfile runs, and refuses another step', async () => {
    const dockerfile = await readFile(path.join(root, 'Dockerfile'), 'utf8');
    expect([...dockerfile.matchAll(/^RUN (scripts.*)$/gm)].map(([, command]) => command)).toEqual([
      'scripts/build-image.sh dependencies',
      'scripts/build-image.sh build',
    ]);
    expect((await start('scripts/build-image.sh', ['other'], { cwd: image }).ended).code).toBe(2);
  });
});

describe('the package', () => {
  beforeAll(async () => {
    // What the image was built from, with all that goes into a package.
    for (const name of ['docs', 'README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE'])
      await cp(path.join(root, name), path.join(image, name), { recursive: true });
    await done('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], image);
    const [tarball] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
    await linkPackages(image, folder);
    await writeFile(path.join(folder, 'package.json'), '{"private":true,"type":"module"}');
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--silent', `./${tarball}`];
    await done('npm', ['install', ...options], folder);
  }, 300_000);

  it('runs `npx purview-streams --help` when it is installed in another folder', {
    timeout: 60_000,
  }, async () => {
    const stdout = await done('npx', ['--no-install', 'purview-streams', '--help'], folder);
    expect(stdout).toContain('Usage: purview-streams');
  });

  it('runs the plugin of docs/plugins.md, and the suite of producers on it and on what `init` writes', {
    timeout: 120_000,
  }, async () => {
    const page = await readFile(path.join(root, 'docs/plugins.md'), 'utf8');
    const files = [...page.matchAll(/^`(\S+)`.*:\n\n```\w+\n([\s\S]*?)^```/gmu)];
    for (const [, name = '', text = ''] of files) await writeFile(path.join(folder, name), text);
    expect(files.map(([, name]) => name)).toEqual([
      'pipelines.txt',
      'pipelines.mjs',
      'purview-streams.yaml',
      'pipelines.test.mjs',
    ]);
    await symlink(path.join(root, 'node_modules/vitest'), path.join(folder, 'node_modules/vitest'));
    const command = 'node_modules/purview-streams/dist/cli/main.js';
    const answers = {
      subject: 'data-source',
      access: 'code',
      name: 'made',
      follow: 'interval',
      sink: 'local',
    };
    await writeFile(path.join(folder, 'answers.json'), JSON.stringify(answers));
    await done(process.execPath, [command, 'init', 'made', '--answers', 'answers.json'], folder);
    const suites = ['pipelines.test.mjs', 'made/made.test.mjs'];
    const tested = await done(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...suites], folder);
    expect(tested).toMatch(/Test Files .*2 passed/u);
    await done(process.execPath, [command, 'run', '--once'], folder);
    const published = 'https://lake.blob.core.windows.net/out/orders.csv';
    const lineage = await done(process.execPath, [command, 'lineage', published], folder);
    expect(lineage).toContain('etl://scheduler/jobs/load-orders');
    expect(lineage).toContain('https://lake.blob.core.windows.net/raw/orders.csv');
  });

  it('exports the contracts', { timeout: 60_000 }, async () => {
    const script =
      "import { StreamError, producerComponent, sinkComponent } from 'purview-streams'; console.log(typeof StreamError, typeof producerComponent, typeof sinkComponent);";
    const stdout = await done(process.execPath, ['--input-type=module', '-e', script], folder);
    expect(stdout.trim()).toBe('function function function');
  });
});
