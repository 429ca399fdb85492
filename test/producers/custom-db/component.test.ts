import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { customDb } from '../../../producers/custom-db/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { retailFolder } from '../../support/retail.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'custom-db-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (path: string, options: Readonly<Record<string, string>> = {}): Promise<Producer> =>
  customDb.configure('warehouse', { path, ...options }, { baseFolder: folder }).open();

/** A database of files with this system table and these files beside it. */
const database = async (
  name: string,
  system: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const root = join(folder, name);
  for (const [file, text] of Object.entries({ 'sys.json': system, ...files })) {
    await mkdir(join(root, file, '..'), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return root;
};

producerContract('customDb', {
  open: () => open(join(retailFolder, 'warehouse')),
  objects: [
    'database-object server',
    ...['archive', 'mart', 'staging'].map((name) => `database-object containers/${name}`),
    ...[
      'category_sales',
      'daily_sales',
      'order_facts',
      'product_list',
      'stg_order_lines',
      'stg_orders',
      'stg_products',
    ].map((name) => `database-object tables/${name}`),
    ...['category_sales', 'copy_products', 'daily_sales'].map((name) => `routine scripts/${name}.custom`),
  ],
  openBroken: () => open('does-not-exist'),
});

describe('customDb', () => {
  it('scan() tells the empty container of the example, and nothing else is odd there', async () => {
    const { objects } = await scanAll(await open(join(retailFolder, 'warehouse')));
    expect(objects.flatMap((found) => found.value.warnings)).toEqual([
      {
        code: 'empty-container',
        location: '$.containers.archive',
        message: 'The container archive has no table.',
      },
    ]);
  });

  it('scan() names the server by its folder unless told, and takes the system table itself as path', async () => {
    const root = await database('named', '{}');
    for (const [path, options, name] of [
      [root, {}, 'named'],
      [join(root, 'sys.json'), {}, 'named'],
      [root, { server: 'other' }, 'other'],
    ] as const) {
      const { objects } = await scanAll(await open(path, options));
      expect(objects).toMatchObject([{ objectId: 'server', value: { path: [{ level: 'server', name }] } }]);
    }
  });

  it('scan() warns of part files that are missing or lie outside, and reads none', async () => {
    await writeFile(join(folder, 'outside.json'), '[]');
    const parts = ['here.json', 'gone.json', '../outside.json', 'link.json'];
    const system = JSON.stringify({
      containers: { c: {} },
      tables: { t: { container: 'c', tableParts: parts } },
    });
    const root = await database('parts', system, { 'here.json': 'not even JSON' });
    await symlink(join(folder, 'outside.json'), join(root, 'link.json'));
    const { objects } = await scanAll(await open(root));
    const table = objects.find((found) => found.objectId === 'tables/t');
    expect(table?.value).toMatchObject({
      parts,
      warnings: [
        {
          code: 'missing-part-file',
          location: '$.tables.t.tableParts[1]',
          message: expect.stringContaining('gone.json does not exist.'),
        },
        {
          location: '$.tables.t.tableParts[2]',
          message: expect.stringContaining('leads outside the folder that is read.'),
        },
        {
          location: '$.tables.t.tableParts[3]',
          message: expect.stringContaining('leads outside the folder that is read.'),
        },
      ],
    });
  });

  it('scan() rejects a script that is no text or leads outside alone, and names scripts of one name by path', async () => {
    await writeFile(join(folder, 'outside.custom'), 'x');
    const root = await database('scripts', '{}', {
      'a/s.custom': 'a',
      'b/s.custom': 'b',
      'c.txt': 'no script',
    });
    await writeFile(join(root, 'bad.custom'), Buffer.from([0x41, 0xff, 0xfe]));
    await symlink(join(folder, 'outside.custom'), join(root, 'link.custom'));
    const { objects, rejections } = await scanAll(await open(root));
    const routines = objects.filter((found) => found.type === 'routine');
    expect(
      routines.map((found) => [found.objectId, found.value.path.at(-1)?.name, found.value.warnings.length]),
    ).toEqual([
      ['a/s.custom', 's', 0],
      ['b/s.custom', 'b/s', 1],
    ]);
    expect(rejections.map(({ objectId, error, bytes }) => [objectId, error.code, bytes?.length])).toEqual([
      ['bad.custom', 'SOURCE_INVALID', 3],
      ['link.custom', 'SOURCE_REFUSED', undefined],
    ]);
  });

  it('scan() throws SOURCE_INVALID that names the file and the place when the system table is broken', async () => {
    const root = await database('broken', '{\n  "tables": {\n    "t": {"container" "c"}\n}}');
    const error = await failureOf(scanAll(await open(root)));
    expect(error).toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('sys.json:3:23 is not JSON: ":" is missing after a key'),
    });
  });

  it('changes() yields when a file is added, changed or removed', async () => {
    const root = join(folder, 'watched');
    await cp(join(retailFolder, 'warehouse'), root, { recursive: true });
    const producer = await open(root);
    const stop = new AbortController();
    const changes = producer.changes(stop.signal)[Symbol.asyncIterator]();
    expect(await changes.next()).toEqual({ done: false, value: undefined }); // the watcher is ready
    const count = async (): Promise<number> => (await scanAll(producer)).objects.length;
    const before = await count();
    await writeFile(join(root, 'scripts', 'more.custom'), 'x=(READ,stg_orders,day)');
    expect((await changes.next()).done).toBe(false);
    expect(await count()).toBe(before + 1);
    await rm(join(root, 'scripts', 'more.custom'));
    expect((await changes.next()).done).toBe(false);
    expect(await count()).toBe(before);
    stop.abort();
    expect((await changes.next()).done).toBe(true);
  });

  it('configure() refuses options that it does not know', () => {
    expect(() => customDb.configure('w', { path: 'x', folder: 'y' }, { baseFolder: folder })).toThrow(
      'folder',
    );
  });
});
