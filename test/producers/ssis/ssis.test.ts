import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FoundObject, Producer } from '../../../pipeline/producer.ts';
import { writeZip } from '../../../platform/xlsx/write-zip.ts';
import { ssis } from '../../../producers/ssis/component.ts';
import { failureOf, producerContract, scanAll, textsOf } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { conmgr, dtsx, type DtsxForm } from '../../support/dtsx.ts';
import { putFile } from '../../support/put-file.ts';
import { sourceRun } from '../../support/source-run.ts';
import { flow } from './joined-flow.ts';
import { connections, load, nightly, parameters, project, shared, unknowns } from './packages.ts';

const page = z.object({ producers: z.object({ ssis: z.record(z.string(), z.unknown()) }) });
const docs = await readFile(path.join(root, 'docs/ssis.md'), 'utf8');
const { kind: _kind, ...example } = page.parse(parse(/```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? ''))
  .producers.ssis;
const canary = 'canary-77';

let folder = '';
let changed = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ssis-'));
  await putFile(dtsx(load), folder, 'packages', 'Load.dtsx');
  await putFile(project(), folder, 'packages', 'Nightly.ispac');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (options: object = {}): Promise<Producer> =>
  ssis.configure('ssis', { ...example, ...options }, { baseFolder: folder }).open();

/** Scans a folder with one file. */
async function scanFile(content: string | Uint8Array, name = 'P.dtsx', options: object = {}) {
  const own = await mkdtemp(path.join(folder, 'one-'));
  await putFile(content, own, name);
  return scanAll(await open({ path: own, ...options }));
}

function jobOf(objects: readonly FoundObject[]) {
  const found = objects.find(({ type }) => type === 'job-file');
  if (found?.type !== 'job-file') throw new Error('There is no job.');
  return found.value;
}

producerContract('ssis', {
  open: () => open(),
  objects: [
    'job-file Load',
    'routine Load/Prepare/Empty',
    'routine Load/Fill/Mark',
    'job-file Nightly/Load all',
    'routine Nightly/Load all/Empty',
  ],
  openBroken: () => open({ path: 'does-not-exist' }),
  change: () => putFile(dtsx({ ...load, name: `Load ${(changed += 1)}` }), folder, 'packages', 'Load.dtsx'),
  secrets: [canary],
});

describe('ssis', () => {
  it('has an example in docs/ssis.md whose lineage is in the catalogue, by column', async () => {
    const run = await sourceRun({ ssis: { kind: 'ssis', ...example } });
    await putFile(dtsx(load), run.folder, 'packages', 'Load.dtsx');
    const held = await run.run();
    const shop = 'mssql://dw.example.com/shop/sales';
    const dw = 'mssql://dw.example.com/dw/dbo';
    const job = 'etl://etl01/jobs/Load';
    expect(held.edges.filter((edge) => edge.startsWith(job) && edge.includes('#'))).toEqual(
      [
        [`${shop}/orders#id`, `${dw}/facts#order_id`],
        [`${shop}/returns#id`, `${dw}/facts#order_id`],
        [`${shop}/orders#amount`, `${dw}/facts#total`],
        [`${shop}/orders#tax`, `${dw}/facts#total`],
        [`${shop}/returns#value`, `${dw}/facts#total`],
        [`${dw}/customers#key`, `${dw}/facts#customer_key`],
        [`${shop}/orders#amount`, 'https://lake/out/big.csv#amount'],
      ]
        .map(([from, to]) => `${job}: ${from} -> ${to}`)
        .sort(),
    );
    const sql = 'ssis_sql_task ssis-sql://dw.example.com/dw/Load/Prepare/Empty';
    expect(held.entity(sql).attributes).toMatchObject({ definition: 'TRUNCATE TABLE dbo.facts' });
    expect(held.edges).toContain(
      `ssis-sql://dw.example.com/dw/Load/Fill/Mark: ${dw}/customers -> ${dw}/marks`,
    );
    await run.remove();
  });

  it.each(['attributes', 'properties'] as const)('scan() reads the form of %s', async (form: DtsxForm) => {
    const { objects, rejections } = await scanFile(dtsx(load, form));
    expect(rejections).toEqual([]);
    expect(objects.map(({ objectId }) => objectId)).toEqual(['P', 'P/Prepare/Empty', 'P/Fill/Mark']);
    const { nodes, warnings, name } = jobOf(objects);
    expect(name).toBe('Load');
    expect(warnings).toEqual([]);
    const columns = Object.fromEntries(
      nodes.map(({ id, columns: all }) => [
        id,
        all.map(({ sources, target }) => `${target} = ${sources.join(' + ')}`),
      ]),
    );
    const at = (name_: string): string => `Fill/${name_}`;
    expect(columns[at('Facts')]).toEqual([
      `order_id = ${at('Union')}.id`,
      `total = ${at('Union')}.total`,
      `customer_key = ${at('Union')}.key`,
    ]);
    expect(columns[at('Union')]).toEqual([
      `id = ${at('Split')}.id + ${at('Mark')}.id`,
      `total = ${at('Split')}.total + ${at('Mark')}.value`,
      `key = ${at('Split')}.key`,
    ]);
    expect(columns[at('Total')]).toContain(`total = ${at('Orders')}.amount + ${at('Orders')}.tax`);
    expect(columns[at('Customer')]).toContain('key = query.key');
    expect(nodes.find(({ id }) => id === at('Facts'))?.output).toEqual({
      typeName: 'table',
      name: 'dw.example.com/dw/dbo/facts',
    });
  });

  it('scan() follows joins, aggregates, sorts, conversions and columns that are replaced', async () => {
    const { objects } = await scanFile(dtsx({ name: 'J', connections, tasks: [{ name: 'F', flow }] }));
    const lines = jobOf(objects).nodes.flatMap(({ id, columns }) =>
      columns.map(({ sources, target }) => `${id}.${target} = ${sources.join(' + ')}`),
    );
    expect(lines).toEqual([
      'F/A.k = query.k',
      'F/A.v = query.v',
      'F/Sorted.k = F/A.k',
      'F/Sorted.v = F/A.v',
      'F/B.k = dw.example.com/dw/dbo/b.k',
      'F/B.w = dw.example.com/dw/dbo/b.w',
      'F/Joined.k = F/Sorted.k',
      'F/Joined.v = F/Sorted.v',
      'F/Joined.w = F/B.w',
      'F/Converted.k = F/Joined.k',
      'F/Converted.v = F/Joined.v',
      'F/Converted.w = F/Joined.w',
      'F/Converted.v (2) = F/Joined.v',
      'F/Upper.k = F/Converted.k',
      'F/Upper.v = F/Converted.v',
      'F/Upper.w = F/Converted.w + F/Converted.v (2)',
      'F/Upper.v (2) = F/Converted.v (2)',
      'F/Summed.k = F/Upper.k',
      'F/Summed.total = F/Upper.v (2)',
      'F/Summed.n = ',
      'F/Summed.w = F/Upper.w',
      'F/Out.K = F/Summed.k',
      'F/Out.TOTAL = F/Summed.total',
      'F/Out.N = F/Summed.n',
      'F/Out.W = F/Summed.w',
    ]);
  });

  it('scan() keeps each component as a step whose edges lead to the same columns', async () => {
    const run = await sourceRun({ ssis: { kind: 'ssis', ...example, steps: 'keep' } });
    await putFile(dtsx(load), run.folder, 'packages', 'Load.dtsx');
    const held = await run.run();
    const job = 'etl://etl01/jobs/Load';
    expect(held.names.filter((name) => name.startsWith('etl_activity'))).toEqual(
      ['Big', 'Customer', 'Facts', 'Mark', 'Orders', 'Returns', 'Split', 'Total', 'Union'].map(
        (name) => `etl_activity ${job}/steps/Fill%2F${name}`,
      ),
    );
    expect(held.edges).toContain(
      `${job}/steps/Fill%2FFacts: ${job}/rows/Fill%2FUnion#total -> mssql://dw.example.com/dw/dbo/facts#total`,
    );
    await run.remove();
  });

  it('scan() finds connection managers, parameters and packages of a project beside the package, and in an .ispac', async () => {
    const own = await mkdtemp(path.join(folder, 'beside-'));
    await putFile(dtsx(nightly), own, 'Load all.dtsx');
    await putFile(conmgr('DW', shared), own, 'DW.conmgr');
    await putFile(parameters, own, 'Project.params');
    const loose = await scanAll(await open({ path: own }));
    const packed = await scanFile(project(), 'Nightly.ispac');
    for (const { objects, rejections } of [loose, packed]) {
      expect(rejections).toEqual([]);
      expect(objects[1]?.value).toMatchObject({
        text: 'DELETE FROM stage.facts WHERE day = ?',
        path: [{ name: 'param.example.com' }, { name: 'dw' }, { name: 'dbo' }, { level: 'routine' }],
      });
    }
    expect(jobOf(loose.objects).calls).toEqual(['Child', 'Other']);
    expect(jobOf(packed.objects).calls).toEqual(['Nightly/Child', 'Nightly/Other']);
  });

  it('scan() keeps nothing of a connection string but server, database and path, and no password in SQL', async () => {
    const secret = {
      name: 'S',
      connections: {
        DW: { type: 'OLEDB', text: `Data Source=s;User ID=u;Password=${canary};Initial Catalog=d;` },
        Csv: { type: 'FLATFILE', text: `https://lake/a.csv?sv=1&sig=${canary}` },
      },
      parameters: { Secret: canary },
      tasks: [
        {
          name: 'Q',
          sql: `SELECT * FROM OPENROWSET('x', 'Server=s;Password=${canary};', t)`,
          connection: 'DW',
        },
        {
          name: 'F',
          flow: [
            {
              name: 'C',
              kind: 'Microsoft.FlatFileSource',
              connection: 'Csv',
              outputs: [{ name: 'o', columns: [{ name: 'a' }] }],
            },
          ],
        },
      ],
    };
    for (const form of ['attributes', 'properties'] as const) {
      const { objects } = await scanFile(dtsx(secret, form));
      expect(objects).toHaveLength(2);
      expect(JSON.stringify(objects)).not.toContain(canary);
    }
    const { rejections } = await scanFile(dtsx(secret).replace('</DTS:Executables>', ''));
    expect(rejections).toHaveLength(1);
    for (const { error, bytes } of rejections)
      expect(textsOf(error) + Buffer.from(bytes ?? []).toString()).not.toContain(canary);
  });

  it.each([
    ['<job/>', /^P\.dtsx:1 is no SSIS package: its root element is <job>/],
    ['<a', /^P\.dtsx:1 is not XML/],
    [
      '<DTS:Executable xmlns:DTS="www.microsoft.com/SqlServer/Dts" DTS:ExecutableType="Microsoft.Package"><EncryptedData/></DTS:Executable>',
      /^P\.dtsx:1 is encrypted whole \(protection level EncryptAllWithPassword/,
    ],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a/>', /^P\.dtsx:1 has a DOCTYPE/],
    [
      dtsx({ name: 'C', tasks: [{ name: 'F', flow: [{ name: '', kind: 'x' }] }] }),
      /^P\.dtsx:\d+: a component has no name\./,
    ],
    [
      dtsx({
        name: 'C',
        tasks: [
          {
            name: 'F',
            flow: [
              {
                name: 'a',
                kind: 'x',
                inputs: [{ name: 'i', with: 'a/o', columns: [] }],
                outputs: [{ name: 'o', with: 'i', columns: [] }],
              },
            ],
          },
        ],
      }),
      /^P\.dtsx:\d+: the component a feeds itself\./,
    ],
    [
      dtsx({
        name: 'C',
        tasks: [
          {
            name: 'F',
            flow: Array.from({ length: 600 }, (_, n) => ({
              name: `c${n}`,
              kind: 'x',
              inputs: [{ name: 'i', with: `c${n + 1}/o`, columns: [] }],
              outputs: [{ name: 'o', with: 'i', columns: [] }],
            })),
          },
        ],
      }),
      /^P\.dtsx:\d+: more than 500 components stand one behind the other\./,
    ],
  ])('scan() rejects %.40s with file and line', async (text, message) => {
    const { objects, rejections } = await scanFile(text);
    expect(objects).toEqual([]);
    expect(rejections.map(({ error }) => error.message)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ['no zip', Buffer.from('PK nothing'), 'SOURCE_INVALID', 'N.ispac is no zip archive'],
    [
      'no project',
      writeZip([{ name: 'a.dtsx', content: '<a/>' }]),
      'SOURCE_INVALID',
      'has no @Project.manifest',
    ],
    [
      'a project that is encrypted',
      writeZip([
        {
          name: '@Project.manifest',
          content: '<SSIS:Project SSIS:ProtectionLevel="EncryptAllWithPassword" xmlns:SSIS="x"/>',
        },
      ]),
      'SOURCE_INVALID',
      'N.ispac is encrypted whole (protection level EncryptAllWithPassword)',
    ],
    [
      'a way out',
      writeZip([{ name: '../a.dtsx', content: 'x' }]),
      'SOURCE_INVALID',
      'N.ispac is no zip archive',
    ],
  ])('scan() refuses %s', async (_what, bytes, code, message) => {
    const { rejections } = await scanFile(bytes, 'N.ispac');
    expect(rejections.map(({ error }) => error)).toMatchObject([
      { code, message: expect.stringContaining(message) },
    ]);
  });

  it('scan() rejects a package of a project alone', async () => {
    const { objects, rejections } = await scanFile(project({ 'Bad%20one.dtsx': '<a/>' }), 'N.ispac');
    expect(objects.map(({ objectId }) => objectId)).toEqual(['Nightly/Load all', 'Nightly/Load all/Empty']);
    expect(rejections.map(({ objectId }) => objectId)).toEqual(['N.ispac/Bad one.dtsx']);
  });

  it('scan() warns of what only a run knows, with file and line', async () => {
    const { objects } = await scanFile(dtsx(unknowns));
    expect(
      jobOf(objects).warnings.map(({ code, location }) => [code, /^P\.dtsx:\d+$/.test(location)]),
    ).toEqual([
      ['unresolved-connection', true],
      ['opaque-component', true],
      ['unresolved-variable', true],
      ['unknown-connection', true],
      ['unresolved-sql', true],
    ]);
  });

  it('open() and configure() refuse what cannot be read, by its option', async () => {
    expect(await failureOf(open({ path: 'nowhere' }))).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    expect(() => ssis.configure('s', { path: '.', datasets: {} }, { baseFolder: folder })).toThrow(
      /rule named table/,
    );
  });
});
