import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { postgresHistory } from '../../../producers/postgres/history-component.ts';
import type { ObservedStatement } from '../../../schemas/types.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { testMemory } from '../../support/producer-memory.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

const setUp = `
  CREATE EXTENSION pg_stat_statements;
  CREATE TABLE orders (id int, amount numeric, day date);
  CREATE TABLE daily (day date, total numeric);
  CREATE TABLE extra (day date);`;
const loadDaily = (id: number): string =>
  `/* run ${id} */ INSERT INTO daily SELECT day, sum(amount) FROM orders WHERE id > ${id} GROUP BY day`;

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

const open = (
  database: string | readonly string[],
  options: Record<string, unknown> = {},
): Promise<Producer> => {
  const { host, port, user, password } = server;
  const where = { host, port, user, password, database, server: 'shop-db' };
  return postgresHistory.configure('history', { ...where, ...options }, { baseFolder: '/' }).open();
};

const databaseOf = async (sql = setUp): Promise<string> => {
  const database = await server.createDatabase();
  await server.run(database, sql);
  return database;
};

const statementsOf = async (
  database: string,
  memory = testMemory(),
): Promise<readonly Omit<ObservedStatement, 'producer' | 'objectId' | 'position'>[]> => {
  const producer = await open(database);
  const { objects } = await scanAll(producer, new AbortController().signal, memory);
  await producer.close();
  return objects.flatMap((found) => (found.type === 'observed-statement' ? [found.value] : []));
};

const theCase = { database: '', objects: [] as string[] };
beforeAll(async () => {
  const database = await databaseOf();
  await server.run(database, loadDaily(1));
  await server.run(database, 'SELECT * FROM orders');
  await server.run(database, 'CREATE TABLE copy AS SELECT * FROM daily');
  const { objects } = await scanAll(await open(database));
  theCase.database = database;
  theCase.objects = objects.map(({ type, objectId }) => `${type} ${objectId}`);
});
producerContract('postgres-history', {
  open: () => open(theCase.database),
  get objects() {
    return theCase.objects;
  },
  openBroken: () => open(theCase.database, { user: 'nobody_here', password: 'canary-7f3a' }),
  secrets: ['canary-7f3a'],
});

describe('postgres-history scan()', () => {
  it('yields one object for all executions of a statement that writes something, without comments and values', async () => {
    const database = await databaseOf();
    for (const id of [1, 2, 3]) await server.run(database, loadDaily(id));
    await server.run(database, "CREATE TABLE late AS SELECT * FROM daily WHERE day > '2026-01-31'");
    await server.run(
      database,
      'SELECT count(*) FROM orders; UPDATE orders SET amount = 1 WHERE id = 5; INSERT INTO extra VALUES (now())',
    );
    const statements = await statementsOf(database);
    const day = new Date().toISOString().slice(0, 10);
    expect(statements.map(({ text, executions }) => [text, executions])).toEqual(
      expect.arrayContaining([
        ['INSERT INTO daily SELECT day, sum(amount) FROM orders WHERE id > ? GROUP BY day', 3],
        [expect.stringMatching(/^CREATE TABLE late AS SELECT \* FROM daily WHERE day > '?\?'?$/), 1],
      ]),
    );
    expect(statements).toHaveLength(2);
    expect(statements[0]).toMatchObject({
      system: 'postgresql',
      dialect: 'postgres',
      path: [
        { level: 'server', name: 'shop-db' },
        { level: 'database', name: database },
      ],
      searchPath: ['public'],
      users: [server.user],
      firstSeen: day,
      lastSeen: day,
      flows: null,
      warnings: [],
    });
  });

  it('goes on counting and forgets nothing when the statistics are reset or an entry is dropped', async () => {
    const database = await databaseOf();
    const memory = testMemory();
    await server.run(database, loadDaily(1));
    await server.run(database, 'CREATE TABLE once AS SELECT * FROM daily');
    const first = await statementsOf(database, memory);
    await server.run(
      database,
      `SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)`,
    );
    expect(await statementsOf(database, memory)).toEqual(first);
    for (const id of [2, 3]) await server.run(database, loadDaily(id));
    // What the event says of executions waits for the next day; what is remembered does not.
    expect(await statementsOf(database, memory)).toEqual(first);
    const remembered: unknown[] = [];
    for await (const { value } of memory.entries('')) remembered.push(value);
    expect(remembered).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ executions: 3, text: expect.stringContaining('INSERT INTO daily') }),
        expect.objectContaining({ executions: 1, text: expect.stringContaining('CREATE TABLE once') }),
      ]),
    );
  });

  it('reads the databases that are named and no others', async () => {
    const [one, two, three] = [await databaseOf(), await databaseOf(), await databaseOf()];
    for (const database of [one, two, three]) await server.run(database, loadDaily(1));
    const producer = await open([one, two]);
    const { objects } = await scanAll(producer);
    await producer.close();
    expect(new Set(objects.map(({ objectId }) => objectId.split('/')[0]))).toEqual(new Set([one, two]));
    expect(objects).toHaveLength(2);
  });

  it('rejects what the role may not see, says which right it needs, and yields the rest', async () => {
    const database = await databaseOf();
    const role = `r_${randomUUID().replaceAll('-', '')}`;
    await server.run(database, loadDaily(1));
    await server.run(
      database,
      `CREATE ROLE ${role} LOGIN PASSWORD 'canary-x1'; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
    );
    const producer = await open(database, { user: role, password: 'canary-x1' });
    const hidden = await scanAll(producer);
    expect(hidden.objects).toEqual([]);
    expect(hidden.rejections.map(({ error }) => [error.code, error.message])).toEqual([
      ['SOURCE_REFUSED', expect.stringContaining(`GRANT pg_read_all_stats TO "${role}"`)],
    ]);
    await server.run(database, `GRANT pg_read_all_stats TO ${role}`);
    const seen = await scanAll(producer);
    expect(seen.rejections).toEqual([]);
    expect(seen.objects).toHaveLength(1);
    await producer.close();
    await server.run(database, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  it('fails with what to do when the extension is not installed', async () => {
    const producer = await open(await databaseOf('SELECT 1'));
    const failure = await failureOf(scanAll(producer));
    await producer.close();
    expect(failure).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('CREATE EXTENSION pg_stat_statements'),
    });
  });
});
