import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { sqlScripts } from '../../../producers/sql-scripts/component.ts';
import { scanAll } from '../../contracts/producer.ts';
import { derivedCatalogue, processOf } from '../../support/derived-catalogue.ts';
import { eventsOf } from '../../support/retail.ts';
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

  it('rejects a file that is no text, alone', async () => {
    const folder = await folderOf({ 'a.sql': 'SELECT 1', 'b.sql': new Uint8Array([0x80, 0xfe, 0xff]) });
    const producer = await sqlScripts.configure('scripts', options(folder), { baseFolder: '/' }).open();
    const { objects, rejections } = await scanAll(producer);
    await producer.close();
    expect(objects.map(({ objectId }) => objectId)).toEqual(['a.sql']);
    expect(rejections.map(({ objectId }) => objectId)).toEqual(['b.sql']);
  });

  it('refuses a configuration that does not say what its tables are, and a folder that is not there', async () => {
    const { datasets: _datasets, ...rest } = options('/nowhere');
    expect(() => sqlScripts.configure('scripts', rest, { baseFolder: '/' })).toThrow(/a rule named table/);
    await expect(
      sqlScripts.configure('scripts', options('/nowhere'), { baseFolder: '/' }).open(),
    ).rejects.toThrow(/nowhere/);
  });
});
