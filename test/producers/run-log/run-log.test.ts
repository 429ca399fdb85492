import { appendFile, copyFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Producer, ProducerMemory } from '../../../pipeline/producer.ts';
import { runLog } from '../../../producers/run-log/component.ts';
import { failureOf, producerContract, scanAll } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { testMemory } from '../../support/producer-memory.ts';
import { sourceRun } from '../../support/source-run.ts';

const page = z.object({ producers: z.object({ runs: z.record(z.string(), z.unknown()) }) });
const docs = await readFile(path.join(root, 'docs/run-log.md'), 'utf8');
const { kind: _kind, ...example } = page.parse(parse(/```yaml\n([\s\S]*?)```/.exec(docs)?.[1] ?? ''))
  .producers.runs;
const exampleLog = /```text\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';
// Whatever the day is on which this runs, the runs are not long ago.
const keepDays = 3_650;
const json = { path: 'r.log', format: 'json-lines', patterns: undefined, keepDays };

let folder = '';
let log = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'run-log-'));
});
beforeEach(async () => {
  await rm(folder, { recursive: true, force: true });
  folder = await mkdtemp(path.join(tmpdir(), 'run-log-'));
  log = path.join(folder, 'r.log');
  await writeFile(log, '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (options: object = json): Promise<Producer> =>
  runLog.configure('runs', { ...example, ...options }, { baseFolder: folder }).open();

/** One run of a job in one line, which ended well. */
const ran = (job: string, minute: number, inputs = 'dbo.a', status = 'ok'): string =>
  `${JSON.stringify({ job, time: new Date(Date.UTC(2026, 10, 25, 0, minute)).toISOString(), status, inputs, outputs: 'dbo.b' })}\n`;

async function scan(memory: ProducerMemory = testMemory(), options: object = json) {
  const { objects, rejections } = await scanAll(await open(options), undefined, memory);
  const jobs = objects.map((found) => {
    if (found.type !== 'job') throw new Error('That is no job.');
    const { lastRun, inputs, outputs } = found.value;
    const names = (list: typeof inputs): string =>
      list.map(({ type, name }) => `${type} ${name}`).join(' + ');
    return `${found.objectId} ${lastRun?.slice(11, 16) ?? 'never'}: ${names(inputs)} > ${names(outputs)}`;
  });
  return { jobs, faults: rejections.map(({ error }) => `${error.code} ${error.message}`), rejections };
}

let minute = 0;
producerContract('runLog', {
  open: async () => {
    await writeFile(log, ran('j1', 1) + ran('j2', 2));
    return open();
  },
  objects: ['job j1', 'job j2'],
  openBroken: () => open({ ...json, path: 'nowhere/r.log' }),
  change: () => appendFile(log, ran('j1', (minute += 1) + 10)),
});

describe('runLog', () => {
  it('has an example in docs/run-log.md whose run is in the catalogue, and updates a job that another producer describes', async () => {
    const datasets = example['datasets'];
    const map =
      '{ "type": "job", "objectId": id, "name": "Load sales", "inputs": { "type": "table", "name": "dbo.raw" }, "outputs": [] }';
    const run = await sourceRun({
      jobs: { kind: 'job-files', path: 'jobs.json', tool: 'flow', map, datasets },
      runs: { kind: 'run-log', ...example, path: 'etl.log', keepDays },
    });
    await writeFile(path.join(run.folder, 'jobs.json'), '[{ "id": "load_sales" }]');
    await writeFile(path.join(run.folder, 'etl.log'), exampleLog);
    const held = await run.run();
    const job = 'etl://flow/jobs/load_sales';
    expect(held.entity(`etl_job ${job}`).attributes).toMatchObject({
      name: 'Load sales',
      lastRun: '2026-11-25T02:00:09.644Z',
    });
    expect(held.edges).toEqual([
      `${job}: https://lake/in/sales.csv -> mssql://dw/dw/dbo/sales`,
      `${job}: mssql://dw/dw/dbo/raw -> mssql://dw/dw/dbo/sales`,
    ]);
    await run.remove();
  });

  it('scan() ties the lines of a run together, over scans, and takes the datasets of the last run that ended well', async () => {
    const memory = testMemory();
    const line = (fields: object): string => `${JSON.stringify(fields)}\n`;
    await writeFile(
      log,
      line({ job: 'j', run: 1, time: 1764028800, status: 'started' }) +
        line({ run: 1, inputs: ['dbo.a', { type: 'sap', name: 'MARA' }] }),
    );
    expect((await scan(memory)).jobs).toEqual(['j 00:00:  > ']);
    await appendFile(
      log,
      line({ run: 1, outputs: 'dbo.b,/out/c.csv' }) + line({ run: 2, job: 'k', inputs: 'dbo.x' }),
    );
    await appendFile(
      log,
      line({ run: 1, time: '2025-11-25T00:05:00Z', status: 'SUCCEEDED' }) +
        line({ run: 9, inputs: 'dbo.lost' }),
    );
    expect((await scan(memory)).jobs).toEqual([
      'j 00:05: table dbo.a + sap MARA > table dbo.b + file /out/c.csv',
      'k never:  > ',
    ]);
    await appendFile(
      log,
      line({ job: 'j', run: 3, time: '2025-11-25T00:07:00Z', inputs: 'dbo.z' }) +
        line({ run: 3, status: 'failed' }),
    );
    expect((await scan(memory)).jobs[0]).toBe(
      'j 00:07: table dbo.a + sap MARA > table dbo.b + file /out/c.csv',
    );
  });

  it('scan() reads key=value and lines that are whole runs', async () => {
    await writeFile(
      log,
      'INFO time=2026-11-25T01:00:00Z job=j inputs="dbo.a, dbo.b" outputs=https://lake/x?sig=canary note="a=b"\nno pair\n',
    );
    const { jobs, faults } = await scan(testMemory(), { ...json, format: 'key-value', run: 'line' });
    expect([jobs, faults]).toEqual([['j 01:00: table dbo.a + table dbo.b > file https://lake/x'], []]);
  });

  it('scan() leaves a line that is not finished until it is', async () => {
    const memory = testMemory();
    await writeFile(log, ran('j', 1).slice(0, 30));
    expect(await scan(memory)).toMatchObject({ jobs: [], faults: [] });
    await writeFile(log, ran('j', 1));
    expect((await scan(memory)).jobs).toEqual(['j 00:01: table dbo.a > table dbo.b']);
  });

  it('scan() loses nothing when the log is rotated, copied and truncated, or truncated, and when a scan does not come to its end', async () => {
    const memory = testMemory();
    await writeFile(log, ran('a', 1));
    await scan(memory);
    await appendFile(log, ran('b', 2));
    await rename(log, `${log}.1`);
    await writeFile(log, ran('c', 3));
    const stopped = (await open()).scan({
      signal: new AbortController().signal,
      memory,
      reject: () => undefined,
    });
    for await (const _found of stopped) break;
    await scan(memory);
    await appendFile(log, ran('d', 4));
    await copyFile(log, `${log}.2`);
    await truncate(log);
    await appendFile(log, ran('e', 5));
    await scan(memory);
    await truncate(log);
    await appendFile(log, ran('f', 6));
    expect((await scan(memory)).jobs.map((job) => job[0])).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('scan() says the same however the log was cut into looks and files', async () => {
    const lines = fc.array(
      fc.tuple(
        fc.constantFrom('a', 'b', 'c'),
        fc.constantFrom('ok', 'failed', 'started'),
        fc.constantFrom('dbo.x', 'dbo.y'),
      ),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.array(fc.constantFrom('look', 'rotate', 'half'), { maxLength: 12 }),
        async (all, cuts) => {
          const own = await mkdtemp(path.join(folder, 'cut-'));
          const file = path.join(own, 'r.log');
          const texts = all.map(([job, status, inputs], index) => ran(job, index, inputs, status));
          await writeFile(file, texts.join(''));
          const whole = await scan(testMemory(), { ...json, path: file });
          const memory = testMemory();
          await writeFile(file, '');
          let rotations = 0;
          for (const [index, text] of texts.entries()) {
            const cut = cuts[index];
            if (cut === 'half') {
              await appendFile(file, text.slice(0, 9));
              await scan(memory, { ...json, path: file });
            }
            await appendFile(file, cut === 'half' ? text.slice(9) : text);
            if (cut === 'look') await scan(memory, { ...json, path: file });
            if (cut === 'rotate') {
              await rename(file, `${file}.${(rotations += 1)}`);
              await writeFile(file, '');
              await scan(memory, { ...json, path: file });
            }
          }
          expect(await scan(memory, { ...json, path: file })).toEqual(whole);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('scan() reads packed files where the glob names them, and nothing twice', async () => {
    const memory = testMemory();
    const options = { ...json, path: '.', glob: '*.log*' };
    await writeFile(`${log}.2.gz`, gzipSync(ran('a', 1) + ran('b', 2)));
    await writeFile(log, ran('c', 3));
    expect((await scan(memory, { ...options, glob: '*.log' })).jobs).toHaveLength(1);
    expect((await scan(memory, options)).jobs).toHaveLength(3);
    await writeFile(`${log}.3.gz`, Buffer.from('no gzip'));
    const { jobs, faults } = await scan(memory, options);
    expect([jobs.length, faults]).toEqual([
      3,
      [expect.stringContaining('SOURCE_INVALID r.log.3.gz is not packed by gzip')],
    ]);
  });

  it('scan() rejects lines that are wrong by file, line, field and value, keeps no secret of them, and reads the rest', async () => {
    const bad = [
      '{"job": "j", "password": "canary"',
      '[1]',
      '{"job":"j","time":"yesterday"}',
      '{"job":{"a":1}}',
      '{"job":"j","inputs":[{"x":1}]}',
      `{"job":"${'x'.repeat(1_100_000)}"}`,
    ];
    await writeFile(log, `${bad.join('\n')}\n${ran('good', 1)}`);
    const { jobs, faults, rejections } = await scan();
    expect(jobs).toEqual(['good 00:01: table dbo.a > table dbo.b']);
    expect(faults).toEqual([
      expect.stringMatching(/^SOURCE_INVALID r\.log:1:1:\d+ is not JSON/),
      'SOURCE_INVALID r.log:2 is not a JSON object.',
      'SOURCE_INVALID r.log:3, field time, is no time: "yesterday".',
      'SOURCE_INVALID r.log:4, field job, is no text: "object".',
      'SOURCE_INVALID r.log:5, field inputs, has no name: "object".',
      'SOURCE_LIMIT r.log:6 is longer than 1048576 bytes.',
    ]);
    expect(rejections.map(({ bytes }) => Buffer.from(bytes ?? []).toString()).join('')).not.toContain(
      'canary',
    );
  });

  it('scan() takes linear time for a pattern and a line that are made to take for ever', async () => {
    await writeFile(log, `${'a'.repeat(50_000)}!\n`);
    const { jobs } = await scan(testMemory(), {
      path: 'r.log',
      format: 'pattern',
      patterns: ['^(?P<job>(a+)+)$'],
    });
    expect(jobs).toEqual([]);
  });

  it('forgets a job that did not run for so long', async () => {
    await writeFile(
      log,
      ran('old', 1).replace('2026-11-25', '2001-01-01') + ran('new', 1).replace('2026', '2999'),
    );
    expect((await scan()).jobs.map((job) => job.slice(0, 3))).toEqual(['new']);
  });

  it('configure() and open() refuse what cannot be meant, by its option', async () => {
    for (const [options, message] of [
      [{ patterns: ['(?=x)(?P<job>a)'] }, /patterns\[0\] is no regular expression/],
      [{ patterns: ['(?P<task>a)'] }, /patterns\[0\] has no group/],
      [{ patterns: [] }, /patterns/],
      [{ ...json, patterns: ['(?P<job>a)'] }, /patterns/],
    ] as const)
      expect(() => runLog.configure('r', { ...example, ...options }, { baseFolder: folder })).toThrow(
        message,
      );
    expect(await failureOf(open({ ...json, path: '.' }))).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
