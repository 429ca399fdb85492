import { createServer } from 'node:net';
import { once } from 'node:events';
import process from 'node:process';
import { expect, it, onTestFinished, vi } from 'vitest';
import { HandWorld } from '../support/by-hand.ts';
import { asTerminal } from '../support/terminal.ts';

it('`run` on a terminal ends its line of progress when it cannot begin: nothing else keeps the process then', async () => {
  onTestFinished(asTerminal(process.stderr, true));
  onTestFinished(() => void vi.restoreAllMocks());
  const world = await HandWorld.make([]);
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const started = vi.spyOn(globalThis, 'setInterval');
  const cleared = vi.spyOn(globalThis, 'clearInterval');
  const { code, stderr: said } = await world.run('run', '--once', '--port', String(port));
  const lines = started.mock.results.filter((_, at) => started.mock.calls[at]?.[1] === 200);
  expect([code, said]).toEqual([1, expect.stringContaining(String(port))]);
  expect(lines).toHaveLength(1);
  expect(cleared.mock.calls.map(([timer]) => timer)).toContain(lines[0]?.value);
  taken.close();
  await world.remove();
});
