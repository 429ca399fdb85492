import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchFiles } from '../../platform/watch-files.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'watch-files-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('watchFiles()', () => {
  it('yields when it is ready, and for files that match only', async () => {
    const stop = new AbortController();
    const changes = watchFiles(
      { path: root, settleMs: 40, matches: (file) => file.endsWith('.xml') },
      stop.signal,
    );
    await changes.next();
    const next = changes.next();
    await writeFile(join(root, 'other.txt'), 'x');
    await writeFile(join(root, 'a.xml'), '<a/>');
    expect(await next).toEqual({ done: false, value: undefined });
    stop.abort();
    expect((await changes.next()).done).toBe(true);
  });

  it('watches one file', async () => {
    const path = join(root, 'one.json');
    await writeFile(path, '{}');
    const stop = new AbortController();
    const changes = watchFiles({ path, settleMs: 40 }, stop.signal);
    await changes.next();
    const next = changes.next();
    await writeFile(path, '{"a":1}');
    expect((await next).done).toBe(false);
    stop.abort();
    expect((await changes.next()).done).toBe(true);
  });

  it('ends while it waits, and at once when its signal has fired before', async () => {
    const stop = new AbortController();
    const changes = watchFiles({ path: root }, stop.signal);
    await changes.next();
    const waiting = changes.next();
    stop.abort();
    expect((await waiting).done).toBe(true);
    expect((await watchFiles({ path: root }, AbortSignal.abort()).next()).done).toBe(true);
  });
});
