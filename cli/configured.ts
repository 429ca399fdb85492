import { z } from 'zod';
import type { ProducerComponent, ProducerSetup } from '../pipeline/component.ts';
import { producerSection } from '../pipeline/config.ts';
import { StreamError } from '../pipeline/errors.ts';
import { jobTypes } from '../pipeline/job-types.ts';
import { createNaming, type Naming } from '../pipeline/naming.ts';
import type { PrecedenceRules } from '../pipeline/precedence.ts';
import { purviewTypes } from '../pipeline/purview-types.ts';
import type { SourceSettings } from '../pipeline/transform.ts';
import type { EntityType, SourceTypes } from '../pipeline/types.ts';
import { producers } from '../producers/index.ts';
import { requireSoundRules } from './dataset-rules.ts';
import { loadConfig, type LoadedConfig } from './load-config.ts';
import { registryWith } from './load-plugins.ts';
import { standIn } from './references.ts';
import type { RenewSetup } from './renewed-producer.ts';

/** What the configuration means, before anything is connected. */
export interface Configured {
  readonly loaded: LoadedConfig;
  /** By name, in the order of the file. */
  readonly producers: ReadonlyMap<string, ProducerSetup>;
  readonly naming: Naming;
  /** Types that the sink must find or create: those that producers declare, and those of Purview that `datasets` name. */
  readonly types: readonly SourceTypes[];
  /** Whose word counts where several speak of one asset. */
  readonly precedence: PrecedenceRules;
  /** Settings of a producer for the transforms. Throws CONFIG_INVALID for one that is not configured. */
  settings(producer: string): SourceSettings;
}

/** Checks the options of every producer and puts their types together. Throws CONFIG_INVALID with line and field, TYPE_CONFLICT, NAME_PATTERN. */
export function configure(loaded: LoadedConfig): Configured {
  const setups = configureProducers(loaded);
  const declared = [...setups.values()].map(({ settings }) => settings.types);
  const naming = createNaming([...purviewTypes, ...declared.flatMap((types) => types.entityTypes)]);
  requireSoundRules(loaded, setups, naming);
  return {
    loaded,
    producers: setups,
    naming,
    precedence: precedenceOf(loaded),
    types: [...declared, { entityTypes: namedPurviewTypes(setups, naming, declared), relationshipTypes: [] }],
    settings: (producer) => {
      const setup = setups.get(producer);
      if (setup !== undefined) return setup.settings;
      throw new StreamError(
        'CONFIG_INVALID',
        `An event names the producer ${producer}, which is not in ${loaded.file}.`,
      );
    },
  };
}

/**
 * Reads a configuration for processes that connect to no source: references of producers are resolved only where the transforms or the sink
 * have to know what they mean, such as a server's name in `datasets`. Throws as {@link loadConfig} and {@link configure} do.
 */
export async function configureWithoutSources(file: string): Promise<Configured> {
  const loaded = await loadConfig(file, { withoutSources: true });
  const producers: Record<string, z.output<typeof producerSection>> = {};
  for (const [name, section] of Object.entries(loaded.config.producers))
    producers[name] = needsReferences(loaded, name, section)
      ? producerSection.parse(await loaded.resolveWhole(['producers', name]))
      : section;
  return configure({ ...loaded, config: { ...loaded.config, producers } });
}

/** Whether what a producer tells the stages, or whether it can be configured at all, depends on references that were not resolved. */
function needsReferences(
  loaded: LoadedConfig,
  name: string,
  section: z.output<typeof producerSection>,
): boolean {
  if (!JSON.stringify(section).includes(standIn)) return false;
  try {
    return JSON.stringify(configureProducer(loaded, name, section).settings).includes(standIn);
  } catch {
    return true; // what is wrong without them is told where it is wrong with them
  }
}

/** The configured precedence, with every producer in it. Throws CONFIG_INVALID for one that is not configured. */
function precedenceOf(loaded: LoadedConfig): PrecedenceRules {
  const { precedence, producers } = loaded.config;
  const known = Object.keys(producers);
  const check = (names: readonly string[], path: readonly string[]): void => {
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const message = `there is no producer ${unknown}; known are: ${known.join(', ')}`;
    throw loaded.invalid(new z.ZodError([{ code: 'custom', message, path: [...path], input: names }]), [
      'precedence',
    ]);
  };
  check(precedence.producers, ['producers']);
  for (const [attribute, names] of Object.entries(precedence.attributes))
    check(names, ['attributes', attribute]);
  return { ...precedence, producers: [...new Set([...precedence.producers, ...known])] };
}

/** Throws USAGE for the name of a producer that is not configured. */
export function requireProducer({ producers: configured, loaded }: Configured, name: string): void {
  if (configured.has(name)) return;
  throw new StreamError('USAGE', `There is no producer ${name} in ${loaded.file}.`, {
    advice: `It has: ${[...configured.keys()].join(', ')}.`,
  });
}

/**
 * Tells how a producer is configured with what files and vaults hold now, for one that its source refuses. It gives undefined where nothing of that has
 * changed since it was asked last.
 */
export function renewalOf({ loaded }: Configured, name: string): RenewSetup {
  let before = JSON.stringify(loaded.config.producers[name]);
  return async (fresh) => {
    const again = await loaded.resolveAgain(['producers', name], { fresh });
    const parsed = producerSection.safeParse(again);
    if (!parsed.success || JSON.stringify(parsed.data) === before) return undefined;
    before = JSON.stringify(parsed.data);
    return configureProducer(loaded, name, parsed.data);
  };
}

/**
 * The names of everything that the configuration declares, for commands that only read the catalogue. A producer whose options are
 * not complete without its secrets is left out.
 */
export function declaredNaming(loaded: LoadedConfig): Naming {
  const declared = Object.entries(loaded.config.producers).flatMap(([name, section]) => {
    try {
      return configureProducer(loaded, name, section).settings.types.entityTypes;
    } catch (thrown) {
      if (thrown instanceof StreamError && thrown.code === 'CONFIG_INVALID') return [];
      throw thrown;
    }
  });
  return createNaming([...purviewTypes, ...jobTypes.entityTypes, ...declared]);
}

/** Every producer; what is wrong with several of them is told at once. */
function configureProducers(loaded: LoadedConfig): ReadonlyMap<string, ProducerSetup> {
  const setups = new Map<string, ProducerSetup>();
  const wrong: StreamError[] = [];
  for (const [name, section] of Object.entries(loaded.config.producers)) {
    try {
      setups.set(name, configureProducer(loaded, name, section));
    } catch (thrown) {
      if (!(thrown instanceof StreamError) || thrown.code !== 'CONFIG_INVALID') throw thrown;
      wrong.push(thrown);
    }
  }
  if (wrong.length === 0) return setups;
  throw new StreamError('CONFIG_INVALID', wrong.map(({ message }) => message).join('\n'), {
    cause: wrong[0],
  });
}

function configureProducer(
  loaded: LoadedConfig,
  name: string,
  { kind, schedule: _schedule, ...options }: z.output<typeof producerSection>,
): ProducerSetup {
  const registry = registryWith<ProducerComponent>(producers, loaded.plugins.producers, 'producers');
  const component = Object.hasOwn(registry, kind) ? registry[kind] : undefined;
  if (component === undefined) {
    const known = Object.keys(registry).join(', ');
    const issue = {
      code: 'custom' as const,
      message: `there is no producer of kind "${kind}"; known are: ${known}`,
      path: ['kind'],
      input: kind,
    };
    throw loaded.invalid(new z.ZodError([issue]), ['producers', name]);
  }
  try {
    return component.configure(name, options, { baseFolder: loaded.folder });
  } catch (thrown) {
    const at = ['producers', name];
    if (thrown instanceof z.ZodError) throw loaded.invalid(thrown, at, component.options);
    if (!(thrown instanceof StreamError) || thrown.code !== 'CONFIG_INVALID') throw thrown;
    // An expression that cannot be compiled, for example: `map: …`.
    const [, option = '', what = thrown.message] = /^([a-z][\w.]*): ([^]*)$/i.exec(thrown.message) ?? [];
    const path = Object.hasOwn(options, option.split('.')[0] ?? '') ? option.split('.') : [];
    const message = path.length > 0 ? what : thrown.message;
    throw loaded.invalid(new z.ZodError([{ code: 'custom', message, path, input: undefined }]), at);
  }
}

/** Purview's own types that `datasets` name, beside those that a producer declares. */
function namedPurviewTypes(
  setups: ReadonlyMap<string, ProducerSetup>,
  naming: Naming,
  declared: readonly SourceTypes[],
): readonly EntityType[] {
  const own = new Set(declared.flatMap((types) => types.entityTypes.map((type) => type.name)));
  const named = [...setups.values()].flatMap(({ settings }) =>
    Object.values(settings.datasets).flatMap((rule) => rule.types),
  );
  return [...new Set(named)].filter((name) => !own.has(name)).map((name) => naming.type(name));
}
