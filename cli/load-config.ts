import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Config, configSchema, secretsSchema } from '../pipeline/config.ts';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { connectAzure } from '../platform/azure-credential.ts';
import { createVaultReader, type VaultReader } from '../platform/key-vault.ts';
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
  /** Makes an error of a component's options readable: with the file, the line and the field. */
  invalid(error: z.ZodError, at: readonly PropertyKey[]): StreamError;
  /**
   * A section as it was read, with its references resolved again: files and secrets of vaults may have changed since. Undefined where it has
   * none of these. `fresh` asks the vaults also for what they gave a moment ago. Throws as {@link loadConfig} does.
   */
  resolveAgain(at: readonly string[], options: { readonly fresh: boolean }): Promise<unknown>;
}

/** File that is read when none is named. */
export const defaultConfigFile = 'purview-streams.yaml';

/** How a configuration is read. */
export interface LoadConfigOptions {
  /** Leaves references in `producers` as they are: commands that only read the catalogue need no secret of a source. @default false */
  readonly withoutSources?: boolean;
}

/**
 * Reads a configuration file: YAML 1.2, with `${env:NAME}`, `${file:PATH}` and `${keyvault:VAULT/NAME}` resolved in every text. Throws CONFIG_NOT_FOUND,
 * CONFIG_SYNTAX (with the line), CONFIG_REFERENCE, SECRET_REFUSED, SECRET_UNAVAILABLE, CONFIG_INVALID (with line and field), or PLUGIN_INVALID.
 */
export async function loadConfig(file: string, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const absolute = path.resolve(file);
  const lines = new LineCounter();
  const document = parseDocument(await readText(absolute), {
    lineCounter: lines,
    prettyErrors: false, // a pretty error quotes the file, which may hold a password
    uniqueKeys: true,
    merge: true,
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new StreamError('CONFIG_SYNTAX', `${file}:${line}: ${problem.message}`, { cause: problem });
  }
  const folder = path.dirname(absolute);
  const plain = plainValue(document, file);
  const source = { file, document, lines, at: [] };
  const invalid = (error: z.ZodError, at: readonly PropertyKey[]): StreamError =>
    new StreamError('CONFIG_INVALID', describe(error, { ...source, at }), { cause: error });
  const own: ReferenceScope = {
    folder,
    env: process.env,
    skip: ([section, , option]) =>
      options.withoutSources === true &&
      section === 'producers' &&
      option !== undefined &&
      option !== 'schedule',
    locate: (field) => located(field, source),
  };
  const vaults = await vaultsOf(plain, own, invalid);
  const scope = (fresh: boolean): ReferenceScope => ({
    ...own,
    vault: (secret) => vaults.read(secret, { fresh }),
  });
  const parsed = configSchema.safeParse(await resolveReferences(plain, scope(false)));
  if (!parsed.success) throw invalid(parsed.error, []);
  const config = parsed.data;
  return {
    file,
    folder,
    config,
    plugins: await loadPlugins(config.plugins, folder),
    invalid,
    resolveAgain: async (at, { fresh }) => {
      const section = at.reduce<unknown>((value, key) => memberOf(value, key), plain);
      return hasRenewable(section) ? resolveReferences(section, scope(fresh), at) : undefined;
    },
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
  if (!parsed.success) throw invalid(parsed.error, ['secrets']);
  const { credential, cacheSeconds } = parsed.data;
  return createVaultReader({ connect: () => connectAzure(credential), cacheMs: cacheSeconds * 1000 });
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

/** The values of a document. Throws CONFIG_SYNTAX for an alias without an anchor, and for aliases that multiply beyond measure. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (thrown) {
    throw new StreamError('CONFIG_SYNTAX', `${file}:1: ${messageOf(thrown)}`, { cause: thrown });
  }
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

interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly at: readonly PropertyKey[];
}

/** One line for each problem: file:line, field, what is wrong, and what is expected. Never a value: it may be a secret. */
function describe(error: z.ZodError, source: Source): string {
  return error.issues
    .flatMap(problemsOf)
    .map(({ field, message }) => `${located(field, source)}: ${message}`)
    .join('\n');
}

interface Problem {
  readonly field: readonly PropertyKey[];
  readonly message: string;
}

function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  const field = issue.path;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ field: [...field, key], message: 'this key is not known here' }));
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ field, message }));
  return [{ field, message: issue.message }];
}

/** `file:line: field`. */
function located(field: readonly PropertyKey[], source: Source): string {
  const whole = [...source.at, ...field];
  return `${source.file}:${lineOf(whole, source)}: ${whole.map(String).join('.') || 'the file'}`;
}

/** The line of a field's key, or of the nearest thing around it that is in the file. */
function lineOf(field: readonly PropertyKey[], { document, lines }: Source): number {
  let node: unknown = document.contents;
  let line = 1;
  for (const segment of field) {
    if (isAlias(node)) node = node.resolve(document);
    let place: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      place = pair?.key;
      node = pair?.value;
    } else if (isSeq(node)) {
      place = node.items[Number(segment)];
      node = place;
    }
    if (!isNode(place) || !place.range) break;
    line = lines.linePos(place.range[0]).line;
  }
  return line;
}
