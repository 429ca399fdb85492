import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { queryPack } from '../../../producers/query-pack/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { sourceRun } from '../../support/source-run.ts';

const shop = [
  `CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'x', email TEXT UNIQUE)`,
  `CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers, amount DECIMAL(10,2), "odd/na#me" TEXT)`,
  `CREATE TABLE audit (order_id INTEGER, amount NUMERIC)`,
  `CREATE VIEW revenue AS SELECT c.name, sum(o.amount) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.name`,
  `CREATE TRIGGER log AFTER INSERT ON orders BEGIN INSERT INTO audit (order_id, amount) SELECT new.id, new.amount; END`,
];
const shopObjects = [
  'database-object /',
  'database-object till.sqlite',
  'database-object till.sqlite/audit',
  'database-object till.sqlite/customers',
  'database-object till.sqlite/orders',
  'database-object till.sqlite/revenue',
  'routine till.sqlite/routines/log',
];

function execute(file: string, statements: readonly string[]): void {
  const database = new sqlite.Database(file);
  for (const statement of statements) database.exec(statement);
  database.close();
}

const packFile = path.join(root, 'examples/query-packs/sqlite.yaml');
const samplePack = z
  .looseObject({ queries: z.record(z.string(), z.unknown()) })
  .parse(parse(readFileSync(packFile, 'utf8')));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'query-pack-'));
  execute(path.join(folder, 'till.sqlite'), shop);
  await copyFile(packFile, path.join(folder, 'sqlite.yaml'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const setup = (options: Record<string, unknown> = {}) =>
  queryPack.configure(
    'till',
    {
      pack: 'sqlite.yaml',
      connection: { file: 'till.sqlite' },
      server: 'shop-7',
      interval: 0.02,
      ...options,
    },
    { baseFolder: folder },
  );
const open = (options: Record<string, unknown> = {}) => setup(options).open();

/** A pack with other queries, in a file of its own. */
async function packWith(name: string, queries: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const pack = { ...samplePack, ...more, queries: { ...samplePack.queries, ...queries } };
  await writeFile(path.join(folder, name), stringify(pack));
  return { pack: name };
}

async function scanned(options: Record<string, unknown>) {
  const producer = await open(options);
  try {
    return await scanAll(producer);
  } finally {
    await producer.close();
  }
}

let versions = 0;
producerContract('database', {
  open: () => open(),
  objects: shopObjects,
  openBroken: () => open({ connection: { file: 'nowhere.sqlite' } }),
  change: async () => {
    versions += 1;
    execute(path.join(folder, 'till.sqlite'), [
      `DROP VIEW revenue`,
      `CREATE VIEW revenue AS SELECT c.name, sum(o.amount) AS total, ${versions} AS v FROM orders o JOIN customers c ON c.id = o.customer`,
    ]);
  },
});

describe('the query pack for SQLite', () => {
  it('gives the catalogue tables, columns with keys, and the lineage of views and triggers', async () => {
    const place = await sourceRun({
      till: { kind: 'database', pack: packFile, connection: { file: 'till.sqlite' }, server: 'shop-7' },
    });
    execute(path.join(place.folder, 'till.sqlite'), shop);
    const held = await place.run();
    const at = 'sqlite://shop-7/till.sqlite';
    expect(held.names.filter((name) => !name.includes('#'))).toEqual([
      `sqlite_database ${at}`,
      `sqlite_routine ${at}/routines/log`,
      'sqlite_server sqlite://shop-7',
      `sqlite_table ${at}/audit`,
      `sqlite_table ${at}/customers`,
      `sqlite_table ${at}/orders`,
      `sqlite_view ${at}/revenue`,
      `sqlite_view_query ${at}/revenue@definition`,
    ]);
    expect(held.entity(`sqlite_column ${at}/orders#customer`).attributes).toMatchObject({
      data_type: 'INTEGER',
      ordinal: 2,
      nullable: true,
      primaryKey: false,
      references: `${at}/customers#id`,
    });
    expect(held.entity(`sqlite_column ${at}/customers#email`).attributes).toMatchObject({ unique: true });
    expect(held.entity(`sqlite_column ${at}/customers#name`).attributes).toMatchObject({
      nullable: false,
      defaultExpression: "'x'",
    });
    expect(held.names).toContain(`sqlite_column ${at}/orders#odd%2Fna%23me`);
    expect(held.edges.filter((edge) => edge.includes('#'))).toEqual([
      `${at}/revenue@definition: ${at}/customers#name -> ${at}/revenue#name`,
      `${at}/revenue@definition: ${at}/orders#amount -> ${at}/revenue#total`,
      `${at}/routines/log: ${at}/orders#amount -> ${at}/audit#amount`,
      `${at}/routines/log: ${at}/orders#id -> ${at}/audit#order_id`,
    ]);
    expect(await place.run()).toMatchObject({ names: held.names, summary: { writeCalls: 0 } });
    await place.remove();
  });

  it('reads only what the boundaries choose', async () => {
    const { objects } = await scanned({
      tables: { include: ['*'], exclude: ['aud*', 'revenu?'] },
      routines: { exclude: ['*'] },
    });
    expect(objects.map(({ objectId }) => objectId)).toEqual([
      '/',
      'till.sqlite',
      'till.sqlite/customers',
      'till.sqlite/orders',
    ]);
  });

  it('rejects a row that is wrong, alone, with pack, query, row, field and value', async () => {
    const columns = `SELECT 'orders' AS "table", 'id' AS name, 'one' AS ordinal UNION ALL SELECT 'orders', '', 2
      UNION ALL SELECT 'orders', 'amount', 3 UNION ALL SELECT NULL, 'x', 4`;
    const { objects, rejections } = await scanned(await packWith('rows.yaml', { columns }));
    expect(rejections.map(({ error }) => [error.code, error.message])).toEqual([
      [
        'SOURCE_INVALID',
        'rows.yaml, query columns, row 1, field ordinal is "one" where a whole number is expected.',
      ],
      ['SOURCE_INVALID', 'rows.yaml, query columns, row 2, field name is "" where a name is expected.'],
      ['SOURCE_INVALID', 'rows.yaml, query columns, row 4, field table is null where a name is expected.'],
    ]);
    expect(objects.find(({ objectId }) => objectId === 'till.sqlite/orders')?.value).toMatchObject({
      columns: [{ name: 'amount' }],
    });
  });

  it('maps columns of a result, keeps those that nobody maps, and warns of columns without a table', async () => {
    const tables = {
      sql: `SELECT 'orders' AS TABNAME, 'table' AS kind, 1234 AS "EST_ROWS", 'geheim' AS "API_KEY"`,
      map: { name: 'tabname' },
    };
    const { objects, rejections } = await scanned(
      await packWith('mapped.yaml', { tables, views: undefined, keys: undefined }),
    );
    expect(rejections).toEqual([]);
    expect(objects.find(({ objectId }) => objectId === 'till.sqlite/orders')?.value).toMatchObject({
      additional: [
        { key: 'kind', json: '"table"' },
        { key: 'EST_ROWS', json: '1234' },
        { key: 'API_KEY', json: '"***"' },
      ],
    });
    expect(objects[0]?.value.warnings.map(({ code, message }) => `${code}: ${message}`)).toContain(
      'unlisted-table: There are columns of till.sqlite.customers, which is not among the tables.',
    );
  });

  it('fails the scan with query and reason when SQL is wrong, a mapped column is not there, or a result is too large', async () => {
    const failures = [
      await packWith('sql.yaml', { tables: 'SELECT * FROM nowhere' }),
      await packWith('map.yaml', { tables: { sql: "SELECT 'x' AS a", map: { name: 'b' } } }),
      { maxRows: 3 },
    ].map((options) => failureOf(scanned(options)));
    expect(await Promise.all(failures)).toMatchObject([
      {
        code: 'SOURCE_INVALID',
        message: expect.stringContaining(
          'sql.yaml, query tables failed: no such table: nowhere (till.sqlite)',
        ),
      },
      {
        code: 'SOURCE_INVALID',
        message: 'map.yaml, query tables: map.name names the column b, but the result has a.',
      },
      {
        code: 'SOURCE_LIMIT',
        message: expect.stringContaining('sqlite.yaml, query tables gave 4 rows, more than 3'),
      },
    ]);
  });

  it('refuses a cell beyond measure, and takes names like __proto__ for names', async () => {
    const tables = `SELECT '__proto__' AS name, 'table' AS kind UNION ALL SELECT '../..', 'table'
      UNION ALL SELECT hex(zeroblob(3000)), 'table'`;
    const columns = `SELECT '__proto__' AS "table", 'constructor' AS name, 1 AS ordinal`;
    const { objects, rejections } = await scanned(await packWith('odd.yaml', { tables, columns }));
    expect(rejections.map(({ error }) => error.message)).toEqual([
      'odd.yaml, query tables, row 3, field name has 6000 characters, more than 4000.',
    ]);
    expect(objects.map(({ objectId }) => objectId)).toContain('till.sqlite/__proto__');
    expect(objects.map(({ objectId }) => objectId)).toContain('till.sqlite/..%2F..');
  });
});

describe('a pack that is wrong', () => {
  it.each([
    [
      'a field that is not known',
      { queries: { tables: 'x', columns: 'y', tabels: 'z' } },
      /bad\.yaml:\d+: queries\.tabels: this key is not known here/,
    ],
    ['a query that is missing', { queries: { tables: 'x' } }, /bad\.yaml:\d+: queries\.columns/],
    ['a level twice', { levels: ['schema', 'schema'] }, /bad\.yaml:\d+: levels: a level stands twice/],
    [
      'a query for a level that it has not',
      { levels: [], queries: { ...samplePack.queries, schemas: 'x' } },
      /bad\.yaml:\d+: levels: a query lists a level/,
    ],
    [
      'no driver of that name',
      { driver: 'oracel' },
      /bad\.yaml: there is no driver "oracel"\. Built in are sqlite, mysql, postgres/,
    ],
  ])('is refused with file and line: %s', async (_what, change, expected) => {
    await writeFile(path.join(folder, 'bad.yaml'), stringify({ ...samplePack, ...change }));
    expect(() => setup({ pack: 'bad.yaml' })).toThrow(expected);
  });

  it('is refused with its line when it is no YAML, and with its path when it is not there', async () => {
    await writeFile(path.join(folder, 'no.yaml'), 'system: a\nsystem: b\n');
    expect(() => setup({ pack: 'no.yaml' })).toThrow(/no\.yaml:2: .*unique/);
    expect(() => setup({ pack: 'absent.yaml' })).toThrow(/absent\.yaml does not exist/);
  });
});

describe('a driver of one’s own', () => {
  it('is a module beside the pack', async () => {
    await writeFile(
      path.join(folder, 'driver.mjs'),
      `export async function connect(options) {
         return { query: async (sql) => sql === 'tables' ? [{ name: options.only, kind: 'table' }] : [], close: async () => {} };
       }`,
    );
    const options = await packWith(
      'own.yaml',
      Object.fromEntries(
        [...Object.keys(samplePack.queries), 'columns'].map((name) => [
          name,
          name === 'version' || name === 'fingerprint' ? undefined : name,
        ]),
      ),
      { driver: './driver.mjs' },
    );
    const { objects } = await scanned({ ...options, connection: { only: 't1' }, names: { database: 'd' } });
    expect(objects.map(({ objectId }) => objectId)).toEqual(['/', 'd', 'd/t1']);
    await writeFile(path.join(folder, 'not.mjs'), 'export const x = 1;');
    expect(await failureOf(open(await packWith('not.yaml', {}, { driver: './not.mjs' })))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('it exports no function connect'),
    });
  });
});
