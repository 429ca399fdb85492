import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { scanParked } from '../../pipeline/delivery/parked-entry.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import type { EntityChange, EntityRef } from '../../schemas/types.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { type RunningCommand, startCli } from '../support/cli.ts';

const timeout = 240_000;
const tables = Array.from({ length: 60 }, (_, index) => table(`t${index}`));

function table(name: string): EntityRef {
  return { typeName: 'generic_table', qualifiedName: `table://${name}` };
}

function change(ref: EntityRef, references: EntityChange['entities'][0]['references']): EntityChange {
  return {
    operation: 'UPSERT',
    ...ref,
    producer: 'hand',
    objectId: ref.qualifiedName,
    position: { incarnation: 'one', sequence: 1 },
    entities: [{ ...ref, attributes: { name: ref.qualifiedName }, references }],
    complete: [],
    placeholder: false,
  };
}

function processOf(name: string, outputs: readonly EntityRef[]): EntityChange {
  const ref = { typeName: 'generic_routine', qualifiedName: `routine://${name}` };
  return change(ref, [{ attribute: 'outputs', many: true, targets: outputs }]);
}

/** Processes before the tables that they name; one of them names a table that never comes. */
const changes: readonly EntityChange[] = [
  processOf('waits', [table('never')]),
  ...tables.map((ref, index) => processOf(`p${index}`, [ref, tables[(index + 7) % tables.length] ?? ref])),
  ...tables.map((ref) => change(ref, [])),
];

/** Topics with all changes in them, a catalogue, and a configuration that ties them together. */
async function workshop() {
  const folder = await mkdtemp(path.join(tmpdir(), 'killed-sink-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const catalog = await openCatalog({ path: path.join(folder, 'catalog'), port: 0 });
  onTestFinished(() => catalog.close());
  const config = path.join(folder, 'c.yaml');
  await writeFile(
    config,
    `transport: { kind: embedded, partitions: 3 }
sink: { kind: local, url: '${catalog.url}' }
delivery: { batch: 5 }
state: state
producers:
  hand: { kind: events, path: none.ndjson }
`,
  );
  const transport = createEmbeddedTransport({ folder: path.join(folder, 'state/topics') });
  onTestFinished(() => transport.close());
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 3 })));
  const records = changes.map((one) => ({
    key: one.qualifiedName,
    value: encodeEvent('entity-change', one),
    headers: {},
  }));
  await transport.append(topics.entities, records);
  const sink = (...args: string[]): RunningCommand => {
    const running = startCli(['sink', '-c', config, ...args]);
    onTestFinished(async () => {
      running.child.kill('SIGKILL');
      await running.ended;
    });
    return running;
  };
  const parked = async (): Promise<readonly string[]> => {
    const keys: string[] = [];
    const { state } = transport.transactions;
    for await (const { key } of scanParked(state, { group: groups.sink })) keys.push(key);
    return keys;
  };
  const lag = async (): Promise<number> => {
    const partitions = await transport.describe(topics.entities);
    return partitions.reduce((sum, one) => sum + one.next - (one.committed[groups.sink] ?? 0), 0);
  };
  return { catalog, sink, parked, lag, transport };
}

it('`sink` processes, one of them killed with SIGKILL, lose nothing and park nothing twice', {
  timeout,
}, async () => {
  const calm = await workshop();
  const once = await calm.sink('--once').ended;
  expect([once.code, once.stderr]).toEqual([3, expect.not.stringContaining('dead letter')]);
  expect(await calm.parked()).toEqual(['routine://waits']);
  const expected = calm.catalog.export();
  expect(expected.split('\n').filter((line) => line.includes('generic_'))).toHaveLength(120);

  const { catalog, sink, parked, lag, transport } = await workshop();
  const first = sink();
  const second = sink();
  const { writeCalls } = catalog.counters();
  await vi.waitUntil(() => catalog.counters().writeCalls > writeCalls + 3, { timeout: 60_000, interval: 1 });
  first.child.kill('SIGKILL');
  await first.ended;
  const third = sink();
  await vi.waitUntil(() => third.output().stderr.includes('reading'), { timeout: 60_000 });
  await vi.waitUntil(async () => (await lag()) === 0 && (await parked()).length === 1, {
    timeout: 90_000,
    interval: 50,
  });
  for (const running of [second, third]) running.child.kill('SIGTERM');
  expect(await Promise.all([second, third].map(async ({ ended }) => (await ended).code))).toEqual([0, 0]);
  expect(await parked()).toEqual(['routine://waits']);
  expect(catalog.export()).toBe(expected);
  const letters = await transport.describe(topics.deadLetters);
  expect(letters.every(({ next }) => next === 0)).toBe(true);
});
