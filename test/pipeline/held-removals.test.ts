import { assert, array, asyncProperty, constantFrom, oneof, record, constant, subarray } from 'fast-check';
import { expect, it } from 'vitest';
import { approveRemovals, heldProducers, HeldRemovals } from '../../pipeline/held-removals.ts';
import type { FoundObject, Producer } from '../../pipeline/producer.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { decodeEvent } from '../../schemas/codec.ts';
import type { RawEvent } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { collect } from '../contracts/transport.ts';

const never = new AbortController().signal;
const ids = ['a', 'b', 'c'] as const;

/** Jobs in memory; `during` runs in the middle of the next scan or change. */
class Source implements Producer {
  jobs: readonly string[] = [];
  during: (() => Promise<unknown>) | undefined;

  async incarnation(): Promise<string> {
    return 'life';
  }

  scan(): AsyncIterable<FoundObject> {
    return this.found();
  }

  async *found(): AsyncIterable<FoundObject> {
    const nothing = {
      description: null,
      lastRun: null,
      inputs: [],
      outputs: [],
      warnings: [],
      additional: [],
    };
    for (const objectId of this.jobs)
      yield { type: 'job', objectId, value: { tool: 't', name: objectId, ...nothing } };
    const { during } = this;
    this.during = undefined;
    await during?.();
  }

  async *changes(): AsyncIterable<undefined> {
    yield* [];
  }

  async close(): Promise<void> {
    this.jobs = [];
  }
}

/** `beside`: the producer's state is in a store of its own. */
async function open(beside = false) {
  const transport = createMemoryTransport();
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
  const store = beside ? createMemoryState() : undefined;
  const state = store ?? transport.transactions.state;
  const producer = new Source();
  const options = {
    name: 'p',
    producer,
    transport,
    state,
    isBeside: beside,
    telemetry: createTelemetry(),
    removalThreshold: 0,
  };
  const runner = new ProducerRunner({ ...options, now: () => new Date(0) });
  /** What the raw events say of every job in the end: the newest position counts, the later of equal ones. */
  const alive = async (): Promise<readonly string[]> => {
    const last = new Map<string, { readonly sequence: number; readonly isThere: boolean }>();
    for (const { value } of await collect(transport.read(topics.raw, 0, 0))) {
      const event = decodeEvent(value ?? new Uint8Array()) as RawEvent;
      if (event.type !== 'job' && event.type !== 'removal') continue;
      const { objectId, position } = event.value;
      if (position.sequence < (last.get(objectId)?.sequence ?? 0)) continue;
      last.set(objectId, { sequence: position.sequence, isThere: event.type === 'job' });
    }
    return [...last].flatMap(([id, { isThere }]) => (isThere ? [id] : [])).sort((x, y) => (x < y ? -1 : 1));
  };
  return { transport, store, producer, runner, alive, held: new HeldRemovals(state, 'p') };
}

it('approveRemovals() emits what the newest scan did not find, and a live runner publishes what comes back', async () => {
  const { transport, producer, runner, alive, held } = await open();
  producer.jobs = ids;
  await runner.scan(never, false);
  producer.jobs = [];
  await runner.scan(never, false);
  expect(await heldProducers(transport.transactions.state)).toEqual(['p']);
  expect((await held.scan())?.missing).toBe(3);
  producer.jobs = ['b'];
  await runner.scan(never, false);
  expect(await approveRemovals({ transport }, 'p', new Date(0))).toEqual(['job\na', 'job\nc']);
  expect(await alive()).toEqual(['b']);
  expect(await held.scan()).toBeUndefined();
  expect(await approveRemovals({ transport }, 'p', new Date(0))).toEqual([]);
  producer.jobs = ['a', 'b'];
  await runner.scan(never, false);
  expect(await alive()).toEqual(['a', 'b']);
});

it('approveRemovals() amid a change takes away nothing that the change has found', async () => {
  const { transport, producer, runner, alive } = await open();
  producer.jobs = ids;
  await runner.scan(never, false);
  producer.jobs = [];
  await runner.scan(never, false);
  producer.jobs = ids;
  // The change finds all of it again as it was known; before it ends, somebody approves.
  producer.during = () => approveRemovals({ transport }, 'p', new Date(0));
  await runner.apply({ found: producer.found(), looked: [], mark: 1 }, never);
  expect(await alive()).toEqual(ids);
});

it('apply() takes off the list of what is held back what a change has found again', async () => {
  const { producer, runner, held } = await open();
  producer.jobs = ids;
  await runner.scan(never, false);
  producer.jobs = [];
  await runner.scan(never, false);
  producer.jobs = ['b'];
  await runner.apply({ found: producer.found(), looked: [], mark: 1 }, never);
  expect((await held.objects()).map(({ key }) => key)).toEqual(['job\na', 'job\nc']);
  expect(await held.scan()).toMatchObject({ missing: 2, known: 3 });
  producer.jobs = ['a', 'c'];
  await runner.apply({ found: producer.found(), looked: [], mark: 2 }, never);
  expect([await held.scan(), await held.objects()]).toEqual([undefined, []]);
});

it.each([false, true])(
  'approveRemovals() and a runner agree in the end, whatever is decided when, also amid a scan, with the state beside the topics: %s',
  async (beside) => {
    const step = oneof(
      record({
        kind: constant('scan' as const),
        jobs: subarray([...ids]),
        during: constantFrom('none', 'approve', 'reject'),
      }),
      record({ kind: constantFrom('approve' as const, 'reject' as const) }),
    );
    await assert(
      asyncProperty(array(step, { maxLength: 12 }), subarray([...ids]), async (steps, jobs) => {
        const { transport, store, producer, runner, alive, held } = await open(beside);
        const decide = (kind: string): Promise<unknown> =>
          kind === 'approve' ? approveRemovals({ transport, store }, 'p', new Date(0)) : held.clear();
        const lost: string[] = [];
        for (const one of steps) {
          if (one.kind !== 'scan') await decide(one.kind);
          else {
            producer.jobs = one.jobs;
            if (one.during !== 'none') producer.during = () => decide(one.during);
            await runner.scan(never, false);
            const there = await alive();
            lost.push(...one.jobs.filter((id) => !there.includes(id)));
          }
        }
        expect(lost).toEqual([]);
        producer.jobs = jobs;
        await runner.scan(never, false);
        await approveRemovals({ transport, store }, 'p', new Date(0));
        expect(await alive()).toEqual(jobs);
        await transport.close();
      }),
      { numRuns: 150 },
    );
  },
);

it('HeldRemovals.scan() refuses what another version has kept, and names it; clear() forgets it', async () => {
  const { state } = createMemoryTransport().transactions;
  await state.write([
    { key: 'held-removals/p', value: { missing: 3 } },
    { key: 'held-objects/p/job\na', value: 'unknown' },
  ]);
  const held = new HeldRemovals(state, 'p');
  await expect(held.scan()).rejects.toMatchObject({
    code: 'STATE_UNAVAILABLE',
    message: expect.stringContaining('held-removals/p'),
  });
  expect(await held.clear()).toBe(1);
  expect(await held.scan()).toBeUndefined();
  expect(await held.objects()).toEqual([]);
});
