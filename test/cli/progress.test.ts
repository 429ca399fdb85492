import { createServer } from 'node:net';
import { once } from 'node:events';
import process from 'node:process';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startLog } from '../../cli/progress.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
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

it('startLog() tells of the first removals that are referred to and of the first dead letters in a row, and that there are more', async () => {
  const telemetry = createTelemetry();
  const lines: unknown[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(line) > 0);
  onTestFinished(() => spy.mockRestore());
  const end = await startLog(telemetry);
  const referring = [{ typeName: 'job', qualifiedName: 'j' }];
  for (let at = 0; at < 30; at += 1)
    for (const producer of ['p', 'q'])
      telemetry.emit('removalDangles', {
        producer,
        root: { typeName: 't', qualifiedName: `${at}` },
        referring,
      });
  for (let at = 0; at < 30; at += 1)
    for (const code of ['A', 'B'])
      telemetry.emit('deadLettered', { stage: 'sink', producer: 'r', code, message: 'no', id: `${at}` });
  end();
  const ofR = lines.filter((line) => String(line).startsWith('r: '));
  expect(ofR).toHaveLength(20);
  expect(ofR.slice(-2)).toEqual(
    ['A', 'B'].map(
      (code) => `r: more dead letters of ${code}: \`dead-letters list --code ${code}\` shows all\n`,
    ),
  );
  const ofQ = lines.filter((line) => String(line).startsWith('q: '));
  expect(ofQ).toHaveLength(10);
  expect(ofQ[0]).toBe('q: 0 is removed, and j still refers to it\n');
  expect(ofQ.at(-1)).toContain('`--log json` tells of each');
});
