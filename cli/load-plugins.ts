import { createRequire, register } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { ProducerComponent } from '../pipeline/component.ts';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import type { SinkComponent } from '../pipeline/sink-component.ts';
import type { TransformFactory } from '../pipeline/transform.ts';

/** What plugins add to the registries, by the name that the configuration uses. */
export interface Plugins {
  readonly producers: Readonly<Record<string, ProducerComponent>>;
  readonly transforms: Readonly<Record<string, TransformFactory>>;
  readonly sinks: Readonly<Record<string, SinkComponent>>;
}

/** What there is where the configuration names no plugins. */
export const noPlugins: Plugins = { producers: {}, transforms: {}, sinks: {} };

/** Whether a value has a method and the options that the registries ask for. */
const isComponent = (value: unknown, method: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'options' in value &&
  method in value &&
  typeof value[method as keyof typeof value] === 'function';

const pluginSchema = z.looseObject({
  producers: z
    .record(
      z.string(),
      z.custom<ProducerComponent>(
        (value) => isComponent(value, 'configure'),
        'is not of producerComponent()',
      ),
    )
    .default({}),
  transforms: z
    .record(
      z.string(),
      z.custom<TransformFactory>((value) => typeof value === 'function', 'is no function'),
    )
    .default({}),
  sinks: z
    .record(
      z.string(),
      z.custom<SinkComponent>((value) => isComponent(value, 'create'), 'is not of sinkComponent()'),
    )
    .default({}),
});

/** Errors that say that Node.js cannot load TypeScript itself (Node.js documentation, "Modules: TypeScript"; from 22.18 on it can). */
const isForeignSyntax = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_UNKNOWN_FILE_EXTENSION';

/**
 * Loads the modules that `plugins` names, in order: files (`./my-source.mjs`, from the folder of the configuration) or packages that
 * are installed beside it. Each exports some of `producers`, `transforms` and `sinks`, as the registries of this project do. Throws PLUGIN_INVALID with
 * the module's name where one cannot be loaded, exports none of them, or has a name that there is already.
 */
export async function loadPlugins(names: readonly string[], folder: string): Promise<Plugins> {
  let found = noPlugins;
  for (const name of names) {
    const exported = pluginSchema.safeParse(await importPlugin(name, folder));
    if (!exported.success) {
      const problems = exported.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
      throw new StreamError('PLUGIN_INVALID', `The plugin ${name}: ${problems.join('; ')}.`);
    }
    const { producers, transforms, sinks } = exported.data;
    if ([producers, transforms, sinks].every((registry) => Object.keys(registry).length === 0))
      throw new StreamError(
        'PLUGIN_INVALID',
        `The plugin ${name} exports no producers, transforms or sinks.`,
        {
          advice: 'For example: export const producers = { "my-source": producerComponent({ … }) };',
        },
      );
    found = {
      producers: registryWith(found.producers, producers, 'producers'),
      transforms: registryWith(found.transforms, transforms, 'transforms'),
      sinks: registryWith(found.sinks, sinks, 'sinks'),
    };
  }
  return found;
}

/** A registry with what plugins add to it. Throws PLUGIN_INVALID for a name that is in both. */
export function registryWith<T>(
  own: Readonly<Record<string, T>>,
  added: Readonly<Record<string, T>>,
  what: keyof Plugins,
): Readonly<Record<string, T>> {
  const twice = Object.keys(added).find((name) => Object.hasOwn(own, name));
  if (twice === undefined) return { ...own, ...added };
  throw new StreamError(
    'PLUGIN_INVALID',
    `A plugin has ${twice} among its ${what}, and there is one already.`,
    {
      advice: 'Give it another name: the configuration tells them apart by it.',
    },
  );
}

async function importPlugin(name: string, folder: string): Promise<unknown> {
  try {
    ownPackage();
    return await import(pathToFileURL(located(name, folder)).href);
  } catch (thrown) {
    throw new StreamError('PLUGIN_INVALID', `The plugin ${name} cannot be loaded: ${messageOf(thrown)}.`, {
      cause: thrown,
      advice: isForeignSyntax(thrown)
        ? 'Node.js loads TypeScript from version 22.18 on; compile the plugin to JavaScript for an older one.'
        : 'Paths of plugins start with ./ or / and are relative to the configuration; other names are packages installed beside it.',
    });
  }
}

/** What `purview-streams` and its parts are for a plugin: those of this program, wherever the plugin lies, so that there are no two of them. */
const exportsOfOwn = {
  'purview-streams': '../pipeline/contracts.ts',
  'purview-streams/platform': '../platform/exports.ts',
} as const;

/** A hook of Node.js (documentation, "Modules: Customization Hooks"), which runs in a thread of its own and so is text here. */
const resolver = `let own = {};
const initialize = (given) => { own = given; };
const resolve = (name, context, next) => next(Object.hasOwn(own, name) ? own[name] : name, context);
export { initialize, resolve };`;

let isRegistered = false;

function ownPackage(): void {
  if (isRegistered) return;
  isRegistered = true;
  const extension = path.extname(import.meta.url);
  const data = Object.fromEntries(
    Object.entries(exportsOfOwn).map(([name, file]) => [
      name,
      new URL(file.replace(/\.ts$/u, extension), import.meta.url).href,
    ]),
  );
  register(`data:text/javascript,${encodeURIComponent(resolver)}`, { data });
}

function located(name: string, folder: string): string {
  if (/^\.{0,2}[/\\]/u.test(name) || path.isAbsolute(name)) return path.resolve(folder, name);
  return createRequire(path.join(folder, 'package.json')).resolve(name);
}
