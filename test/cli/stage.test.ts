import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { groups, topics } from '../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { cli, root, type RunningCommand, startCli } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';

const timeout = 400_000;

/** A folder with a configuration of one small source. */
async function workshop(transport = 'embedded') {
  const folder = await mkdtemp(path.join(tmpdir(), 'stage-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const config = path.join(folder, 'purview-streams.yaml');
  await writeFile(
    config,
    `transport: { kind: ${transport}, partitions: 2 }
catalog: { port: ${port} }
sink: { kind: local }
producers:
  warehouse: { kind: custom-db, path: '${root}examples/retail/warehouse', server: warehouse }
`,
  );
  const run = (...args: string[]) => cli([...args, '-c', config]);
  const begin = (...args: string[]): RunningCommand => {
    const running = startCli([...args, '-c', config]);
    onTestFinished(async () => {
      running.child.kill('SIGKILL');
      await running.ended;
    });
    return running;
  };
  const exported = async (...args: string[]) => (await run('catalog', 'export', ...args)).stdout;
  return { folder, port, run, begin, exported };
}

function says(running: RunningCommand, text: string): Promise<boolean> {
  return vi.waitUntil(() => Object.values(running.output()).join('\n').includes(text), { timeout: 200_000 });
}

it('`transform` and `sink` in processes of their own end in the same catalogue as `run`', {
  timeout,
}, async () => {
  const { folder, port, run, begin, exported } = await workshop();
  const state = path.join(folder, 'whole');
  expect((await run('run', '--once', '--port', '0', '--state', state)).code).toBe(0);
  const appended = await run('produce', 'warehouse', '--only', '--once');
  expect([appended.code, appended.stdout]).toEqual([0, expect.stringContaining('Appended in')]);
  const first = appended.stdout;
  const transformed = await run('transform', '--once', '--json');
  expect(transformed).toMatchObject({ code: 0 });
  const [counts] = JSON.parse(transformed.stdout).stages;
  expect(counts).toMatchObject({ stage: 'transform', inFlight: 0 });
  expect(counts.received).toBe(
    Object.values<number>(counts.settled).reduce((sum, events) => sum + events, 0),
  );
  const alone = await run('sink', '--once');
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
  expect(alone.stderr).toContain('purview-streams catalog');
  await says(begin('catalog'), 'Ctrl-C ends.');
  const sunk = await run('sink', '--once');
  expect(sunk.stdout).toMatch(/^sink: \d+ events received, \d+ delivered/u);
  expect(sunk).toMatchObject({ code: 0 });
  expect(await exported()).toBe(await exported('--state', state));
  const again = await run('produce', 'warehouse', '--only', '--once'); // says nothing of what the others have made of it
  expect(again.stdout.replace(/in [\d.]+ s/u, '')).toBe(first.replace(/in [\d.]+ s/u, ''));
  expect(again.stdout).toMatch(/^producer +raw events +removed +rejected/u);
});

it('`transform` says that it must be started again, and loses nothing, when a producer was added since it began', {
  timeout,
}, async () => {
  const { folder, run, begin } = await workshop();
  const running = begin('transform');
  await says(running, 'reading metadata.raw');
  const file = path.join(folder, 'purview-streams.yaml');
  const added = `  added: { kind: custom-db, path: '${root}examples/retail/warehouse', server: added }\n`;
  await appendFile(file, added);
  expect(await run('produce', 'added', '--only', '--once')).toMatchObject({ code: 0 });
  await says(running, 'CONFIG_OUTDATED');
  expect(running.output().stderr).toContain('The producer added was added to');
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
  const again = await run('transform', '--once', '--json');
  expect(again).toMatchObject({ code: 0 });
  expect(JSON.parse(again.stdout).stages[0].settled).toMatchObject({ 'dead-lettered': 0, unchanged: 0 });
});

it('`sink` waits for the local catalogue when it follows changes', { timeout }, async () => {
  const { begin } = await workshop();
  const running = begin('sink');
  await says(running, 'trying again in');
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
});

it('`transform --once` ends with 130 when it is stopped before what is there is settled', {
  timeout,
}, async () => {
  const { folder, run, begin } = await workshop();
  await run('produce', 'warehouse', '--only', '--once');
  const transport = createEmbeddedTransport({ folder: path.join(folder, '.purview-streams', 'topics') });
  onTestFinished(() => transport.close());
  const leave = new AbortController();
  onTestFinished(() => leave.abort());
  // Somebody else has its partition in hand, and settles nothing.
  const members = transport.subscribe({ topic: topics.raw, group: groups.transform, signal: leave.signal });
  await members[Symbol.asyncIterator]().next();
  const running = begin('transform', '--once');
  await says(running, 'reading metadata.raw');
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(130);
});

it('`transform` exits 2 when the topics live in one process', { timeout }, async () => {
  const { run } = await workshop('memory');
  for (const args of [['transform'], ['sink'], ['produce', 'warehouse', '--only']]) {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining('Set transport.kind to embedded')]);
  }
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  '`transform` drains, says so and exits 0 on %s',
  { timeout },
  async (signal) => {
    const { begin } = await workshop();
    const running = begin('transform');
    await says(running, 'reading metadata.raw');
    running.child.kill(signal);
    const { code, stderr } = await running.ended;
    expect(stderr).toContain('Drained: of 0 events in flight 0 are settled.');
    expect(code).toBe(0);
  },
);
