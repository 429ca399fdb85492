/** What benchmarks feed in: raw events of tables with five columns, as a database producer emits them. */
import { encodeEvent } from '../schemas/codec.ts';
import { toHeaders } from '../schemas/cloud-events.ts';
import type { Column, DatabaseObject, NamePart } from '../schemas/types.ts';
import { hashOf } from '../pipeline/content-hash.ts';
import { topics } from '../pipeline/topics.ts';
import type { NewRecord, Transport } from '../pipeline/transport.ts';

/** Name of the producer that the events are of. */
export const producer = 'bench';
/** Entities that one table becomes: itself and its columns. */
export const entitiesOfTable = 6;

const columns = [
  ['id', 'bigint', 'Key of the row.'],
  ['customer_id', 'integer', 'Who ordered.'],
  ['status', 'text', null],
  ['total', 'numeric(12,2)', 'In euros, with tax.'],
  ['created_at', 'timestamp with time zone', null],
] as const;

const nothing = { description: null, warnings: [], additional: [] } as const;
const tablesOfSchema = 1000;

function column([name, dataType, description]: (typeof columns)[number], index: number): Column {
  return {
    name,
    dataType,
    description,
    ordinal: index + 1,
    nullable: index > 0,
    length: null,
    scale: null,
    defaultExpression: null,
    primaryKey: index === 0,
    unique: index === 0,
    references: null,
    additional: [],
  };
}

const above: readonly NamePart[] = [
  { level: 'server', name: 'bench' },
  { level: 'database', name: 'shop' },
];

function pathOfTable(n: number): readonly NamePart[] {
  return [
    ...above,
    { level: 'schema', name: `s${Math.floor(n / tablesOfSchema)}` },
    { level: 'table', name: `orders_${n}` },
  ];
}

function object(
  path: readonly NamePart[],
  sequence: number,
  own: Partial<DatabaseObject> = {},
): DatabaseObject {
  return {
    ...nothing,
    producer,
    objectId: path.map(({ name }) => name).join('.'),
    position: { incarnation: 'bench', sequence },
    system: 'bench',
    path,
    owner: 'shop',
    columns: null,
    definition: null,
    dependencies: [],
    parts: [],
    ...own,
  };
}

/** Table number `n`; another `sequence` is a later version of it, with another comment. */
export function table(n: number, sequence = 1): DatabaseObject {
  const description = `Orders of shop ${n}, version ${sequence}.`;
  return object(pathOfTable(n), sequence, { description, columns: columns.map(column) });
}

/** What must be there for `tables` tables: the server, the database, the schemas. */
export function containersOf(tables: number): readonly DatabaseObject[] {
  const schemas = Array.from({ length: Math.ceil(tables / tablesOfSchema) }, (_, n) =>
    pathOfTable(n * tablesOfSchema).slice(0, 3),
  );
  return [above.slice(0, 1), above.slice(0, 2), ...schemas].map((path) => object(path, 1));
}

/** An event as the producer's runner appends it to `metadata.raw`. */
function rawRecord(value: DatabaseObject): NewRecord {
  const key = `database-object/${value.objectId}`;
  const encoded = encodeEvent('database-object', value);
  const id = hashOf(producer, key, encoded).slice(0, 32);
  return {
    key: `${producer}/${key}`,
    value: encoded,
    headers: toHeaders({
      id,
      source: `/producers/${producer}`,
      type: 'io.purviewstreams.database-object',
      subject: key,
      time: '2026-01-01T00:00:00.000Z',
      dataschema: 'database-object.v1',
      traceparent: `00-${id}-${id.slice(0, 16)}-01`,
    }),
  };
}

const appendBatch = 1000;

/** An event as a line of the producer `events`. */
export function eventLine({ producer: _producer, position: _position, ...said }: DatabaseObject): string {
  return `${JSON.stringify({ type: 'database-object', ...said })}\n`;
}

/** Appends what `tables` tables hang on. Returns the number of events. */
export async function appendContainers(transport: Transport, tables: number): Promise<number> {
  const all = containersOf(tables);
  await transport.append(topics.raw, all.map(rawRecord));
  return all.length;
}

/** Appends `count` tables from number `from` on, and what they hang on where `containers` is set. Returns the number of events. */
export async function appendTables(
  transport: Transport,
  count: number,
  options: { readonly containers?: boolean; readonly from?: number } = {},
): Promise<number> {
  const first = options.containers === true ? await appendContainers(transport, count) : 0;
  const { from = 0 } = options;
  for (let done = 0; done < count; done += appendBatch) {
    const length = Math.min(appendBatch, count - done);
    const tables = Array.from({ length }, (_, index) => rawRecord(table(from + done + index)));
    await transport.append(topics.raw, tables);
  }
  return first + count;
}
