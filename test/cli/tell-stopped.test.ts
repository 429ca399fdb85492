import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startCli, startScript } from '../support/cli.ts';

const writing = fileURLToPath(new URL('../platform/lmdb-gate-child.ts', import.meta.url));

it('`topics list` says which process it may wait for when one that writes is stopped, and goes on when that ends', async () => {
  const state = await mkdtemp(path.join(tmpdir(), 'tell-stopped-'));
  const writer = startScript(writing, ['die', path.join(state, 'topics')]);
  onTestFinished(async () => {
    writer.child.kill('SIGKILL');
    await writer.ended;
    await rm(state, { recursive: true, force: true });
  });
  await vi.waitFor(() => expect(writer.output().stdout).toContain('writing'), 30_000);
  writer.child.kill('SIGSTOP');
  const topics = startCli(['topics', 'list', '--state', state]);
  const { pid } = writer.child;
  const told = `Process ${pid} has ${path.join(state, 'topics')} open and is stopped. If it is in the middle of a write, this waits until it goes on: kill -CONT ${pid}\n`;
  await vi.waitFor(() => expect(topics.output().stderr).toBe(told), 30_000);
  expect(topics.child.exitCode).toBeNull();
  writer.child.kill('SIGKILL');
  expect(await topics.ended).toMatchObject({ code: 0, stderr: told });
});
