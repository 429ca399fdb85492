import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, type CommandResult } from '../support/cli.ts';
import { edgesOf } from '../support/edges.ts';
import { hasMariadb, startMariadb, type TestMariadb } from '../support/mariadb.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';

if (!hasMariadb)
  process.stderr.write('MariaDB is not installed: the lineage of its history was not tested.\n');

/** A folder with a configuration, and runs over it. */
class Workplace {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(producers: object): Promise<Workplace> {
    const folder = await mkdtemp(path.join(tmpdir(), 'history-'));
    const config = { state: 'state', catalog: { port: 0 }, sink: { kind: 'local' }, producers };
    await writeFile(path.join(folder, 'purview-streams.yaml'), JSON.stringify(config));
    return new Workplace(folder);
  }

  run(): Promise<CommandResult> {
    return cli(['run', '--once', '--json', '--config', path.join(this.folder, 'purview-streams.yaml')]);
  }

  /** The edges of observed statements, without the hash in their names. */
  async observedEdges(): Promise<readonly string[]> {
    const exported = await cli(['catalog', 'export', '--state', path.join(this.folder, 'state')]);
    if (exported.code !== 0) throw new Error(exported.stderr);
    return edgesOf(exported.stdout)
      .filter((edge) => edge.startsWith('observed://'))
      .map((edge) => edge.replace(/^observed:\S+\/[0-9a-f]{16}: /, ''))
      .sort();
  }
}

describe('statements that a PostgreSQL has run', () => {
  let server: TestPostgres;
  let database: string;
  let place: Workplace;
  beforeAll(async () => {
    server = await startTestPostgres();
    database = await server.createDatabase();
    await server.run(
      database,
      `CREATE EXTENSION pg_stat_statements;
       CREATE TABLE orders (id int, amount numeric, day date);
       CREATE SCHEMA reporting;
       CREATE TABLE reporting.daily (day date, total numeric);
       CREATE TABLE reporting.seen (day date);`,
    );
    for (const id of [1, 2]) {
      await server.run(
        database,
        `INSERT INTO reporting.daily SELECT day, sum(amount) FROM orders WHERE id > ${id} GROUP BY 1`,
      );
    }
    await server.run(
      database,
      `MERGE INTO reporting.seen s USING reporting.daily d ON s.day = d.day WHEN NOT MATCHED THEN INSERT (day) VALUES (d.day)`,
    );
    await server.run(database, 'SELECT * FROM orders; DELETE FROM orders WHERE id = 1');
    const { host, port, user, password } = server;
    const connection = { host, port, user, password, database, server: 'shop-db' };
    place = await Workplace.make({
      shop: { kind: 'postgres', ...connection },
      history: { kind: 'postgres-history', ...connection },
    });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await rm(place.folder, { recursive: true, force: true });
  });

  it('become processes between the tables that the catalogue describes, and cost nothing when they run again', {
    timeout: 180_000,
  }, async () => {
    const first = await place.run();
    expect(first.stderr).not.toContain('error:');
    expect(first.code).toBe(0);
    const at = `postgresql://shop-db/${database}`;
    const expected = [
      `${at}/public/orders -> ${at}/reporting/daily`,
      `${at}/public/orders#amount -> ${at}/reporting/daily#total`,
      `${at}/public/orders#day -> ${at}/reporting/daily#day`,
      `${at}/reporting/daily -> ${at}/reporting/seen`,
      `${at}/reporting/daily#day -> ${at}/reporting/seen#day`,
    ];
    expect(await place.observedEdges()).toEqual(expected);
    await server.run(
      database,
      'INSERT INTO reporting.daily SELECT day, sum(amount) FROM orders WHERE id > 3 GROUP BY 1',
    );
    const again = await place.run();
    expect(JSON.parse(again.stdout)).toMatchObject({ writeCalls: 0 });
    expect(await place.observedEdges()).toEqual(expected);
  });
});

describe.runIf(hasMariadb)('statements that a MariaDB has run', () => {
  let server: TestMariadb;
  let place: Workplace;
  beforeAll(async () => {
    server = await startMariadb();
    await server.run(['CREATE DATABASE shop', 'CREATE DATABASE dw']);
    await server.run(
      [
        'CREATE TABLE orders (no int, amount int, day date)',
        'CREATE TABLE dw.daily (day date, total int)',
        'INSERT INTO dw.daily (day, total) SELECT o.day, SUM(o.amount) FROM orders o WHERE o.no > 1 GROUP BY o.day',
        'CREATE TABLE dw.late AS SELECT total AS late_total FROM dw.daily WHERE total > 7',
        'UPDATE dw.daily d JOIN orders o ON o.day = d.day SET d.total = o.amount',
        'DELETE FROM orders WHERE no = 1',
      ],
      'shop',
    );
    const { host, port } = server;
    place = await Workplace.make({
      history: { kind: 'mysql-history', host, port, user: 'root', server: 'shop-db' },
    });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await rm(place.folder, { recursive: true, force: true });
  });

  it('become processes between the tables that they name', { timeout: 120_000 }, async () => {
    const run = await place.run();
    expect(run.stderr).not.toContain('error:');
    expect(run.code).toBe(0);
    const at = 'mysql://shop-db';
    expect([...new Set(await place.observedEdges())]).toEqual([
      `${at}/dw/daily -> ${at}/dw/late`,
      `${at}/dw/daily#total -> ${at}/dw/late#late_total`,
      `${at}/shop/orders -> ${at}/dw/daily`,
      `${at}/shop/orders#amount -> ${at}/dw/daily#total`,
      `${at}/shop/orders#day -> ${at}/dw/daily#day`,
    ]);
  });
});
