import { array, assert, asyncProperty, constantFrom, nat, record } from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { installStatements, uninstallStatements } from '../../../producers/postgres/capture.ts';
import { Catalogue } from '../../../producers/postgres/rows.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { dyingBeforeAppend } from '../../support/follow-producer.ts';
import { type Follower, scanned, startFollower } from '../../support/postgres-follower.ts';

/** How long a change may take to be seen on a busy machine. */
const patience = { timeout: 30_000, interval: 20 };

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.stop());

const followers: Follower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});
const follow = async (
  ...given: Parameters<typeof startFollower> extends [unknown, ...infer R] ? R : never
) => {
  const follower = await startFollower(server, ...given);
  followers.push(follower);
  return follower;
};

/** A database with the capture installed. */
const databaseOf = async (sql: string): Promise<string> => {
  const database = await server.createDatabase();
  await server.run(database, sql);
  await server.run(database, installStatements(server.user).join(';\n'));
  return database;
};

/** Waits until what the events come to is what a whole scan says. */
const caughtUp = (follower: Follower, database: string | readonly string[]): Promise<void> =>
  vi.waitFor(async () => expect(await follower.said()).toEqual(await scanned(server, database)), patience);

const world = `
  CREATE SCHEMA s; CREATE SCHEMA other;
  CREATE TYPE s.mood AS ENUM ('good', 'bad'); CREATE DOMAIN s.percent AS numeric(5,2);
  CREATE TABLE s.parent (id int PRIMARY KEY, name text, mood s.mood, share s.percent);
  CREATE TABLE s.child (id serial PRIMARY KEY, parent int REFERENCES s.parent, extra text DEFAULT 'x');
  CREATE VIEW other.v AS SELECT p.id, p.name, c.extra FROM s.parent p JOIN s.child c ON c.parent = p.id;
  CREATE VIEW other.vv AS SELECT name FROM other.v;
  CREATE MATERIALIZED VIEW other.m AS SELECT id FROM s.parent;
  CREATE TABLE s.part (d int, v text) PARTITION BY RANGE (d);
  CREATE TABLE s.part1 PARTITION OF s.part FOR VALUES FROM (0) TO (10);
  CREATE TABLE s.part2 PARTITION OF s.part FOR VALUES FROM (10) TO (20);
  CREATE TABLE s.base (b int); CREATE TABLE s.heir (h int) INHERITS (s.base);
  CREATE FUNCTION s.f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a; END $$;
  CREATE FUNCTION s.f(a text) RETURNS text LANGUAGE sql AS $$ SELECT a $$;
  CREATE TABLE s.uses (x int DEFAULT s.f(1));
  CREATE VIEW other.calls AS SELECT s.f(1) AS one;
  CREATE FUNCTION s.parsed() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM s.parent; END;`;

/** Each is one transaction; the world goes from one to the next. */
const statements = [
  'ALTER TABLE s.parent ADD COLUMN added int',
  'ALTER TABLE s.parent RENAME COLUMN name TO title',
  'ALTER TABLE s.parent ALTER COLUMN added TYPE numeric(10,2)',
  'ALTER TABLE s.parent DROP COLUMN added',
  'ALTER TABLE s.parent ALTER title SET NOT NULL, ALTER title SET DEFAULT 7',
  "COMMENT ON TABLE s.parent IS 'people'",
  "COMMENT ON COLUMN s.parent.title IS 'what it is called'",
  "COMMENT ON VIEW other.v IS 'a view'; COMMENT ON SCHEMA s IS 'a schema'; COMMENT ON FUNCTION s.f(int) IS 'a function'",
  'CREATE OR REPLACE VIEW other.v AS SELECT p.id, upper(p.title) AS name, c.extra FROM s.parent p JOIN s.child c ON c.parent = p.id',
  'ALTER TABLE s.parent RENAME TO people',
  'CREATE TABLE s.made (a int UNIQUE, b int REFERENCES s.people)',
  'CREATE TABLE s.copied AS SELECT * FROM s.people',
  'SELECT * INTO s.selected FROM s.people',
  'ALTER TABLE s.made RENAME TO swap; ALTER TABLE s.copied RENAME TO made; ALTER TABLE s.swap RENAME TO copied',
  'DROP TABLE s.selected; CREATE TABLE s.selected (other text)',
  'DROP TABLE s.selected; CREATE VIEW s.selected AS SELECT 1 AS one',
  'CREATE UNIQUE INDEX CONCURRENTLY made_unique ON s.made (id)',
  'DROP INDEX s.made_unique',
  'ALTER TABLE s.made SET SCHEMA other',
  'ALTER TYPE s.mood RENAME TO temper',
  'ALTER DOMAIN s.percent RENAME TO portion',
  'ALTER SEQUENCE s.child_id_seq RENAME TO child_numbers',
  'CREATE TABLE s.part3 PARTITION OF s.part FOR VALUES FROM (20) TO (30)',
  'ALTER TABLE s.part DETACH PARTITION s.part2',
  'DROP TABLE s.part1',
  'ALTER TABLE s.part ATTACH PARTITION s.part2 FOR VALUES FROM (10) TO (20)',
  'BEGIN; SAVEPOINT one; ALTER TABLE s.part DETACH PARTITION s.part2; RELEASE one; COMMIT',
  'ALTER TABLE s.base ADD COLUMN more text',
  'CREATE OR REPLACE FUNCTION s.f(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a + 1; END $$',
  'CREATE PROCEDURE s.p(INOUT a int) LANGUAGE plpgsql AS $$ BEGIN a := 1; END $$',
  'ALTER FUNCTION s.f(int) RENAME TO g',
  'ALTER PROCEDURE s.p(int) SET SCHEMA other',
  'DROP FUNCTION s.f(text)',
  'REFRESH MATERIALIZED VIEW other.m; TRUNCATE s.child',
  "DO $$ BEGIN EXECUTE 'CREATE TABLE s.dynamic (a int)'; EXECUTE 'ALTER TABLE s.dynamic ADD b int'; END $$",
  'ALTER SCHEMA s RENAME TO renamed',
  'CREATE SCHEMA fresh CREATE TABLE t (a int) CREATE VIEW tv AS SELECT a FROM t',
  'DROP TYPE renamed.temper CASCADE',
  'DROP TABLE renamed.people CASCADE',
  'DROP SCHEMA renamed CASCADE',
];

describe('postgres changes() by event triggers', () => {
  it('ends in what a whole scan says after every kind of change, without another scan', {
    timeout: 240_000,
  }, async () => {
    const database = await databaseOf(world);
    const follower = await follow(database);
    await caughtUp(follower, database);
    for (const sql of statements) {
      const client = await server.client(database);
      for (const part of sql.includes('CONCURRENTLY') || sql.includes('$$') ? [sql] : sql.split('; '))
        await client.query(part);
      await client.end();
      await vi.waitFor(
        async () => expect([sql, await follower.said()]).toEqual([sql, await scanned(server, database)]),
        patience,
      );
    }
    expect(follower.scans).toHaveLength(1);
    expect(follower.ways).toEqual([`event triggers in ${database}`]);
  });

  it('never shows what is rolled back, nor temporary objects, nor what it installed', async () => {
    const database = await databaseOf(world);
    const follower = await follow(database);
    const before = await follower.said();
    expect(JSON.stringify(before)).not.toContain('purview_streams');
    await server.run(
      database,
      'BEGIN; ALTER TABLE s.parent ADD never int; DROP SCHEMA other CASCADE; ROLLBACK',
    );
    await server.run(
      database,
      'CREATE TEMP TABLE t (a int); CREATE TEMP VIEW tv AS SELECT a FROM t; DROP TABLE t CASCADE',
    );
    await server.run(database, installStatements(server.user).join(';\n'));
    await server.run(database, 'ALTER TABLE s.parent ADD ever int');
    await caughtUp(follower, database);
    // Triggers that were installed again cost a scan, which may be the one to find the change.
    const published = (): number =>
      [...follower.changes, ...follower.scans.slice(1)].reduce(
        (sum, change) => sum + change.published + change.removed,
        0,
      );
    await vi.waitFor(() => expect(published()).toBe(1), patience);
    expect(JSON.stringify(await follower.said())).not.toContain('never');
  });

  it('loses no change of transactions that commit in another order than they began, whichever they are', {
    timeout: 240_000,
  }, async () => {
    const database = await databaseOf('CREATE SCHEMA s');
    const one = await follow(database);
    const two = await follow(database); // a second reader, with a state of its own
    let made = 0;
    await assert(
      asyncProperty(
        array(
          record({
            session: nat(3),
            step: constantFrom('change', 'change', 'savepoint', 'commit', 'rollback'),
          }),
          {
            minLength: 5,
            maxLength: 25,
          },
        ),
        async (steps) => {
          const sessions = await Promise.all([0, 1, 2, 3].map(() => server.client(database)));
          const open = new Set<number>();
          for (const { session, step } of steps) {
            const client = sessions[session];
            if (client === undefined) continue;
            if (step === 'commit' || step === 'rollback') {
              open.delete(session);
              await client.query(step);
              continue;
            }
            if (!open.has(session)) await client.query('BEGIN');
            open.add(session);
            if (step === 'savepoint') await client.query('SAVEPOINT sp');
            else
              await client.query(
                `CREATE TABLE s.t${(made += 1)} (a int); COMMENT ON TABLE s.t${made} IS 'x'`,
              );
          }
          for (const [index, client] of [...sessions.entries()].reverse()) {
            if (open.has(index)) await client.query('COMMIT');
            await client.end();
          }
          await caughtUp(one, database);
          await caughtUp(two, database);
        },
      ),
      { numRuns: 12, endOnFailure: true },
    );
    expect(one.scans).toHaveLength(1);
    expect(two.scans).toHaveLength(1);
  });

  it('shows a change at once while another transaction has been open for long', async () => {
    const database = await databaseOf('CREATE SCHEMA s');
    const slow = await server.client(database);
    await slow.query('BEGIN; CREATE TABLE s.slow (a int)');
    const follower = await follow(database);
    await server.run(database, 'CREATE TABLE s.quick (a int)');
    await caughtUp(follower, database);
    expect(await follower.said()).toHaveProperty(`database-object ${database}/s/quick`);
    await slow.query('COMMIT');
    await slow.end();
    await caughtUp(follower, database);
    expect(await follower.said()).toHaveProperty(`database-object ${database}/s/slow`);
    expect(follower.scans).toHaveLength(1);
  });

  it('goes on where it was after it was killed between the read and the append, removals above the threshold included', async () => {
    const database = await databaseOf(
      'CREATE SCHEMA s; CREATE TABLE s.a (x int); CREATE TABLE s.b (x int); CREATE VIEW s.v AS SELECT x FROM s.a',
    );
    const death = dyingBeforeAppend();
    const killed = await follow(database, { through: death.through });
    await caughtUp(killed, database);
    followers.splice(followers.indexOf(killed), 1); // it never ends
    death.begin();
    await server.run(database, 'DROP SCHEMA s CASCADE; CREATE SCHEMA t; CREATE TABLE t.a (x int)');
    await vi.waitUntil(() => death.wasReached(), patience);
    const next = await follow(database, { from: killed });
    await caughtUp(next, database);
    expect(Object.keys(await next.said())).toContain(`database-object ${database}/t/a`);
  });

  it('reads several databases, each from its own mark', async () => {
    const databases = [
      await databaseOf('CREATE TABLE a (x int)'),
      await databaseOf('CREATE TABLE a (x int)'),
    ];
    const follower = await follow(databases);
    for (const database of databases) await server.run(database, 'ALTER TABLE a RENAME TO b');
    await caughtUp(follower, databases);
    await follower.stop();
    await server.run(databases[1] ?? '', 'DROP TABLE b');
    const next = await follow(databases, { from: follower });
    await caughtUp(next, databases);
    expect(Object.keys(await next.said())).toContain(`database-object ${databases[0] ?? ''}/public/b`);
  });

  it('reads only what an ALTER TABLE touches of 2,000 tables', { timeout: 120_000 }, async () => {
    const database = await databaseOf(
      "DO $$ BEGIN FOR i IN 1..2000 LOOP EXECUTE format('CREATE TABLE t%s (a int, b text, c numeric)', i); END LOOP; END $$; CREATE VIEW v AS SELECT a FROM t7",
    );
    const follower = await follow(database);
    await server.run(database, 'ALTER TABLE t7 ADD d int');
    await vi.waitFor(() => expect(follower.changes).toHaveLength(1), patience);
    expect(follower.changes[0]).toMatchObject({ objects: 2, published: 1, removed: 0 });
    expect(follower.scans).toHaveLength(1);
  });

  it('finds a change of a lost connection, and scans when the triggers were off in between', async () => {
    const database = await databaseOf('CREATE TABLE a (x int)');
    const follower = await follow(database);
    await caughtUp(follower, database);
    await server.run(
      database,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'purview-streams' AND datname = current_database(); ALTER TABLE a ADD y int`,
    );
    await caughtUp(follower, database);
    await server.run(
      database,
      'ALTER EVENT TRIGGER purview_streams_ddl DISABLE; ALTER TABLE a ADD z int; ALTER EVENT TRIGGER purview_streams_ddl ENABLE ALWAYS',
    );
    await caughtUp(follower, database);
    await server.run(database, 'ALTER TABLE a ADD zz int');
    await caughtUp(follower, database);
    expect(follower.scans.length).toBeLessThan(5);
  });

  it('goes over to the fingerprint when the triggers are removed, and back', async () => {
    const database = await databaseOf('CREATE TABLE a (x int)');
    const follower = await follow(database, { options: { interval: 0.05 } });
    await caughtUp(follower, database);
    await server.run(database, `${uninstallStatements.join(';\n')}; ALTER TABLE a ADD y int`);
    await caughtUp(follower, database);
    await vi.waitFor(
      () => expect(follower.ways.at(-1)).toContain('no event triggers are installed'),
      patience,
    );
    await server.run(database, `ALTER TABLE a ADD z int; ${installStatements(server.user).join(';\n')}`);
    await caughtUp(follower, database);
    await vi.waitFor(() => expect(follower.ways.at(-1)).toBe(`event triggers in ${database}`), patience);
    await server.run(database, 'ALTER TABLE a ADD zz int');
    await caughtUp(follower, database);
  });
});

describe('the fingerprint of the catalogue', () => {
  it('fingerprint() differs after every kind of change, also of what event triggers do not see, and not after changes of rows', async () => {
    const database = await server.createDatabase();
    await server.run(database, world);
    const owner = `owner_of_${database}`.slice(0, 60);
    const changes = [
      ...statements.slice(0, -3), // the rest drops what is changed here
      `CREATE ROLE ${owner}; ALTER TABLE renamed.base OWNER TO ${owner}`,
      `ALTER ROLE ${owner} RENAME TO ${owner}_`,
      'ALTER EXTENSION plpgsql ADD TABLE renamed.base',
      'ALTER EXTENSION plpgsql DROP TABLE renamed.base',
      `REASSIGN OWNED BY ${owner}_ TO CURRENT_USER; DROP ROLE ${owner}_`,
      ...statements.slice(-3),
    ];
    const client = await server.client(database);
    try {
      const catalogue = new Catalogue(client);
      const unseen: string[] = [];
      let before = await catalogue.fingerprint();
      for (const sql of changes) {
        await client.query(sql);
        const after = await catalogue.fingerprint();
        if (after === before) unseen.push(sql);
        before = after;
      }
      await client.query('INSERT INTO fresh.t VALUES (1); DELETE FROM fresh.t; ANALYZE fresh.t');
      await client.query('VACUUM fresh.t');
      expect([unseen, await catalogue.fingerprint()]).toEqual([[], before]);
    } finally {
      await client.end();
    }
  });
});
