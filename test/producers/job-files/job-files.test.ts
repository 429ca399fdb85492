import { cp, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Producer } from '../../../pipeline/producer.ts';
import { jobFiles } from '../../../producers/job-files/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { putFile } from '../../support/put-file.ts';
import { retailFolder } from '../../support/retail.ts';
import { sourceRun } from '../../support/source-run.ts';

const page = z.object({ producers: z.object({ flow: z.record(z.string(), z.unknown()) }) });
const docs = await readFile(path.join(root, 'docs/job-files.md'), 'utf8');
const { kind: _kind, ...example } = page.parse(parse(/```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? ''))
  .producers.flow;
const exampleJob = /```xml\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';

let folder = '';
let changed = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'job-files-'));
  await cp(path.join(retailFolder, 'jobs'), path.join(folder, 'jobs'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (options: object = {}): Promise<Producer> =>
  jobFiles.configure('flow', { ...example, ...options }, { baseFolder: folder }).open();

producerContract('jobFiles', {
  open: () => open(),
  objects: ['build_order_facts', 'publish_categories', 'publish_revenue'].map(
    (name) => `job-file ${name}.xml`,
  ),
  openBroken: () => open({ path: 'does-not-exist' }),
  change: async () => {
    const file = path.join(folder, 'jobs', 'publish_revenue.xml');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      `${text}<!-- ${(changed += 1)} -->\n`.replace(/name="[^"]*"/, `name="N${changed}"`),
    );
  },
});

describe('jobFiles', () => {
  it('has an example in docs/job-files.md whose jobs and column lineage are in the catalogue', async () => {
    const run = await sourceRun({ flow: { kind: 'job-files', ...example, steps: 'keep' } });
    await putFile(exampleJob, run.folder, 'jobs', 'revenue.xml');
    const held = await run.run();
    const job = 'etl://flow/jobs/publish_revenue';
    expect(held.names.filter((name) => name.startsWith('etl_'))).toEqual([
      `etl_activity ${job}/steps/pick`,
      `etl_activity ${job}/steps/write`,
      `etl_job ${job}`,
      'etl_pipeline etl://flow',
      `etl_rows ${job}/rows/pick`,
    ]);
    expect(held.edges).toContain(
      `${job}: mssql://dw/dw/dbo/sales#amount -> https://lake/out/revenue.csv#revenue`,
    );
    await unlink(path.join(run.folder, 'jobs', 'revenue.xml'));
    await putFile(exampleJob.replaceAll('evenue', 'eturns'), run.folder, 'jobs', 'other.xml');
    // One of one is above the threshold: what a scan misses is held back until a person decides.
    expect((await run.run()).names).toContain(`etl_job ${job}`);
    await run.remove();
  });

  it("reads the example tool's jobs as the producer that is made for them does", async () => {
    const datasets = {
      customDB: { type: 'customdb_table', name: '{table}', parameters: { server: 'warehouse' } },
      blob: { type: 'azure_blob_path', name: '{url+}' },
    };
    const held = [];
    const { map, items, glob } = example;
    for (const options of [{ kind: 'etl-job-files' }, { kind: 'job-files', map, items, glob }]) {
      const flow = { ...options, path: path.join(retailFolder, 'jobs'), datasets };
      const warehouse = {
        kind: 'custom-db',
        path: path.join(retailFolder, 'warehouse'),
        server: 'warehouse',
      };
      const run = await sourceRun({ warehouse, flow });
      const { names, edges } = await run.run();
      held.push({ names, edges });
      await run.remove();
    }
    expect(held[0]?.edges.length).toBeGreaterThan(10);
    expect(held[1]).toEqual(held[0]);
  });

  it('scan() reads JSON and each document of YAML, items one by one', async () => {
    const own = path.join(folder, 'forms');
    const list = [{ id: 'j1', reads: ['t'], password: 'canary' }, { reads: ['t'] }, { id: 'j2', reads: [] }];
    await putFile(JSON.stringify(list), own, 'a.json');
    await putFile('id: j3\nreads: &r [t, u]\n---\nid: j4\nreads: *r\n', own, 'b.yml');
    await putFile('id: j5\nreads: &r [t, u]\nwrites: *r\n', own, 'c.yaml');
    const map = `{ "type": "job", "objectId": id, "name": $string($), "inputs": reads.{ "type": "t", "name": $ }, "outputs": [] }`;
    const { objects, rejections } = await scanAll(await open({ path: 'forms', glob: '*', items: '$', map }));
    expect(objects.map(({ objectId }) => objectId)).toEqual(['j1', 'j2', 'j5']);
    expect(objects[0]?.value).toMatchObject({
      tool: 'flow',
      name: expect.stringContaining('"password":"***"'),
    });
    expect(rejections.map(({ objectId, error }) => `${objectId}: ${error.code} ${error.message}`)).toEqual([
      expect.stringMatching(/^a\.json, item 2: EVENT_INVALID a\.json, item 2: .*objectId/),
      expect.stringMatching(/^b\.yml: SOURCE_INVALID b\.yml is not YAML: Unresolved alias/),
    ]);
  });

  it.each([
    [
      'a.xml',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><job jobId="a">&x;</job>',
      'a.xml:1 has a DOCTYPE',
    ],
    ['a.xml', '<job jobId="a">&x;</job>', 'a.xml:1 is not XML'],
    ['a.xml', `<job>${'<a>'.repeat(300)}`, 'a.xml:1: elements lie deeper than 256'],
    ['a.xml', '<jobs/>', 'a.xml has nothing that the option items selects.'],
    ['a.xml', '<job jobId="j"><node id="n"/></job>', 'a.xml:1: '],
    ['a.json', '{"job": {"a": 1, "a": 2}}', 'a.json:1:18 is not JSON: the key "a" stands twice'],
    ['a.json', '['.repeat(100_000), 'a.json:1:65 lies deeper than 64 levels.'],
    [
      'a.yaml',
      `a: &a [x]\n${Array.from('bcdefghi')
        .map(
          (c, i) =>
            `${c}: &${c} [${Array(9)
              .fill(`*${'abcdefgh'[i] ?? ''}`)
              .join(',')}]`,
        )
        .join('\n')}`,
      'a.yaml cannot be written out',
    ],
    ['a.yaml', 'job: &a [*a]', 'a.yaml cannot be written out'],
    ['a.yaml', 'job: {a: 1', 'a.yaml:1 is not YAML'],
    ['a.txt', 'job', 'The name of a.txt does not tell what it is.'],
  ])('scan() refuses the hostile or wrong %s %.60s by file and line', async (name, text, message) => {
    const own = await mkdtemp(path.join(folder, 'bad-'));
    await putFile(text, own, name);
    const { objects, rejections } = await scanAll(await open({ path: own, glob: '*' }));
    expect(objects).toEqual([]);
    expect(rejections.map(({ error }) => error.message)).toEqual([expect.stringContaining(message)]);
  });

  it('scan() takes no member of an object for its prototype', async () => {
    const own = await mkdtemp(path.join(folder, 'proto-'));
    await putFile('<job jobId="a"><__proto__ polluted="yes"/></job>', own, 'a.xml');
    await putFile('{"job": {"@jobId": "b", "__proto__": {"polluted": "yes"}}}', own, 'b.json');
    await putFile('job: {"@jobId": c, __proto__: {polluted: yes}}', own, 'c.yaml');
    const { objects } = await scanAll(await open({ path: own, glob: '*' }));
    expect(objects).toHaveLength(3);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('scan() reads a long YAML file in a thread of its own', async () => {
    const own = await mkdtemp(path.join(folder, 'long-'));
    const jobs = Array.from(
      { length: 600 },
      (_, n) => `- { id: j${n}, reads: [t${n}] } # a job like many others`,
    );
    await putFile(jobs.join('\n'), own, 'a.yaml');
    const map = '{ "type": "job", "objectId": id, "inputs": [], "outputs": [] }';
    const { objects, rejections } = await scanAll(await open({ path: own, glob: '*', items: '$', map }));
    expect([objects.length, rejections]).toEqual([600, []]);
  });

  it('scan() rejects a second item of the same object, with the place of the first', async () => {
    const own = await mkdtemp(path.join(folder, 'twice-'));
    for (const name of ['a.xml', 'b.xml']) await putFile('<job jobId="j" name="n"/>', own, name);
    const map = '{ "type": "job", "objectId": `@jobId`, "inputs": [], "outputs": [] }';
    const { objects, rejections } = await scanAll(await open({ path: own, map }));
    expect(objects).toHaveLength(1);
    expect(rejections.map(({ error }) => error.message)).toEqual([
      'b.xml:1: a.xml:1 has given the job j already. Let map give an id that is unique.',
    ]);
  });

  it('configure() refuses an expression that is none, with the option', () => {
    expect(() => jobFiles.configure('flow', { ...example, items: 'job[' }, { baseFolder: folder })).toThrow(
      /items/,
    );
    expect(() =>
      jobFiles.configure('flow', { ...example, map: '$random()' }, { baseFolder: folder }),
    ).toThrow(/map/);
  });

  it('open() rejects a path that is not there', async () => {
    expect(await failureOf(open({ path: '../nowhere' }))).toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});
