import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configure } from '../../cli/configured.ts';
import { loadConfig } from '../../cli/load-config.ts';
import { loadPlugins } from '../../cli/load-plugins.ts';
import { root } from '../support/cli.ts';

describe('loadPlugins()', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'plugins-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const component = (name: string) =>
    `export const producers = { '${name}': { summary: 's', options: {}, configure: () => ({}) } };`;

  async function plugin(name: string, text: string): Promise<string> {
    await writeFile(path.join(folder, name), text);
    return `./${name}`;
  }

  it('finds files from the folder of the configuration, in order', async () => {
    const names = [await plugin('one.mjs', component('one')), await plugin('two.mjs', component('two'))];
    expect(Object.keys((await loadPlugins(names, folder)).producers)).toEqual(['one', 'two']);
  });

  it.each([
    ['gone.mjs', undefined, /\.\/gone\.mjs cannot be loaded/u],
    ['broken.mjs', 'export const = 1;', /\.\/broken\.mjs cannot be loaded/u],
    ['nothing.mjs', 'export const other = 1;', /exports no producers, transforms or sinks/u],
    ['odd.mjs', 'export const producers = { odd: {} };', /producers\.odd is not of producerComponent\(\)/u],
    ['sink.mjs', 'export const sinks = { odd: 1 };', /sinks\.odd is not of sinkComponent\(\)/u],
    ['step.mjs', 'export const transforms = { odd: 1 };', /transforms\.odd is no function/u],
  ])('names the plugin and what is wrong with it when it is %s', async (name, text, message) => {
    const given = text === undefined ? `./${name}` : await plugin(name, text);
    const loading = loadPlugins([given], folder);
    await expect(loading).rejects.toMatchObject({ code: 'PLUGIN_INVALID' });
    await expect(loading).rejects.toThrow(message);
  });

  it('says how packages and files are told apart when there is no such package', async () => {
    await expect(loadPlugins(['no-such-package'], folder)).rejects.toThrow(/start with \.\//u);
  });

  it('refuses a name that another plugin has', async () => {
    const names = [await plugin('a.mjs', component('same')), await plugin('b.mjs', component('same'))];
    await expect(loadPlugins(names, folder)).rejects.toThrow(/has same among its producers/u);
  });

  it('refuses a name that the project has itself', async () => {
    await plugin('own.mjs', component('postgres'));
    const file = path.join(folder, 'c.yaml');
    const producer = `{ kind: custom-db, path: '${root}examples/retail/warehouse' }`;
    await writeFile(file, `plugins: [./own.mjs]\nsink: { kind: memory }\nproducers: { a: ${producer} }\n`);
    const loaded = await loadConfig(file);
    expect(() => configure(loaded)).toThrow(/has postgres among its producers/u);
  });
});
