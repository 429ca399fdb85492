import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { type RunningCommand, startScript } from '../../support/cli.ts';

const timeout = 60_000;
const script = fileURLToPath(new URL('./leased-process.ts', import.meta.url));

it('whileLeased() lets no process that was stopped move a watermark back, once another one has moved it on', {
  timeout,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'zombie-'));
  const started: RunningCommand[] = [];
  onTestFinished(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  const process = (name: string, from: string): RunningCommand => {
    const one = startScript(script, [folder, name, from]);
    started.push(one);
    return one;
  };
  const said = (one: RunningCommand, line: string): Promise<void> =>
    vi.waitFor(() => expect(one.output().stdout.split('\n')).toContain(line), { timeout });
  const zombie = process('zombie', '0');
  await said(zombie, 'wrote');
  zombie.child.kill('SIGUSR2');
  const heir = process('heir', '1000000');
  await said(heir, 'wrote');
  zombie.child.kill('SIGCONT');
  await said(zombie, 'LEASE_LOST');
  const transport = createEmbeddedTransport({ folder });
  onTestFinished(() => transport.close());
  // The heir still has the lease, so that the zombie cannot have got it again.
  expect(await transport.transactions.state.get('watermark')).toMatchObject({ by: 'heir' });
});
