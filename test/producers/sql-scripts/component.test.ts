import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { sqlScripts } from '../../../producers/sql-scripts/component.ts';
import { producerContract, scanAll } from '../../contracts/producer.ts';
import { derivedCatalogue, processOf } from '../../support/derived-catalogue.ts';
import { eventsOf } from '../../support/retail.ts';
import { testMemory } from '../../support/producer-memory.ts';
import { relationEvent, sqlSettings } from '../../support/sql-events.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A folder with these files. */
async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sql-scripts-'));
  folders.push(folder);
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), content);
  }
  return folder;
}

const options = (folder: string) => ({
  path: folder,
  dialect: 'tsql',
  server: 'srv',
  database: 'shop',
  schema: 'dbo',
  datasets: { table: { type: ['generic_table', 'generic_view'] } },
});

const open = (folder: string): Promise<Producer> =>
  sqlScripts.configure('scripts', options(folder), { baseFolder: '/' }).open();

const contractFolder = await mkdtemp(path.join(tmpdir(), 'sql-scripts-'));
afterAll(() => rm(contractFolder, { recursive: true, force: true }));
await mkdir(path.join(contractFolder, 'load'));
for (const file of ['load/a.sql', 'load/b.sql', 'c.sql'])
  await writeFile(path.join(contractFolder, file), 'INSERT INTO t SELECT * FROM s');

let versions = 0;
producerContract('sqlScripts', {
  open: () => open(contractFolder),
  objects: ['routine c.sql', 'routine load/a.sql', 'routine load/b.sql'],
  openBroken: () => open(path.join(contractFolder, 'nowhere')),
  change: () => writeFile(path.join(contractFolder, 'c.sql'), `SELECT ${++versions}`),
});

describe('sqlScripts', () => {
  it('makes a process of each file, with the lineage to tables that another producer describes', async () => {
    const folder = await folderOf({
      'load/fact.sql': 'INSERT INTO dw.Fact\nSELECT o.Id FROM Orders o',
      'notes.txt': 'no script',
    });
    const events = await eventsOf(sqlScripts, 'scripts', options(folder));
    const { settings } = sqlScripts.configure('scripts', options(folder), { baseFolder: '/' });
    const catalogue = derivedCatalogue({ scripts: settings, db: sqlSettings('tsql') }, [
      ...events,
      relationEvent('dbo.Orders', ['Id']),
      relationEvent('dw.Fact', ['OrderId']),
    ]);
    expect([...catalogue.keys()].filter((key) => key.startsWith('sql_script'))).toHaveLength(1);
    expect(processOf(catalogue, 'sql_script sqlscript://srv/load/fact.sql', 'db://srv/shop/')).toMatchObject({
      inputs: ['dbo/Orders'],
      outputs: ['dw/Fact'],
      edges: ['dbo/Orders.Id -> dw/Fact.OrderId'],
      warnings: [],
      attributes: { kind: 'SCRIPT', sourceFile: 'load/fact.sql', dialect: 'tsql', confidence: 1 },
    });
  });

  it('makes a process of each routine that a file defines, and one of what it runs itself', async () => {
    const load1 = 'CREATE PROCEDURE dbo.load1 AS INSERT INTO dw.A (x) SELECT o.x FROM dbo.Orders o';
    const load2 =
      'CREATE PROC [load2] AS\nINSERT INTO dw.B (x) SELECT c.x FROM dbo.Customers c\nEXEC dbo.load1';
    const run = 'INSERT INTO dw.C (x) SELECT s.x FROM dbo.Sales s';
    const script = `SET NOCOUNT ON\nGO\n${load1}\nGO\n${load2}\nGO\n`;
    const events = async (files: Readonly<Record<string, string>>) =>
      eventsOf(sqlScripts, 'scripts', options(await folderOf(files)));
    const { settings } = sqlScripts.configure('scripts', options('/'), { baseFolder: '/' });
    const catalogueOf = async (files: Readonly<Record<string, string>>) =>
      derivedCatalogue({ scripts: settings, db: sqlSettings('tsql') }, [
        ...(await events(files)),
        ...['dbo.Orders', 'dbo.Customers', 'dbo.Sales', 'dw.A', 'dw.B', 'dw.C'].map((name) =>
          relationEvent(name, ['x']),
        ),
      ]);
    const scripts = (catalogue: ReadonlyMap<string, unknown>) =>
      [...catalogue.keys()].filter((key) => key.startsWith('sql_script')).sort();
    const both = ['sql_script sqlscript://srv/a.sql#dbo.load1', 'sql_script sqlscript://srv/a.sql#load2'];
    expect(scripts(await catalogueOf({ 'a.sql': script }))).toEqual(both);
    const catalogue = await catalogueOf({ 'a.sql': `${script}${run}` });
    expect(scripts(catalogue)).toEqual(['sql_script sqlscript://srv/a.sql', ...both]);
    const of = (name: string) => processOf(catalogue, `sql_script sqlscript://srv/${name}`, 'db://srv/shop/');
    expect(of('a.sql')).toMatchObject({ inputs: ['dbo/Sales'], outputs: ['dw/C'] });
    expect(of('a.sql#dbo.load1')).toMatchObject({
      inputs: ['dbo/Orders'],
      outputs: ['dw/A'],
      edges: ['dbo/Orders.x -> dw/A.x'],
      attributes: { name: 'dbo.load1', kind: 'PROCEDURE', sourceFile: 'a.sql', definition: `${load1}\nGO` },
    });
    expect(of('a.sql#load2')).toMatchObject({
      inputs: ['dbo/Customers'],
      outputs: ['dw/B'],
      attributes: { calls: ['sqlscript://srv/a.sql#dbo.load1'] },
    });
  });

  it('tells routines of the same name in two schemas apart', async () => {
    const folder = await folderOf({
      'etl.sql': 'CREATE PROCEDURE etl.p AS SELECT o.x FROM dbo.Orders o',
      'dbo.sql': 'CREATE PROCEDURE dbo.p AS SELECT c.x FROM dbo.Customers c',
      'load.sql': 'INSERT INTO dw.A (x) EXEC etl.p\nGO\nINSERT INTO dw.B (x) EXEC p',
    });
    const { settings } = sqlScripts.configure('scripts', options('/'), { baseFolder: '/' });
    const catalogue = derivedCatalogue({ scripts: settings, db: sqlSettings('tsql') }, [
      ...(await eventsOf(sqlScripts, 'scripts', options(folder))),
      ...['dbo.Orders', 'dbo.Customers', 'dw.A', 'dw.B'].map((name) => relationEvent(name, ['x'])),
    ]);
    expect(processOf(catalogue, 'sql_script sqlscript://srv/load.sql', 'db://srv/shop/')).toMatchObject({
      edges: ['dbo/Customers.x -> dw/B.x', 'dbo/Orders.x -> dw/A.x'],
      attributes: { calls: ['sqlscript://srv/dbo.sql#dbo.p', 'sqlscript://srv/etl.sql#etl.p'] },
    });
  });

  it('rejects a file that is no text or too large, alone', async () => {
    const folder = await folderOf({
      'a.sql': 'SELECT 1',
      'b.sql': new Uint8Array([0x80, 0xfe, 0xff]),
      'c.sql': new Uint8Array(16_000_001).fill(32),
    });
    const producer = await open(folder);
    const { objects, rejections } = await scanAll(producer);
    await producer.close();
    expect(objects.map(({ objectId }) => objectId)).toEqual(['a.sql']);
    expect(rejections).toMatchObject([
      {
        objectId: 'b.sql',
        error: { code: 'SOURCE_INVALID', message: expect.stringContaining('b.sql is not text in utf-8') },
      },
      { objectId: 'c.sql', error: { code: 'SOURCE_LIMIT' } },
    ]);
    expect(rejections[0]?.bytes).toHaveLength(3);
  });

  it('takes a file that is deleted between listing and reading for gone', async () => {
    const folder = await folderOf({ 'a.sql': 'SELECT 1', 'b.sql': 'SELECT 2', 'c.sql': 'SELECT 3' });
    const producer = await open(folder);
    const rejected: unknown[] = [];
    const found: string[] = [];
    const context = {
      signal: new AbortController().signal,
      memory: testMemory(),
      reject: (one: unknown) => void rejected.push(one),
    };
    for await (const { objectId } of producer.scan(context)) {
      found.push(objectId);
      if (objectId === 'a.sql') await rm(path.join(folder, 'b.sql'));
    }
    expect([found, rejected]).toEqual([['a.sql', 'c.sql'], []]);
    await producer.close();
  });

  it('reads UTF-16 with a byte order mark, as SQL Server Management Studio saves it', async () => {
    const text = "SELECT N'größer 大阪' FROM dbo.Orders";
    const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
    const folder = await folderOf({
      'big.sql': Buffer.from(little).swap16(),
      'little.sql': little,
      'utf-8.sql': `\uFEFF${text}`,
    });
    const producer = await open(folder);
    const { objects, rejections } = await scanAll(producer);
    await producer.close();
    expect(rejections).toEqual([]);
    expect(objects).toMatchObject(
      ['big.sql', 'little.sql', 'utf-8.sql'].map((objectId) => ({ objectId, value: { text } })),
    );
  });

  it('tells of a file that is changed, added and removed', { timeout: 60_000 }, async () => {
    const folder = await folderOf({ 'a.sql': 'SELECT 1', 'b.sql': 'SELECT 2' });
    const producer = await open(folder);
    const stop = new AbortController();
    const changes = producer.changes(stop.signal)[Symbol.asyncIterator]();
    /** Follows changes until a scan finds exactly these texts. */
    const untilFound = async (texts: Readonly<Record<string, string>>): Promise<void> => {
      let found: unknown;
      do {
        expect(await changes.next()).toMatchObject({ done: false });
        const { objects } = await scanAll(producer);
        found = Object.fromEntries(
          objects.map(({ objectId, value }) => [objectId, 'text' in value ? value.text : '']),
        );
      } while (!isDeepStrictEqual(found, texts));
    };
    await untilFound({ 'a.sql': 'SELECT 1', 'b.sql': 'SELECT 2' });
    await writeFile(path.join(folder, 'a.sql'), 'SELECT 11');
    await untilFound({ 'a.sql': 'SELECT 11', 'b.sql': 'SELECT 2' });
    await writeFile(path.join(folder, 'c.sql'), 'SELECT 3');
    await untilFound({ 'a.sql': 'SELECT 11', 'b.sql': 'SELECT 2', 'c.sql': 'SELECT 3' });
    await rm(path.join(folder, 'b.sql'));
    await untilFound({ 'a.sql': 'SELECT 11', 'c.sql': 'SELECT 3' });
    stop.abort();
    expect(await changes.next()).toMatchObject({ done: true });
    await producer.close();
  });

  it('refuses a configuration that does not say what its tables are, and a folder that is not there', async () => {
    const { datasets: _datasets, ...rest } = options('/nowhere');
    expect(() => sqlScripts.configure('scripts', rest, { baseFolder: '/' })).toThrow(/a rule named table/);
    await expect(
      sqlScripts.configure('scripts', options('/nowhere'), { baseFolder: '/' }).open(),
    ).rejects.toThrow(/nowhere/);
  });
});
