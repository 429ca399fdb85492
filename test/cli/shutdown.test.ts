import { expect, it, vi } from 'vitest';
import { root, start } from '../support/cli.ts';

const script = `
  import { onShutdown } from '${root}cli/shutdown.ts';
  onShutdown(() => console.log('draining'));
  setInterval(() => undefined, 1000);
  console.log('ready');
`;

it('onShutdown() drains on the first SIGINT and ends with 130 when a second one comes', {
  timeout: 60_000,
}, async () => {
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script];
  const running = start(process.execPath, args);
  const printed = (text: string) =>
    vi.waitUntil(() => running.output().stdout.includes(text), { timeout: 30_000 });
  await printed('ready');
  running.child.kill('SIGINT');
  await printed('draining');
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
});
