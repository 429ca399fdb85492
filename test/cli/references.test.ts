import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRenewable, resolveReferences } from '../../cli/references.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { VaultSecret } from '../../platform/key-vault.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'references-'));
  await writeFile(join(folder, 'password'), 'p\n$& ${env:A}\n');
  await writeFile(join(folder, 'windows'), 'p\r\n');
});
afterAll(() => rm(folder, { recursive: true }));

const resolve = (value: unknown): Promise<unknown> =>
  resolveReferences(value, { folder, env: { A: '$1 and $&', EMPTY: '' } });

describe('resolveReferences()', () => {
  it('replaces references anywhere in any text, and leaves the rest as it is', async () => {
    const value = { a: ['${env:A}', 'x-${env:A}-${env:EMPTY}y'], n: 5, no: null, b: true };
    expect(await resolve(value)).toEqual({
      a: ['$1 and $&', 'x-$1 and $&-y'],
      n: 5,
      no: null,
      b: true,
    });
  });

  it('reads a file relative to the folder, without its last line break, and resolves nothing in it', async () => {
    expect(await resolve('${file:password}')).toBe('p\n$& ${env:A}');
    expect(await resolve(`\${file:${join(folder, 'windows')}}`)).toBe('p');
  });

  it('asks the vault for a secret, in a version where one is named', async () => {
    const asked: VaultSecret[] = [];
    const vault = async (secret: VaultSecret): Promise<string> => {
      asked.push(secret);
      return `<${secret.name}>`;
    };
    const text = 'x-${keyvault:shop/erp-password}-${keyvault:shop.vault.azure.cn/k/0a1b}';
    expect(await resolveReferences({ a: text }, { folder, env: {}, vault })).toEqual({
      a: 'x-<erp-password>-<k>',
    });
    expect(asked).toEqual([
      { vault: 'shop', name: 'erp-password' },
      { vault: 'shop.vault.azure.cn', name: 'k', version: '0a1b' },
    ]);
  });

  it.each(['shop', 'shop/', '/x', 'shop/a_b', 'shop/a/b/c', 'https://shop/a', '../x/a'])(
    'throws CONFIG_REFERENCE for ${keyvault:%s}, which names no secret',
    async (name) => {
      const vault = async (): Promise<string> => 'secret';
      const failure = resolveReferences({ a: `\${keyvault:${name}}` }, { folder, env: {}, vault });
      await expect(failure).rejects.toMatchObject({
        code: 'CONFIG_REFERENCE',
        message: expect.stringMatching(/^a: .*VAULT\/NAME\/VERSION/u),
      });
    },
  );

  it('throws what the vault throws, with the field', async () => {
    const vault = () => Promise.reject(new StreamError('SECRET_REFUSED', 'the secret x may not be read.'));
    const failure = resolveReferences({ list: ['${keyvault:v/x}'] }, { folder, env: {}, vault });
    await expect(failure).rejects.toMatchObject({
      code: 'SECRET_REFUSED',
      message: 'list.0: the secret x may not be read.',
    });
  });

  it('leaves what is no reference', async () => {
    for (const text of ['$env:A', '${A}', '${vault:A}', '${env:}', '${env:A', '{env:A}']) {
      expect(await resolve(text)).toBe(text);
    }
  });

  it('keeps a key named __proto__', async () => {
    const value: unknown = JSON.parse('{"__proto__":"${env:EMPTY}x"}');
    expect(JSON.stringify(await resolve(value))).toBe('{"__proto__":"x"}');
  });

  it.each([
    ['${env:MISSING}', /^list\.0\.password: the environment variable MISSING is not set\. Set MISSING/],
    ['${file:missing.txt}', /^list\.0\.password: the file missing\.txt cannot be read: ENOENT/],
    ['${file:.}', /^list\.0\.password: the file \. cannot be read: EISDIR/],
  ])('throws CONFIG_REFERENCE and names field and reference of %s', async (text, message) => {
    const value = { list: [{ password: text }], other: 'secret' };
    await expect(resolve(value)).rejects.toMatchObject({ code: 'CONFIG_REFERENCE' });
    await expect(resolve(value)).rejects.toThrow(message);
    await expect(resolve(value)).rejects.not.toThrow(/secret/);
  });
});

describe('hasRenewable()', () => {
  it('finds files and vaults at any depth, and no variable, which a process keeps', () => {
    expect(hasRenewable({ a: [{ b: 'x${file:p}' }] })).toBe(true);
    expect(hasRenewable({ a: '${keyvault:v/n}' })).toBe(true);
    expect(hasRenewable({ a: ['${env:A}', null, 3, '${file:}'] })).toBe(false);
  });
});
