import { describe, expect, it } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { RunnerMemory } from '../../pipeline/producer-memory.ts';
import type { FoundObject, Producer, ProducerMemory, ScanContext } from '../../pipeline/producer.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import type { Json, StateStore } from '../../pipeline/state.ts';
import { createTelemetry } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { createMemoryTransport } from '../../transports/memory.ts';

const all = async (memory: ProducerMemory): Promise<Record<string, Json>> => {
  const entries: Record<string, Json> = {};
  for await (const { key, value } of memory.entries('')) entries[key] = value;
  return entries;
};

/** Counts its scans in its memory. */
class Counting implements Producer {
  failure: StreamError | undefined;

  async incarnation(): Promise<string> {
    return '1';
  }

  async *scan({ memory }: ScanContext): AsyncIterable<FoundObject> {
    const { scans } = await all(memory);
    memory.set('scans', typeof scans === 'number' ? scans + 1 : 1);
    yield* [];
    if (this.failure !== undefined) throw this.failure;
  }

  async *changes(): AsyncIterable<undefined> {
    yield* [];
  }

  async close(): Promise<void> {
    this.failure = undefined;
  }
}

const runnerOf = async (producer: Producer, state: StateStore): Promise<ProducerRunner> => {
  const transport = createMemoryTransport();
  await transport.ensureTopics([topics.raw, topics.deadLetters].map((name) => ({ name, partitions: 1 })));
  const telemetry = createTelemetry();
  return new ProducerRunner({ name: 'p', producer, transport, state, telemetry, now: () => new Date(0) });
};

describe('the memory of a producer', () => {
  it('RunnerMemory keeps what was set until write(), apart for each producer', async () => {
    const state = createMemoryState();
    const memory = new RunnerMemory(state, 'a/b');
    memory.set('x', 1);
    memory.set('y', { z: [2] });
    memory.set('gone', undefined);
    expect(await all(memory)).toEqual({});
    await memory.write();
    expect(await all(new RunnerMemory(state, 'a/b'))).toEqual({ x: 1, y: { z: [2] } });
    expect(await all(new RunnerMemory(state, 'a'))).toEqual({});
    memory.set('x', undefined);
    await memory.write();
    expect(await all(memory)).toEqual({ y: { z: [2] } });
  });

  it('is seen by the next scan, also of another process, and a scan that fails remembers nothing', async () => {
    const state = createMemoryState();
    const producer = new Counting();
    const runner = await runnerOf(producer, state);
    const { signal } = new AbortController();
    await runner.scan(signal, true);
    await (await runnerOf(producer, state)).scan(signal, true);
    producer.failure = new StreamError('SOURCE_UNAVAILABLE', 'It hung up.');
    await expect(runner.scan(signal, false)).rejects.toThrow('It hung up.');
    expect(await all(new RunnerMemory(state, 'p'))).toEqual({ scans: 2 });
  });
});
