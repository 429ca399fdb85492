import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Document, LineCounter, parseDocument, isNode } from 'yaml';
import type { z } from 'zod';
import { type Config, configSchema } from '../pipeline/config.ts';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { resolveReferences } from './references.ts';

/** A configuration that was read, and where it lies. */
export interface LoadedConfig {
  readonly file: string;
  /** Absolute folder that relative paths start from. */
  readonly folder: string;
  readonly config: Config;
  /** Makes an error of a component's options readable: with the file, the line and the field. */
  invalid(error: z.ZodError, at: readonly PropertyKey[]): StreamError;
}

/** File that is read when none is named. */
export const defaultConfigFile = 'purview-streams.yaml';

/**
 * Reads a configuration file: YAML 1.2, with `${env:NAME}` and `${file:PATH}` resolved in every text. Throws CONFIG_NOT_FOUND,
 * CONFIG_SYNTAX (with the line), CONFIG_REFERENCE, or CONFIG_INVALID (with line, field and value).
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const absolute = path.resolve(file);
  const lines = new LineCounter();
  const document = parseDocument(await readText(absolute), {
    lineCounter: lines,
    prettyErrors: true,
    uniqueKeys: true,
    merge: true,
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const [position] = problem.linePos ?? [];
    throw new StreamError(
      'CONFIG_SYNTAX',
      `${file}:${position?.line ?? 1}: ${problem.message.split('\n')[0]}`,
      { cause: problem },
    );
  }
  const folder = path.dirname(absolute);
  const raw = await resolveReferences(document.toJS({ maxAliasCount: 100 }) ?? {}, {
    folder,
    env: process.env,
  });
  const invalid = (error: z.ZodError, at: readonly PropertyKey[]): StreamError =>
    new StreamError('CONFIG_INVALID', describe(error, { file, document, lines, at }), { cause: error });
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success) throw invalid(parsed.error, []);
  return { file, folder, config: parsed.data, invalid };
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

/** One line for each problem: file:line, field, what is wrong, and what is expected. */
function describe(error: z.ZodError, source: Source): string {
  return error.issues
    .map((issue) => {
      const field = [...source.at, ...issue.path];
      return `${source.file}:${lineOf(field, source)}: ${field.map(String).join('.') || 'the file'}: ${issue.message}`;
    })
    .join('\n');
}

/** The line of a field, or of the nearest thing around it that is in the file. */
function lineOf(field: readonly PropertyKey[], { document, lines }: Source): number {
  for (let length = field.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(field.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
