import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { exportCatalog } from '../../catalog/export.ts';
import { RealAtlas } from '../support/atlas/read-back.ts';
import { copyRetail, retailFolder } from '../support/retail.ts';
import { changeRetail, type RetailSources, startRetailSources } from '../support/retail-sources.ts';
import { runHere } from '../support/run-here.ts';

/** Those of the example's types that every Atlas has. */
const baseTypes = ['DataSet', 'Process'];

let sources: RetailSources;
let home: string;
let folder: string;
let atlas: RealAtlas;
/** What other files of tests have left there, of types that the example has too: it is the only one whose names have nothing in common. */
let before: ReadonlySet<string>;

beforeAll(async () => {
  atlas = new RealAtlas(inject('atlas'));
  before = new Set(await atlas.guids(baseTypes, ''));
  sources = await startRetailSources();
  home = await mkdtemp(path.join(tmpdir(), 'atlas-retail-'));
  folder = await copyRetail(home);
  const text = await readFile(path.join(retailFolder, 'purview-streams.yaml'), 'utf8');
  const kind = 'sink:\n  kind: local\n';
  if (!text.includes(kind)) throw new Error('The example says its sink in another way.');
  const { url, user, password } = atlas.target;
  const remote = `sink:\n  kind: atlas\n  url: ${url}\n  user: ${user}\n  password: ${password}\n`;
  const both = { 'local.yaml': text, 'atlas.yaml': text.replace(kind, remote) };
  for (const [name, content] of Object.entries(both))
    await writeFile(path.join(folder, name), `${content}\nremovalThreshold: 1\n`);
});

afterAll(async () => {
  await sources.close();
  await rm(home, { recursive: true, force: true });
});

/** Runs the example's pipeline to the end with one of the two sinks; returns its summary. */
async function run(
  sink: 'local' | 'atlas',
): Promise<{ readonly writeCalls?: number; readonly producers: readonly object[] }> {
  const [config, state] = [path.join(folder, `${sink}.yaml`), path.join(folder, `state-${sink}`)];
  const done = await runHere([
    'run',
    '--once',
    '--json',
    '--port',
    '0',
    '--config',
    config,
    '--state',
    state,
  ]);
  if (done.code !== 0) throw new Error(done.stderr + done.stdout);
  return JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '');
}

async function exports(): Promise<{ readonly here: string; readonly there: string }> {
  const here = await exportCatalog(path.join(folder, 'state-local', 'catalog'));
  return { here, there: await atlas.export(here, '', before) };
}

it('the example shop comes to the same in Atlas and in the local catalogue, entity by entity', async () => {
  await run('local');
  await run('atlas');
  const { here, there } = await exports();
  expect(there).toBe(here);
});

it('a second run writes nothing to Atlas', async () => {
  const { producers } = await run('atlas');
  for (const row of producers) expect(row).toMatchObject({ created: 0, updated: 0, deadLetters: 0 });
});

it('after changes and removals in all four sources, both come to the same again', async () => {
  await changeRetail(sources, folder);
  await run('local');
  await run('atlas');
  const { here, there } = await exports();
  expect(here).toContain('/sales/buyers"');
  expect(there).toBe(here);
});
