import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { entityWithExtInfoSchema } from '../../pipeline/atlas/replies.ts';
import { readColumnMapping } from '../../pipeline/column-mapping.ts';
import { root, type RunningCommand, start } from '../support/cli.ts';

type Entity = ReturnType<typeof entityWithExtInfoSchema.parse>['entity'];

/** What the catalogue must hold after a change, by the name of the entity: nothing, or attributes. */
interface Change {
  readonly sql: string;
  readonly holds: Readonly<Record<string, null | ((entity: Entity) => void)>>;
  /** What is still the same entity, with its guid: by the name that it has then, the one that it had. */
  readonly keeps?: Readonly<Record<string, string>>;
}

const prefix = 'postgresql://shop-db/shop/';
const exists = (): void => undefined;
const attribute =
  (name: string, value: unknown) =>
  (entity: Entity): void =>
    expect(entity.attributes[name]).toEqual(value);

/** Column edges of a process, in short names. */
const edges =
  (...expected: readonly string[]) =>
  (entity: Entity): void => {
    const mapping = readColumnMapping(z.string().parse(entity.attributes['columnMapping']));
    const short = (name: string): string => name.replace(prefix, '');
    const found = mapping.map(
      (edge) => `${short(edge.source)}.${edge.sourceColumn} > ${short(edge.target)}.${edge.targetColumn}`,
    );
    expect(found.sort()).toEqual([...expected].sort());
  };

const totals = (column: string, source = 'sales/order_lines'): readonly string[] => [
  `sales/orders.order_id > reporting/order_totals.order_id`,
  `sales/orders.customer_id > reporting/order_totals.customer_id`,
  `${source}.${column} > reporting/order_totals.total`,
  `${source}.unit_price > reporting/order_totals.total`,
];

/** One after the other, each committed by a session of its own; names as in `TYPE NAME`. */
const changes: readonly Change[] = [
  {
    sql: 'ALTER TABLE sales.orders ADD COLUMN note text',
    holds: { 'column sales/orders#note': attribute('data_type', 'text') },
  },
  {
    sql: 'ALTER TABLE sales.orders ALTER COLUMN note TYPE varchar(40)',
    holds: { 'column sales/orders#note': attribute('data_type', 'character varying(40)') },
  },
  {
    sql: "COMMENT ON COLUMN sales.orders.note IS 'for the kitchen'",
    holds: { 'column sales/orders#note': attribute('description', 'for the kitchen') },
  },
  {
    sql: 'ALTER TABLE sales.orders RENAME COLUMN note TO remark',
    holds: { 'column sales/orders#note': null, 'column sales/orders#remark': exists },
    keeps: { 'column sales/orders#remark': 'column sales/orders#note' },
  },
  { sql: 'ALTER TABLE sales.orders DROP COLUMN remark', holds: { 'column sales/orders#remark': null } },
  {
    sql: "COMMENT ON TABLE sales.orders IS 'each order'",
    holds: { 'table sales/orders': attribute('description', 'each order') },
  },
  {
    sql: 'ALTER TABLE sales.order_lines RENAME COLUMN quantity TO pieces',
    holds: {
      'column sales/order_lines#pieces': exists,
      'view_query reporting/order_totals@definition': edges(...totals('pieces')),
    },
  },
  {
    sql: 'ALTER TABLE sales.order_lines RENAME TO lines',
    holds: {
      'table sales/lines': exists,
      'view_query reporting/order_totals@definition': edges(...totals('pieces', 'sales/lines')),
    },
    keeps: {
      'table sales/lines': 'table sales/order_lines',
      'column sales/lines#pieces': 'column sales/order_lines#pieces',
    },
  },
  {
    sql: 'CREATE TABLE sales.gifts (gift_id int PRIMARY KEY, order_id bigint REFERENCES sales.orders)',
    holds: { 'table sales/gifts': exists, 'column sales/gifts#order_id': exists },
  },
  {
    sql: 'CREATE VIEW reporting.gift_orders AS SELECT g.gift_id, o.ordered_at FROM sales.gifts g JOIN sales.orders o USING (order_id)',
    holds: {
      'view reporting/gift_orders': exists,
      'view_query reporting/gift_orders@definition': edges(
        'sales/gifts.gift_id > reporting/gift_orders.gift_id',
        'sales/orders.ordered_at > reporting/gift_orders.ordered_at',
      ),
    },
  },
  {
    sql: 'CREATE OR REPLACE VIEW reporting.gift_orders AS SELECT g.gift_id, c.created_at AS ordered_at FROM sales.gifts g JOIN sales.customers c ON c.customer_id = g.order_id',
    holds: {
      'view_query reporting/gift_orders@definition': edges(
        'sales/gifts.gift_id > reporting/gift_orders.gift_id',
        'sales/customers.created_at > reporting/gift_orders.ordered_at',
      ),
    },
  },
  {
    sql: "COMMENT ON VIEW reporting.gift_orders IS 'given away'",
    holds: { 'view reporting/gift_orders': attribute('description', 'given away') },
  },
  {
    sql: 'ALTER TABLE sales.gifts RENAME TO presents',
    holds: {
      'table sales/gifts': null,
      'column sales/gifts#gift_id': null,
      'table sales/presents': exists,
      'view_query reporting/gift_orders@definition': edges(
        'sales/presents.gift_id > reporting/gift_orders.gift_id',
        'sales/customers.created_at > reporting/gift_orders.ordered_at',
      ),
    },
  },
  {
    sql: 'ALTER TABLE sales.presents RENAME TO gifts',
    holds: { 'table sales/gifts': exists, 'table sales/presents': null },
  },
  {
    sql: 'CREATE FUNCTION sales.gift_count() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$',
    holds: { 'routine sales/routines/gift_count()': exists },
  },
  {
    sql: 'CREATE OR REPLACE FUNCTION sales.gift_count() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 2; END $$',
    holds: {
      'routine sales/routines/gift_count()': (entity) =>
        expect(entity.attributes['definition']).toContain('RETURN 2'),
    },
  },
  {
    sql: 'ALTER FUNCTION sales.gift_count() RENAME TO gifts_given',
    holds: { 'routine sales/routines/gift_count()': null, 'routine sales/routines/gifts_given()': exists },
  },
  { sql: 'DROP FUNCTION sales.gifts_given()', holds: { 'routine sales/routines/gifts_given()': null } },
  {
    sql: 'CREATE PROCEDURE sales.forget_gifts() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM sales.gifts; END $$',
    holds: { 'routine sales/routines/forget_gifts()': exists },
  },
  { sql: 'DROP PROCEDURE sales.forget_gifts()', holds: { 'routine sales/routines/forget_gifts()': null } },
  {
    sql: "CREATE SCHEMA extra; COMMENT ON SCHEMA extra IS 'more'",
    holds: { 'schema extra': attribute('description', 'more') },
  },
  {
    sql: 'ALTER TABLE sales.gifts SET SCHEMA extra',
    holds: {
      'table sales/gifts': null,
      'table extra/gifts': exists,
      'view_query reporting/gift_orders@definition': edges(
        'extra/gifts.gift_id > reporting/gift_orders.gift_id',
        'sales/customers.created_at > reporting/gift_orders.ordered_at',
      ),
    },
  },
  {
    sql: 'ALTER SCHEMA extra RENAME TO spare',
    holds: {
      'schema extra': null,
      'schema spare': exists,
      'table extra/gifts': null,
      'table spare/gifts': exists,
    },
    keeps: {
      'schema spare': 'schema extra',
      'table spare/gifts': 'table extra/gifts',
      'column spare/gifts#gift_id': 'column extra/gifts#gift_id',
    },
  },
  {
    sql: 'DROP SCHEMA spare CASCADE',
    holds: {
      'schema spare': null,
      'table spare/gifts': null,
      'view reporting/gift_orders': null,
      'view_query reporting/gift_orders@definition': null,
    },
  },
  { sql: 'DROP VIEW reporting.revenue_by_day', holds: { 'view reporting/revenue_by_day': null } },
];

describe('npm start, while its database changes', { timeout: 300_000 }, () => {
  let state: string;
  let running: RunningCommand;
  let client: Client | undefined;
  let url: string;
  let secret: string;

  beforeAll(async () => {
    state = await mkdtemp(path.join(tmpdir(), 'ddl-'));
    running = start('npm', ['start', '--silent', '--', '--state', state, '--port', '0'], {
      cwd: root,
      env: { PGHOST: '' },
    });
    await vi.waitUntil(() => running.output().stderr.includes('shop-db: follows changes by'), {
      timeout: 120_000,
      interval: 50,
    });
    const { stdout, stderr } = running.output();
    url = /Catalogue: (\S+)/.exec(stdout)?.[1] ?? '';
    const [, file = '', host = '', port = ''] = /PGPASSFILE=(\S+) psql -h (\S+) -p (\d+)/.exec(stderr) ?? [];
    const password = (await readFile(file, 'utf8')).trim().split(':').at(-1) ?? '';
    secret = password;
    client = new Client({ host, port: Number(port), user: 'postgres', password, database: 'shop' });
    await client.connect();
  }, 150_000);

  afterAll(async () => {
    await client?.end();
    running.child.kill('SIGTERM');
    await running.ended;
    await rm(state, { recursive: true, force: true });
  });

  const entity = async (name: string): Promise<Entity | undefined> => {
    const [type = '', short = ''] = name.split(/ (.*)/);
    const query = new URLSearchParams({ 'attr:qualifiedName': `${prefix}${short}` });
    const authorization = `Basic ${Buffer.from('admin:admin').toString('base64')}`;
    const answer = await fetch(
      `${url}/api/atlas/v2/entity/uniqueAttribute/type/postgresql_${type}?${query.toString()}`,
      { headers: { authorization } },
    );
    const reply: unknown = await answer.json();
    return answer.ok ? entityWithExtInfoSchema.parse(reply).entity : undefined;
  };

  it('goes by event triggers, and says how to change the database without telling its password', () => {
    const { stdout, stderr } = running.output();
    expect(secret).not.toBe('');
    expect(stdout + stderr).not.toContain(secret);
    expect(running.output().stderr).toContain('shop-db: follows changes by event triggers in shop');
  });

  it.each(changes)('shows in the catalogue: $sql', async ({ sql, holds, keeps = {} }) => {
    const guids = new Map<string, string | undefined>();
    for (const [name, former] of Object.entries(keeps)) guids.set(name, (await entity(former))?.guid);
    await client?.query(sql);
    const committed = performance.now();
    await vi.waitFor(
      async () => {
        for (const [name, check] of Object.entries(holds)) {
          const found = await entity(name);
          expect([name, found !== undefined]).toEqual([name, check !== null]);
          if (found !== undefined) check?.(found);
        }
        for (const [name, guid] of guids) expect([name, (await entity(name))?.guid]).toEqual([name, guid]);
      },
      { timeout: 30_000, interval: 10 },
    );
    latencies.push(performance.now() - committed);
  });

  const latencies: number[] = [];

  it('showed every change, and scanned nothing again for it', () => {
    expect(latencies).toHaveLength(changes.length);
    expect(latencies.length).toBeGreaterThanOrEqual(20);
    expect(running.output().stderr).not.toContain('dead letter');
  });

  it('never shows what was rolled back', async () => {
    await client?.query('BEGIN; CREATE TABLE sales.never (a int); DROP SCHEMA sales CASCADE; ROLLBACK');
    await client?.query('CREATE TABLE sales.after (a int)');
    await vi.waitUntil(async () => (await entity('table sales/after')) !== undefined, { timeout: 30_000 });
    expect(await entity('table sales/never')).toBeUndefined();
    expect(await entity('table sales/orders')).toBeDefined();
  });
});
