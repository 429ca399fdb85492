import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer } from '../../../pipeline/producer.ts';
import { etlJobFiles } from '../../../producers/etl-job-files/component.ts';
import { producerContract, scanAll } from '../../contracts/producer.ts';
import { retailFolder } from '../../support/retail.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'job-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (path: string, options: Readonly<Record<string, string>> = {}): Promise<Producer> =>
  etlJobFiles.configure('jobs', { path, ...options }, { baseFolder: folder }).open();

producerContract('etlJobFiles', {
  open: () => open(join(retailFolder, 'jobs')),
  objects: ['build_order_facts', 'publish_categories', 'publish_revenue'].map(
    (name) => `job-file ${name}.xml`,
  ),
  openBroken: () => open('does-not-exist'),
});

describe('etlJobFiles', () => {
  it('scan() rejects a bad file alone, with file and line, and keeps its bytes', async () => {
    const root = join(folder, 'bad');
    await mkdir(join(root, 'deep'), { recursive: true });
    await writeFile(join(root, 'good.xml'), '<job name="Good"/>');
    await writeFile(join(root, 'deep', 'bad.xml'), '<job name="Bad">\n<node></job>');
    await writeFile(join(root, 'other.txt'), 'no job');
    const { objects, rejections } = await scanAll(await open(root));
    expect(objects).toMatchObject([
      { objectId: 'good.xml', value: { tool: 'jobs', jobId: 'Good', name: 'Good' } },
    ]);
    expect(rejections).toMatchObject([
      {
        objectId: 'deep/bad.xml',
        error: { code: 'SOURCE_INVALID', message: expect.stringMatching(/^deep\/bad\.xml:2 is not XML: /) },
      },
    ]);
    expect(rejections[0]?.bytes).toHaveLength(29);
  });

  it('scan() reads one file when the path is one, and its own encoding', async () => {
    const path = join(folder, 'latin.xml');
    await writeFile(
      path,
      Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><job name="Caf\u00e9"/>', 'latin1'),
    );
    const { objects } = await scanAll(await open(path, { tool: 'flow' }));
    expect(objects).toMatchObject([{ objectId: 'latin.xml', value: { tool: 'flow', name: 'Caf\u00e9' } }]);
  });

  it('scan() warns of a second file of the same job, and takes only files that match', async () => {
    const root = join(folder, 'twice');
    await mkdir(root);
    for (const name of ['a.job', 'b.job', 'c.xml'])
      await writeFile(join(root, name), '<job name="J" jobId="j"/>');
    const { objects } = await scanAll(await open(root, { glob: '*.job' }));
    expect(objects.map((found) => [found.objectId, found.value.warnings])).toEqual([
      ['a.job', []],
      ['b.job', [expect.objectContaining({ code: 'duplicate-job', location: 'b.job' })]],
    ]);
  });
});
