import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FoundObject, PartialChange, Producer } from '../../../pipeline/producer.ts';
import type { Json } from '../../../pipeline/state.ts';
import { mysql } from '../../../producers/mysql/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { followProducer, toldNames } from '../../support/follow-producer.ts';
import { hasMariadb, startMariadb, type TestMariadb } from '../../support/mariadb.ts';
import { sourceRun } from '../../support/source-run.ts';

if (!hasMariadb)
  process.stderr.write('MariaDB is not installed: the producer mysql was not run on a real server.\n');

const shop = [
  "CREATE TABLE customers (id int PRIMARY KEY AUTO_INCREMENT, email varchar(80) NOT NULL UNIQUE COMMENT 'for bills') COMMENT 'who buys'",
  `CREATE TABLE orders (id int, customer int, amount decimal(12,2) DEFAULT 0, gross decimal(14,2) AS (amount * 1.2) STORED, \`odd/na#me\` text,
     FOREIGN KEY (customer) REFERENCES customers (id))`,
  'CREATE TABLE dw.totals (customer int, total decimal(14,2))',
  'CREATE TABLE audit (order_id int)',
  'CREATE VIEW big AS SELECT o.id, o.amount AS total FROM orders o WHERE o.amount > 9',
  `CREATE PROCEDURE load_totals(IN since int) COMMENT 'nightly'
   BEGIN INSERT INTO dw.totals (customer, total) SELECT customer, SUM(amount) FROM orders WHERE id > since GROUP BY customer; END`,
  'CREATE FUNCTION load_totals(x int) RETURNS int DETERMINISTIC RETURN x + 1',
  'CREATE TRIGGER log_orders AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit (order_id) VALUES (NEW.id)',
  'CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO INSERT INTO dw.totals (customer) SELECT id FROM customers',
];
const shopObjects = [
  'database-object /',
  'database-object dw',
  'database-object dw/totals',
  'database-object shop',
  'database-object shop/audit',
  'database-object shop/big',
  'database-object shop/customers',
  'database-object shop/orders',
  'routine shop/routines/load_totals',
  'routine shop/routines/load_totals%20(function)',
  'routine shop/routines/log_orders',
  'routine shop/routines/nightly',
];

describe.runIf(hasMariadb)('on a real MariaDB', () => {
  let server: TestMariadb;
  beforeAll(async () => {
    server = await startMariadb(['--log-bin=log', '--server-id=1', '--binlog-format=ROW']);
    for (const name of ['shop', 'dw', 'ddl']) await server.run([`CREATE DATABASE ${name}`]);
    await server.run(shop, 'shop');
    await server.run([
      "CREATE USER reader@'%' IDENTIFIED BY 'canary-77a'",
      "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO reader@'%'",
    ]);
  }, 120_000);
  afterAll(() => server.stop());

  const options = (more: Record<string, unknown> = {}) => ({
    host: server.host,
    port: server.port,
    user: 'root',
    server: 'srv',
    databases: { exclude: ['ddl', 'new*'] },
    ...more,
  });
  const open = (more: Record<string, unknown> = {}): Promise<Producer> =>
    mysql.configure('m', options(more), { baseFolder: '/' }).open();

  let versions = 0;
  const change = () => server.run([`ALTER TABLE orders COMMENT 'version ${++versions}'`], 'shop');
  producerContract('mysql', {
    open: () => open(),
    objects: shopObjects,
    openBroken: () => open({ user: 'nobody_here', password: 'canary-7f3a' }),
    change,
    secrets: ['canary-7f3a'],
  });
  producerContract('mysql by GTID', {
    open: () => open({ resume: 'gtid' }),
    objects: shopObjects,
    openBroken: () => open({ port: 1 }),
    change,
  });
  producerContract('mysql by its fingerprint', {
    open: () => open({ follow: 'fingerprint', interval: 0.05 }),
    objects: shopObjects,
    openBroken: () => open({ port: 1 }),
    change,
  });

  it('gives the catalogue tables, keys, and the lineage of views, procedures, triggers and events', {
    timeout: 60_000,
  }, async () => {
    const place = await sourceRun({
      shop: { kind: 'mysql', ...options({ databases: { include: ['shop', 'dw'] } }) },
    });
    const held = await place.run();
    const at = 'mysql://srv/shop';
    expect(held.names.filter((name) => !name.includes('#'))).toEqual([
      'mysql_database mysql://srv/dw',
      `mysql_database ${at}`,
      `mysql_routine ${at}/routines/load_totals`,
      `mysql_routine ${at}/routines/load_totals (function)`,
      `mysql_routine ${at}/routines/log_orders`,
      `mysql_routine ${at}/routines/nightly`,
      'mysql_server mysql://srv',
      'mysql_table mysql://srv/dw/totals',
      `mysql_table ${at}/audit`,
      `mysql_table ${at}/customers`,
      `mysql_table ${at}/orders`,
      `mysql_view ${at}/big`,
      `mysql_view_query ${at}/big@definition`,
    ]);
    expect(held.entity(`mysql_table ${at}/customers`).attributes).toMatchObject({ description: 'who buys' });
    const column = (name: string) => held.entity(`mysql_column ${at}/${name}`).attributes;
    expect(column('customers#email')).toMatchObject({
      data_type: 'varchar(80)',
      length: 80,
      nullable: false,
      unique: true,
      primaryKey: false,
      description: 'for bills',
    });
    expect(column('customers#id')).toMatchObject({ primaryKey: true, nullable: false });
    expect(column('orders#customer')).toMatchObject({ references: `${at}/customers#id`, nullable: true });
    expect(column('orders#amount')).toMatchObject({
      data_type: 'decimal(12,2)',
      length: 12,
      scale: 2,
      defaultExpression: '0.00',
    });
    expect(column('orders#odd%2Fna%23me')).toMatchObject({ data_type: 'text' });
    expect(held.edges.filter((edge) => edge.includes('#'))).toEqual([
      `${at}/big@definition: ${at}/orders#amount -> ${at}/big#total`,
      `${at}/big@definition: ${at}/orders#id -> ${at}/big#id`,
      `${at}/routines/load_totals: ${at}/orders#amount -> mysql://srv/dw/totals#total`,
      `${at}/routines/load_totals: ${at}/orders#customer -> mysql://srv/dw/totals#customer`,
      `${at}/routines/log_orders: ${at}/orders#id -> ${at}/audit#order_id`,
      `${at}/routines/nightly: ${at}/customers#id -> mysql://srv/dw/totals#customer`,
    ]);
    await place.remove();
  });

  describe('changes()', () => {
    /** What a producer tells while some statements run, up to the first that comes after them. */
    interface Told {
      readonly found: readonly FoundObject[];
      readonly looked: readonly string[];
      readonly mark: Json;
    }
    async function read(change: PartialChange): Promise<Told> {
      const found: FoundObject[] = [];
      for await (const object of change.found) found.push(object);
      return { found, looked: change.looked, mark: change.mark };
    }
    /** Follows from a mark until something of this ref was looked at. */
    async function until(producer: Producer, mark: Json | undefined, ref: string): Promise<readonly Told[]> {
      const stop = new AbortController();
      const told: Told[] = [];
      for await (const change of producer.changes(stop.signal, mark)) {
        if (change === undefined) continue;
        told.push(await read(change));
        if (told.at(-1)?.looked.includes(ref) === true) return told;
      }
      throw new Error('The changes ended.');
    }
    const ddl = () => open({ databases: { include: ['ddl'] } });
    /** The mark of now. */
    async function markOf(producer: Producer): Promise<Json> {
      await scanAll(producer);
      const stop = new AbortController();
      for await (const change of producer.changes(stop.signal)) if (change !== undefined) return change.mark;
      throw new Error('There was no mark.');
    }

    it('tells of every DDL statement that ran while nobody looked, with the object as it is now', async () => {
      const producer = await ddl();
      const mark = await markOf(producer);
      await producer.close();
      await server.run(
        [
          'CREATE TABLE a (x int)',
          'ALTER TABLE a ADD COLUMN y int',
          'CREATE TABLE b (z int)',
          'RENAME TABLE b TO c',
          'CREATE TABLE gone (z int)',
          'INSERT INTO a VALUES (1, 2)',
          'CREATE TEMPORARY TABLE t (x int)',
          'CREATE VIEW v AS SELECT x FROM a',
          'CREATE PROCEDURE p() INSERT INTO c (z) SELECT x FROM a',
          'DROP TABLE gone',
          'CREATE TABLE last (x int)',
        ],
        'ddl',
      );
      const again = await ddl();
      const told = await until(again, mark, 'ddl/last');
      const looked = new Set(told.flatMap((one) => one.looked));
      expect([...looked].sort()).toEqual([
        'ddl/a',
        'ddl/b',
        'ddl/c',
        'ddl/gone',
        'ddl/last',
        'ddl/routines/p',
        'ddl/v',
      ]);
      const found = new Map(told.flatMap((one) => one.found).map((object) => [object.objectId, object]));
      expect([...found.keys()].sort()).toEqual(['ddl/a', 'ddl/c', 'ddl/last', 'ddl/routines/p', 'ddl/v']);
      expect(found.get('ddl/a')?.value).toMatchObject({ columns: [{ name: 'x' }, { name: 'y' }] });
      expect(found.get('ddl/v')?.value).toMatchObject({
        definition: expect.stringContaining('`ddl`.`a`.`x`'),
      });
      await again.close();
    });

    it('says of what was renamed, by whatever statements, what it was called before', async () => {
      await server.run(['CREATE TABLE old (x int, y int)', 'CREATE TABLE stays (p int)'], 'ddl');
      const follower = await followProducer(await ddl());
      await server.run(
        [
          'RENAME TABLE old TO moved',
          'ALTER TABLE moved CHANGE x z int, RENAME TO `moved on`',
          'ALTER TABLE stays RENAME COLUMN p TO q',
        ],
        'ddl',
      );
      const said = async (name: string): Promise<unknown> =>
        (await follower.said())[`database-object ddl/${name}`];
      await vi.waitFor(async () => {
        expect(await said('moved on')).toMatchObject({ columns: [{ name: 'z' }, { name: 'y' }] });
        expect(await said('old')).toBeUndefined();
        expect(await said('moved')).toBeUndefined();
        expect(await said('stays')).toMatchObject({ columns: [{ name: 'q' }] });
      }, 30_000);
      const former = await toldNames(follower.transport);
      expect(former.get('ddl/moved%20on')).toContainEqual(
        expect.objectContaining({ objectId: 'ddl/old', columns: [{ from: 'x', to: 'z' }] }),
      );
      expect(former.get('ddl/old')).toEqual(['srv', 'ddl', expect.stringMatching('^moved')]);
      expect(former.get('ddl/stays')).toEqual([
        expect.objectContaining({ objectId: 'ddl/stays', columns: [{ from: 'p', to: 'q' }] }),
      ]);
      await follower.stop();
    });

    it('goes on over a rotation of the log, and asks for a scan when the log is gone', async () => {
      const producer = await ddl();
      const mark = await markOf(producer);
      await server.run(['FLUSH BINARY LOGS', 'CREATE TABLE ddl.rotated (x int)']);
      const told = await until(producer, mark, 'ddl/rotated');
      expect(told.at(-1)?.mark).toMatchObject({ filename: expect.not.stringContaining('log.000001') });
      await server.run(['FLUSH BINARY LOGS', 'CREATE TABLE ddl.lost (x int)', 'FLUSH BINARY LOGS']);
      await server.run([`PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY`]);
      const fresh = await ddl();
      const stop = new AbortController();
      let scans = 0;
      for await (const change of fresh.changes(stop.signal, mark)) {
        if (change === undefined) scans += 1;
        if (scans > 0) break;
      }
      expect(scans).toBe(1);
      await producer.close();
      await fresh.close();
    });

    it('asks for a scan when a database comes or goes', async () => {
      const producer = await open({ databases: { include: ['new1'] } });
      const mark = await markOf(producer);
      await server.run(['CREATE DATABASE new1', 'CREATE TABLE new1.t (x int)', 'DROP DATABASE new1']);
      const stop = new AbortController();
      const seen: unknown[] = [];
      for await (const change of producer.changes(stop.signal, mark)) {
        seen.push(change);
        if (change === undefined) break;
      }
      expect(seen.at(-1)).toBeUndefined();
      await producer.close();
    });

    it('falls back to the fingerprint, and says why, where the user may not read the log', async () => {
      const poor = await open({ user: 'reader', password: 'canary-77a', interval: 0.05 });
      expect(await poor.describeChanges?.()).toBe(
        'the fingerprint of information_schema every 0.05 s (the user may not read the binary log)',
      );
      await poor.close();
      const forced = await open({ user: 'reader', password: 'canary-77a', follow: 'binlog' });
      const failure = await failureOf(
        (async () => {
          for await (const _change of forced.changes(new AbortController().signal)) continue;
        })(),
      );
      expect(failure).toMatchObject({
        code: 'SOURCE_REFUSED',
        message: expect.stringContaining('GRANT REPLICATION'),
      });
      await forced.close();
      const rich = await open();
      expect(await rich.describeChanges?.()).toBe('the binary log');
      await rich.close();
    });
  });
});
