import { appendFile, copyFile, mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { queryLog } from '../../../producers/query-log/component.ts';
import type { ObservedStatement } from '../../../schemas/types.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { testMemory } from '../../support/producer-memory.ts';

let base: string;
let folder: string;
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'query-log-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  folder = path.join(base, `${(count += 1)}`);
  await mkdir(folder);
});

const open = (options: Record<string, unknown> = {}): Promise<Producer> =>
  queryLog
    .configure(
      'log',
      {
        path: 'q.log',
        server: 'srv',
        datasets: { table: { type: 'azure_sql_table' } },
        dialect: 'postgres',
        searchPath: ['public'],
        keepDays: 3_650,
        ...options,
      },
      { baseFolder: folder },
    )
    .open();

const line = (statement: string, more: Record<string, unknown> = {}): string =>
  `${JSON.stringify({ statement, time: '2026-01-31T10:00:00Z', ...more })}\n`;
const write = (text: string): Promise<void> => writeFile(path.join(folder, 'q.log'), text);
const load = (target: string, id = 1): string =>
  line(`INSERT INTO ${target} SELECT x FROM s WHERE id = ${id}`);

type Statement = Omit<ObservedStatement, 'producer' | 'objectId' | 'position'>;
const scan = async (memory = testMemory(), options: Record<string, unknown> = {}) => {
  const { objects, rejections } = await scanAll(await open(options), new AbortController().signal, memory);
  const statements = objects.flatMap((found): Statement[] =>
    found.type === 'observed-statement' ? [found.value] : [],
  );
  return { statements, faults: rejections.map(({ error }) => `${error.code} ${error.message}`) };
};
/** Target → executions that are remembered. */
const counted = async (memory: ReturnType<typeof testMemory>): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for await (const { value } of memory.entries('statement/')) {
    const { text, executions } = value as { text: string; executions: number };
    counts[/INTO (\w+)/.exec(text)?.[1] ?? text] = executions;
  }
  return counts;
};

describe('query-log', () => {
  beforeEach(() => write(load('a') + load('a', 2) + load('b')));
  producerContract('query-log', {
    open: () => open(),
    objects: ['observed-statement 11bf4076f48c8768', 'observed-statement 942e10fb15a28e92'],
    openBroken: () => open({ path: 'missing.log' }),
  });
});

describe('query-log scan()', () => {
  it('reads statements with time, user, database and schema from JSON lines', async () => {
    await write(
      load('a') +
        line('insert into b select x from c', {
          user: 'u',
          database: 'db',
          schema: 'etl',
          time: 1_769_853_600,
        }) +
        line('SELECT 1') +
        '\n',
    );
    const { statements, faults } = await scan();
    expect(faults).toEqual([]);
    expect(statements).toMatchObject([
      {
        path: [{ level: 'server', name: 'srv' }],
        searchPath: ['public'],
        lastSeen: '2026-01-31',
        executions: 1,
      },
      {
        path: [{}, { level: 'database', name: 'db' }],
        searchPath: ['etl', 'public'],
        users: ['u'],
        lastSeen: '2026-01-31',
      },
    ]);
  });

  it('reads CSV with a header, with quotes, line feeds and other names of fields, and CSV without a header', async () => {
    const csv = 'when;sql;who\n2026-01-31 10:00:00.5 +0100;"INSERT INTO ""a""\nSELECT x FROM s";me\r\n';
    await write(csv);
    const options = { format: 'csv', delimiter: ';' };
    const fields = { statement: 'SQL', time: 'when', user: 'who' };
    const { statements, faults } = await scan(testMemory(), { ...options, fields });
    expect(faults).toEqual([]);
    expect(statements).toMatchObject([
      { text: 'INSERT INTO "a" SELECT x FROM s', users: ['me'], firstSeen: '2026-01-31' },
    ]);
    await write(csv.slice(csv.indexOf('\n') + 1));
    const without = await scan(testMemory(), { ...options, columns: ['time', 'statement', 'user'] });
    expect(without.statements).toEqual(statements);
  });

  it('reads each of two files that begin alike from its own mark', async () => {
    const memory = testMemory();
    const options = { path: '.', glob: '*.log' };
    const alike = Array.from({ length: 20 }, () => load('a')).join('');
    await write(alike + load('b') + load('c'));
    await writeFile(path.join(folder, 'r.log'), alike + load('d') + load('e') + load('f'));
    await scan(memory, options);
    await appendFile(path.join(folder, 'q.log'), load('g') + load('h') + load('i'));
    await scan(memory, options);
    await scan(memory, options);
    expect(await counted(memory)).toEqual({ a: 40, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1 });
  });

  it('goes on at the marks of an earlier version, which knew only the beginning of a file', async () => {
    const memory = testMemory();
    await write(load('a'));
    await scan(memory);
    for await (const { key, value } of memory.entries('file/')) {
      const { tail: _tail, ...mark } = value as { tail: string; head: string };
      memory.set(key, undefined);
      memory.set(`file/${mark.head}`, mark);
    }
    await appendFile(path.join(folder, 'q.log'), load('b'));
    await scan(memory);
    expect(await counted(memory)).toEqual({ a: 1, b: 1 });
  });

  it('goes on where it was, also after the header of CSV', async () => {
    const memory = testMemory();
    await write(load('a'));
    await scan(memory);
    await appendFile(path.join(folder, 'q.log'), load('a') + load('b'));
    await scan(memory);
    await scan(memory);
    expect(await counted(memory)).toEqual({ a: 2, b: 1 });
    await write('statement\nINSERT INTO c SELECT x FROM s\n');
    await scan(memory, { format: 'csv' });
    await appendFile(path.join(folder, 'q.log'), 'INSERT INTO c SELECT x FROM s\n');
    await scan(memory, { format: 'csv' });
    expect(await counted(memory)).toEqual({ a: 2, b: 1, c: 2 });
  });

  it('leaves a line that is not finished until it is', async () => {
    const memory = testMemory();
    const text = load('a');
    await write(text.slice(0, 30));
    expect(await scan(memory)).toEqual({ statements: [], faults: [] });
    await write(text);
    expect((await scan(memory)).statements).toHaveLength(1);
    expect(await counted(memory)).toEqual({ a: 1 });
  });

  it('loses nothing and counts nothing twice when the file is rotated by renaming, twice between two scans', async () => {
    const memory = testMemory();
    const at = (name: string): string => path.join(folder, name);
    await write(load('a'));
    await scan(memory);
    await appendFile(at('q.log'), load('b'));
    await rename(at('q.log'), at('q.log.1'));
    await write(load('c'));
    await rename(at('q.log.1'), at('q.log.2'));
    await rename(at('q.log'), at('q.log.1'));
    await write(load('d'));
    await scan(memory);
    await scan(memory);
    expect(await counted(memory)).toEqual({ a: 1, b: 1, c: 1, d: 1 });
  });

  it('loses nothing and counts nothing twice when the file is copied and truncated, or truncated alone', async () => {
    const memory = testMemory();
    const at = (name: string): string => path.join(folder, name);
    await write(load('a') + load('b'));
    await scan(memory);
    await appendFile(at('q.log'), load('c'));
    await copyFile(at('q.log'), at('q.log.1'));
    await truncate(at('q.log'));
    await appendFile(at('q.log'), load('d'));
    await scan(memory);
    expect(await counted(memory)).toEqual({ a: 1, b: 1, c: 1, d: 1 });
    await truncate(at('q.log'));
    await appendFile(at('q.log'), load('e') + load('e') + load('e'));
    await scan(memory);
    expect(await counted(memory)).toEqual({ a: 1, b: 1, c: 1, d: 1, e: 3 });
  });

  it('rejects lines that are wrong by file, line and field, keeps no secret of them, and reads the rest', async () => {
    await write(
      [
        '{"statement": "password=canary-5k", ',
        '[1]',
        '{"time":"2026-01-31"}',
        '{"statement":"INSERT INTO a SELECT x FROM s","time":"yesterday"}',
        '{"statement":{"a":1}}',
        '{"statement":"INSERT INTO a SELECT x FROM s","executions":-3}',
        `{"statement":"INSERT INTO a SELECT '${'x'.repeat(1_100_000)}' FROM s"}`,
        Buffer.from([0x7b, 0xff, 0xfe]).toString('latin1'),
        load('b').trim(),
        '',
      ].join('\n'),
    );
    const { objects, rejections } = await scanAll(await open());
    expect(objects).toHaveLength(1);
    expect(rejections.map(({ error }) => `${error.code} ${error.message}`)).toEqual([
      expect.stringMatching(/^SOURCE_INVALID q\.log:1:1:\d+ is not JSON/),
      'SOURCE_INVALID q.log:2 is not a JSON object.',
      'SOURCE_INVALID q.log:3, field statement, is missing.',
      'SOURCE_INVALID q.log:4, field time, is no time: "yesterday".',
      'SOURCE_INVALID q.log:5, field statement, is no text: "object".',
      'SOURCE_INVALID q.log:6, field executions, is no count: "-3".',
      'SOURCE_LIMIT q.log:7 is longer than 1048576 bytes.',
      expect.stringContaining('SOURCE_INVALID q.log:8'),
    ]);
    expect(Buffer.concat(rejections.map(({ bytes }) => Buffer.from(bytes ?? []))).toString()).not.toContain(
      'canary',
    );
  });

  it('keeps no value of a statement in what it rejects, however the statement is quoted', async () => {
    const secret = `ALTER USER u PASSWORD 'canary' -- "canary"`;
    await write(
      [
        line(secret, { time: secret }),
        `{"statement":${JSON.stringify(secret)},"user":"u"} x\n`,
        `{"statement":"GRANT x TO u IDENTIFIED BY 'canary`,
      ].join(''),
    );
    const json = await scanAll(await open());
    await write(`statement,time\n"SELECT ""canary"", 'canary'",x,y\n`);
    const csv = await scanAll(await open({ format: 'csv' }));
    const rejections = [...json.rejections, ...csv.rejections];
    expect(rejections).toHaveLength(3);
    for (const { error, bytes = Buffer.alloc(0) } of rejections)
      expect(`${error.message} ${Buffer.from(bytes).toString()}`).not.toContain('canary');
  });

  it('rejects a wrong record of CSV alone, also one whose quotation has no end', async () => {
    const good = 'INSERT INTO a SELECT x FROM s\n';
    await write(`statement\n${good}"a"b\n1,2,3\n${good}"no end\n${good.repeat(40_000)}`);
    const { statements, faults } = await scan(testMemory(), { format: 'csv' });
    expect(statements).toHaveLength(1);
    expect(faults).toEqual([
      'SOURCE_INVALID q.log:3, field 1: there is text behind a quotation.',
      'SOURCE_INVALID q.log:4 has 3 fields, but there are 1 columns.',
      'SOURCE_LIMIT q.log:6 is longer than 1048576 bytes.',
    ]);
  });

  it('counts an execution whose id it saw once, over files and scans', async () => {
    const memory = testMemory();
    await write(
      line('INSERT INTO a SELECT x FROM s', { id: '1' }) + line('INSERT INTO a SELECT x FROM s', { id: '1' }),
    );
    await scan(memory);
    await appendFile(
      path.join(folder, 'q.log'),
      line('INSERT INTO a SELECT x FROM s', { id: '1' }) + line('INSERT INTO a SELECT x FROM s', { id: '2' }),
    );
    await scan(memory);
    expect(await counted(memory)).toEqual({ a: 2 });
  });

  it('reports no more than a thousand wrong lines, and how many there were beyond', async () => {
    await write('x\n'.repeat(1_500));
    const { faults } = await scan();
    expect(faults).toHaveLength(1_001);
    expect(faults.at(-1)).toContain('500 more lines');
  });

  it('fails when a folder is named without a glob, or holds no such file', async () => {
    expect(await failureOf(open({ path: '.' }))).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await failureOf(scanAll(await open({ path: '.', glob: '*.nothing' })))).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
  });
});
