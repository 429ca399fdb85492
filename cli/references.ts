import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import type { VaultSecret } from '../platform/key-vault.ts';

const reference = /\$\{(env|file|keyvault):([^}]+)\}/g;
/** Names of vaults and secrets as Azure has them ("Object identifiers, vault-name and object-name"); a host may have a port. */
const vaultName = /^([A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?)\/([0-9A-Za-z-]{1,127})(?:\/([0-9A-Za-z]{1,64}))?$/;

/** Where references are resolved. */
export interface ReferenceScope {
  /** Folder that relative paths of `${file:…}` start from. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a secret of a vault. @default there are no vaults */
  readonly vault?: (secret: VaultSecret) => Promise<string>;
  /** Fields whose references nobody needs: {@link standIn} stands for what they mean. @default none */
  readonly unneeded?: (field: Field) => boolean;
  /** How messages name a field, such as with its file and line. @default its path, joined by dots */
  readonly locate?: (field: Field) => string;
}

/** Keys and indices from the root to a value. */
type Field = readonly (string | number)[];

/**
 * Replaces `${env:NAME}` by the environment variable, `${file:PATH}` by the file's text without its last line break, and
 * `${keyvault:VAULT/NAME}` or `${keyvault:VAULT/NAME/VERSION}` by the secret, in every text of a value. Throws CONFIG_REFERENCE, or what the vault's
 * reader throws, naming the field and the reference but never a content.
 */
export async function resolveReferences(
  value: unknown,
  scope: ReferenceScope,
  field: Field = [],
): Promise<unknown> {
  if (typeof value === 'string')
    return scope.unneeded?.(field) === true ? withStandIns(value) : resolveText(value, scope, field);
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

/**
 * A name that is nobody's (RFC 2606), for what a reference means that is not resolved: as a whole text it is an address, which most fields take. Where a
 * value contains it, it was needed after all.
 */
export const standIn = 'reference.invalid';

function withStandIns(text: string): string {
  return text.replaceAll(reference, (whole) => (whole === text ? `https://${standIn}/` : standIn));
}

async function resolveText(text: string, scope: ReferenceScope, field: Field): Promise<string> {
  const found = await Promise.all(
    [...text.matchAll(reference)].map(async ([whole, kind, name = '']) => ({
      whole,
      replacement: await (kind === 'env' ? fromEnvironment : kind === 'file' ? fromFile : fromVault)(
        name,
        scope,
        field,
      ),
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

async function fromVault(name: string, scope: ReferenceScope, field: Field): Promise<string> {
  const [, vault, secret, version] = vaultName.exec(name) ?? [];
  if (vault === undefined || secret === undefined || scope.vault === undefined) {
    throw new StreamError(
      'CONFIG_REFERENCE',
      scope.vault === undefined
        ? `${nameOf(field, scope)}: a secret of a vault cannot stand here.`
        : `${nameOf(field, scope)}: \${keyvault:${name}} names no secret.`,
      {
        advice:
          scope.vault === undefined
            ? 'Use ${env:NAME} or ${file:PATH}.'
            : 'Write it as ${keyvault:VAULT/NAME} or ${keyvault:VAULT/NAME/VERSION}.',
      },
    );
  }
  try {
    return await scope.vault({ vault, name: secret, ...(version === undefined ? {} : { version }) });
  } catch (thrown) {
    if (!(thrown instanceof StreamError)) throw thrown;
    throw new StreamError(thrown.code, `${nameOf(field, scope)}: ${thrown.message}`, { cause: thrown.cause });
  }
}

/** Whether a value has a reference in it whose meaning may change while a process runs: a file or a secret of a vault. */
export function hasRenewable(value: unknown): boolean {
  if (typeof value === 'string') return /\$\{(?:file|keyvault):[^}]+\}/.test(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasRenewable);
}

function nameOf(field: Field, { locate }: ReferenceScope): string {
  return locate?.(field) ?? field.join('.');
}
