import { afterEach, describe, expect, it, vi } from 'vitest';
import { StreamError } from '../../pipeline/errors.ts';
import type { EmbeddedTransport } from '../../transports/embedded/transport.ts';
import {
  ScriptedSink,
  change,
  committed,
  deadLetters,
  delivered,
  refused,
  start,
  sum,
} from '../support/sink-stage.ts';
import { Workshop, record } from '../transports/embedded/support.ts';

const changes = Array.from({ length: 30 }, (_, index) => change(`c${index}`, `t${index % 7}`));
const timeout = 60_000;

/** Appends to a topic that forgets until the log takes no more. */
async function fill(transport: EmbeddedTransport): Promise<void> {
  await transport.ensureTopics([{ name: 'filler', partitions: 1, retention: { bytes: 1 } }]);
  for (const size of [1000, 10]) {
    await expect(
      (async () => {
        for (;;) await transport.append('filler', [record('k', 'x'.repeat(size))]);
      })(),
    ).rejects.toMatchObject({ code: 'TRANSPORT_FULL' });
  }
}

describe('SinkStage.run(), on a transport with limits', () => {
  const workshop = new Workshop();
  afterEach(() => workshop.cleanUp());

  it('waits while a full log takes no dead letter, and loses nothing when there is room again', {
    timeout,
  }, async () => {
    const transport = workshop.open({ maxBytes: 60_000 });
    let begin = (): void => undefined;
    const full = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const sink = new ScriptedSink(
      ({ offset }) => (offset % 3 === 0 ? refused : delivered),
      () => full,
    );
    const stage = await start(sink, [...changes, Buffer.from('garbage')], { transport });
    await fill(transport);
    begin();
    await vi.waitFor(() => expect(stage.waited.length).toBeGreaterThan(3), { timeout });
    expect(new Set(stage.waited)).toEqual(new Set(['sink TRANSPORT_FULL']));
    // at the most what could not be decoded, which no batch had to bring
    expect((await deadLetters(stage)).length).toBeLessThanOrEqual(1);
    await transport.maintain();
    await vi.waitFor(async () => expect(await committed(stage)).toBe(31), { timeout });
    expect(stage.settled).toMatchObject({ received: 31, delivered: 20, 'dead-lettered': 11 });
    expect(await deadLetters(stage)).toHaveLength(11);
    expect([...sink.attempts.values()].every((attempts) => attempts === 1)).toBe(true);
    stage.stop();
    await stage.ended;
  });

  it('gives up what it cannot settle when it is stopped while the log is full, and counts none of it', {
    timeout,
  }, async () => {
    const transport = workshop.open({ maxBytes: 60_000 });
    let begin = (): void => undefined;
    const full = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const sink = new ScriptedSink(
      () => refused,
      () => full,
    );
    const stage = await start(sink, changes, { transport, retryDelayMs: 600_000 });
    await fill(transport);
    begin();
    await vi.waitFor(() => expect(stage.waited).not.toEqual([]), { timeout });
    stage.stop();
    await stage.ended;
    expect(await committed(stage)).toBe(0);
    expect(sum(stage.settled)).toBe(0);
  });

  it('delivers a batch again when the state of the sink met a full disk', { timeout }, async () => {
    let faults = 3;
    const sink = new ScriptedSink(
      () => delivered,
      async () => {
        faults -= 1;
        if (faults >= 0) throw new StreamError('TRANSPORT_FULL', 'No space left.');
      },
    );
    const stage = await start(sink, changes);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(30), { timeout });
    expect(stage.waited).toHaveLength(3);
    expect(stage.settled).toMatchObject({ received: 30, delivered: 30 });
    expect(sink.applied).toHaveLength(30);
  });

  it('ends what is in flight within half of a short session, before the next owner begins', {
    timeout,
  }, async () => {
    const folder = workshop.folder();
    const sessionMs = 2000;
    const [stopped, log] = [[] as number[], [] as string[]];
    const hanging = new ScriptedSink(
      () => delivered,
      (_, signal) =>
        new Promise((_resolve, reject) => {
          log.push('first began');
          signal.addEventListener('abort', () => {
            log.push('first was cut off');
            stopped.push(performance.now());
            reject(signal.reason);
          });
        }),
    );
    const lane = { lanes: 1, batch: { count: 30, bytes: 1_000_000, withinMs: 1 } };
    const first = await start(hanging, changes, { ...lane, transport: workshop.open({ folder, sessionMs }) });
    await vi.waitFor(() => expect(log).toEqual(['first began']), { timeout });
    const heir = new ScriptedSink(
      () => delivered,
      async () => {
        log.push('second began');
      },
    );
    const second = await start(heir, [], { ...lane, transport: workshop.open({ folder, sessionMs }) });
    const at = performance.now();
    first.stop();
    await first.ended;
    await vi.waitFor(async () => expect(await committed(second)).toBe(30), { timeout });
    expect(log.slice(0, 3)).toEqual(['first began', 'first was cut off', 'second began']);
    expect((stopped[0] ?? 0) - at).toBeGreaterThan(400);
    expect((stopped[0] ?? 0) - at).toBeLessThan(5000);
    expect(sum(first.settled)).toBe(0);
    expect(second.settled.delivered).toBe(30);
  });
});
