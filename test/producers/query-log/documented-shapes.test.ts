/**
 * Result sets of SQL Server and Snowflake, which cannot run here. The columns and the fields of the JSON are those of the makers' pages:
 * "sys.query_store_runtime_stats", "sys.query_store_query_text" (Transact-SQL reference, learn.microsoft.com) and "ACCESS_HISTORY view",
 * "QUERY_HISTORY view", "Access History" (docs.snowflake.com). The values are ours.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProducerMemory } from '../../../pipeline/producer.ts';
import { queryLog } from '../../../producers/query-log/component.ts';
import type { ObservedFlow, ObservedStatement } from '../../../schemas/types.ts';
import { scanAll } from '../../contracts/producer.ts';
import { testMemory } from '../../support/producer-memory.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shapes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const scan = async (
  rows: string,
  file: { readonly name: string; readonly text: string },
  memory: ProducerMemory = testMemory(),
) => {
  await writeFile(path.join(folder, file.name), file.text);
  const producer = await queryLog
    .configure(
      'h',
      {
        path: file.name,
        rows,
        server: 'srv',
        datasets: { table: { type: 'azure_sql_table' } },
        keepDays: 3_650,
      },
      { baseFolder: folder },
    )
    .open();
  const { objects, rejections } = await scanAll(producer, new AbortController().signal, memory);
  expect(rejections).toEqual([]);
  return objects.flatMap((found): Omit<ObservedStatement, 'producer' | 'objectId' | 'position'>[] =>
    found.type === 'observed-statement' ? [found.value] : [],
  );
};

const executions = async (memory: ProducerMemory): Promise<readonly number[]> => {
  const all: number[] = [];
  for await (const { value } of memory.entries('statement/'))
    all.push((value as { executions: number }).executions);
  return all;
};

const shown = (flows: readonly ObservedFlow[] | null): readonly string[] =>
  (flows ?? []).map(({ source, sourceColumn, target, targetColumn }) => {
    const end = (parts: ObservedFlow['source'], column: string | null): string =>
      `${parts.map(({ level, name }) => (level === 'container' ? `@${name}` : name)).join('.')}${column === null ? '' : `#${column}`}`;
    return `${end(source, sourceColumn)} -> ${end(target, targetColumn)}`;
  });

describe('rows: sqlserver-query-store', () => {
  const header =
    'query_sql_text,query_id,plan_id,runtime_stats_interval_id,execution_type,count_executions,first_execution_time,last_execution_time,database_name';
  const row = (plan: number, interval: number, count: number, type = 0): string =>
    `"(@p0 int,@p1 nvarchar(4000))INSERT INTO dw.F (a) SELECT s.x FROM stg.S s WHERE s.id=@p0",7,${plan},${interval},${type},${count},2026-01-30 08:00:00.0000000 +01:00,2026-01-31 09:30:00.1234567 +01:00,DW`;

  it('gives the statement without its parameters, and counts what each interval of each plan grew by', async () => {
    const memory = testMemory();
    const name = 'store.csv';
    const [first, ...others] = await scan(
      'sqlserver-query-store',
      { name, text: [header, row(1, 10, 4), row(2, 10, 1), row(1, 10, 99, 4)].join('\r\n') },
      memory,
    );
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      system: 'sqlserver',
      dialect: 'tsql',
      path: [
        { level: 'server', name: 'srv' },
        { level: 'database', name: 'DW' },
      ],
      searchPath: ['dbo'],
      text: 'INSERT INTO dw.F (a) SELECT s.x FROM stg.S s WHERE s.id=@p0',
      executions: 5,
      firstSeen: '2026-01-30',
      lastSeen: '2026-01-31',
    });
    // The export is written anew: interval 10 has gone on, interval 11 has begun.
    await scan(
      'sqlserver-query-store',
      { name, text: [header, row(1, 10, 6), row(2, 10, 1), row(1, 11, 2)].join('\r\n') },
      memory,
    );
    expect(await executions(memory)).toEqual([9]);
  });
});

const column = (columnName: string, directSources: readonly unknown[]) => ({
  columnId: 68_610,
  columnName,
  baseSources: [{ columnName: 'C', objectDomain: 'Table', objectId: 66_564, objectName: 'SHOP.RAW.BEHIND' }],
  directSources,
});
const from = (objectName: string, columnName?: string, objectDomain = 'Table') => ({
  ...(columnName === undefined ? {} : { columnName }),
  objectDomain,
  objectId: 66_564,
  objectName,
});
const access = (id: string, more: Record<string, unknown> = {}) => ({
  QUERY_ID: id,
  QUERY_START_TIME: '2026-01-31 16:17:47.388 +0000',
  USER_NAME: 'LOADER',
  DIRECT_OBJECTS_ACCESSED: [
    from('SHOP.RAW.ORDERS'),
    from('GOVERNANCE.FUNCTIONS.RETURN_SUM', undefined, 'FUNCTION'),
  ],
  BASE_OBJECTS_ACCESSED: [from('SHOP.RAW.BEHIND')],
  OBJECTS_MODIFIED: [
    {
      objectDomain: 'Table',
      objectId: 1,
      objectName: 'SHOP.DW."Daily Sales"',
      columns: [
        column('DAY', [from('SHOP.RAW.ORDERS', 'DAY')]),
        column('TOTAL', [from('SHOP.RAW.ORDERS', 'AMOUNT'), from('SHOP.RAW.RATES', 'RATE', 'View')]),
        column('LOADED', []),
      ],
    },
  ],
  OBJECT_MODIFIED_BY_DDL: null,
  ...more,
});

describe('rows: snowflake-access-history', () => {
  const lines = (...rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
  const flows = [
    'SHOP.RAW.ORDERS -> SHOP.DW.Daily Sales',
    'SHOP.RAW.ORDERS#AMOUNT -> SHOP.DW.Daily Sales#TOTAL',
    'SHOP.RAW.ORDERS#DAY -> SHOP.DW.Daily Sales#DAY',
    'SHOP.RAW.RATES#RATE -> SHOP.DW.Daily Sales#TOTAL',
  ];

  it('takes the flows of columns from directSources, one statement for equal flows', async () => {
    const text = lines(access('1'), access('2'), access('3', { OBJECTS_MODIFIED: [] }));
    const statements = await scan('snowflake-access-history', { name: 'access.jsonl', text });
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatchObject({
      system: 'snowflake',
      dialect: 'snowflake',
      users: ['LOADER'],
      executions: 2,
      lastSeen: '2026-01-31',
      text: '(SHOP.RAW.ORDERS, SHOP.RAW.RATES) to (SHOP.DW.Daily Sales); ACCESS_HISTORY has no text',
    });
    expect([...shown(statements[0]?.flows ?? null)].sort()).toEqual(flows);
  });

  it('reads the same from CSV, where the lists are texts, and from one JSON list; a joined QUERY_TEXT is the statement', async () => {
    const given = access('1', { QUERY_TEXT: "INSERT INTO dw.daily SELECT 'x' FROM raw.orders" });
    const quoted = (value: unknown): string =>
      `"${(typeof value === 'string' ? value : JSON.stringify(value ?? '')).replaceAll('"', '""')}"`;
    const csv = `${Object.keys(given).join(',')}\n${Object.values(given).map(quoted).join(',')}`;
    const fromCsv = await scan('snowflake-access-history', { name: 'access.csv', text: csv });
    expect(fromCsv).toMatchObject([
      { text: "INSERT INTO dw.daily SELECT '?' FROM raw.orders", executions: 1 },
    ]);
    expect([...shown(fromCsv[0]?.flows ?? null)].sort()).toEqual(flows);
    expect(
      await scan('snowflake-access-history', { name: 'access.json', text: JSON.stringify([given]) }),
    ).toEqual(fromCsv);
  });

  it('takes a stage that is copied from for a place', async () => {
    const copy = access('1', {
      DIRECT_OBJECTS_ACCESSED: [from('SHOP.RAW.INBOX', undefined, 'Stage')],
      OBJECTS_MODIFIED: [{ objectDomain: 'Table', objectId: 1, objectName: 'SHOP.RAW.ORDERS', columns: [] }],
    });
    const [statement] = await scan('snowflake-access-history', { name: 'copy.jsonl', text: lines(copy) });
    expect(shown(statement?.flows ?? null)).toEqual(['SHOP.RAW.@INBOX -> SHOP.RAW.ORDERS']);
  });

  it('counts a query once when exports overlap', async () => {
    const memory = testMemory();
    const rows = 'snowflake-access-history';
    await scan(rows, { name: 'overlap.jsonl', text: lines(access('1'), access('2')) }, memory);
    await scan(rows, { name: 'overlap.jsonl', text: lines(access('2'), access('3')) }, memory);
    expect(await executions(memory)).toEqual([3]);
  });
});

describe('rows: snowflake-query-history', () => {
  it('gives the text with its database and schema, and leaves out what failed', async () => {
    const row = (id: string, status: string) => ({
      QUERY_ID: id,
      QUERY_TEXT: 'insert into daily select day from raw.orders',
      DATABASE_NAME: 'SHOP',
      SCHEMA_NAME: 'DW',
      USER_NAME: 'LOADER',
      EXECUTION_STATUS: status,
      START_TIME: '2026-01-31 16:17:47.388 -0800',
    });
    const text = JSON.stringify([row('1', 'SUCCESS'), row('2', 'FAIL'), row('1', 'SUCCESS')]);
    expect(await scan('snowflake-query-history', { name: 'queries.json', text })).toMatchObject([
      {
        path: [{}, { level: 'database', name: 'SHOP' }],
        searchPath: ['DW', 'PUBLIC'],
        executions: 1,
        lastSeen: '2026-02-01',
        flows: null,
      },
    ]);
  });
});
