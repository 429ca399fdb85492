import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlLogin } from '../../state/sql/login.ts';
import { mysqlDatabase } from '../../state/sql/mysql.ts';
import { postgresDatabase } from '../../state/sql/postgres.ts';
import { sqlServerDatabase } from '../../state/sql/sql-server.ts';
import { createSqlState } from '../../state/sql/store.ts';
import { fencedStateContract, stateContract } from '../contracts/state.ts';
import { hasMariadb, startMariadb, type TestMariadb } from '../support/mariadb.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTdsPostgres } from '../support/tds-postgres.ts';
import type { TdsServer } from '../support/tds-server.ts';

let count = 0;

describe('on PostgreSQL', () => {
  let server: TestPostgres;
  let login: SqlLogin;
  beforeAll(async () => {
    server = await startTestPostgres();
    const { host, port, user, password } = server;
    login = { host, port, user, password, database: await server.createDatabase() };
  });
  afterAll(() => server.stop());
  const open = async (table: string) =>
    createSqlState(
      postgresDatabase(async () => login),
      table,
    );
  stateContract('sql on PostgreSQL', {
    open: () => open(`state_${(count += 1)}`),
    reopen: () => open(`state_${count}`),
    cleanUp: async () => undefined,
  });
  fencedStateContract('sql on PostgreSQL', () => open('fenced'));

  it('goes on with a new connection when the server has cut the one that it had', async () => {
    const store = await open('cut');
    await store.write([{ key: 'a', value: 1 }]);
    await server.run(
      login.database,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'purview-streams'",
    );
    expect(await store.get('a')).toBe(1);
    await store.close();
  });

  it('says what it was refused, by whom, and without the password', async () => {
    const wrong = { ...login, user: 'nobody_here', password: 'hunter2hunter2' };
    const store = createSqlState(
      postgresDatabase(async () => wrong),
      'refused',
    );
    const failure = await store.get('a').catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining('nobody_here') });
    expect(String(failure)).not.toContain('hunter2');
    const nowhere = createSqlState(
      postgresDatabase(async () => ({ ...login, port: 1 })),
      'nowhere',
    );
    await expect(nowhere.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('needs no right to make tables once they are there', async () => {
    await (await open('made')).get('a');
    await server.run(
      login.database,
      `CREATE ROLE rows_only_${login.database} LOGIN PASSWORD 'x'; GRANT SELECT, INSERT, UPDATE, DELETE ON made, made_fences TO rows_only_${login.database}; REVOKE CREATE ON SCHEMA public FROM public`,
    );
    const rows = { ...login, user: `rows_only_${login.database}`, password: 'x' };
    const store = createSqlState(
      postgresDatabase(async () => rows),
      'made',
    );
    const taken = await store.take('p');
    await taken.write([{ key: 'a', value: 1 }]);
    expect(await store.get('a')).toBe(1);
    const other = createSqlState(
      postgresDatabase(async () => rows),
      'unmade',
    );
    await expect(other.get('a')).rejects.toMatchObject({ code: 'STORE_REFUSED' });
    await Promise.all([store.close(), other.close()]);
    await server.run(
      login.database,
      `DROP OWNED BY rows_only_${login.database}; DROP ROLE rows_only_${login.database}`,
    );
  });
});

describe('on SQL Server, as far as a PostgreSQL understands it', () => {
  let postgres: TestPostgres;
  let server: TdsServer;
  let login: SqlLogin;
  beforeAll(async () => {
    postgres = await startTestPostgres();
    const database = await postgres.createDatabase();
    server = await startTdsPostgres(() => postgres.client(database), { password: 'right' });
    login = { host: '127.0.0.1', port: server.port, database, user: 'keeper', password: 'right', ssl: false };
  });
  afterAll(async () => {
    await server.stop();
    await postgres.stop();
  });
  const open = async (table: string, given = login) =>
    createSqlState(
      sqlServerDatabase(async () => given, { kind: 'default' }),
      table,
    );
  stateContract('sql on SQL Server', {
    open: () => open(`state_${(count += 1)}`),
    reopen: () => open(`state_${count}`),
    cleanUp: async () => undefined,
  });
  fencedStateContract('sql on SQL Server', () => open('fenced'));

  it('goes on with a new connection when the server has cut the one that it had', async () => {
    const store = await open('cut');
    await store.write([{ key: 'a', value: 'x'.repeat(10_000) }]);
    await server.stop();
    server = await startTdsPostgres(() => postgres.client(login.database), { password: 'right' });
    login = { ...login, port: server.port };
    await expect(store.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await store.close();
    const again = await open('cut');
    expect(await again.get('a')).toBe('x'.repeat(10_000));
    await again.close();
  });

  it('says what it was refused, by whom, and without the password', async () => {
    const store = await open('refused', { ...login, password: 'hunter2hunter2' });
    const failure = await store.get('a').catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'STORE_REFUSED', message: expect.stringContaining('user keeper') });
    expect(String(failure)).not.toContain('hunter2');
    await store.close();
  });
});

describe.skipIf(!hasMariadb)('on MariaDB', () => {
  let server: TestMariadb;
  beforeAll(async () => {
    server = await startMariadb([]);
    await server.run([
      'CREATE DATABASE state',
      'CREATE USER keeper',
      'GRANT ALL ON state.* TO keeper', // as the page says
    ]);
  });
  afterAll(() => server.stop());
  const open = async (table: string) => {
    const { host, port } = server;
    return createSqlState(
      mysqlDatabase(async () => ({ host, port, user: 'keeper', database: 'state' })),
      table,
    );
  };
  stateContract('sql on MariaDB', {
    open: () => open(`state_${(count += 1)}`),
    reopen: () => open(`state_${count}`),
    cleanUp: async () => undefined,
  });
  fencedStateContract('sql on MariaDB', () => open('fenced'));

  it('goes on with a new connection when the server has cut the one that it had', async () => {
    const store = await open('cut');
    await store.write([{ key: 'a', value: 1 }]);
    await server.run(['KILL USER keeper']);
    expect(await store.get('a')).toBe(1);
    await store.close();
  });
});
