import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { KnownAsset } from '../../../pipeline/transform.ts';
import { postgres } from '../../../producers/postgres/component.ts';
import { ownTypes } from '../../../producers/postgres/own-types.ts';
import type { RawEvent } from '../../../schemas/types.ts';
import { describeDatabaseObjects } from '../../../transforms/describe-database-objects.ts';
import { traceSqlRoutines } from '../../../transforms/trace-sql-routines.ts';
import type { PostgresParser } from '../../../pipeline/postgres-parser.ts';
import { loadPostgresParser } from '../../../platform/postgres-parser.ts';
import { derivedCatalogue, processOf } from '../../support/derived-catalogue.ts';
import { scanAll } from '../../contracts/producer.ts';
import { columnEdges, deriveOne, transformContext } from '../../support/transforms.ts';

const script = new URL('../../../examples/retail/postgres/server.ts', import.meta.url).pathname;
const lineSchema = z.strictObject({
  host: z.string(),
  port: z.number(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
});
type Started = z.output<typeof lineSchema> & {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
};

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

async function start(folder?: string): Promise<Started> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, ...(folder === undefined ? [] : [folder])],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...lineSchema.parse(JSON.parse(line)), child, ended };
  }
  throw new Error(`It ended with code ${await ended}.`);
}

async function query(server: Started, sql: string): Promise<readonly unknown[]> {
  const { host, port, user, password, database } = server;
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

const gone = (server: Started): Promise<unknown> =>
  vi.waitFor(() => expect(query(server, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/), { timeout: 20_000 });

/** A view as it would be told by a database that records no dependencies: its SQL is read instead. */
function withoutDependencies(event: RawEvent): RawEvent {
  return event.type === 'database-object' ? { ...event, value: { ...event.value, dependencies: [] } } : event;
}

/** Inputs, outputs and column edges of every view. */
function viewLineage(
  settings: Parameters<typeof derivedCatalogue>[0],
  events: readonly RawEvent[],
  parser?: PostgresParser,
): ReadonlyMap<string, unknown> {
  const catalogue = derivedCatalogue(settings, events, parser);
  const views = [...catalogue.keys()].filter((key) => key.startsWith('postgresql_view_query ')).sort();
  expect(views).toHaveLength(4);
  return new Map(
    views.map((key) => {
      const { inputs, outputs, edges, warnings } = processOf(catalogue, key, 'postgresql://shop-db/shop/');
      return [key, { inputs, outputs, edges, warnings }];
    }),
  );
}

// Each start is a Node.js process, an initdb and a server: some seconds on a busy machine.
describe('the example PostgreSQL', { timeout: 90_000 }, () => {
  it('holds the shop with its lineage by column', async () => {
    const server = await start();
    const { host, port, user, password, database } = server;
    const setup = postgres.configure(
      'shop-db',
      { host, port, user, password, database, server: 'shop-db' },
      { baseFolder: '/' },
    );
    const producer = await setup.open();
    const { objects, rejections } = await scanAll(producer);
    await producer.close();
    expect(rejections).toEqual([]);
    expect(objects.map(({ objectId }) => decodeURIComponent(objectId))).toEqual([
      '/',
      'shop',
      'shop/public',
      'shop/reporting',
      'shop/sales',
      'shop/reporting/city_revenue',
      'shop/reporting/daily_revenue',
      'shop/reporting/favourites',
      'shop/sales/customers',
      'shop/sales/order_lines',
      'shop/sales/orders',
      'shop/sales/products',
      'shop/reporting/customer_totals',
      'shop/reporting/order_totals',
      'shop/reporting/revenue_by_day',
      'shop/reporting/top_products',
      'shop/reporting/best_customers(numeric)',
      'shop/reporting/load_city_revenue(date)',
      'shop/reporting/load_daily_revenue(date)',
      'shop/reporting/load_favourites()',
      'shop/sales/close_order(bigint)',
    ]);
    const events = objects.map((found): RawEvent => {
      const added = {
        producer: 'shop-db',
        objectId: found.objectId,
        position: { incarnation: '1', sequence: 1 },
      };
      if (found.type === 'database-object') return { type: found.type, value: { ...found.value, ...added } };
      if (found.type === 'routine') return { type: found.type, value: { ...found.value, ...added } };
      throw new Error(`unexpected ${found.type}`);
    });
    const settings = { 'shop-db': setup.settings };
    expect(setup.settings.types).toBe(ownTypes);
    const deriveIn = (event: RawEvent, known: readonly KnownAsset[] = []) =>
      deriveOne(
        event.type === 'routine' ? traceSqlRoutines : describeDatabaseObjects,
        transformContext(settings, known),
        event,
      );
    const first = events.map((event) => deriveIn(event));
    const known: readonly KnownAsset[] = first.flatMap((derivation) => derivation.known);
    const derived = events.map((event) => deriveIn(event, known));
    expect(derived.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(derived.flatMap(({ changes }) => changes).filter(({ placeholder }) => placeholder)).toEqual([]);
    const roots = derived.flatMap(({ changes }) => changes.map(({ entities: [root] }) => root));
    const edges = roots
      .filter(({ typeName }) => ['postgresql_view_query', 'postgresql_routine'].includes(typeName))
      .flatMap((process) => columnEdges(process))
      .map((edge) => edge.replaceAll('postgresql://shop-db/shop/', ''));
    expect(edges.sort()).toEqual([
      'reporting/daily_revenue#day -> reporting/revenue_by_day#day',
      'reporting/daily_revenue#revenue -> reporting/revenue_by_day#revenue',
      'reporting/order_totals#total -> reporting/customer_totals#total',
      'sales/customers#city -> reporting/city_revenue#city',
      'sales/customers#customer_id -> reporting/customer_totals#customer_id',
      'sales/customers#customer_id -> reporting/favourites#customer_id',
      'sales/customers#full_name -> reporting/customer_totals#full_name',
      'sales/customers#full_name -> reporting/favourites#customer',
      'sales/order_lines#quantity -> reporting/city_revenue#revenue',
      'sales/order_lines#quantity -> reporting/daily_revenue#revenue',
      'sales/order_lines#quantity -> reporting/order_totals#total',
      'sales/order_lines#quantity -> reporting/top_products#sold',
      'sales/order_lines#unit_price -> reporting/city_revenue#revenue',
      'sales/order_lines#unit_price -> reporting/daily_revenue#revenue',
      'sales/order_lines#unit_price -> reporting/order_totals#total',
      'sales/orders#customer_id -> reporting/order_totals#customer_id',
      'sales/orders#order_id -> reporting/order_totals#order_id',
      'sales/orders#ordered_at -> reporting/daily_revenue#day',
      'sales/products#category -> reporting/city_revenue#category',
      'sales/products#category -> reporting/daily_revenue#category',
      'sales/products#category -> reporting/favourites#category',
      'sales/products#product_id -> reporting/top_products#product_id',
      'sales/products#title -> reporting/top_products#title',
    ]);
    expect(viewLineage(settings, events.map(withoutDependencies), await loadPostgresParser())).toEqual(
      viewLineage(settings, events),
    );
    expect(viewLineage(settings, events.map(withoutDependencies))).toEqual(viewLineage(settings, events));
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    await gone(server);
  });

  it('keeps its rows in a folder that it is given, and is loaded once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'purview-streams-test-'));
    folders.push(folder);
    const first = await start(folder);
    const identifier = 'SELECT system_identifier FROM pg_control_system()';
    const before = await query(first, identifier);
    await query(first, "INSERT INTO sales.customers (customer_id, full_name) VALUES (9, 'New')");
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const second = await start(folder);
    expect(await query(second, identifier)).toEqual(before);
    expect(await query(second, 'SELECT count(*)::int FROM sales.customers')).toEqual([4]);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it('ends when its parent closes its standard input', async () => {
    const left = await start();
    left.child.stdin?.end();
    expect(await left.ended).toBe(0);
    await gone(left);
  });

  it('leaves no server behind when it is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'purview-streams-test-'));
    folders.push(folder);
    const killed = await start(folder);
    killed.child.kill('SIGKILL');
    expect(await killed.ended).toBeNull(); // by the signal, without a code of its own
    await gone(killed);
  });
});
