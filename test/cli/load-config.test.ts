import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type LoadedConfig, loadConfig } from '../../cli/load-config.ts';

const secret = 'correct-horse-battery';
let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'));
  file = join(folder, 'c.yaml');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

async function load(...lines: readonly string[]): Promise<LoadedConfig> {
  await writeFile(file, lines.join('\n'));
  return loadConfig(file);
}

/** The error of a configuration that cannot be loaded, and all that a log could print of it. */
async function failure(...lines: readonly string[]): Promise<{ code: string; message: string; all: string }> {
  const thrown: unknown = await load(...lines).then(
    () => new Error('It was loaded.'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof Error)) throw new TypeError('What was thrown is no error.');
  const code = 'code' in thrown ? String(thrown.code) : '';
  return { code, message: thrown.message.replaceAll(file, 'c.yaml'), all: inspect(thrown, { depth: 9 }) };
}

const sink = ['sink:', '  kind: file', '  path: out'];

describe('loadConfig()', () => {
  it('fills in defaults, and keeps the options of components as they are', async () => {
    const { config, folder: at } = await load(
      ...sink,
      'producers:',
      '  shop: { kind: postgres, password: x }',
    );
    expect(at).toBe(folder);
    expect(config).toMatchObject({
      sink: { kind: 'file', path: 'out' },
      removalThreshold: 0.2,
      delivery: { batch: 200 },
      producers: { shop: { kind: 'postgres', password: 'x' } },
    });
  });

  it('resolves references before it checks', async () => {
    vi.stubEnv('SHOP_PASSWORD', secret);
    const { config } = await load(
      ...sink,
      'producers:',
      '  s: { kind: postgres, password: "${env:SHOP_PASSWORD}" }',
    );
    expect(config.producers['s']?.['password']).toBe(secret);
  });

  it('throws CONFIG_NOT_FOUND and says what to do when there is no file', async () => {
    const missing = join(folder, 'missing.yaml');
    await expect(loadConfig(missing)).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
    await expect(loadConfig(missing)).rejects.toThrow(/missing\.yaml.*--config/);
  });

  it.each([
    [['sink: { kind: [', `password: ${secret}`], /^c\.yaml:\d: /],
    [['sink:', `  password: "${secret}`], /^c\.yaml:\d: /],
    [['a: 1', 'b: 2', 'a: 3'], /^c\.yaml:3: Map keys must be unique/],
    [['sink:', '\tkind: x'], /^c\.yaml:2: /],
    [['a: 1', '---', 'b: 2'], /^c\.yaml:\d: .*multiple documents/],
    [['sink: *nobody'], /^c\.yaml:1: Unresolved alias/],
    [
      [
        'a: &a [x, x, x, x, x, x, x, x, x]',
        ...['b', 'c', 'd', 'e'].map((name, index) => {
          const before = `*${'abcd'[index]}`;
          return `${name}: &${name} [${Array.from({ length: 9 }, () => before).join(', ')}]`;
        }),
      ],
      /^c\.yaml:1: Excessive alias count/,
    ],
  ])('throws CONFIG_SYNTAX with the line when the YAML is wrong: %j', async (lines, message) => {
    const { code, message: text, all } = await failure(...lines);
    expect(code).toBe('CONFIG_SYNTAX');
    expect(text).toMatch(message);
    expect(all).not.toContain(secret);
  });

  it('throws CONFIG_INVALID with line and field of every problem', async () => {
    const { code, message } = await failure(
      ...sink,
      'delivery:',
      '  batch: many',
      '  speed: 3',
      'producers:',
      '  good: { kind: x }',
      '  "bad name": { kind: x }',
      '  empty:',
      '    path: x',
      'colour: red',
    );
    expect(code).toBe('CONFIG_INVALID');
    expect(message.split('\n').sort()).toEqual([
      'c.yaml:10: producers.empty.kind: is missing: expected a text',
      expect.stringMatching(/^c\.yaml:12: colour: this key is not known here; known are: .*producers/),
      'c.yaml:5: delivery.batch: expected a number, but this is a text',
      expect.stringMatching(/^c\.yaml:6: delivery\.speed: this key is not known here; known are: .*batch/),
      'c.yaml:9: producers.bad name: a producer name is made of letters, digits, dot, dash and underscore',
    ]);
  });

  it('throws CONFIG_INVALID when the file is empty, a list or a text', async () => {
    for (const lines of [[''], ['- a'], ['text'], ['sink: 5', 'producers: {}']]) {
      expect(await failure(...lines)).toMatchObject({ code: 'CONFIG_INVALID' });
    }
  });

  it('takes the state store kafka by its name where the topics are there, and nowhere else', async () => {
    const kafka = 'transport: { kind: kafka, brokers: [localhost:9092] }';
    const store = 'stateStore: { kind: kafka }';
    expect((await load(...sink, 'producers: {}', kafka, store)).config.stateStore.kind).toBe('kafka');
    expect((await failure(...sink, 'producers: {}', store)).message).toContain(
      'stateStore.kind: kafka is the state of the transport kafka, and transport.kind is embedded',
    );
  });

  it('throws CONFIG_REFERENCE with line and field when a reference cannot be resolved', async () => {
    const { code, message } = await failure(
      ...sink,
      'producers:',
      '  s:',
      '    url: "${env:NOT_SET_ANYWHERE}"',
    );
    expect(code).toBe('CONFIG_REFERENCE');
    expect(message).toMatch(/^c\.yaml:6: producers\.s\.url: the environment variable NOT_SET_ANYWHERE/);
  });

  it('never shows a value that a reference stands for', async () => {
    vi.stubEnv('SHOP_PASSWORD', secret);
    const reference = '"${env:SHOP_PASSWORD}"';
    for (const lines of [
      [`state: [${reference}]`],
      ['delivery:', `  batch: ${reference}`],
      ['transport:', `  kind: ${reference}`],
      [`removalThreshold: ${reference}`],
    ]) {
      const { code, all } = await failure(...sink, 'producers: {}', ...lines);
      expect(code).toBe('CONFIG_INVALID');
      expect(all).not.toContain(secret);
    }
  });

  it('invalid() places the problems of a component in the file', async () => {
    const loaded = await load(...sink, 'producers:', '  shop:', '    kind: x', '    port: high');
    const checked = z.strictObject({ kind: z.string(), port: z.number(), host: z.string() });
    const { error } = checked.safeParse(loaded.config.producers['shop']);
    if (error === undefined) throw new Error('It was valid.');
    expect(loaded.invalid(error, ['producers', 'shop']).message.replaceAll(file, 'c.yaml')).toBe(
      'c.yaml:7: producers.shop.port: expected a number, but this is a text\n' +
        'c.yaml:5: producers.shop.host: is missing: expected a text',
    );
  });

  it('follows aliases and merged keys to their place', async () => {
    const { message } = await failure(...sink, 'x: &d { batch: many }', 'delivery: *d', 'producers: {}');
    expect(message.split('\n')).toContain('c.yaml:4: delivery.batch: expected a number, but this is a text');
  });
});
