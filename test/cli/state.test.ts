import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { exportLines, importLines } from '../../cli/state-lines.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { startCli } from '../support/cli.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 120_000;
let base: string;
let folder: string;
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'state-command-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  folder = path.join(base, `p${(count += 1)}`);
  await rm(folder, { recursive: true, force: true });
});

const event = (id: string): string =>
  `{"type":"database-object","objectId":"${id}","system":"demo","path":[{"level":"server","name":"${id}"}]}\n`;
const file = (name: string): string => `${folder}-${name}`;

async function configure(name = 'c.yaml', transport = 'embedded'): Promise<string> {
  await writeFile(file('e.ndjson'), event('a') + event('b'));
  const state = `${path.basename(folder)}-${transport === 'embedded' ? 'state' : name}`;
  await writeFile(
    file(name),
    `state: ${state}\ntransport: { kind: ${transport} }\ncatalog: { port: 0 }\nsink: { kind: local }\nproducers:\n  by-hand: { kind: events, path: ${path.basename(file('e.ndjson'))} }\n`,
  );
  return file(name);
}

const run = (config: string, ...args: readonly string[]) => runHere([...args, '--config', config]);

describe('state backup and restore', () => {
  it('bring back log, state and local catalogue as they were, and what came since is read again', {
    timeout,
  }, async () => {
    const config = await configure();
    expect((await run(config, 'run', '--once')).code).toBe(0);
    const before = (await run(config, 'catalog', 'export')).stdout;
    const backup = file('backup');
    expect(await run(config, 'state', 'backup', backup)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Copied topics and catalog'),
    });
    await appendFile(file('e.ndjson'), event('c'));
    await run(config, 'run', '--once');
    const after = (await run(config, 'catalog', 'export')).stdout;
    expect(after).not.toBe(before);
    const restored = await run(config, 'state', 'restore', backup, '--json');
    expect([restored.code, JSON.parse(restored.stdout).aside]).toMatchObject([
      0,
      [expect.any(String), expect.any(String)],
    ]);
    expect((await run(config, 'catalog', 'export')).stdout).toBe(before);
    const again = JSON.parse((await run(config, 'run', '--once', '--json')).stdout);
    expect(again.producers[0]).toMatchObject({ created: 1, unchanged: 2 });
    expect((await run(config, 'catalog', 'export')).stdout).toBe(after);
  });

  it('refuse a folder that is there, a backup that is none, and nothing to copy', { timeout }, async () => {
    const config = await configure();
    expect(await run(config, 'state', 'backup', file('backup'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('STATE_UNAVAILABLE'),
    });
    await run(config, 'produce', 'by-hand', '--only', '--once');
    expect((await run(config, 'state', 'backup', base)).code).toBe(2);
    expect(await run(config, 'state', 'restore', base)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is no whole backup'),
    });
    expect(existsSync(file('state/topics'))).toBe(true);
    const memory = await configure('m.yaml', 'memory');
    expect((await run(memory, 'state', 'backup', file('backup'))).code).toBe(2);
  });

  it('copy one moment, while another process writes', { timeout }, async () => {
    const config = await configure();
    const log = createEmbeddedTransport({ folder: file('state/topics') });
    await log.ensureTopics([{ name: 't', partitions: 1 }]);
    const stop = new AbortController();
    let written = 0;
    const writing = (async () => {
      // Record and state are one transaction: in a copy of one moment they agree.
      for (; !stop.signal.aborted; written += 1) {
        const records = [{ key: 'k', value: Buffer.alloc(2000), headers: {} }];
        await log.transactions.run({
          appends: [{ topic: 't', records }],
          state: [{ key: 'written', value: written + 1 }],
          commits: [],
        });
        await delay(2);
      }
    })();
    const copy = file('backup');
    const { code, stderr } = await startCli(['state', 'backup', copy, '--config', config]).ended;
    expect({ code, errors: stderr.match(/^error:.*$/mu) }).toEqual({ code: 0, errors: null });
    stop.abort();
    await writing;
    await log.close();
    const opened = createEmbeddedTransport({ folder: path.join(copy, 'topics') });
    onTestFinished(() => opened.close());
    const next = (await opened.describe('t'))[0]?.next ?? -1;
    expect(await opened.transactions.state.get('written')).toBe(next === 0 ? undefined : next);
    expect(next).toBeLessThanOrEqual(written);
  });
});

describe('state reset', () => {
  it('puts aside what is kept, only when it is said twice', { timeout }, async () => {
    const config = await configure();
    await run(config, 'run', '--once');
    expect((await run(config, 'state', 'reset')).code).toBe(2);
    expect((await run(config, 'state', 'reset', '--yes')).code).toBe(0);
    expect((await readdir(file('state'))).filter((name) => name.startsWith('topics')).join()).toMatch(
      /^topics\.before-/u,
    );
    const again = JSON.parse((await run(config, 'run', '--once', '--json')).stdout);
    expect(again.producers[0]).toMatchObject({ rawEvents: 2, deadLetters: 0 });
  });
});

describe('state export and import', () => {
  it('move what is known to another transport, where nothing is written to the catalogue again', {
    timeout,
  }, async () => {
    const config = await configure();
    await run(config, 'run', '--once');
    const exported = await run(config, 'state', 'export');
    await writeFile(file('lines'), exported.stdout);
    await run(config, 'state', 'reset', '--yes'); // in place of another transport
    expect((await run(config, 'state', 'import', file('lines'))).code).toBe(0);
    const again = JSON.parse((await run(config, 'run', '--once', '--json')).stdout);
    expect(again.producers[0]).toMatchObject({ created: 0, updated: 0, unchanged: 2 });
    expect(again.writeCalls).toBe(0);
  });

  it('move what producers keep to a store beside the same topics, where a change and a removal are seen, also after that was lost', {
    timeout,
  }, async () => {
    const config = await configure();
    const events = (...ids: readonly string[]) => writeFile(file('e.ndjson'), ids.map(event).join(''));
    await events('a', 'b', 'c', 'd', 'e');
    await run(config, 'run', '--once');
    await writeFile(file('lines'), (await run(config, 'state', 'export', '--producers')).stdout);
    const beside = file('beside.yaml');
    await writeFile(beside, `stateStore: { kind: local }\n${await readFile(config, 'utf8')}`);
    expect((await run(beside, 'state', 'import', file('lines'))).code).toBe(0);
    await events('a', 'b', 'c', 'd'); // a removal can only come of the inventory
    expect((await run(beside, 'run', '--once')).code).toBe(0);
    const exported = async (): Promise<string> => (await run(beside, 'catalog', 'export')).stdout;
    expect(await exported()).not.toContain('"e"');
    expect((await run(beside, 'status', '--json')).stdout).toContain('read 4 objects');
    await rm(file('state/producers'), { recursive: true });
    await writeFile(
      file('e.ndjson'),
      ['a', 'b', 'c'].map(event).join('') + event('d').replace('"name":"d"', '"name":"renamed"'),
    );
    expect((await run(beside, 'run', '--once')).code).toBe(0);
    expect(await exported()).toContain('renamed');
  });

  it('leave out what belongs to one log, and refuse a line that is no entry', async () => {
    const from = createMemoryState();
    await from.write([
      { key: 'stage-counts/g/0', value: 1 },
      { key: 'parked/g/0/00/x', value: 1 },
      { key: 'inventory/p/a', value: { hash: 'h' } },
      { key: 'applied/t/n', value: { speakers: [{ producer: 'p', offset: 7 }], more: 1 } },
    ]);
    const lines = [];
    for await (const line of exportLines({ ofStages: from, ofProducers: from })) lines.push(line);
    const to = createMemoryState();
    expect(
      await importLines({ ofStages: to, ofProducers: to }, Readable.from([lines.join('\n'), '\n\n'])),
    ).toBe(2);
    expect(await to.get('applied/t/n')).toEqual({ speakers: [{ producer: 'p' }], more: 1 });
    expect(await to.get('inventory/p/a')).toEqual({ hash: 'h' });
    for (const wrong of ['{', '{"key":""}', '{"key":"a"}', '[]'])
      await expect(
        importLines({ ofStages: to, ofProducers: to }, Readable.from([wrong])),
      ).rejects.toMatchObject({ code: 'USAGE' });
  });
});
