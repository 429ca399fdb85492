import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { type Config, configSchema, secretsSchema } from '../pipeline/config.ts';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { connectAzure } from '../platform/azure-credential.ts';
import { createVaultReader, type VaultReader } from '../platform/key-vault.ts';
import { YamlSource } from '../platform/yaml-source.ts';
import { loadPlugins, type Plugins } from './load-plugins.ts';
import { hasRenewable, type ReferenceScope, resolveReferences } from './references.ts';

/** A configuration that was read, and where it lies. */
export interface LoadedConfig {
  readonly file: string;
  /** Absolute folder that relative paths start from. */
  readonly folder: string;
  readonly config: Config;
  /** What the configured plugins export. */
  readonly plugins: Plugins;
  /** Makes an error of a component's options readable: with the file, the line and the field, and of their `schema` what may stand there. */
  invalid(error: z.ZodError, at: readonly PropertyKey[], schema?: z.ZodType): StreamError;
  /**
   * A section as it was read, with its references resolved again: files and secrets of vaults may have changed since. Undefined where it has
   * none of these. `fresh` asks the vaults also for what they gave a moment ago. Throws as {@link loadConfig} does.
   */
  resolveAgain(at: readonly string[], options: { readonly fresh: boolean }): Promise<unknown>;
  /** A section with all its references resolved, whatever was left out. Throws as {@link loadConfig} does. */
  resolveWhole(at: readonly string[]): Promise<unknown>;
}

/** File that is read when none is named. */
export const defaultConfigFile = 'purview-streams.yaml';

/** How a configuration is read. */
export interface LoadConfigOptions {
  /** Leaves references in `producers` unresolved, see {@link standIn}: commands that connect to no source need no secret of one. @default false */
  readonly withoutSources?: boolean;
}

/**
 * Reads a configuration file: YAML 1.2, with `${env:NAME}`, `${file:PATH}` and `${keyvault:VAULT/NAME}` resolved in every text. Throws CONFIG_NOT_FOUND,
 * CONFIG_SYNTAX (with the line), CONFIG_REFERENCE, SECRET_REFUSED, SECRET_UNAVAILABLE, CONFIG_INVALID (with line and field), or PLUGIN_INVALID.
 */
export async function loadConfig(file: string, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const absolute = path.resolve(file);
  const source = new YamlSource(await readText(absolute), file);
  const folder = path.dirname(absolute);
  const plain = source.value();
  const invalid: LoadedConfig['invalid'] = (error, at, schema) => source.invalid(error, at, schema);
  const own: ReferenceScope = {
    folder,
    env: process.env,
    unneeded: ([section, , option]) =>
      options.withoutSources === true &&
      section === 'producers' &&
      option !== undefined &&
      option !== 'schedule',
    locate: (field) => source.located(field),
  };
  const vaults = await vaultsOf(plain, own, invalid);
  const scope = (fresh: boolean): ReferenceScope => ({
    ...own,
    vault: (secret) => vaults.read(secret, { fresh }),
  });
  const sectionAt = (at: readonly string[]): unknown =>
    at.reduce<unknown>((value, key) => memberOf(value, key), plain);
  const parsed = configSchema.safeParse(await resolveReferences(plain, scope(false)));
  if (!parsed.success) throw invalid(parsed.error, [], configSchema);
  const config = parsed.data;
  return {
    file,
    folder,
    config,
    plugins: await loadPlugins(config.plugins, folder),
    invalid,
    resolveAgain: async (at, { fresh }) => {
      const section = sectionAt(at);
      return hasRenewable(section) ? resolveReferences(section, scope(fresh), at) : undefined;
    },
    resolveWhole: (at) => resolveReferences(sectionAt(at), { ...scope(false), unneeded: () => false }, at),
  };
}

/** What reads secrets of vaults, as the section `secrets` says. It is resolved without them. */
async function vaultsOf(
  plain: unknown,
  scope: ReferenceScope,
  invalid: LoadedConfig['invalid'],
): Promise<VaultReader> {
  const section = await resolveReferences(memberOf(plain, 'secrets'), scope, ['secrets']);
  const parsed = secretsSchema.safeParse(section);
  if (!parsed.success) throw invalid(parsed.error, ['secrets'], secretsSchema);
  const { credential, cacheSeconds } = parsed.data;
  return createVaultReader({ connect: () => connectAzure(credential), cacheMs: cacheSeconds * 1000 });
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    throw new StreamError(
      'CONFIG_NOT_FOUND',
      `Cannot read the configuration ${file}: ${messageOf(thrown)}.`,
      {
        cause: thrown,
        advice: `Name one with --config, or create ${defaultConfigFile} here (docs/configuration.md).`,
      },
    );
  }
}
