import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SourceInstaller } from '../../../pipeline/component.ts';
import { postgres } from '../../../producers/postgres/component.ts';
import { readReplicationMessage } from '../../../producers/postgres/replication-messages.ts';
import { slotOf } from '../../../producers/postgres/slots.ts';
import { failureOf } from '../../contracts/producer.ts';
import { openProducer, startTestPostgres, type TestPostgres } from '../../support/postgres.ts';
import { dyingBeforeAppend } from '../../support/follow-producer.ts';
import {
  type Follower,
  type FollowerOptions,
  scanned,
  startFollower,
} from '../../support/postgres-follower.ts';

const patience = { timeout: 60_000, interval: 20 };

let server: TestPostgres;
let isLogical = false;
beforeAll(async () => {
  server = await startTestPostgres({ wal_level: 'logical' });
  const client = await server.client('postgres');
  const { rows } = await client.query<{ level: string }>("SELECT current_setting('wal_level') AS level");
  isLogical = rows[0]?.level === 'logical';
  await client.end();
});
afterAll(() => server.stop());

const followers: Follower[] = [];
const installers: SourceInstaller[] = [];
const never = new AbortController().signal;
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
  for (const installer of installers.splice(0))
    await vi.waitFor(() => installer.run('uninstall', never), patience);
});

// An interval that no test waits for: what is seen is seen by the slot.
const options = { follow: 'replication', interval: 3_600 };
const installerOf = (database: string): SourceInstaller => {
  const { host, port, user, password } = server;
  const { installer } = postgres.configure(
    'p',
    { ...options, host, port, user, password, database },
    { baseFolder: '/' },
  );
  if (installer === undefined) throw new Error('There is nothing to install.');
  return installer;
};
const follow = async (database: string, more: FollowerOptions = {}): Promise<Follower> => {
  const follower = await startFollower(server, database, {
    ...more,
    options: { ...options, ...more.options },
  });
  followers.push(follower);
  return follower;
};
const databaseOf = async (sql: string): Promise<string> => {
  const database = await server.createDatabase();
  await server.run(database, sql);
  const installer = installerOf(database);
  await installer.run('install', never);
  installers.push(installer);
  return database;
};
const caughtUp = (follower: Follower, database: string): Promise<void> =>
  vi.waitFor(async () => expect(await follower.said()).toEqual(await scanned(server, database)), patience);
const rowsOf = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
  const client = await server.client('postgres');
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};
const slotRow = async (database: string) =>
  (
    await rowsOf(
      `SELECT active, (pg_current_wal_lsn() - confirmed_flush_lsn)::text AS behind FROM pg_replication_slots WHERE slot_name = '${slotOf({ slot: 'purview_streams' }, database)}'`,
    )
  )[0];
const streaming = (database: string): Promise<void> =>
  vi.waitFor(async () => expect(await slotRow(database)).toMatchObject({ active: true }), patience);

describe('postgres by logical replication', () => {
  it('sees changes of overlapping transactions as the slot tells them, and lets the server forget its log', async (context) => {
    context.skip(!isLogical);
    const database = await databaseOf('CREATE SCHEMA s; CREATE TABLE s.a (x int)');
    const follower = await follow(database);
    await vi.waitFor(
      () =>
        expect(follower.ways).toEqual([
          expect.stringMatching(
            /^event triggers by logical replication \(slot purview_streams_test_.*max_slot_wal_keep_size is not set/,
          ),
        ]),
      patience,
    );
    await streaming(database);
    const slow = await server.client(database);
    await slow.query('BEGIN; CREATE TABLE s.slow (a int)');
    await server.run(database, 'ALTER TABLE s.a ADD COLUMN y int; CREATE VIEW s.v AS SELECT y FROM s.a');
    await caughtUp(follower, database);
    await slow.query('COMMIT');
    await slow.end();
    await caughtUp(follower, database);
    await server.run(database, 'DROP TABLE s.slow; ALTER TABLE s.a RENAME TO b');
    await caughtUp(follower, database);
    expect(follower.scans).toHaveLength(1);
    const producer = await openProducer(server, database, options);
    await vi.waitFor(async () => {
      const [backlog] = (await producer.backlog?.()) ?? [];
      expect(backlog?.what).toBe(`slot ${slotOf({ slot: 'purview_streams' }, database)}`);
      expect(backlog?.bytes).toBeLessThan(100_000);
    }, patience);
    await producer.close();
  });

  it('loses nothing when it is killed before what it read is durable: the slot stays, and tells it again', async (context) => {
    context.skip(!isLogical);
    const database = await databaseOf('CREATE SCHEMA s; CREATE TABLE s.a (x int)');
    const death = dyingBeforeAppend();
    const killed = await follow(database, { through: death.through });
    await caughtUp(killed, database);
    await streaming(database);
    followers.splice(followers.indexOf(killed), 1); // it never ends
    death.begin();
    await server.run(database, 'DROP TABLE s.a; CREATE TABLE s.b (x int)');
    await vi.waitUntil(() => death.wasReached(), patience);
    // Its connections end with the process.
    await rowsOf(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND application_name = 'purview-streams'`,
    );
    await server.run(database, 'CREATE TABLE s.c (x int)');
    const next = await follow(database, { from: killed });
    await caughtUp(next, database);
    await server.run(database, 'CREATE TABLE s.d (x int)');
    await caughtUp(next, database);
    const said = Object.keys(await next.said()).filter((key) => key.includes('/s/'));
    expect(said.map((key) => key.split('/s/')[1])).toEqual(['b', 'c', 'd']);
  });

  it('looks at the outbox where the slot is in use, and drops the slot when it is told to', async (context) => {
    context.skip(!isLogical);
    const database = await databaseOf('CREATE SCHEMA s');
    const one = await follow(database);
    await streaming(database);
    const two = await follow(database);
    await server.run(database, 'CREATE TABLE s.t (x int)');
    await caughtUp(one, database);
    await caughtUp(two, database);
    const installer = installerOf(database);
    expect(await failureOf(installer.run('drop-slot', never))).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining('is active'),
    });
    for (const follower of followers.splice(0)) await follower.stop();
    await vi.waitFor(() => installer.run('drop-slot', never), patience);
    expect(await slotRow(database)).toBeUndefined();
    expect(installer.script('drop-slot')).toContain('pg_drop_replication_slot');
    await installer.run('uninstall', never);
    await installer.run('uninstall', never);
  });

  it('says what is missing, with the way out', async (context) => {
    context.skip(!isLogical);
    const database = await server.createDatabase();
    expect(await failureOf(openProducer(server, database, options))).toMatchObject({
      code: 'SOURCE_REFUSED',
      message: expect.stringContaining('no publication purview_streams'),
    });
    await server.run('postgres', `CREATE ROLE poor_reader LOGIN PASSWORD 'x'`);
    try {
      expect(
        await failureOf(openProducer({ ...server, user: 'poor_reader', password: 'x' }, database, options)),
      ).toMatchObject({
        code: 'SOURCE_REFUSED',
        message: expect.stringContaining('ALTER ROLE "poor_reader" REPLICATION'),
      });
    } finally {
      await server.run('postgres', 'DROP ROLE poor_reader');
    }
  });
});

describe('slotOf()', () => {
  it('gives every database a name that a slot may have', () => {
    const of = (database: string): string => slotOf({ slot: 'purview_streams' }, database);
    expect(of('erp')).toBe('purview_streams_erp');
    const names = ['Erp', 'e-rp', 'e_rp', 'x'.repeat(63), `${'x'.repeat(62)}y`, 'Größe'].map(of);
    for (const name of names) expect(name).toMatch(/^[a-z0-9_]{1,63}$/);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('readReplicationMessage()', () => {
  it('takes nothing from bytes that are cut short or unknown', () => {
    for (const text of [
      '',
      'k',
      'w',
      `w${'x'.repeat(24)}B`,
      `w${'x'.repeat(24)}C12`,
      `w${'x'.repeat(24)}?`,
      'zzz',
    ])
      expect(readReplicationMessage(Buffer.from(text))).toEqual({ kind: 'other' });
  });
});
