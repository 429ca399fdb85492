import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCatalogVariant } from '../../cli/catalog-options.ts';

describe('readCatalogVariant()', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'catalog-options-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function tokens(text: string): Promise<string> {
    const file = path.join(folder, 'tokens.txt');
    await writeFile(file, text);
    return file;
  }

  it('reads tokens with what they allow, and faults', async () => {
    const file = await tokens('writer abc\n\nreader x.y-z\n');
    const { mode, auth, faults } = await readCatalogVariant({
      mode: 'purview',
      tokens: file,
      faults: '{"hung":1}',
    });
    expect([...(auth?.bearerTokens ?? [])]).toEqual([
      ['abc', 'writer'],
      ['x.y-z', 'reader'],
    ]);
    expect([mode, faults]).toEqual(['purview', { hung: 1 }]);
  });

  it('names the line of a file of tokens that is wrong, without the token', async () => {
    const failed = readCatalogVariant({ tokens: await tokens('writer abc\nowner secret\n') });
    await expect(failed).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('line 2'),
    });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  });

  it('says what is wrong with a file that is not there, and with faults that are not JSON', async () => {
    await expect(readCatalogVariant({ tokens: path.join(folder, 'none') })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
    });
    await expect(readCatalogVariant({ faults: 'hung=1' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
