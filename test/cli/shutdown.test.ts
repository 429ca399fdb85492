import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { root, start } from '../support/cli.ts';

const script = `
  import { onShutdown } from '${root}cli/shutdown.ts';
  onShutdown(() => console.log('draining'));
  setInterval(() => undefined, 1000);
  console.log('ready');
`;

/** Starts a process that never finishes to drain, and sends its first SIGINT. */
async function draining() {
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script];
  const running = start(process.execPath, args);
  const printed = (text: string) =>
    vi.waitUntil(() => running.output().stdout.includes(text), { timeout: 30_000 });
  await printed('ready');
  running.child.kill('SIGINT');
  await printed('draining');
  return running;
}

it('onShutdown() drains on the first SIGINT and ends with 130 when a later one comes', {
  timeout: 60_000,
}, async () => {
  const running = await draining();
  const again = setInterval(() => running.child.kill('SIGINT'), 50);
  const { code } = await running.ended;
  clearInterval(again);
  expect(code).toBe(130);
});

it('onShutdown() ends with 130 when a SIGTERM follows', { timeout: 60_000 }, async () => {
  const running = await draining();
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(130);
});

it('onShutdown() goes on draining when the same Ctrl-C arrives twice, as npm passes it on', {
  timeout: 60_000,
}, async () => {
  const running = await draining();
  running.child.kill('SIGINT');
  expect(await Promise.race([running.ended, delay(100, 'goes on')])).toBe('goes on');
  running.child.kill('SIGKILL');
  await running.ended;
});
