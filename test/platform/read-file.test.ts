import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { globMatcher, listFiles } from '../../platform/list-files.ts';
import { decodeText, readFileUnder } from '../../platform/read-file.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'read-file-'));
  await mkdir(join(root, 'in', 'deep'), { recursive: true });
  await writeFile(join(root, 'in', 'a.txt'), 'inside');
  await writeFile(join(root, 'in', 'deep', 'b.txt'), 'b');
  await writeFile(join(root, 'in', '.hidden.txt'), 'h');
  await writeFile(join(root, 'secret.txt'), 'outside');
  await symlink(join(root, 'secret.txt'), join(root, 'in', 'out.txt'));
  await symlink(join(root, 'in', 'a.txt'), join(root, 'in', 'same.txt'));
  await symlink(join(root, 'in'), join(root, 'in', 'deep', 'loop'));
  await symlink('self.txt', join(root, 'in', 'self.txt'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const read = (file: string, maxBytes = 100) => readFileUnder({ root: join(root, 'in'), file, maxBytes });

describe('readFileUnder()', () => {
  it('reads a file that is written slowly only when it is finished, and one that never is all the same', async () => {
    const path = join(root, 'in', 'slow.part');
    await writeFile(path, '');
    const reading = read('slow.part', 1000);
    for (let part = 0; part < 10; part += 1) {
      await appendFile(path, 'part ');
      await delay(20); // the pace of the writer
    }
    expect(new TextDecoder().decode((await reading).bytes)).toBe('part '.repeat(10));
    const stop = new AbortController();
    const endless = (async () => {
      while (!stop.signal.aborted) {
        await appendFile(path, '.');
        await delay(20);
      }
    })();
    expect((await read('slow.part', 100_000)).bytes.length).toBeGreaterThan(50);
    stop.abort();
    await endless;
  });

  it('reads a file, and a link that stays inside', async () => {
    for (const file of ['a.txt', 'same.txt', 'deep/loop/a.txt']) {
      const { bytes, modifiedMs } = await read(file);
      expect(new TextDecoder().decode(bytes)).toBe('inside');
      expect(Number.isInteger(modifiedMs)).toBe(true);
    }
  });

  it.each([
    ['../secret.txt', 'SOURCE_REFUSED'],
    ['deep/../../secret.txt', 'SOURCE_REFUSED'],
    ['out.txt', 'SOURCE_REFUSED'],
    ['self.txt', 'SOURCE_REFUSED'],
    ['deep', 'SOURCE_REFUSED'],
    ['none.txt', 'SOURCE_NOT_FOUND'],
    ['a.txt/b', 'SOURCE_NOT_FOUND'],
    ['a\0b', 'SOURCE_REFUSED'],
  ])('refuses %j with %s', async (file, code) => {
    await expect(read(file)).rejects.toMatchObject({ code });
  });

  it('refuses a file above the cap, also one whose size the system does not tell', async () => {
    expect((await read('a.txt', 6)).bytes).toHaveLength(6);
    await expect(read('a.txt', 5)).rejects.toMatchObject({ code: 'SOURCE_LIMIT' });
  });
});

describe('decodeText()', () => {
  it('reads UTF-8 with and without a byte order mark, UTF-16 by its mark, and a named encoding', () => {
    const utf16 = Buffer.from('\uFEFF\u00e9', 'utf16le');
    expect(decodeText(Buffer.from('\uFEFF\u00e9'), 'f')).toBe('\u00e9');
    expect(decodeText(utf16, 'f')).toBe('\u00e9');
    expect(decodeText(Buffer.from(utf16).swap16(), 'f')).toBe('\u00e9');
    expect(decodeText(Buffer.from([0xe9]), 'f', 'iso-8859-1')).toBe('\u00e9');
  });

  it('throws SOURCE_INVALID for other bytes and unknown encodings', () => {
    expect(() => decodeText(Buffer.from([0xe9]), 'f')).toThrow('f is not text in utf-8. Save it as UTF-8.');
    expect(() => decodeText(Buffer.from('a'), 'f', 'x-none')).toThrow('f is not text in x-none.');
  });
});

describe('listFiles()', () => {
  it('lists matching files sorted, links to files too, without hidden names and without following links to folders', async () => {
    const list = (glob: string) => listFiles({ root: join(root, 'in'), glob });
    expect(await list('**/*.txt')).toEqual(['a.txt', 'deep/b.txt', 'out.txt', 'same.txt', 'self.txt']);
    expect(await list('*.txt')).toEqual(['a.txt', 'out.txt', 'same.txt', 'self.txt']);
    expect(await list('deep/?.txt')).toEqual(['deep/b.txt']);
  });

  it('throws SOURCE_LIMIT above its caps and SOURCE_NOT_FOUND without a folder', async () => {
    await expect(listFiles({ root, glob: '**', maxFiles: 2 })).rejects.toMatchObject({
      code: 'SOURCE_LIMIT',
    });
    await expect(listFiles({ root, glob: '**', maxDepth: 1 })).rejects.toMatchObject({
      code: 'SOURCE_LIMIT',
    });
    await expect(listFiles({ root: join(root, 'none'), glob: '**' })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
  });
});

describe('globMatcher()', () => {
  it.each([
    ['**/*.xml', 'a.xml', true],
    ['**/*.xml', 'a/b/c.xml', true],
    ['**/*.xml', 'a.xml.bak', false],
    ['jobs/**/x?.xml', 'jobs/x1.xml', true],
    ['jobs/**/x?.xml', 'jobs/a/b/x1.xml', true],
    ['jobs/**/x?.xml', 'other/x1.xml', false],
    ['*', 'a/b', false],
    ['**', 'a/b', true],
    ['a.b', 'axb', false],
    ['(a+)+[x]', '(a+)+[x]', true],
    ['**/a/**/b', 'a/a/x/b/b', true],
  ])('%j on %j is %j', (glob, path, expected) => {
    expect(globMatcher(glob)(path)).toBe(expected);
  });

  it('does not backtrack without end when pattern and path invite it', () => {
    expect(globMatcher(`${'*a'.repeat(50)}b`)('a'.repeat(5_000))).toBe(false); // 2^50 ways, were they all tried
  });
});
