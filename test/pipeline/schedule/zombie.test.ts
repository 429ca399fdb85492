import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { StateStore } from '../../../pipeline/state.ts';
import { topics } from '../../../pipeline/topics.ts';
import { decodeEvent } from '../../../schemas/codec.ts';
import type { RawEvent } from '../../../schemas/types.ts';
import { postgresDatabase } from '../../../state/sql/postgres.ts';
import { createSqlState } from '../../../state/sql/store.ts';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { type RunningCommand, startScript } from '../../support/cli.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

const timeout = 60_000;
const leased = fileURLToPath(new URL('./leased-process.ts', import.meta.url));
const following = fileURLToPath(new URL('./following-process.ts', import.meta.url));
const said = (one: RunningCommand, line: string): Promise<void> =>
  vi.waitFor(() => expect(one.output().stdout.split('\n')).toContain(line), { timeout });

let postgres: TestPostgres;
let login = '';
beforeAll(async () => {
  postgres = await startTestPostgres();
  const { host, port, user, password } = postgres;
  login = JSON.stringify({ host, port, user, password, database: await postgres.createDatabase() });
});
afterAll(() => postgres.stop());

it.concurrent.each(['transport', 'sql'])(
  'whileLeased() lets no process that was stopped move a watermark back, once another one has moved it on (state store %s)',
  {
    timeout,
  },
  async (kind) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'zombie-'));
    const started: RunningCommand[] = [];
    const process = (name: string, from: string): RunningCommand => {
      const one = startScript(leased, [folder, name, from, ...(kind === 'sql' ? [login] : [])]);
      started.push(one);
      return one;
    };
    try {
      const zombie = process('zombie', '0');
      await said(zombie, 'wrote');
      zombie.child.kill('SIGUSR2');
      const heir = process('heir', '1000000');
      await said(heir, 'wrote');
      zombie.child.kill('SIGCONT');
      await said(zombie, 'LEASE_LOST');
      const opened = kind === 'sql' ? inPostgres() : withTopics(folder);
      // The heir still has the lease, so that the zombie cannot have got it again.
      expect(await opened.state.get('watermark')).toMatchObject({ by: 'heir' });
      await opened.close();
    } finally {
      for (const { child } of started) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  },
);

it.concurrent('followSource() lets another process take over, and nothing of the one that was stopped for too long reaches the topic after that', {
  timeout,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'zombie-follower-'));
  const processes: RunningCommand[] = [];
  const begin = (name: string): RunningCommand => {
    const one = startScript(following, [folder, name]);
    processes.push(one);
    return one;
  };
  try {
    const zombie = begin('zombie');
    await said(zombie, 'published');
    const heir = begin('heir');
    await said(heir, 'stands by');
    zombie.child.kill('SIGUSR2');
    await said(heir, 'published');
    zombie.child.kill('SIGCONT');
    await said(zombie, 'stands by');
    zombie.child.kill('SIGKILL'); // nor may it get the right back before its events are looked at
    const transport = createEmbeddedTransport({ folder });
    const tools: string[] = [];
    for await (const { value } of transport.read(topics.raw, 0, 0)) {
      const event = decodeEvent(value ?? new Uint8Array()) as RawEvent;
      if (event.type === 'job') tools.push(event.value.tool);
    }
    await transport.close();
    expect(tools.indexOf('heir')).toBeGreaterThan(tools.lastIndexOf('zombie'));
  } finally {
    for (const { child } of processes) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});

function withTopics(folder: string): { readonly state: StateStore; readonly close: () => Promise<void> } {
  const transport = createEmbeddedTransport({ folder });
  return { state: transport.transactions.state, close: () => transport.close() };
}

function inPostgres(): { readonly state: StateStore; readonly close: () => Promise<void> } {
  const state = createSqlState(
    postgresDatabase(async () => JSON.parse(login)),
    'zombies',
  );
  return { state, close: () => state.close() };
}
