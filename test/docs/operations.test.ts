import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { root, shellFunction, start } from '../support/cli.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';

const timeout = 300_000;

describe('docs/operations.md', () => {
  let folder: string;
  let postgres: TestPostgres;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'operations-page-'));
    postgres = await startTestPostgres();
  }, timeout);
  afterAll(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('has steps from a first start over a crash to a restored backup, with the state in PostgreSQL, after which nothing is lost', {
    timeout,
  }, async () => {
    const page = await readFile(path.join(root, 'docs/operations.md'), 'utf8');
    const [, section = ''] = /## Set it up for good([\s\S]*?)\n## /u.exec(page) ?? [];
    const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/gu)].map(([, text = '']) => text);
    expect(blocks).toHaveLength(3);
    const [, main = ''] = /'[^']+' '([^']+)'/u.exec(shellFunction()) ?? [];
    const script = blocks
      .join('')
      .replaceAll('/tmp/operations', folder)
      .replaceAll('21002', String(await freePort()))
      .replaceAll('node --import tsx cli/main.ts', `'${process.execPath}' '${main}'`);
    const trap = "trap 'kill -9 $running 2>/dev/null || true' EXIT";
    const { host, port, user, password = '' } = postgres;
    const database = await postgres.createDatabase();
    const { code, stdout, stderr } = await start(
      'bash',
      ['-c', ['set -e', 'running=', trap, shellFunction(), script].join('\n')],
      {
        env: {
          PGHOST: host,
          PGPORT: String(port),
          PGUSER: user,
          PGPASSWORD: password,
          PGDATABASE: database,
        },
      },
    ).ended;
    expect(stderr).not.toContain('Error');
    expect([code, stdout.trim().split('\n').at(-1)]).toEqual([0, 'Nothing is lost.']);
    expect(stdout).toContain('state store (sql, postgres): answers');
    expect(stdout).toMatch(/^Copied topics and catalog and what producers keep/mu);
    expect(stdout + stderr).not.toContain(password === '' ? 'there is none' : password);
    expect(await readFile(path.join(folder, 'restored'), 'utf8')).toContain(
      'Orders of the shop, after the backup.',
    );
  });
});
