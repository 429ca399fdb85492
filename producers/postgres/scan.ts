import type { Client } from 'pg';
import type { FoundObject } from '../../pipeline/producer.ts';
import type { PostgresSource } from './options.ts';
import { DatabaseObjects, objectId } from './objects.ts';
import { sessionSettings } from './queries.ts';
import {
  Catalogue,
  type ColumnRow,
  type NameRow,
  type ReadRow,
  type RelationRow,
  type ViewRow,
} from './rows.ts';
import { type TracedView, traceView, viewDependencies } from './view-lineage.ts';

/** Relations whose columns and trees are in memory at one time. */
const pageSize = 200;

/** Begins the transaction in which everything is read: one snapshot, so that what is found was true at one moment. */
export async function beginReading(client: Client): Promise<void> {
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${sessionSettings}`);
}

/**
 * Reads one database in one snapshot: database, schemas, tables, views, routines, in that order. A view comes after what it reads.
 * Tells the snapshot to `scanned` when everything was read.
 */
export async function* scanDatabase(
  client: Client,
  source: PostgresSource,
  database: string,
  scanned: (snapshot: string) => void,
): AsyncIterable<FoundObject> {
  await beginReading(client);
  const catalogue = new Catalogue(client);
  const facts = await catalogue.database();
  const objects = new DatabaseObjects(source.server, database, facts.sequence);
  if (database === source.databases[0]) yield objects.server(facts.version);
  yield objects.database(facts);
  const schemas = await catalogue.schemas(source.schemas.include, source.schemas.exclude);
  for (const schema of schemas) yield objects.schema(schema);
  yield* readObjects(catalogue, objects, { schemas: schemas.map((schema) => schema.oid) });
  await client.query('COMMIT');
  scanned(facts.snapshot);
}

/** Which objects to read: everything in the schemas, or of it only what is listed, by oid. */
export interface ObjectsToRead {
  readonly schemas: readonly number[];
  readonly relations?: readonly number[];
  readonly routines?: readonly number[];
}

/** Tables, then views, then routines. */
export async function* readObjects(
  catalogue: Catalogue,
  objects: DatabaseObjects,
  only: ObjectsToRead,
): AsyncIterable<FoundObject> {
  const relations = await catalogue.relations(only.schemas, only.relations ?? null);
  for (let at = 0; at < relations.length; at += pageSize) {
    yield* readPage(catalogue, objects, relations.slice(at, at + pageSize));
  }
  for (const row of await catalogue.routines(only.schemas, only.routines ?? null)) {
    const routine = objects.routine(row);
    if (routine !== undefined) yield routine;
  }
}

async function* readPage(
  catalogue: Catalogue,
  objects: DatabaseObjects,
  page: readonly RelationRow[],
): AsyncIterable<FoundObject> {
  const oids = page.map((row) => row.oid);
  const columns = grouped(await catalogue.columns(oids), (row) => row.relation);
  const keys = new Map(
    (await catalogue.foreignKeys(oids)).map((key) => [`${key.relation}/${key.ordinal}`, key]),
  );
  const partitions = grouped(
    await catalogue.partitions(page.filter((row) => row.kind === 'p').map((row) => row.oid)),
    (row) => row.relation,
  );
  const views = await readViews(
    catalogue,
    page.filter((row) => row.kind === 'v' || row.kind === 'm'),
  );
  for (const row of page) {
    const rows = columns.get(row.oid) ?? [];
    yield objects.relation(row, {
      columns: rows.map((column) => objects.column(column, keys.get(`${row.oid}/${column.ordinal}`))),
      parts: (partitions.get(row.oid) ?? []).map((partition) => partition.name),
      ...describeView(objects, row, rows, views),
    });
  }
}

interface Views {
  readonly views: ReadonlyMap<number, ViewRow & { readonly traced: TracedView }>;
  readonly reads: ReadonlyMap<number, readonly ReadRow[]>;
  readonly names: ReadonlyMap<number, NameRow>;
}

async function readViews(catalogue: Catalogue, page: readonly RelationRow[]): Promise<Views> {
  if (page.length === 0) return { views: new Map(), reads: new Map(), names: new Map() };
  const oids = page.map((row) => row.oid);
  const views = (await catalogue.views(oids)).map((view) => ({ ...view, traced: traceView(view) }));
  const reads = await catalogue.viewReads(oids);
  const sources = new Set(reads.map((read) => read.relation));
  for (const { traced } of views) {
    if (!('outputs' in traced)) continue;
    for (const output of traced.outputs) for (const { relation } of output.origins) sources.add(relation);
  }
  const names = await catalogue.names([...sources]);
  return {
    views: new Map(views.map((view) => [view.relation, view])),
    reads: grouped(reads, (read) => read.view),
    names: new Map(names.map((name) => [name.relation, name])),
  };
}

function describeView(
  objects: DatabaseObjects,
  row: RelationRow,
  columns: readonly ColumnRow[],
  { views, reads, names }: Views,
) {
  const view = views.get(row.oid);
  if (view === undefined) return {};
  const context = {
    view,
    columns,
    reads: reads.get(row.oid) ?? [],
    names,
    pathOf: (name: NameRow) => objects.relationPath(name),
    location: objectId(objects.relationPath(row)),
  };
  return { definition: view.definition, ...viewDependencies(context, view.traced) };
}

function grouped<T>(rows: readonly T[], key: (row: T) => number): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return groups;
}
