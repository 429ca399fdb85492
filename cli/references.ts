import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StreamError } from '../pipeline/errors.ts';

const reference = /\$\{(env|file):([^}]+)\}/g;

/** Where references are resolved. */
export interface ReferenceScope {
  /** Folder that relative paths of `${file:…}` start from. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fields that are left as they are. @default none */
  readonly skip?: (field: Field) => boolean;
  /** How messages name a field, such as with its file and line. @default its path, joined by dots */
  readonly locate?: (field: Field) => string;
}

/** Keys and indices from the root to a value. */
type Field = readonly (string | number)[];

/**
 * Replaces `${env:NAME}` by the environment variable and `${file:PATH}` by the file's text without its last line break, in
 * every text of a value. Throws CONFIG_REFERENCE, naming the field and the reference but never a content.
 */
export async function resolveReferences(
  value: unknown,
  scope: ReferenceScope,
  field: Field = [],
): Promise<unknown> {
  if (scope.skip?.(field) === true) return value;
  if (typeof value === 'string') return resolveText(value, scope, field);
  if (Array.isArray(value)) {
    return Promise.all(value.map((element, index) => resolveReferences(element, scope, [...field, index])));
  }
  if (value === null || typeof value !== 'object') return value;
  const resolved = await Promise.all(
    Object.entries(value).map(
      async ([key, member]) => [key, await resolveReferences(member, scope, [...field, key])] as const,
    ),
  );
  return Object.fromEntries(resolved);
}

async function resolveText(text: string, scope: ReferenceScope, field: Field): Promise<string> {
  const found = await Promise.all(
    [...text.matchAll(reference)].map(async ([whole, kind, name = '']) => ({
      whole,
      replacement: kind === 'env' ? fromEnvironment(name, scope, field) : await fromFile(name, scope, field),
    })),
  );
  let at = 0;
  return text.replaceAll(reference, (whole) => found[at++]?.replacement ?? whole);
}

function fromEnvironment(name: string, scope: ReferenceScope, field: Field): string {
  const value = scope.env[name];
  if (value !== undefined) return value;
  throw new StreamError(
    'CONFIG_REFERENCE',
    `${nameOf(field, scope)}: the environment variable ${name} is not set.`,
    {
      advice: `Set ${name}, or write the value into the configuration.`,
    },
  );
}

async function fromFile(name: string, scope: ReferenceScope, field: Field): Promise<string> {
  try {
    return (await readFile(path.resolve(scope.folder, name), 'utf8')).replace(/\r?\n$/, '');
  } catch (thrown) {
    throw new StreamError(
      'CONFIG_REFERENCE',
      `${nameOf(field, scope)}: the file ${name} cannot be read: ${messageOf(thrown)}.`,
      { cause: thrown },
    );
  }
}

function nameOf(field: Field, { locate }: ReferenceScope): string {
  return locate?.(field) ?? field.join('.');
}
