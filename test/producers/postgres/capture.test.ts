import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startEmbeddedPostgres } from '../../../examples/retail/postgres/embedded.ts';
import { installStatements, uninstallStatements } from '../../../producers/postgres/capture.ts';
import { postgres } from '../../../producers/postgres/component.ts';
import { runHere } from '../../support/run-here.ts';
import { openProducer, startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { scanned, startFollower } from '../../support/postgres-follower.ts';

const patience = { timeout: 30_000, interval: 20 };

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
const roles: { readonly user: string; readonly database: string }[] = [];
afterAll(async () => {
  for (const { user, database } of roles)
    await server.run(database, `DROP OWNED BY ${user} CASCADE; DROP ROLE ${user}`);
  await server.stop();
});

const install = (database: string, reader = server.user): Promise<void> =>
  server.run(database, installStatements(reader).join(';\n'));

/** A role of its own name that may log in, with a password. */
const roleIn = async (database: string, grants: string): Promise<{ user: string; password: string }> => {
  const user = `role_${database.slice(5, 17)}_${roles.length}`;
  await server.run(database, `CREATE ROLE ${user} LOGIN PASSWORD 'pw'; ${grants.replaceAll('$role', user)}`);
  roles.push({ user, database });
  return { user, password: 'pw' };
};

const rowsOf = async (database: string, sql: string): Promise<readonly unknown[]> => {
  const client = await server.client(database);
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
};

const noted = (database: string): Promise<readonly unknown[]> =>
  rowsOf(database, 'SELECT command, kind, dropped FROM purview_streams.ddl_outbox ORDER BY id');

describe('the event triggers', () => {
  it('note nothing but identities: no text of a statement, no name of a person', async () => {
    const database = await server.createDatabase();
    await install(database);
    await server.run(
      database,
      "CREATE TABLE t (a text DEFAULT 'canary-91'); CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'canary-91' $$",
    );
    expect(await noted(database)).toEqual([
      ['CREATE TABLE', 'table', false],
      ['CREATE FUNCTION', 'function', false],
    ]);
    const all = await rowsOf(database, 'SELECT o::text FROM purview_streams.ddl_outbox o');
    expect(JSON.stringify(all)).not.toContain('canary-91');
  });

  it('let a change pass with a warning when they cannot note it', async () => {
    const database = await server.createDatabase();
    await install(database);
    await server.run(database, 'DROP TABLE purview_streams.ddl_outbox');
    const client = await server.client(database);
    const warnings: string[] = [];
    client.on('notice', (notice) => warnings.push(String(notice.message)));
    await client.query('CREATE TABLE t (a int); ALTER TABLE t ADD b int; DROP TABLE t');
    await client.end();
    expect(warnings.length).toBeGreaterThanOrEqual(3);
    for (const warning of warnings) expect(warning).toContain('purview-streams did not note this change');
  });

  it('go with their schema when somebody drops it', async () => {
    const database = await server.createDatabase();
    await install(database);
    await server.run(database, 'DROP SCHEMA purview_streams CASCADE');
    await server.run(database, 'CREATE TABLE t (a int); DROP TABLE t');
    expect(await rowsOf(database, 'SELECT evtname FROM pg_event_trigger')).toEqual([]);
  });

  it('note the changes of a role without rights, whatever its search path, in replica mode too', async () => {
    const database = await server.createDatabase();
    await install(database);
    const role = await roleIn(database, 'GRANT ALL ON SCHEMA public TO $role');
    const client = new Client({ host: server.host, port: server.port, ...role, database });
    await client.connect();
    await client.query(`
      CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken over'; END $$;
      CREATE FUNCTION public.pg_event_trigger_ddl_commands() RETURNS SETOF record LANGUAGE plpgsql AS $$ BEGIN RAISE 'taken over'; END $$;
      SET search_path = public, pg_catalog; CREATE TABLE t (a int)`);
    await client.end();
    await server.run(database, 'SET session_replication_role = replica; DROP TABLE t');
    expect((await noted(database)).slice(-2)).toEqual([
      ['CREATE TABLE', 'table', false],
      ['DROP TABLE', 'table', true],
    ]);
  });

  it('let a transaction be prepared for two-phase commit, and note it', { timeout: 90_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'prepared-'));
    const connect = async (at: {
      host: string;
      port: number;
      user: string;
      password: string;
    }): Promise<Client> => {
      const { host, port, user, password } = at;
      const client = new Client({ host, port, user, password, database: 'postgres' });
      await client.connect();
      return client;
    };
    const first = await startEmbeddedPostgres(folder);
    const before = await connect(first);
    await before.query('ALTER SYSTEM SET max_prepared_transactions = 5');
    await before.end();
    await first.stop();
    const second = await startEmbeddedPostgres(folder);
    const client = await connect(second);
    try {
      await client.query(installStatements(second.user).join(';\n'));
      await client.query("BEGIN; CREATE TABLE t (a int); PREPARE TRANSACTION 'p'");
      await client.query("COMMIT PREPARED 'p'");
      expect((await client.query('SELECT command FROM purview_streams.ddl_outbox')).rows).toEqual([
        { command: 'CREATE TABLE' },
      ]);
    } finally {
      await client.end();
      await second.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('can be installed and removed again and again, and leave nothing', async () => {
    const database = await server.createDatabase();
    for (let round = 0; round < 2; round += 1) {
      await install(database);
      await install(database);
      await server.run(database, `CREATE TABLE t${round} (a int)`);
      expect((await noted(database)).at(-1)).toEqual(['CREATE TABLE', 'table', false]);
      await server.run(database, uninstallStatements.join(';\n'));
      await server.run(database, uninstallStatements.join(';\n'));
      expect(
        await rowsOf(
          database,
          "SELECT 1 FROM pg_namespace WHERE nspname = 'purview_streams' UNION ALL SELECT 2 FROM pg_event_trigger",
        ),
      ).toEqual([]);
    }
  });

  it('are not installed over a schema of somebody else', async () => {
    const database = await server.createDatabase();
    await roleIn(database, 'CREATE SCHEMA purview_streams AUTHORIZATION $role');
    await expect(install(database)).rejects.toThrow('belongs to another role');
  });
});

describe('a reader without any right but the granted ones', () => {
  it('follows by event triggers, and forgets what is old', async () => {
    const database = await server.createDatabase();
    await server.run(database, 'CREATE TABLE a (x int)');
    const role = await roleIn(database, '');
    await install(database, role.user);
    await server.run(
      database,
      "CREATE TABLE old (x int); UPDATE purview_streams.ddl_outbox SET noted_at = now() - interval '8 days'",
    );
    const follower = await startFollower(server, database, { options: role });
    await server.run(database, 'ALTER TABLE a ADD y int');
    const expected = await scanned(server, database);
    await vi.waitFor(async () => expect(await follower.said()).toEqual(expected), patience);
    expect(follower.scans).toHaveLength(1);
    expect(await noted(database)).toEqual([['ALTER TABLE', 'table', false]]);
    await follower.stop();
  });

  it('says why it goes by the fingerprint', async () => {
    const database = await server.createDatabase();
    const role = await roleIn(database, '');
    const say = async (): Promise<string | undefined> => {
      const producer = await openProducer(server, database, role);
      const how = await producer.describeChanges?.();
      await producer.close();
      return how;
    };
    const by = (why: string): string => `the fingerprint of the catalogue every 5 s (${why}) in ${database}`;
    expect(await say()).toBe(by('no event triggers are installed'));
    await install(database);
    expect(await say()).toBe(by('the role may not read what the event triggers note: install them again'));
    await install(database, role.user);
    expect(await say()).toBe(`event triggers in ${database}`);
    await server.run(database, 'ALTER EVENT TRIGGER purview_streams_drop DISABLE');
    expect(await say()).toBe(by('the event triggers are disabled or gone'));
    await server.run(
      database,
      'ALTER EVENT TRIGGER purview_streams_drop ENABLE; ALTER TABLE purview_streams.ddl_outbox RENAME xid TO x',
    );
    expect(await say()).toBe(by('the event triggers were installed by another version: install them again'));
  });

  it('cannot be followed by logical replication where the server writes too little, and is told the way out', async (context) => {
    const database = await server.createDatabase();
    const level = await rowsOf(database, "SELECT current_setting('wal_level') AS level");
    context.skip(JSON.stringify(level).includes('logical'));
    const { host, port, user, password } = server;
    const setup = postgres.configure(
      'p',
      { host, port, user, password, database, follow: 'replication' },
      { baseFolder: '/' },
    );
    const refused = {
      code: 'SOURCE_REFUSED',
      message: expect.stringMatching(/wal_level.*logical.*ALTER SYSTEM SET wal_level = logical/s),
    };
    await expect(setup.open()).rejects.toMatchObject(refused);
    await expect(setup.installer?.run('install', new AbortController().signal)).rejects.toMatchObject(
      refused,
    );
    expect(await rowsOf(database, "SELECT FROM pg_namespace WHERE nspname = 'purview_streams'")).toEqual([]);
  });

  it('cannot install, and is told which right is missing', async () => {
    const database = await server.createDatabase();
    const role = await roleIn(database, '');
    const setup = (): ReturnType<typeof postgres.configure> =>
      postgres.configure(
        'p',
        { host: server.host, port: server.port, database, ...role },
        { baseFolder: '/' },
      );
    const never = new AbortController().signal;
    await expect(setup().installer?.run('install', never)).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringMatching(
        /CREATE SCHEMA.*permission denied for database.*right to create event triggers/,
      ),
    });
    await server.run('postgres', `GRANT CREATE ON DATABASE ${database} TO ${role.user}`);
    await expect(setup().installer?.run('install', never)).rejects.toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringMatching(/CREATE EVENT TRIGGER.*Must be superuser/),
    });
    expect(await rowsOf(database, "SELECT FROM pg_namespace WHERE nspname = 'purview_streams'")).toEqual([]);
  });
});

describe('produce --install and --uninstall', { timeout: 120_000 }, () => {
  it('print without a terminal, run with --yes, and show in check', async () => {
    const database = await server.createDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'install-'));
    const { host, port, user, password } = server;
    const file = join(folder, 'purview-streams.yaml');
    const options = { kind: 'postgres', host, port, user, password, database };
    await writeFile(
      file,
      JSON.stringify({
        state: 'state',
        sink: { kind: 'memory' },
        producers: { shop: options, jobs: { kind: 'etl-job-files', path: '.' } },
      }),
    );
    const run = (...args: readonly string[]) => runHere(['produce', ...args, '-c', file]);
    const check = async (): Promise<string> => (await runHere(['check', '-c', file])).stdout;
    expect(await check()).toContain('no event triggers are installed');
    const printed = await run('shop', '--install');
    expect(printed).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing was changed') });
    expect(await rowsOf(database, 'SELECT FROM pg_event_trigger')).toEqual([]);
    await server.run(database, printed.stdout.replace(/^\\connect.*$/m, ''));
    expect(await check()).toContain(`event triggers in ${database}`);
    expect((await run('shop', '--uninstall', '--yes')).code).toBe(0);
    expect(await rowsOf(database, 'SELECT FROM pg_event_trigger')).toEqual([]);
    expect((await run('shop', '--install', '--yes')).code).toBe(0);
    expect((await run('shop', '--install', '--dry-run')).stdout).toBe(printed.stdout);
    expect(await check()).toContain(`event triggers in ${database}`);
    expect(printed.stdout).not.toContain(String(password));
    for (const wrong of [
      ['shop', '--yes'],
      ['shop', '--install', '--uninstall'],
      ['jobs', '--install'],
    ])
      expect((await run(...wrong)).code).toBe(2);
    await rm(folder, { recursive: true, force: true });
  });
});
