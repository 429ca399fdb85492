import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openProducer, startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

/** How long a change may take to be seen on a busy machine. */
const patience = { timeout: 20_000 };

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

const databaseOf = async (sql: string): Promise<string> => {
  const database = await server.createDatabase();
  await server.run(database, sql);
  return database;
};

describe('postgres changes()', () => {
  it('yields after every change of a definition, and not after changes of rows', async () => {
    const database = await databaseOf(
      'CREATE TABLE t (x int); CREATE TABLE gone (y int); CREATE VIEW v AS SELECT x FROM t;',
    );
    const producer = await openProducer(server, database, { interval: 0.02 });
    const stop = new AbortController();
    let seen = 0;
    const following = (async () => {
      for await (const _changed of producer.changes(stop.signal)) seen += 1;
    })();
    await vi.waitFor(() => expect(seen).toBe(1), patience);
    const looks = async (): Promise<number> => {
      const client = await server.client(database);
      const { rows } = await client.query<{ calls: string }>(
        `SELECT max(query_start)::text AS calls FROM pg_stat_activity WHERE application_name = 'purview-streams' AND datname = current_database()`,
      );
      await client.end();
      return Date.parse(rows[0]?.calls ?? '');
    };
    for (const [index, change] of [
      'ALTER TABLE t ADD z int',
      "COMMENT ON COLUMN t.z IS 'last letter'",
      'COMMENT ON COLUMN t.z IS NULL',
      'CREATE OR REPLACE VIEW v AS SELECT x + 1 AS x FROM t',
      'ALTER TABLE t RENAME COLUMN z TO zz',
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
      'ALTER TABLE t ALTER x SET NOT NULL',
      'DROP TABLE gone',
      'CREATE SCHEMA more',
      "COMMENT ON SCHEMA more IS 'x'",
    ].entries()) {
      await server.run(database, change);
      await vi.waitFor(() => expect([change, seen]).toEqual([change, index + 2]), patience);
    }
    await server.run(database, 'INSERT INTO t SELECT g FROM generate_series(1, 1000) g; ANALYZE t;');
    const before = await looks();
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(before + 100), patience);
    expect(seen).toBe(11);
    stop.abort();
    await following;
    await producer.close();
  });

  it('yields when the connection is lost, and goes on', async () => {
    const database = await databaseOf('CREATE TABLE t (x int)');
    const producer = await openProducer(server, database, { interval: 0.02 });
    const stop = new AbortController();
    let seen = 0;
    const following = (async () => {
      for await (const _changed of producer.changes(stop.signal)) seen += 1;
    })();
    await vi.waitFor(() => expect(seen).toBe(1), patience);
    await server.run(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
    );
    await vi.waitFor(() => expect(seen).toBeGreaterThanOrEqual(2), patience);
    const settled = seen + 1;
    await server.run(database, 'ALTER TABLE t ADD y int');
    await vi.waitFor(() => expect(seen).toBeGreaterThanOrEqual(settled), patience);
    stop.abort();
    await following;
    await producer.close();
  });
});
