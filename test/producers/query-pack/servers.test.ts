import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { queryPack } from '../../../producers/query-pack/component.ts';
import { failureOf, scanAll, textsOf } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { hasMariadb, startMariadb, type TestMariadb } from '../../support/mariadb.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { sourceRun } from '../../support/source-run.ts';

if (!hasMariadb) process.stderr.write('MariaDB is not installed: query packs were not run on one.\n');

const packFile = path.join(root, 'examples/query-packs/postgres-compatible.yaml');

describe('the query pack for databases that are compatible with PostgreSQL', () => {
  let server: TestPostgres;
  let database: string;
  beforeAll(async () => {
    server = await startTestPostgres();
    database = await server.createDatabase();
    await server.run(
      database,
      `CREATE SCHEMA sales; CREATE SCHEMA tmp_1; CREATE TABLE tmp_1.t (x int);
       CREATE TABLE sales.customers (id int PRIMARY KEY, email text UNIQUE);
       CREATE TABLE sales.orders (id int, customer int REFERENCES sales.customers, amount numeric(12,2) DEFAULT 0);
       COMMENT ON COLUMN sales.orders.amount IS 'gross';
       CREATE TABLE sales.totals (customer int, total numeric);
       CREATE VIEW sales.big AS SELECT o.id, o.amount AS total FROM sales.orders o WHERE o.amount > 9;
       CREATE PROCEDURE sales.load(since int) LANGUAGE sql AS $$
         INSERT INTO sales.totals (customer, total) SELECT customer, sum(amount) FROM sales.orders WHERE id > since GROUP BY customer $$;`,
    );
  }, 120_000);
  afterAll(() => server.stop());

  const options = () => {
    const { host, port, user, password } = server;
    return {
      pack: packFile,
      connection: { host, port, user, ...(password === undefined ? {} : { password }), database },
      server: 'ledger-db',
      schemas: { exclude: ['tmp_*', 'public'] },
    };
  };

  it('gives the catalogue tables, keys, and the lineage of views and procedures', {
    timeout: 60_000,
  }, async () => {
    const place = await sourceRun({ ledger: { kind: 'database', ...options() } });
    const held = await place.run();
    const at = `pgcompatible://ledger-db/${database}/sales`;
    expect(held.names.filter((name) => !name.includes('#'))).toEqual([
      `pgcompatible_database pgcompatible://ledger-db/${database}`,
      `pgcompatible_routine ${at}/routines/load(IN since integer)`,
      `pgcompatible_schema ${at}`,
      'pgcompatible_server pgcompatible://ledger-db',
      `pgcompatible_table ${at}/customers`,
      `pgcompatible_table ${at}/orders`,
      `pgcompatible_table ${at}/totals`,
      `pgcompatible_view ${at}/big`,
      `pgcompatible_view_query ${at}/big@definition`,
    ]);
    expect(held.entity(`pgcompatible_column ${at}/orders#amount`).attributes).toMatchObject({
      data_type: 'numeric(12,2)',
      description: 'gross',
      defaultExpression: '0',
    });
    expect(held.entity(`pgcompatible_column ${at}/orders#customer`).attributes).toMatchObject({
      references: `${at}/customers#id`,
    });
    expect(held.edges.filter((edge) => edge.includes('#'))).toEqual([
      `${at}/big@definition: ${at}/orders#amount -> ${at}/big#total`,
      `${at}/big@definition: ${at}/orders#id -> ${at}/big#id`,
      `${at}/routines/load(IN since integer): ${at}/orders#amount -> ${at}/totals#total`,
      `${at}/routines/load(IN since integer): ${at}/orders#customer -> ${at}/totals#customer`,
    ]);
    await place.remove();
  });

  it('refuses a connection that is wrong without the password', async () => {
    const open = (connection: Record<string, string | number>) =>
      queryPack.configure('p', { ...options(), connection }, { baseFolder: '/' }).open();
    const scanned = async (connection: Record<string, string | number>) => scanAll(await open(connection));
    const { host, port } = server;
    const unknown = { host, port, user: 'nobody_here', password: 'canary-5d1', database: 'nowhere' };
    const failure = await failureOf(scanned(unknown));
    expect(failure).toMatchObject({ name: 'StreamError' });
    expect(textsOf(failure)).not.toContain('canary-5d1');
    expect(await failureOf(scanned({ host, port, user: 'x' }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('connection.database'),
    });
  });
});

describe.runIf(hasMariadb)('a query pack on MariaDB', () => {
  let server: TestMariadb;
  let folder = '';
  beforeAll(async () => {
    server = await startMariadb([]);
    await server.run([
      'CREATE DATABASE shop',
      'CREATE TABLE shop.orders (id int PRIMARY KEY, total decimal(9,2) NOT NULL)',
    ]);
    folder = await mkdtemp(path.join(tmpdir(), 'pack-mariadb-'));
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('reads what mysql2 hands over', async () => {
    const where = `TABLE_SCHEMA = 'shop'`;
    const pack = {
      system: 'mariadb',
      product: 'a MariaDB',
      levels: ['database'],
      driver: 'mysql',
      queries: {
        tables: `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS name, TABLE_TYPE AS kind FROM information_schema.TABLES WHERE ${where}`,
        columns: `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS name, ORDINAL_POSITION AS ordinal, COLUMN_TYPE AS type,
          IS_NULLABLE AS nullable, COLUMN_KEY = 'PRI' AS \`primary\`, NUMERIC_SCALE AS scale FROM information_schema.COLUMNS WHERE ${where}`,
      },
    };
    await writeFile(path.join(folder, 'mariadb.yaml'), stringify(pack));
    const { host, port } = server;
    const producer = await queryPack
      .configure(
        'm',
        { pack: 'mariadb.yaml', connection: { host, port, user: 'root' }, server: 's' },
        { baseFolder: folder },
      )
      .open();
    const { objects, rejections } = await scanAll(producer);
    await producer.close();
    expect(rejections).toEqual([]);
    expect(objects.map(({ objectId }) => objectId)).toEqual(['/', 'shop', 'shop/orders']);
    expect(objects[2]?.value).toMatchObject({
      columns: [
        { name: 'id', ordinal: 1, nullable: false, primaryKey: true, scale: 0 },
        { name: 'total', dataType: 'decimal(9,2)', scale: 2, primaryKey: false },
      ],
    });
  });
});
