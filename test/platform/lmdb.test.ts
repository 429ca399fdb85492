import fs, { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { closeLmdb, type LmdbOptions, openLmdb } from '../../platform/lmdb.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lmdb-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  await rm(folder, { recursive: true, force: true });
});

const optionsOf = (name: string): LmdbOptions => ({
  folder: path.join(folder, name),
  code: 'STATE_UNAVAILABLE',
  advice: 'Restore it.',
});
/** Makes every disk seem to have so many bytes left, until the end of the test. */
function fillDisk(free: number): void {
  const real = fs.statfsSync(folder);
  vi.spyOn(fs, 'statfsSync').mockReturnValue(Object.assign(real, { blocks: 1000, bavail: free, bsize: 1 }));
  syncBuiltinESMExports();
}

/** Files below a folder that this process has open. */
const openFiles = (): readonly string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.startsWith(folder) ? [file] : [];
    } catch {
      return []; // it is closed by now
    }
  });

it('openLmdb() refuses a new folder before LMDB would end the process on it when its disk is full, and opens one that is there', async () => {
  await closeLmdb(openLmdb(optionsOf('there')));
  fillDisk(100_000);
  const refused =
    /new cannot be opened: its disk has 100000 bytes left\. Check that it is on a local disk with free space/u;
  for (const isCache of [false, true])
    expect(() => openLmdb({ ...optionsOf('new'), isCache })).toThrow(refused);
  expect(openFiles()).toEqual([]);
  await closeLmdb(openLmdb(optionsOf('there')));
});

it('openLmdb() says who may write to a folder that cannot be used, what to do about one that is damaged, and leaves nothing of it open', async () => {
  writeFileSync(path.join(folder, 'file'), '');
  expect(() => openLmdb(optionsOf('file'))).toThrow(/cannot be opened: .*this user may write to it/u);
  await mkdir(path.join(folder, 'damaged'));
  writeFileSync(path.join(folder, 'damaged', 'data.mdb'), Buffer.alloc(8192, 1));
  expect(() => openLmdb(optionsOf('damaged'))).toThrow(/data\.mdb is damaged: .*Restore it\./u);
  expect(openFiles()).toEqual([]);
});
