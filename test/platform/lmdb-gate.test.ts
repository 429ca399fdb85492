import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aloneIn, closeLmdb, openLmdb } from '../../platform/lmdb.ts';
import { type RunningCommand, start } from '../support/cli.ts';

const script = fileURLToPath(new URL('./lmdb-gate-child.ts', import.meta.url));
const key = Buffer.from('key');
const options = { code: 'STATE_UNAVAILABLE', advice: 'None.' } as const;
let folder = '';
let writer: RunningCommand;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lmdb-gate-'));
});

afterEach(async () => {
  writer.child.kill('SIGKILL');
  await writer.ended;
  await rm(folder, { recursive: true, force: true });
});

/** Another process is alone in the environment: for a while, or in the middle of a write for ever. */
async function startWriter(role: 'end' | 'die'): Promise<void> {
  writer = start(process.execPath, ['--import', 'tsx', script, role, folder]);
  await vi.waitFor(() => expect(writer.output().stdout).toContain('writing'), 30_000);
}

it('openLmdb() opens what another process writes to when that is at its end', async () => {
  await startWriter('end');
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
  await startWriter('die');
  writer.child.kill('SIGKILL');
  await writer.ended;
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
