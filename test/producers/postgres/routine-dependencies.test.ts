import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPostgresParser } from '../../../platform/postgres-parser.ts';
import { analyzeSql, type SqlOptions } from '../../../transforms/sql/analyze.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

const shop = new URL('../../../examples/retail/postgres/shop.sql', import.meta.url);

/** Routines of which the server keeps the query, beside the one of the shop. */
const routines = `
  CREATE FUNCTION reporting.orders_of(town text) RETURNS TABLE (customer text, day date, total numeric)
  BEGIN ATOMIC
    SELECT c.full_name, o.ordered_at::date, t.total
    FROM sales.customers c
    JOIN sales.orders o USING (customer_id)
    LEFT JOIN reporting.order_totals t ON t.order_id = o.order_id
    WHERE c.city = town
    ORDER BY c.created_at;
  END;
  CREATE PROCEDURE reporting.settle(which bigint)
  BEGIN ATOMIC
    UPDATE sales.order_lines l SET unit_price = p.unit_price
    FROM sales.products p WHERE p.product_id = l.product_id AND l.order_id = which;
    INSERT INTO reporting.daily_revenue (day, revenue)
    WITH dearest AS (SELECT order_id, max(unit_price) AS price FROM sales.order_lines GROUP BY order_id)
    SELECT o.ordered_at::date, d.price FROM sales.orders o JOIN dearest d ON d.order_id = o.order_id
    WHERE EXISTS (SELECT FROM sales.customers c WHERE c.customer_id = o.customer_id);
  END;
  CREATE FUNCTION reporting.price_of(product integer) RETURNS numeric
  RETURN (SELECT unit_price FROM sales.products WHERE product_id = product);`;

let server: TestPostgres;
let client: Client;
let options: SqlOptions;
beforeAll(async () => {
  server = await startTestPostgres();
  const database = await server.createDatabase();
  await server.run(database, `${await readFile(shop, 'utf8')};${routines}`);
  client = await server.client(database);
  const { rows } = await client.query<{ table: string; columns: string[] }>(`
    SELECT table_schema || '.' || table_name AS "table", array_agg(column_name::text ORDER BY ordinal_position) AS "columns"
    FROM information_schema.columns WHERE table_schema IN ('sales', 'reporting') GROUP BY 1`);
  options = {
    dialect: 'postgres',
    catalog: Object.fromEntries(rows.map(({ table, columns }) => [table, columns])),
    postgres: await loadPostgresParser(),
  };
}, 90_000);
afterAll(async () => {
  await client.end();
  await server.stop();
});

/** Tables and columns that the server holds a routine to need, sorted. */
async function recorded(name: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ needs: string }>(
    `SELECT DISTINCT concat_ws('.', n.nspname, c.relname, a.attname) AS "needs"
     FROM pg_depend d
     JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
     WHERE d.classid = 'pg_proc'::regclass AND d.objid = $1::regproc`,
    [name],
  );
  return tablesToo(rows.map(({ needs }) => needs));
}

/** Tables and columns that the engine finds in the text that the server gives of a routine, sorted. */
async function found(name: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ text: string }>('SELECT pg_get_functiondef($1::regproc) AS "text"', [
    name,
  ]);
  const lineage = analyzeSql(rows[0]?.text ?? '', options);
  expect(lineage.reasons).toEqual([]);
  const columns = [
    ...[...lineage.columnEdges, ...lineage.indirectEdges].map(
      (edge) => `${edge.sourceTable ?? '?'}.${edge.sourceColumn}`,
    ),
    ...lineage.columnEdges.map((edge) => `${edge.targetTable ?? ''}.${edge.targetColumn}`),
  ];
  const ofTables = columns.filter((column) => /^(?:sales|reporting|\?)\./.test(column));
  return tablesToo([...lineage.reads, ...lineage.writes, ...ofTables]);
}

/** The server records of a table with columns only the columns. */
function tablesToo(names: readonly string[]): readonly string[] {
  const tables = names.map((name) => name.split('.').slice(0, 2).join('.'));
  return [...new Set([...names, ...tables])].sort();
}

// The server keeps the query of a routine since PostgreSQL 14.
describe('analyzeSql() on routines with BEGIN ATOMIC', () => {
  it.each(['load_city_revenue', 'orders_of', 'settle', 'price_of'])(
    'finds the tables and columns that pg_depend names, and no others: %s',
    async (name) => {
      const expected = await recorded(`reporting.${name}`);
      expect(expected.length).toBeGreaterThan(2);
      expect(await found(`reporting.${name}`)).toEqual(expected);
    },
  );
});
