import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configure } from '../../cli/configured.ts';
import { loadConfig } from '../../cli/load-config.ts';
import { createProgram } from '../../cli/program.ts';
import { topicSpecs } from '../../cli/topic-specs.ts';
import { root } from '../support/cli.ts';

const service = z.looseObject({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  volumes: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).default([]),
});
const composeFile = z.looseObject({ services: z.record(z.string(), service) });

const read = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');
const { services } = composeFile.parse(parse(await read('docker-compose.yml'), { merge: true }));
const own = Object.entries(services).filter(([, { build }]) => build !== undefined);
const configurations = ['kafka', 'event-hubs'];

/** What compose makes of `${NAME:-default}` where NAME is not set. */
const byDefault = (text: string): string => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

/** A path within a service as it is in the project. */
const here = (file: string): string => path.join(root, file.replace(/^\/examples/, 'examples'));

/** What a service runs, as a person would write it, with every configuration that there is for it. */
const commands = own.flatMap(([name, { command = [] }]) =>
  configurations.map((pipeline) => [
    `${name} (${pipeline})`,
    command.map((word) => word.replaceAll(/\$\{PIPELINE:-kafka\}/g, pipeline)),
  ]),
) as [string, string[]][];

describe('docker-compose.yml', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('has a service for each stage, and the others as profiles', () => {
    const named = (profile: string): string[] =>
      Object.keys(services).filter((name) => services[name]?.profiles.includes(profile));
    expect(own.map(([name]) => name)).toEqual(['catalogue', 'produce', 'transform', 'sink']);
    expect(Object.keys(services)).toEqual(expect.arrayContaining(['kafka', 'postgres']));
    expect(['azurite', 'event-hubs', 'registry', 'atlas'].map((profile) => named(profile))).toEqual([
      ['azurite'],
      ['azurite', 'event-hubs'],
      ['registry'],
      ['atlas'],
    ]);
  });

  it('lets the sink be scaled, and its own services write nowhere but where they may', () => {
    expect(services['sink']?.ports).toEqual([]);
    for (const [, { read_only: isReadOnly }] of own) expect(isReadOnly).toBe(true);
  });

  it('opens ports to this machine alone', () => {
    for (const port of Object.values(services).flatMap(({ ports }) => ports))
      expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('mounts only files that exist, and depends on services that do', () => {
    for (const { volumes, depends_on: needed } of Object.values(services)) {
      for (const volume of volumes.filter((one) => one.startsWith('./')))
        expect(existsSync(path.join(root, volume.split(':')[0] ?? ''))).toBe(true);
      for (const name of Array.isArray(needed) ? needed : Object.keys(needed))
        expect(Object.keys(services)).toContain(name);
    }
  });

  it.each(commands)('has a command of ours for %s', async (_, [name, ...words]) => {
    const program = await createProgram(() => undefined);
    const command = program.commands.find((one) => one.name() === name);
    const { operands = [], unknown } = command?.parseOptions(words) ?? {};
    expect(unknown).toEqual([]);
    expect(operands.length > 0).toBe(name === 'produce');
    const configs = words.filter((_word, index) => words[index - 1] === '--config');
    expect(configs.filter((config) => !existsSync(here(config)))).toEqual([]);
  });

  it.each(configurations)('gives %s all that its configuration names', async (name) => {
    const { config, producers } = await configurationOf(name);
    const asked = services['produce']?.command?.filter((word) => producers.has(word));
    expect(asked).toEqual([...producers.keys()]);
    expect(config.sink).toMatchObject({ kind: 'atlas', url: 'http://catalogue:21000' });
  });

  it('gives the emulator of Event Hubs the event hubs and the consumer group that are read', async () => {
    const { config } = await configurationOf('event-hubs');
    const hub = z.object({
      Name: z.string(),
      PartitionCount: z.string(),
      ConsumerGroups: z.array(z.object({ Name: z.string() })),
    });
    const emulator = z.object({
      UserConfig: z.object({ NamespaceConfig: z.tuple([z.object({ Entities: z.array(hub) })]) }),
    });
    const text = await read('examples/compose/event-hubs-emulator.json');
    const { Entities: hubs } = emulator.parse(JSON.parse(text)).UserConfig.NamespaceConfig[0];
    expect(hubs).toEqual(
      topicSpecs(config).map(({ name, partitions }) => ({
        Name: name,
        PartitionCount: String(partitions),
        ConsumerGroups: [{ Name: config.transport.consumerGroup }],
      })),
    );
  });
});

/** A configuration as the services read it, with the environment that they are given. */
async function configurationOf(name: string) {
  for (const [variable, text] of Object.entries(services['produce']?.environment ?? {}))
    vi.stubEnv(variable, byDefault(String(text)));
  const loaded = await loadConfig(path.join(root, `examples/compose/${name}.yaml`));
  return { config: loaded.config, producers: configure(loaded).producers };
}
