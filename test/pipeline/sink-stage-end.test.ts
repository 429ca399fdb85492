import { describe, expect, it, vi } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { ScriptedSink, change, committed, delivered, many, start } from '../support/sink-stage.ts';

describe('SinkStage.run(), at its end', () => {
  it('waits for the batches of other lanes before it gives the partition up, when one lane fails', async () => {
    const error = new StreamError('CATALOG_REFUSED', 'Log in first.');
    let finish = (): void => undefined;
    const other = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let begun = 0;
    const sink = new ScriptedSink(
      () => delivered,
      async () => {
        begun += 1;
        if (begun === 1) await other;
        else throw error;
      },
    );
    const stage = await start(sink, many);
    let rejected = false;
    stage.ended.catch(() => {
      rejected = true;
    });
    await vi.waitFor(() => expect(begun).toBeGreaterThan(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(rejected).toBe(false);
    finish();
    await expect(stage.ended).rejects.toBe(error);
    expect(stage.settled.delivered).toBeGreaterThan(0);
  });

  it('finishes the batch in flight before it rejects, when the subscription breaks', async () => {
    const error = new StreamError('TRANSPORT_DAMAGED', 'Broken.');
    const memory = createMemoryTransport();
    let begun = (): void => undefined;
    const inFlight = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let finish = (): void => undefined;
    const sink = new ScriptedSink(
      () => delivered,
      () =>
        new Promise((resolve) => {
          finish = resolve;
          begun();
        }),
    );
    const stage = await start(sink, [change('a', 't')], {
      transport: {
        ensureTopics: (specs) => memory.ensureTopics(specs),
        append: (topic, records) => memory.append(topic, records),
        read: (topic, partition, from) => memory.read(topic, partition, from),
        describe: (topic) => memory.describe(topic),
        recordLimit: (topic) => memory.recordLimit(topic),
        admin: memory.admin,
        transactions: memory.transactions,
        close: () => memory.close(),
        subscribe: async function* subscribe(options) {
          for await (const assignment of memory.subscribe(options)) {
            yield assignment;
            await inFlight;
            throw error;
          }
        },
      },
    });
    let rejected = false;
    stage.ended.catch(() => {
      rejected = true;
    });
    await inFlight;
    await new Promise((resolve) => setImmediate(resolve));
    expect(rejected).toBe(false);
    finish();
    await expect(stage.ended).rejects.toBe(error);
    expect(await committed(stage)).toBe(1);
  });

  it('finishes and commits the batch in flight when it is stopped', async () => {
    let finish = (): void => undefined;
    const sink = new ScriptedSink(
      () => delivered,
      (_, signal) =>
        new Promise((resolve, reject) => {
          finish = resolve;
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    const stage = await start(sink, many, { lanes: 1 });
    await vi.waitFor(() => expect(sink.batches).toHaveLength(1));
    stage.stop();
    finish();
    await stage.ended;
    expect(sink.batches).toHaveLength(1);
    expect(await committed(stage)).toBe(5);
  });
});
