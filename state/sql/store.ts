import { createHash } from 'node:crypto';
import { StreamError } from '../../pipeline/errors.ts';
import type { FencedStateStore, Json, StateStore, StateWrite } from '../../pipeline/state.ts';
import type { SqlConnection, SqlDatabase, SqlTables } from './database.ts';
import { Link } from './link.ts';

/** Bytes of a key that its place in the order is made of: what any database takes as part of an index. */
const headBytes = 255;
/** Rows of one page of a scan, and rows and bytes of one statement. */
const most = { page: 1000, rows: 500, bytes: 1_000_000 };

/** A row that is to be written, or, without a value, removed. */
interface Row {
  readonly id: Buffer;
  readonly name: Buffer;
  readonly value: Buffer | undefined;
}

/** Who writes: a generation of a name. */
interface Holder {
  readonly name: string;
  readonly generation: number;
}

/**
 * A state store in two tables of a database, which are made where they are missing. Keys and values are bytes (UTF-8; values are JSON), so that their order and what they
 * may hold is the same everywhere. Every write is one transaction; one that is fenced touches the row of its generation first, and writes nothing where that is an older one.
 */
export function createSqlState(database: SqlDatabase, table: string): FencedStateStore {
  const tables = { state: table, fences: `${table}_fences` };
  const link = new Link(database, tables);
  const storeOf = (holder: Holder | undefined): StateStore => ({
    get: (key) => link.run((connection) => get(connection, tables, key)),
    write: async (writes) => {
      const rows = rowsOf(writes);
      await link.run((connection) =>
        inTransaction(connection, database, () => write(connection, { database, tables, holder }, rows)),
      );
    },
    scan: (prefix) => scan(link, { ...tables, database }, prefix),
    close: async () => undefined,
  });
  return {
    ...storeOf(undefined),
    take: async (name) => {
      const generation = await link.run((connection) =>
        inTransaction(connection, database, () => take(connection, { database, tables }, name)),
      );
      return storeOf({ name, generation });
    },
    close: () => link.close(),
  };
}

async function inTransaction<T>(
  connection: SqlConnection,
  { begin }: SqlDatabase,
  work: () => Promise<T>,
): Promise<T> {
  await connection.query(begin, []);
  try {
    const result = await work();
    await connection.query('COMMIT', []);
    return result;
  } catch (thrown) {
    if (thrown instanceof StreamError) await connection.query('ROLLBACK', []);
    throw thrown;
  }
}

async function take(
  connection: SqlConnection,
  { database, tables: { fences } }: { readonly database: SqlDatabase; readonly tables: SqlTables },
  name: string,
): Promise<number> {
  const next = database.upsert({
    table: fences,
    columns: ['id', 'generation'],
    values: ['?, 1'],
    set: (kept) => `generation = ${kept('generation')} + 1`,
  });
  await connection.query(next, [idOf(name)]);
  const { rows } = await connection.query(`SELECT generation FROM ${fences} WHERE id = ?`, [idOf(name)]);
  return Number(rows[0]?.['generation']);
}

async function get(connection: SqlConnection, { state }: SqlTables, key: string): Promise<Json | undefined> {
  const { rows } = await connection.query(`SELECT value FROM ${state} WHERE id = ?`, [idOf(key)]);
  return rows[0] && valueOf(key, rows[0]['value']);
}

async function write(
  connection: SqlConnection,
  {
    database,
    tables: { state, fences },
    holder,
  }: { readonly database: SqlDatabase; readonly tables: SqlTables; readonly holder: Holder | undefined },
  rows: readonly Row[],
): Promise<void> {
  if (holder !== undefined) {
    const { name, generation } = holder;
    // The row stays locked until the end: nobody takes over in the middle of it.
    const { count } = await connection.query(
      `UPDATE ${fences} SET generation = generation WHERE id = ? AND generation = ?`,
      [idOf(name), generation],
    );
    if (count === 0) throw new StreamError('LEASE_LOST', `Another process has ${name} by now.`);
  }
  for (const some of inChunks(rows)) {
    const kept = some.flatMap(({ id, name, value }) =>
      value === undefined ? [] : [[id, name.subarray(0, headBytes), name, value]],
    );
    if (kept.length > 0) {
      const put = database.upsert({
        table: state,
        columns: ['id', 'head', 'name', 'value'],
        values: kept.map(() => '?, ?, ?, ?'),
        set: (_kept, given) => `value = ${given('value')}`,
      });
      await connection.query(put, kept.flat());
    }
    const gone = some.filter(({ value }) => value === undefined).map(({ id }) => id);
    if (gone.length > 0)
      await connection.query(`DELETE FROM ${state} WHERE id IN (${gone.map(() => '?').join(', ')})`, gone);
  }
}

/** Reads page by page; what begins alike for longer than the index goes is brought into its order here. */
async function* scan(
  link: Link,
  { state, database }: Pick<SqlTables, 'state'> & { readonly database: SqlDatabase },
  prefix: string,
): AsyncIterable<{ readonly key: string; readonly value: Json }> {
  const begin = Buffer.from(prefix).subarray(0, headBytes);
  let after: { readonly head: Buffer; readonly id: Buffer } | undefined;
  let alike: Found[] = [];
  for (;;) {
    const rows = await link.run((connection) => page(connection, { state, database, begin, after }));
    for (const row of rows) {
      if (alike[0] !== undefined && !alike[0].head.equals(row.head)) {
        yield* inOrder(alike, prefix);
        alike = [];
      }
      alike.push(row);
    }
    after = rows.at(-1);
    if (rows.length < most.page) break;
  }
  yield* inOrder(alike, prefix);
}

/** A row as it was found. */
interface Found {
  readonly id: Buffer;
  readonly head: Buffer;
  readonly name: string;
  readonly value: unknown;
}

async function page(
  connection: SqlConnection,
  {
    state,
    database,
    begin,
    after,
  }: {
    readonly state: string;
    readonly database: SqlDatabase;
    readonly begin: Buffer;
    readonly after: { readonly head: Buffer; readonly id: Buffer } | undefined;
  },
): Promise<readonly Found[]> {
  const conditions: string[] = [];
  const values: Buffer[] = [];
  const end = endOf(begin);
  if (after === undefined) {
    conditions.push('head >= ?');
    values.push(begin);
  } else {
    conditions.push('(head > ? OR (head = ? AND id > ?))', 'head >= ?');
    values.push(after.head, after.head, after.id, after.head);
  }
  if (end !== undefined) {
    conditions.push('head < ?');
    values.push(end);
  }
  const { rows } = await connection.query(
    `SELECT id, head, name, value FROM ${state} WHERE ${conditions.join(' AND ')} ORDER BY head, id ${database.limit(most.page)}`,
    values,
  );
  return rows.map((row) => ({
    id: bytesOf(row['id']),
    head: bytesOf(row['head']),
    name: bytesOf(row['name']).toString(),
    value: row['value'],
  }));
}

function* inOrder(
  alike: readonly Found[],
  prefix: string,
): Iterable<{ readonly key: string; readonly value: Json }> {
  const sorted = alike
    .filter(({ name }) => name.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const { name, value } of sorted) yield { key: name, value: valueOf(name, value) };
}

/** The first bytes that no longer begin so; undefined where there are none. */
function endOf(begin: Buffer): Buffer | undefined {
  const end = Buffer.from(begin);
  for (let at = end.length - 1; at >= 0; at -= 1) {
    const byte = end[at] ?? 0;
    if (byte === 0xff) continue;
    end[at] = byte + 1;
    return end.subarray(0, at + 1);
  }
  return undefined;
}

function rowsOf(writes: readonly StateWrite[]): readonly Row[] {
  const last = new Map<string, Row>();
  for (const { key, value } of writes) {
    if (key === '') throw new StreamError('STATE_UNAVAILABLE', 'A key of the state store must not be empty.');
    const text = value === undefined ? undefined : Buffer.from(JSON.stringify(value));
    last.set(key, { id: idOf(key), name: Buffer.from(key), value: text });
  }
  return [...last.values()];
}

function* inChunks(rows: readonly Row[]): Iterable<readonly Row[]> {
  let chunk: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    chunk.push(row);
    bytes += row.name.length + (row.value?.length ?? 0);
    if (chunk.length < most.rows && bytes < most.bytes) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}

function idOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function bytesOf(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw new StreamError(
    'STATE_UNAVAILABLE',
    'A table of the state store has another form than this version writes.',
  );
}

function valueOf(key: string, value: unknown): Json {
  try {
    const parsed: Json = JSON.parse(bytesOf(value).toString());
    return parsed;
  } catch (thrown) {
    throw new StreamError(
      'STATE_UNAVAILABLE',
      `What the state holds under ${JSON.stringify(key)} is damaged.`,
      {
        cause: thrown,
      },
    );
  }
}
