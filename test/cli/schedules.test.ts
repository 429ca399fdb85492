import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startCli } from '../support/cli.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 120_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'schedules-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const event = (id: string): string =>
  `{"type":"database-object","objectId":"${id}","system":"demo","path":[{"level":"server","name":"${id}"}]}\n`;

async function configure(name: string, schedule: string): Promise<string> {
  const file = path.join(folder, `${name}.yaml`);
  await writeFile(path.join(folder, `${name}.ndjson`), event('a'));
  await writeFile(
    file,
    `state: ${name}\nsink: { kind: memory }\nproducers:\n  by-hand: { kind: events, path: ${name}.ndjson, schedule: ${schedule} }\n  free: { kind: events, path: ${name}.ndjson }\n`,
  );
  return file;
}

describe('schedules', () => {
  it('list shows what would run and when, before anything has run', async () => {
    const file = await configure('new', "{ cron: '0 3 1 1 *', timezone: Europe/Berlin, missed: skip }");
    const { code, stdout } = await runHere(['schedules', 'list', '--json', '--config', file]);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const row = JSON.parse(stdout);
    expect(row).toMatchObject({ producer: 'by-hand', timezone: 'Europe/Berlin', processes: 0, last: null });
    expect(row.next).toMatch(/^\d{4}-01-01T02:00:00\.000Z$/u);
    const { stdout: text } = await runHere(['schedules', 'list', '--config', file]);
    expect(text).toMatch(/by-hand +0 3 1 1 \* +Europe\/Berlin +\d{4}-01-01T02:00/u);
  });

  it.each([
    ["'61 * * * *'", 'producers.by-hand.schedule.cron: Invalid value for minute: 61'],
    ["{ cron: '* * * * *', timezone: Mars/Base }", 'producers.by-hand.schedule.timezone: is no time zone'],
    ["{ cron: '0 0 30 2 *' }", 'producers.by-hand.schedule.cron: there is no such time'],
    ['{ timezone: UTC }', 'producers.by-hand.schedule.cron'],
  ])('of %s is an error of the configuration, with line and field', async (schedule, message) => {
    const file = await configure('wrong', schedule);
    const { code, stderr } = await runHere(['check', '--offline', '--config', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(`wrong.yaml:4: ${message}`);
  });

  it('run-now refuses what has no schedule, and says when nobody is there to run it', {
    timeout,
  }, async () => {
    const file = await configure('nobody', "'@yearly'");
    const unknown = await runHere(['schedules', 'run-now', 'free', '--config', file]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('It has: by-hand.');
    expect((await runHere(['produce', 'by-hand', '--only', '--once', '--config', file])).code).toBe(0);
    const { code, stderr } = await runHere(['schedules', 'run-now', 'by-hand', '--config', file]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no process runs it by its schedule now')]);
  });

  it('run-now --wait has the process that runs do it, and tells what became of it', { timeout }, async () => {
    const file = await configure('shop', "'@yearly'");
    const running = startCli(['produce', 'by-hand', '--only', '--config', file]);
    onTestFinished(() => void running.child.kill('SIGKILL'));
    const list = async () =>
      JSON.parse((await runHere(['schedules', 'list', '--json', '--config', file])).stdout);
    await vi.waitFor(
      async () => expect(await list()).toMatchObject({ outcome: 'done', objects: 1, processes: 1 }),
      {
        timeout,
        interval: 300,
      },
    );
    await appendFile(path.join(folder, 'shop.ndjson'), event('b'));
    const asked = await runHere(['schedules', 'run-now', 'by-hand', '--wait', '--json', '--config', file]);
    expect([asked.code, JSON.parse(asked.stdout)]).toMatchObject([0, { outcome: 'done', objects: 2 }]);
    await appendFile(path.join(folder, 'shop.ndjson'), '{"type":"job"}\n');
    const partly = await runHere(['schedules', 'run-now', 'by-hand', '--wait', '--config', file]);
    expect([partly.code, partly.stdout]).toEqual([
      3,
      expect.stringContaining('by-hand: partly: 2 objects read'),
    ]);
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/by-hand: runs next at \d{4}-01-01T00:00:00\.000Z/u),
    });
  });
});

it('one of two processes follows a source without a schedule, and the other takes over when that is killed', {
  timeout,
}, async () => {
  const file = await configure('followed', "'@yearly'");
  const begin = () => {
    const one = startCli(['produce', 'free', '--only', '--config', file]);
    onTestFinished(() => void one.child.kill('SIGKILL'));
    return one;
  };
  const says = (one: ReturnType<typeof begin>, text: string) =>
    vi.waitUntil(() => one.output().stderr.includes(text), { timeout });
  const first = begin();
  await says(first, 'free: read 1 objects');
  const second = begin();
  await says(second, 'free: another process reads it; this one stands by');
  first.child.kill('SIGKILL');
  await says(second, 'free: read 1 objects, 1 published'); // it begins with a reading of its own
  await appendFile(path.join(folder, 'followed.ndjson'), event('b'));
  await says(second, 'free: read 2 objects, 1 published');
  second.child.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
});
