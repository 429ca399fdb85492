import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveReferences } from '../../cli/references.ts';

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
