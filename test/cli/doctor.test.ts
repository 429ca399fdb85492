import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../cli/finding.ts';
import { sendJson, startServer, type TestServer } from '../support/http-server.ts';
import { runHere } from '../support/run-here.ts';

let folder: string;
let catalogue: TestServer;
/** What the catalogue answers: status of a read and of a write, and how far its clock is from ours. */
let answers = { read: 200, write: 400, apartMs: 0 };
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'doctor-'));
  catalogue = await startServer(({ method }, response) => {
    const date = new Date(Date.now() + answers.apartMs).toUTCString();
    sendJson(response, method === 'GET' ? answers.read : answers.write, [], { date });
  });
  await writeFile(path.join(folder, 'e.ndjson'), event('a'));
});
afterAll(async () => {
  await catalogue.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  answers = { read: 200, write: 400, apartMs: 0 };
});
afterEach(() => rm(path.join(folder, 'state'), { recursive: true, force: true }));

function event(id: string): string {
  return `{"type":"database-object","objectId":"${id}","system":"demo","path":[{"level":"server","name":"${id}"}]}\n`;
}

async function findings(
  command: string,
  sink: string,
  producers = '{ by-hand: { kind: events, path: e.ndjson } }',
) {
  const file = path.join(folder, 'c.yaml');
  await writeFile(file, `state: state\nsink: ${sink}\nproducers: ${producers}\n`);
  const { code, stdout } = await runHere([command, '--json', '--config', file]);
  const all = stdout
    .trim()
    .split('\n')
    .map((line): Finding => JSON.parse(line));
  const text = (await runHere([command, '--config', file])).stdout.trim().split('\n');
  // Every line ends in ok or in what to do next.
  for (const [index, { next }] of all.entries())
    expect(text[index]?.endsWith(next === null ? ': ok' : `→ ${next}`)).toBe(true);
  return { code, all, of: (what: string) => all.find((one) => one.what === what) };
}

const atlas = (): string =>
  `{ kind: atlas, url: '${catalogue.url}', user: writer, password: not-to-be-printed }`;

describe('doctor', () => {
  it('says ok of everything when all is well, and whom it signs in as', async () => {
    const { code, all, of } = await findings('doctor', atlas());
    expect(all.filter(({ state }) => state !== 'ok' && state !== 'attention')).toEqual([]);
    expect(all.map(({ what }) => what)).toEqual([
      'versions',
      'configuration',
      'disk',
      'transport (embedded)',
      'identity',
      'catalogue (atlas)',
      'rights',
      'clock',
      'source by-hand (events)',
    ]);
    expect([0, 3]).toContain(code); // 3 where the disk of this machine is nearly full
    expect(of('identity')?.detail).toBe('the user writer');
    expect(JSON.stringify(all)).not.toContain('not-to-be-printed');
  });

  it('says what to do when a right is missing and the clocks are apart', async () => {
    answers = { read: 200, write: 403, apartMs: 60_000 };
    const { code, of } = await findings('doctor', atlas());
    expect(code).toBe(1);
    expect(of('rights')).toMatchObject({ state: 'failed', next: expect.stringContaining('Data Curator') });
    expect(of('clock')).toMatchObject({
      state: 'attention',
      detail: expect.stringMatching(/^(59|60)\.\d s behind the catalogue$/u),
      next: expect.stringContaining('set the clock'),
    });
  });

  it('goes on after what does not work: a refused login, a source that is not there, a catalogue that does not answer', async () => {
    answers = { ...answers, read: 401 };
    const refused = await findings(
      'doctor',
      atlas(),
      '{ gone: { kind: custom-db, path: nowhere, server: s } }',
    );
    expect(refused.code).toBe(1);
    expect(refused.of('catalogue (atlas)')?.next).toContain('correct user and password');
    expect(refused.of('source gone (custom-db)')).toMatchObject({
      state: 'failed',
      next: 'see SOURCE_NOT_FOUND in docs/errors.md',
    });
    const silent = await findings('doctor', "{ kind: atlas, url: 'http://127.0.0.1:1' }");
    expect(silent.of('catalogue (atlas)')).toMatchObject({
      state: 'failed',
      next: 'see CATALOG_UNAVAILABLE in docs/errors.md',
    });
    expect(silent.of('source by-hand (events)')?.state).toBe('ok');
  });
});

describe('status', () => {
  const at = (): readonly string[] => ['--config', path.join(folder, 'c.yaml')];

  it('says what nobody does, what waits for a person, and what is done', async () => {
    const sink = '{ kind: memory }';
    const producers =
      '{ by-hand: { kind: events, path: e.ndjson }, never: { kind: events, path: none.ndjson } }';
    await findings('doctor', sink, producers); // writes the configuration
    await writeFile(path.join(folder, 'e.ndjson'), `${event('a')}{"type":"job"}\n`);
    await runHere(['produce', 'by-hand', '--only', '--once', ...at()]);
    const before = await findings('status', sink, producers);
    expect(before.code).toBe(1);
    expect(before.of('producer by-hand')).toMatchObject({
      state: 'attention',
      detail: expect.stringContaining('read 1 objects'),
    });
    expect(before.of('producer never')?.next).toContain('doctor');
    expect(before.of('stage transform')).toMatchObject({
      state: 'failed',
      next: 'start `run` or `transform`',
    });
    expect(before.of('dead letters')?.detail).toBe('1 SOURCE_INVALID');
    await writeFile(path.join(folder, 'e.ndjson'), event('a'));
    await runHere(['produce', 'by-hand', '--once', ...at()]);
    await runHere(['dead-letters', 'drop', '--all', ...at()]);
    const after = await findings('status', sink, '{ by-hand: { kind: events, path: e.ndjson } }');
    expect([after.code, after.all.filter(({ state }) => state !== 'ok')]).toEqual([0, []]);
    expect(after.of('stage sink')?.detail).toContain('1 delivered');
  });
});
