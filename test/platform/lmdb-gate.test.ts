import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { aloneIn, closeLmdb, openLmdb, transact } from '../../platform/lmdb.ts';
import { type RunningCommand, start } from '../support/cli.ts';

/** What gives a process a PID namespace of its own, as a container does: its PID is 1. */
const contained = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child'] as const;
const canContain = spawnSync(contained[0], [...contained.slice(1), 'true']).status === 0;
const script = fileURLToPath(new URL('./lmdb-gate-child.ts', import.meta.url));
const key = Buffer.from('key');
const options = { code: 'STATE_UNAVAILABLE', advice: 'None.' } as const;
let folder = '';
let writer: RunningCommand | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lmdb-gate-'));
});

afterEach(async () => {
  writer?.child.kill('SIGKILL');
  await writer?.ended;
  writer = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** Another process is alone in the environment: for a while, or in the middle of a write for ever. */
async function startWriter(role: 'end' | 'die'): Promise<RunningCommand> {
  const started = start(process.execPath, ['--import', 'tsx', script, role, folder]);
  writer = started;
  await vi.waitFor(() => expect(started.output().stdout).toContain('writing'), 30_000);
  return started;
}

/** Does to the locks of an environment what `pthread_mutex_destroy` does: they cannot be taken any more. */
function destroyLocks(file: string): void {
  const locks = { from: 24, bytes: 120 }; // mti_rmutex, mti_wmutex and mti_sync_mutex of mdb.c
  const handle = openSync(path.join(folder, file), 'r+');
  writeSync(handle, Buffer.alloc(locks.bytes, 0xff), 0, locks.bytes, locks.from);
  closeSync(handle);
}

it.each([
  ['writes to it', () => undefined],
  ['writes to it and gate.mdb is damaged', () => truncateSync(path.join(folder, 'gate.mdb'), 4096)],
])('openLmdb() opens an environment at the end of another process that %s', async (_what, damage) => {
  await startWriter('end');
  damage();
  writeFileSync(path.join(folder, 'opening'), '');
  const environment = openLmdb({ folder, ...options });
  try {
    expect(existsSync(path.join(folder, 'written'))).toBe(true);
    expect(environment.get(key)).toBe('value');
  } finally {
    await closeLmdb(environment);
  }
});

it('openLmdb() opens, and aloneIn() writes, when the process that wrote was killed in the middle of it', async () => {
  const { child, ended } = await startWriter('die');
  child.kill('SIGKILL');
  await ended;
  const environment = openLmdb({ folder, ...options });
  try {
    expect(environment.get(key)).toBeUndefined();
    const write = (): void => environment.transactionSync(() => environment.putSync(key, 'other'));
    aloneIn(environment, () => aloneIn(environment, write));
    expect(environment.get(key)).toBe('other');
  } finally {
    await closeLmdb(environment);
  }
});

it.each(['gate.mdb-lock', 'lock.mdb'])(
  'openLmdb() opens when the locks of %s were destroyed by the process that closed it last',
  async (file) => {
    await startWriter('end');
    destroyLocks(file);
    writeFileSync(path.join(folder, 'opening'), '');
    const environment = openLmdb({ folder, ...options });
    transact(environment, () => environment.putSync(key, 'other'));
    expect(environment.get(key)).toBe('other');
    await closeLmdb(environment);
  },
);

it.each(['gate.mdb-lock', 'lock.mdb'])(
  'transact() throws before it runs anything when the locks of %s are gone',
  async (file) => {
    const environment = openLmdb({ folder, ...options });
    destroyLocks(file);
    const work = vi.fn<() => void>();
    expect(() => transact(environment, work)).toThrow('LMDB begins no transaction');
    expect(work).not.toHaveBeenCalled();
    await closeLmdb(environment);
  },
);

it.skipIf(!canContain)(
  'openLmdb() says that it is the PID when a process of another namespace has the same one',
  async () => {
    const open = (): RunningCommand =>
      start(contained[0], [
        ...contained.slice(1),
        process.execPath,
        '--import',
        'tsx',
        script,
        'read',
        folder,
      ]);
    const first = open();
    writer = first;
    await vi.waitFor(() => expect(first.output().stdout).toContain('reading'), 30_000);
    const second = open();
    onTestFinished(() => void second.child.kill('SIGKILL'));
    const { code, stderr } = await second.ended;
    expect(code).toBe(1);
    expect(stderr).toContain(
      'is in use by a process of another container which has the PID of this one, 1. Run',
    );
  },
  60_000,
);
