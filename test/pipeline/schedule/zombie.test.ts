import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { StateStore } from '../../../pipeline/state.ts';
import { postgresDatabase } from '../../../state/sql/postgres.ts';
import { createSqlState } from '../../../state/sql/store.ts';
import { createEmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { type RunningCommand, startScript } from '../../support/cli.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

const timeout = 60_000;
const script = fileURLToPath(new URL('./leased-process.ts', import.meta.url));

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
      const one = startScript(script, [folder, name, from, ...(kind === 'sql' ? [login] : [])]);
      started.push(one);
      return one;
    };
    const said = (one: RunningCommand, line: string): Promise<void> =>
      vi.waitFor(() => expect(one.output().stdout.split('\n')).toContain(line), { timeout });
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
