import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { CatalogOptions } from '../catalog/open-catalog.ts';
import { StreamError, messageOf } from '../pipeline/errors.ts';

/** Options of the command line that make the local catalogue another one than `run` brings. */
export interface CatalogVariant {
  readonly mode?: 'atlas' | 'purview';
  readonly tokens?: string;
  readonly faults?: string;
}

/** Adds these options to the command that serves the catalogue. */
export function addCatalogVariant(command: Command): void {
  command
    .addOption(
      new Option(
        '--mode <kind>',
        "whose paths are served: Atlas's with Basic credentials, or Purview's with bearer tokens",
      )
        .choices(['atlas', 'purview'])
        .default('atlas'),
    )
    .option('--tokens <file>', 'bearer tokens for --mode purview: lines "writer TOKEN" or "reader TOKEN"')
    .option(
      '--faults <json>',
      'let answers go wrong on purpose, for tests of clients (docs/conformance.md); {} lets PUT /faults decide',
    );
}

/** Reads them. Throws CONFIG_INVALID, and CONFIG_NOT_FOUND for a file of tokens that is not there. */
export async function readCatalogVariant(
  given: CatalogVariant,
): Promise<Pick<CatalogOptions, 'mode' | 'auth' | 'faults'>> {
  const { mode = 'atlas', tokens, faults } = given;
  return {
    mode,
    ...(tokens === undefined ? {} : { auth: { bearerTokens: await readTokens(tokens) } }),
    ...(faults === undefined ? {} : { faults: readJson(faults) }),
  };
}

/** A line for each token: what it allows, a space, the token. */
async function readTokens(file: string): Promise<ReadonlyMap<string, 'writer' | 'reader'>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new StreamError(
      'CONFIG_NOT_FOUND',
      `The file of tokens ${file} cannot be read: ${messageOf(thrown)}.`,
      {
        cause: thrown,
      },
    );
  }
  const tokens = new Map<string, 'writer' | 'reader'>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [, role, token] = /^(writer|reader) (\S+)\s*$/.exec(line) ?? [];
    if (token === undefined || (role !== 'writer' && role !== 'reader')) {
      throw new StreamError(
        'CONFIG_INVALID',
        `${file}, line ${index + 1}: not "writer TOKEN" or "reader TOKEN".`,
      );
    }
    tokens.set(token, role);
  }
  return tokens;
}

function readJson(text: string): NonNullable<CatalogOptions['faults']> {
  try {
    return JSON.parse(text) as NonNullable<CatalogOptions['faults']>; // openCatalog() reads it with care
  } catch (thrown) {
    throw new StreamError('CONFIG_INVALID', `--faults is not JSON: ${messageOf(thrown)}.`, {
      cause: thrown,
      advice: `Write it as --faults '{"requestsPerSecond":50}'; {} lets PUT /faults decide.`,
    });
  }
}
