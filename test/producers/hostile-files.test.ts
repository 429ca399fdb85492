import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { writeZip } from '../../platform/xlsx/write-zip.ts';
import { producers } from '../../producers/index.ts';
import { scanAll } from '../contracts/producer.ts';
import { archiveOf, workbookParts } from '../support/excel.ts';

/** What no source may do to us: each is refused, or survived, by every producer that reads files. */
const hostile: Readonly<Record<string, string | Buffer>> = {
  'far-cell.xlsx': archiveOf(workbookParts('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
  'formula.xlsx': archiveOf(
    workbookParts(
      '<row r="1"><c t="inlineStr"><is><t>=cmd|&apos;/c calc&apos;!A0</t></is></c><c t="inlineStr"><is><t>&lt;img onerror=x&gt;</t></is></c></row>',
    ),
  ),
  'slip.xlsx': Buffer.from(writeZip([{ name: '../../etc/passwd', content: 'x' }])),
  'slip.ispac': Buffer.from(writeZip([{ name: '../../etc/passwd.dtsx', content: '<a/>' }])),
  'bomb.csv.gz': gzipSync(Buffer.alloc(20_000_000, 0x78)),
  'entity.xml': '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
  'laughs.xml': '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
  'dtd.xml': '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/powrmart.dtd"><a/>',
  'deep.xml': '<a>'.repeat(200_000),
  'wide.xml': `<a ${Array.from({ length: 200_000 }, (_, at) => `a${at}="1"`).join(' ')}/>`,
  'deep.json': `${'['.repeat(200_000)}\n`,
  'deep.yaml': '['.repeat(20_000),
  'aliases.yaml': `a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, *d]\n`,
  'polluted.json': '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
  'polluted.csv': '__proto__,constructor,toString\n1,2,3\n',
  'nested.sql': `SELECT ${'('.repeat(100_000)}1`,
  'pattern.sql': `SELECT '${'a'.repeat(100_000)}!`,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hostile-'));
  for (const [name, content] of Object.entries(hostile)) {
    const ending = name.slice(name.indexOf('.') + 1);
    await mkdir(path.join(folder, ending), { recursive: true });
    await writeFile(path.join(folder, ending, name), content);
    // A package is XML by another name, and a history JSON or CSV.
    if (ending === 'xml') await writeFile(path.join(folder, 'xml', name.replace('.xml', '.dtsx')), content);
  }
  await symlink('/etc', path.join(folder, 'outside'));
  await symlink('/etc/passwd', path.join(folder, 'passwd.csv'));
  await symlink('.', path.join(folder, 'loop'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const table = {
  type: 'azure_sql_table',
  name: '{schema}.{table}',
  parameters: { server: 's', database: 'd' },
};
const mapped = { items: '$', map: '{"job": {"id": "j"}}' };
/** Every producer that reads files, with the least that it can be given. */
const readers: readonly (readonly [
  kind: keyof typeof producers,
  at: string,
  options: Record<string, unknown>,
])[] = [
  ['lake', '.', { server: 's' }],
  ['etl-job-files', '.', { tool: 't' }],
  ['job-files', '.', mapped],
  ['ssis', '.', { datasets: { table } }],
  ['sql-scripts', '.', { dialect: 'postgres', server: 's', datasets: { table } }],
  ['excel', 'xlsx/far-cell.xlsx', {}],
  ['excel', 'xlsx/formula.xlsx', {}],
  ['excel', 'xlsx/slip.xlsx', {}],
  ['excel', 'csv', {}],
  ['events', 'json/deep.json', {}],
  ['events', 'json/polluted.json', {}],
  [
    'query-log',
    'json/deep.json',
    { server: 's', dialect: 'postgres', format: 'json-lines', datasets: { table } },
  ],
  ['query-log', 'csv/polluted.csv', { server: 's', dialect: 'postgres', format: 'csv', datasets: { table } }],
];

describe('a producer that reads files', () => {
  it.each(readers)(
    'refuses or survives what is hostile: %s of %s',
    { timeout: 120_000 },
    async (kind, at, options) => {
      const setup = producers[kind].configure(
        'p',
        { path: path.join(folder, at), ...options },
        { baseFolder: folder },
      );
      const said: string[] = [];
      try {
        const producer = await setup.open();
        try {
          const { objects, rejections } = await scanAll(producer);
          said.push(...objects.map((object) => JSON.stringify(object)));
          said.push(...rejections.map(({ error }) => error.message));
        } finally {
          await producer.close();
        }
      } catch (thrown) {
        // Anything else than a refusal is a fault of ours, and fails the test.
        if (!(thrown instanceof StreamError)) throw thrown;
        said.push(String(thrown));
      }
      expect(said.length).toBeGreaterThan(0);
      // Neither was a file outside read, nor a prototype changed.
      expect(said.join('\n')).not.toContain('root:x:0');
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    },
  );
});
