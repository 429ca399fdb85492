import { cp } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ProducerComponent } from '../../pipeline/component.ts';
import type { FoundObject } from '../../pipeline/producer.ts';
import type { KnownAsset, SourceSettings } from '../../pipeline/transform.ts';
import { customDb } from '../../producers/custom-db/component.ts';
import { etlJobFiles } from '../../producers/etl-job-files/component.ts';
import { ownTypes } from '../../producers/postgres/own-types.ts';
import type { RawEvent } from '../../schemas/types.ts';
import { scanAll } from '../contracts/producer.ts';

/** Folder of the example shop. */
export const retailFolder = resolve(import.meta.dirname, '../../examples/retail');

const copied = [
  'jobs',
  'warehouse',
  'landing',
  'scripts',
  'assets',
  'till',
  'logs',
  'packages',
  'backups',
  'dbt',
  'purview-streams.yaml',
];

/** Copies what the example reads into a folder, and returns where its configuration lies. */
export async function copyRetail(home: string): Promise<string> {
  for (const part of [...copied.map((name) => `retail/${name}`), 'query-packs'])
    await cp(join(dirname(retailFolder), part), join(home, part), { recursive: true });
  return join(home, 'retail');
}

/** Options of the example's producers of files, as its configuration has them. */
export const retailOptions = {
  warehouse: { path: 'warehouse', server: 'warehouse' },
  jobs: {
    path: 'jobs',
    tool: 'flow',
    datasets: {
      customDB: { type: 'customdb_table', name: '{table}', parameters: { server: 'warehouse' } },
      blob: { type: 'azure_blob_path', name: '{url+}' },
      postgres: {
        type: ['postgresql_table', 'postgresql_view'],
        name: '{schema}.{table}',
        parameters: { server: 'shop-db', database: 'shop' },
      },
    },
  },
} as const;

/** Settings of the example's producers; of the database, only its types. */
export function retailSettings(steps: 'collapse' | 'keep' = 'collapse'): Record<string, SourceSettings> {
  const host = { baseFolder: retailFolder };
  const { settings: warehouse } = customDb.configure('warehouse', retailOptions.warehouse, host);
  const { settings: jobs } = etlJobFiles.configure('jobs', { ...retailOptions.jobs, steps }, host);
  const shop: SourceSettings = { types: ownTypes, caseRule: 'preserve', steps: 'collapse', datasets: {} };
  return { warehouse, jobs, 'shop-db': shop };
}

/** The raw events of a producer of files over a folder. Throws when something was rejected. */
export async function eventsOf(
  component: ProducerComponent,
  name: string,
  options: unknown,
  baseFolder: string = retailFolder,
): Promise<readonly RawEvent[]> {
  const producer = await component.configure(name, options, { baseFolder }).open();
  const { objects, rejections } = await scanAll(producer);
  await producer.close();
  const [rejection] = rejections;
  if (rejection !== undefined) throw rejection.error;
  return objects.map((found) => rawEvent(found, name));
}

/** An object as the runner would publish it. */
function rawEvent(found: FoundObject, producer: string): RawEvent {
  const added = { producer, objectId: found.objectId, position: { incarnation: 'files', sequence: 1 } };
  switch (found.type) {
    case 'database-object':
      return { type: found.type, value: { ...found.value, ...added } };
    case 'routine':
      return { type: found.type, value: { ...found.value, ...added } };
    case 'job':
      return { type: found.type, value: { ...found.value, ...added } };
    case 'job-file':
      return { type: found.type, value: { ...found.value, ...added } };
    case 'observed-statement':
      return { type: found.type, value: { ...found.value, ...added } };
    case 'entity':
      return { type: found.type, value: { ...found.value, ...added } };
  }
}

/** A table of the example's warehouse as it is known. */
export function warehouseTable(table: string, columns: readonly string[]): KnownAsset {
  return { typeName: 'customdb_table', qualifiedName: `customdb://warehouse/tables/${table}`, columns };
}

/** The tables of the example's warehouse as they are known once its system table has been read. */
export async function warehouseTables(): Promise<readonly KnownAsset[]> {
  const events = await eventsOf(customDb, 'warehouse', retailOptions.warehouse);
  return events.flatMap((event) => {
    if (event.type !== 'database-object' || event.value.columns === null) return [];
    const name = event.value.path.at(-1)?.name ?? '';
    return [
      warehouseTable(
        name,
        event.value.columns.map((column) => column.name),
      ),
    ];
  });
}

/** The one table of the example's database that a job file writes, as it is known. */
export const dailyRevenue: KnownAsset = {
  typeName: 'postgresql_table',
  qualifiedName: 'postgresql://shop-db/shop/reporting/daily_revenue',
  columns: ['day', 'category', 'revenue'],
};
