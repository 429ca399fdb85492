import { describe, expect, it } from 'vitest';
import jobs from '../../examples/retail/loader/jobs.json' with { type: 'json' };
import { datasetRules } from '../../pipeline/component.ts';
import type { Derivation, KnownAsset, SourceSettings } from '../../pipeline/transform.ts';
import { customDbTypes } from '../../producers/custom-db/types.ts';
import { etlApi } from '../../producers/etl-api/component.ts';
import { readJob } from '../../producers/etl-api/reply.ts';
import { ownTypes } from '../../producers/postgres/own-types.ts';
import type { Job } from '../../schemas/types.ts';
import { mapJobs } from '../../transforms/map-jobs.ts';
import { transformContract } from '../contracts/transform.ts';
import { retailDatasets } from '../support/etl-tool.ts';
import { transformContext } from '../support/transform-context.ts';
import { deriveOne } from '../support/transforms.ts';

const loader = etlApi.configure(
  'loader',
  { url: 'http://127.0.0.1', datasets: retailDatasets },
  { baseFolder: '/' },
).settings;
const database = (types: SourceSettings['types']): SourceSettings => ({
  types,
  caseRule: 'preserve',
  steps: 'collapse',
  datasets: datasetRules({}),
});
const producers = { loader, warehouse: database(customDbTypes), 'shop-db': database(ownTypes) };
const view = (name: string): KnownAsset => ({
  typeName: 'postgresql_view',
  qualifiedName: `postgresql://shop-db/shop/reporting/${name}`,
  columns: ['customer_id', 'total'],
});
const context = transformContext(producers, [
  view('customer_totals'),
  view('order_totals'),
  {
    typeName: 'customdb_table',
    qualifiedName: 'customdb://warehouse/tables/stg_orders',
    columns: ['order_id'],
  },
]);

function jobOf(id: string, detail: object): Job {
  const { found } = readJob(detail, { id, tool: 'loader', location: `api/job/${id}` });
  return { ...found.value, producer: 'loader', objectId: id, position: { incarnation: '1', sequence: 1 } };
}
const examples = jobs.map(({ id, ...detail }) => ({ type: 'job' as const, value: jobOf(id, detail) }));

function derive(value: Job, within = context): Derivation {
  return deriveOne(mapJobs, within, { type: 'job', value });
}

/** The process of a derivation as lines: `input -> process -> output`, with the types. */
function lineage({ changes }: Derivation): string {
  const process = changes.flatMap(({ entities }) => entities).find(({ typeName }) => typeName === 'etl_job');
  const targets = (attribute: string): string =>
    (process?.references.find((reference) => reference.attribute === attribute)?.targets ?? [])
      .map(({ typeName, qualifiedName }) => `${typeName} ${qualifiedName}`)
      .join(', ');
  return `${targets('inputs')} -> ${process?.qualifiedName} -> ${targets('outputs')}`;
}

const [first, second, ...others] = examples;
if (first === undefined || second === undefined) throw new Error('The example has no jobs.');
transformContract('mapJobs', mapJobs, { context, examples: [first, second, ...others] });

describe('mapJobs()', () => {
  it('gives the lineage of every job of the example', () => {
    const lines = examples.map(({ value }) => lineage(derive(value)));
    const sales = 'postgresql_table postgresql://shop-db/shop/sales';
    const reporting = 'postgresql://shop-db/shop/reporting';
    const table = 'customdb_table customdb://warehouse/tables';
    const blob = 'azure_blob_path https://retailshop.blob.core.windows.net';
    expect(lines).toEqual([
      `${sales}/orders -> etl://loader/jobs/archive_orders -> ${blob}/archive/orders.json`,
      `${table}/category_sales -> etl://loader/jobs/export_category_sales -> ${blob}/exports/category_sales.csv`,
      `${sales}/customers -> etl://loader/jobs/export_customers -> ${blob}/exports/customers.csv`,
      `${table}/daily_sales -> etl://loader/jobs/export_daily_sales -> ${blob}/exports/daily_sales.csv`,
      `${sales}/products -> etl://loader/jobs/export_products -> ${blob}/exports/products.csv`,
      `${blob}/incoming/catalog.csv -> etl://loader/jobs/import_catalog -> ${sales}/products`,
      'purview_streams_unconfigured_dataset unconfigured://loader/sftp/sftp%3A%2F%2Fsupplier.example%2Fprices.csv' +
        ` -> etl://loader/jobs/import_prices -> ${sales}/products`,
      `${sales}/order_lines -> etl://loader/jobs/load_order_lines -> ${table}/stg_order_lines`,
      `${sales}/orders -> etl://loader/jobs/load_orders -> ${table}/stg_orders`,
      `${sales}/products -> etl://loader/jobs/load_products -> ${table}/stg_products`,
      `postgresql_view ${reporting}/customer_totals -> etl://loader/jobs/report_customer_totals -> ${blob}/reports/customer_totals.csv`,
      `postgresql_view ${reporting}/order_totals -> etl://loader/jobs/report_order_totals -> ${blob}/reports/order_totals.csv`,
      `postgresql_table ${reporting}/top_products -> etl://loader/jobs/report_top_products -> ${blob}/reports/top_products.csv`,
    ]);
  });

  it('gives the tool, the process with its attributes, and a placeholder for what nobody described', () => {
    const job = examples.find(({ value }) => value.objectId === 'load_orders');
    if (job === undefined) throw new Error('The example has no job load_orders.');
    const { changes, known, warnings } = derive(job.value);
    expect(known).toEqual([]);
    expect(warnings).toEqual([]);
    expect(changes).toEqual([
      {
        entities: [
          {
            typeName: 'etl_pipeline',
            qualifiedName: 'etl://loader',
            attributes: { name: 'loader' },
            references: [],
          },
        ],
        complete: [],
        placeholder: false,
      },
      {
        entities: [
          expect.objectContaining({
            typeName: 'etl_job',
            qualifiedName: 'etl://loader/jobs/load_orders',
            attributes: {
              name: 'load_orders',
              description: 'Copies the orders of the day into the warehouse.',
              lastRun: '2026-11-22T00:10:00Z',
              columnMapping: '[]',
              warnings: [],
            },
          }),
        ],
        complete: ['activities', 'rows'],
        placeholder: false,
      },
      {
        entities: [
          {
            typeName: 'postgresql_table',
            qualifiedName: 'postgresql://shop-db/shop/sales/orders',
            attributes: { name: 'sales.orders' },
            references: [],
          },
        ],
        complete: [],
        placeholder: true,
      },
    ]);
  });

  it('gives no column edges when columns of both sides are known and named alike', () => {
    const both = transformContext(producers, [
      {
        typeName: 'postgresql_table',
        qualifiedName: 'postgresql://shop-db/shop/sales/orders',
        columns: ['id'],
      },
      {
        typeName: 'customdb_table',
        qualifiedName: 'customdb://warehouse/tables/stg_orders',
        columns: ['id'],
      },
    ]);
    const job = jobOf('j', {
      name: 'j',
      inputs: [{ type: 'postgres', name: 'sales.orders' }],
      outputs: [{ type: 'customDB', name: 'stg_orders' }],
    });
    const { changes } = derive(job, both);
    expect(changes.map(({ placeholder }) => placeholder)).toEqual([false, false]);
    expect(changes[1]?.entities[0].attributes['columnMapping']).toBe('[]');
  });

  it('puts the warnings of the event and of its datasets on the process', () => {
    const job = jobOf('j', { name: 'j', lastRun: 'yesterday', inputs: [{ type: 'sftp', name: 'a.csv' }] });
    const { changes, warnings } = derive(job);
    expect(warnings.map(({ code }) => code).sort()).toEqual([
      'last-run-not-a-time',
      'unconfigured-dataset-type',
    ]);
    expect(changes[1]?.entities[0].attributes['warnings']).toEqual([
      expect.stringContaining('last-run-not-a-time: "yesterday" is no ISO 8601 time'),
      expect.stringContaining('(job j $.inputs[0])'),
    ]);
  });

  it('names the process by the job id when two jobs have one name', () => {
    const names = ['1', '2'].map((id) => lineage(derive(jobOf(id, { name: 'same' }))));
    expect(names).toEqual([' -> etl://loader/jobs/1 -> ', ' -> etl://loader/jobs/2 -> ']);
  });

  it('says nothing of the description when the job has none', () => {
    const { changes } = derive(jobOf('j', { name: 'j' }));
    expect(changes[1]?.entities[0].attributes).not.toHaveProperty('description');
  });

  it.each([
    ['a name without the declared form', { type: 'postgres', name: 'orders' }, 'EVENT_INVALID', 'inputs[0]'],
    ['a blob without a path', { type: 'blob', name: 'orders' }, 'EVENT_INVALID', 'datasets.blob.path'],
  ])('errors with the place when a job has %s', (_what, dataset, code, place) => {
    const job = jobOf('j', { name: 'j', inputs: [dataset] });
    expect(() => derive(job)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(place) }),
    );
  });

  it('errors with CONFIG_INVALID when the producer declares no job types', () => {
    const job = { ...jobOf('j', { name: 'j' }), producer: 'warehouse' };
    expect(() => derive(job)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
