import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { mysqlHistory } from '../../../producers/mysql/history-component.ts';
import { readableDigest } from '../../../producers/mysql/history-rows.ts';
import type { ObservedStatement } from '../../../schemas/types.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { hasMariadb, startMariadb, type TestMariadb } from '../../support/mariadb.ts';
import { testMemory } from '../../support/producer-memory.ts';

if (!hasMariadb)
  process.stderr.write('MariaDB is not installed: mysql-history was not run on a real server.\n');

let server: TestMariadb;
const open = (options: Record<string, unknown> = {}): Promise<Producer> =>
  mysqlHistory
    .configure(
      'h',
      { host: server.host, port: server.port, user: 'root', server: 'srv', ...options },
      { baseFolder: '/' },
    )
    .open();

type Statement = Omit<ObservedStatement, 'producer' | 'objectId' | 'position'>;
const statementsOf = async (database: string, memory = testMemory()): Promise<readonly Statement[]> => {
  const producer = await open({ databases: [database] });
  const { objects, rejections } = await scanAll(producer, new AbortController().signal, memory);
  await producer.close();
  expect(rejections).toEqual([]);
  return objects.flatMap((found) => (found.type === 'observed-statement' ? [found.value] : []));
};

const load = (id: number): string =>
  `/* run ${id} */ INSERT INTO daily (day, total) SELECT day, SUM(amount) FROM orders WHERE no > ${id} GROUP BY day`;

describe.runIf(hasMariadb)('on a real MariaDB', () => {
  const theCase = { objects: [] as string[] };
  beforeAll(async () => {
    server = await startMariadb(['--performance-schema=ON', '--performance-schema-digests-size=5000']);
    for (const name of ['shop', 'counts', 'cuts']) {
      await server.run([`CREATE DATABASE ${name}`]);
      await server.run(
        ['CREATE TABLE orders (no int, amount int, day date)', 'CREATE TABLE daily (day date, total int)'],
        name,
      );
    }
    await server.run(
      [load(1), load(2), 'CREATE TABLE copy AS SELECT * FROM daily', 'SELECT * FROM orders'],
      'shop',
    );
    const { objects } = await scanAll(await open({ databases: ['shop'] }));
    theCase.objects = objects.map(({ type, objectId }) => `${type} ${objectId}`);
  }, 120_000);
  afterAll(() => server.stop());

  producerContract('mysql-history', {
    open: () => open({ databases: ['shop'] }),
    get objects() {
      return theCase.objects;
    },
    openBroken: () => open({ user: 'nobody_here', password: 'canary-7f3a' }),
    secrets: ['canary-7f3a'],
  });

  it('scan() yields one object for all executions of a statement that writes something, without comments and values', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const statements = await statementsOf('shop');
    expect(statements).toHaveLength(2);
    expect(statements).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          system: 'mariadb',
          dialect: 'mariadb',
          path: [
            { level: 'server', name: 'srv' },
            { level: 'database', name: 'shop' },
          ],
          searchPath: [],
          text: 'INSERT INTO `daily` ( day , `total` ) SELECT day , SUM ( `amount` ) FROM `orders` WHERE NO > ? GROUP BY day',
          executions: 2,
          firstSeen: day,
          lastSeen: day,
          warnings: [],
        }),
        expect.objectContaining({ text: 'CREATE TABLE `copy` AS SELECT * FROM `daily`', executions: 1 }),
      ]),
    );
  });

  it('scan() goes on counting and forgets nothing when the digests are truncated', async () => {
    const memory = testMemory();
    await server.run([load(1), load(2)], 'counts');
    const first = await statementsOf('counts', memory);
    await server.run(['TRUNCATE TABLE performance_schema.events_statements_summary_by_digest']);
    expect(await statementsOf('counts', memory)).toEqual(first);
    await server.run([load(3)], 'counts');
    await statementsOf('counts', memory);
    const remembered: unknown[] = [];
    for await (const { value } of memory.entries('')) remembered.push(value);
    expect(remembered).toEqual([expect.objectContaining({ executions: 3 })]);
  });

  it('scan() warns of a text that the server cut, and says how to raise its length', async () => {
    const columns = Array.from({ length: 400 }, (_, index) => `o.amount AS a${index}`).join(', ');
    await server.run([`CREATE TABLE wide AS SELECT ${columns} FROM orders o`], 'cuts');
    const [statement] = await statementsOf('cuts');
    expect(statement?.warnings).toEqual([
      expect.objectContaining({
        code: 'statement-cut',
        message: expect.stringContaining('max_digest_length'),
      }),
    ]);
  });

  it('open() says which right is missing', async () => {
    await server.run(["CREATE USER poor@'%' IDENTIFIED BY 'canary-x1'"]);
    const producer = await open({ user: 'poor', password: 'canary-x1' });
    expect(await failureOf(scanAll(producer))).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining('GRANT SELECT ON performance_schema.*'),
    });
    await producer.close();
  });
});

describe('readableDigest()', () => {
  it('turns the names of words of the language back into names of columns, but not functions nor clauses', () => {
    const digest =
      'SELECT SQL_TSI_HOUR , SYSTEM_USER , FIELDS , SYSTEM_USER ( ) , SQL_TSI_MONTH ( `d` ) FROM `t`';
    expect(readableDigest(digest)).toBe(
      'SELECT hour , user , columns , SYSTEM_USER ( ) , month ( `d` ) FROM `t`',
    );
    expect(readableDigest('LOAD DATA INFILE ? INTO TABLE `t` FIELDS TERMINATED BY ?')).toContain(
      'FIELDS TERMINATED',
    );
  });
});

describe.runIf(hasMariadb)('on a MariaDB without performance_schema', () => {
  let off: TestMariadb;
  beforeAll(async () => {
    off = await startMariadb([]);
  }, 120_000);
  afterAll(() => off.stop());

  it('open() fails with what to write into the configuration of the server', async () => {
    expect(await failureOf(open({ port: off.port }))).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('performance_schema = ON'),
    });
  });
});
