import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { dbt } from '../../../producers/dbt/component.ts';
import { postgres } from '../../../producers/postgres/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { columnsOf, manifestOf, model, source } from '../../support/dbt-manifest.ts';
import { derivedCatalogue, processOf } from '../../support/derived-catalogue.ts';
import { putFile } from '../../support/put-file.ts';
import { eventsOf } from '../../support/retail.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'dbt-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const orders = source('orders', ['id', 'customer', 'amount']);
const staged = model(
  'staged',
  'select id as order_id, customer, amount / 100.0 as amount\nfrom "dw"."erp"."orders"',
  {
    columns: columnsOf(['order_id', 'customer', 'amount']),
    config: { materialized: 'view' },
    description: 'Orders, cleaned.',
  },
);
const revenue = model(
  'revenue',
  'with s as (select * from "dw"."marts"."staged")\nselect customer, sum(amount) as revenue from s group by 1',
  { columns: columnsOf(['customer', 'revenue']) },
);
const shop = [orders, staged, revenue];

let count = 0;
/** Options of the producer on a manifest of its own. */
async function optionsOn(text: string, more: object = {}): Promise<Record<string, unknown>> {
  const file = `manifest-${(count += 1)}.json`;
  await putFile(text, folder, file);
  return { path: path.join(folder, file), server: 'srv', ...more };
}

const open = (given: unknown) => dbt.configure('shop', given, { baseFolder: folder }).open();

/** What the catalogue then holds. */
async function catalogueOf(nodes: Parameters<typeof manifestOf>[0], more: object = {}, metadata = {}) {
  const given = await optionsOn(manifestOf(nodes, metadata), more);
  const { settings } = dbt.configure('shop', given, { baseFolder: folder });
  return derivedCatalogue({ shop: settings }, await eventsOf(dbt, 'shop', given));
}

const contract = await optionsOn(manifestOf(shop), { datasets: { table: { type: 'any_table' } } });
let edition = 0;
producerContract('dbt', {
  open: () => open(contract),
  objects: ['routine model.shop.revenue', 'routine model.shop.staged'],
  openBroken: () => open({ ...contract, path: 'missing.json' }),
  change: () =>
    writeFile(
      String(contract['path']),
      manifestOf([orders, revenue, { ...staged, description: `Edition ${(edition += 1)}.` }]),
    ),
});

describe('dbt', () => {
  it('makes a process with column lineage of each model, between the tables that it describes', async () => {
    const catalogue = await catalogueOf(shop);
    expect([...catalogue.keys()].filter((key) => /^dbt_(?:table|view|model) /.test(key)).sort()).toEqual([
      'dbt_model dbt://srv/models/model.shop.revenue',
      'dbt_model dbt://srv/models/model.shop.staged',
      'dbt_table dbt://srv/dw/erp/orders',
      'dbt_table dbt://srv/dw/marts/revenue',
      'dbt_view dbt://srv/dw/marts/staged',
    ]);
    const of = (name: string) =>
      processOf(catalogue, `dbt_model dbt://srv/models/model.shop.${name}`, 'dbt://srv/dw/');
    expect(of('staged')).toMatchObject({
      edges: [
        'erp/orders.amount -> marts/staged.amount',
        'erp/orders.customer -> marts/staged.customer',
        'erp/orders.id -> marts/staged.order_id',
      ],
      warnings: [],
      attributes: {
        description: 'Orders, cleaned.',
        sourceFile: 'models/staged.sql',
        dialect: 'postgres',
        confidence: 1,
      },
    });
    expect(of('revenue')).toMatchObject({
      inputs: ['marts/staged'],
      outputs: ['marts/revenue'],
      edges: [
        'marts/staged.amount -> marts/revenue.revenue',
        'marts/staged.customer -> marts/revenue.customer',
      ],
    });
  });

  it('has an example in docs/dbt.md whose lineage lies between the tables of another producer', async () => {
    const page = await readFile(path.join(root, 'docs/dbt.md'), 'utf8');
    const { producers } = z
      .object({ producers: z.object({ shop: z.looseObject({ datasets: z.unknown() }) }) })
      .parse(parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''));
    const { kind: _kind, ...example } = producers.shop;
    const own = await optionsOn(manifestOf(shop));
    const given = { ...example, ...own };
    const { settings } = dbt.configure('shop', given, { baseFolder: folder });
    const access = { host: 'srv', database: 'dw', user: 'u', password: 'p' };
    const tables = postgres.configure('dw', access, { baseFolder: folder }).settings;
    const catalogue = derivedCatalogue({ shop: settings, dw: tables }, await eventsOf(dbt, 'shop', given));
    const process = 'dbt_model dbt://srv/models/model.shop.staged';
    expect(processOf(catalogue, process, 'postgresql://srv/dw/')).toMatchObject({
      inputs: ['erp/orders'],
      outputs: ['marts/staged'],
    });
    expect([...catalogue.keys()].filter((key) => key.startsWith('dbt_table'))).toEqual([]);
  });

  it.each([
    ['postgres', '"dw"."marts"."t"', '"dw"."erp"."orders"'],
    ['redshift', '"dw"."marts"."t"', '"dw"."erp"."orders"'],
    ['snowflake', 'dw.marts.t', 'dw.erp.orders'],
    ['bigquery', '`dw`.`marts`.`t`', '`dw`.`erp`.`orders`'],
    ['databricks', '`dw`.`marts`.`t`', '`dw`.`erp`.`orders`'],
    ['sqlserver', '"dw"."marts"."t"', '[dw].[erp].[orders]'],
    ['fabric', '[dw].[marts].[t]', '[dw].[erp].[orders]'],
    ['duckdb', '"dw"."marts"."t"', '"dw"."erp"."orders"'],
    ['trino', '"dw"."marts"."t"', '"dw"."erp"."orders"'],
  ])('reads the SQL of the adapter %s', async (adapter, relation, from) => {
    const sql = `with o as (\n  select id from ${from}\n)\nselect id from o`;
    const more = { relation_name: relation, columns: columnsOf(['id']) };
    const nodes = [source('orders', ['id']), model('t', sql, more)];
    const catalogue = await catalogueOf(nodes, adapter === 'snowflake' ? { case: 'lower' } : {}, {
      adapter_type: adapter,
    });
    expect(processOf(catalogue, 'dbt_model dbt://srv/models/model.shop.t', 'dbt://srv/dw/')).toMatchObject({
      edges: ['erp/orders.id -> marts/t.id'],
      warnings: [],
    });
  });

  it('tells of ephemeral models and tests nothing, of seeds the table, and of Python no lineage', async () => {
    const nodes = [
      model('between', 'select 1', { config: { materialized: 'ephemeral' }, relation_name: null }),
      model('forecast', 'def model(dbt, session): …', { language: 'python' }),
      { ...model('regions', null), unique_id: 'seed.shop.regions', resource_type: 'seed' },
      { unique_id: 'test.shop.unique_id', resource_type: 'test' },
    ];
    const { objects, rejections } = await scanAll(await open(await optionsOn(manifestOf(nodes))));
    expect(rejections).toEqual([]);
    expect(objects.map(({ objectId }) => objectId)).toEqual([
      '["srv"]',
      '["srv","dw"]',
      '["srv","dw","marts"]',
      'model.shop.forecast@table',
      'model.shop.forecast',
      'seed.shop.regions@table',
    ]);
  });

  it('takes the database of the configuration for tables that have none, and SQL of dbt before 1.3', async () => {
    const old = { compiled_code: undefined, compiled_sql: 'select id from erp.orders', database: null };
    const given = await optionsOn(manifestOf([model('t', null, old)]), { database: 'hive' });
    const { objects } = await scanAll(await open(given));
    expect(objects.at(-1)).toMatchObject({
      objectId: 'model.shop.t',
      value: {
        text: expect.stringContaining('as select id'),
        path: expect.arrayContaining([{ level: 'database', name: 'hive' }]),
      },
    });
  });

  it('rejects a node that cannot be read by file, id, field and reason, and reads the others', async () => {
    const nodes = [
      model('good', 'select 1 as one'),
      model('uncompiled', null),
      model('homeless', 'select 1', { database: null }),
      model('typed', 'select 1', { schema: 5, password: 'canary' }),
      source('wrong', [], { columns: { id: { name: 7 } } }),
    ];
    const { objects, rejections } = await scanAll(await open(await optionsOn(manifestOf(nodes))));
    expect(objects.map(({ objectId }) => objectId)).toContain('model.shop.good');
    const told = new Map(rejections.map(({ objectId, error }) => [objectId, error.message]));
    expect([...told.keys()].sort()).toEqual([
      'model.shop.homeless',
      'model.shop.typed',
      'model.shop.uncompiled',
      'source.shop.wrong',
    ]);
    expect(told.get('model.shop.uncompiled')).toMatch(
      /manifest-\d+\.json: model\.shop\.uncompiled has no compiled_code\. Run dbt compile/,
    );
    expect(told.get('model.shop.homeless')).toContain('names no database. Set the option database.');
    expect(told.get('model.shop.typed')).toMatch(
      /manifest-\d+\.json: model\.shop\.typed: schema: .*string.*number/,
    );
    expect(told.get('source.shop.wrong')).toMatch(/source\.shop\.wrong: columns\.id\.name: /);
    expect(rejections.map(({ bytes }) => Buffer.from(bytes ?? []).toString()).join('\n')).not.toContain(
      'canary',
    );
  });

  it.each([
    ['{', 'is not JSON'],
    ['[]', 'expected object'],
    [
      '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"}, "nodes": {}}',
      'metadata.dbt_schema_version: is not that of a manifest',
    ],
    [`{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}}`, 'nodes: '],
    [`{"nodes": {"a": 1, "a": 2}}`, 'the key "a" stands twice'],
    ['['.repeat(100_000), 'lies deeper than 64 levels'],
  ])('refuses a file that is no manifest: %.40s', async (text, reason) => {
    expect(await failureOf(scanAll(await open(await optionsOn(text))))).toMatchObject({
      message: expect.stringMatching(/^manifest-\d+\.json/),
      code: expect.stringMatching(/^SOURCE_(?:INVALID|LIMIT)$/),
    });
    expect(await failureOf(scanAll(await open(await optionsOn(text))))).toMatchObject({
      message: expect.stringContaining(reason),
    });
  });
});
