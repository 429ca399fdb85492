import { describe, expect, it } from 'vitest';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { firstScan } from '../../pipeline/producer-loop.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import { createTelemetry, type TelemetryEvents } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { StatementHistory } from '../../platform/statement-history.ts';
import { Marks } from '../../platform/log-files/marks.ts';
import { QueryIds } from '../../producers/query-log/query-ids.ts';
import { createMemoryTransport } from '../../transports/memory.ts';

const source = { system: 's', dialect: 'postgres', server: 'srv', keepDays: 30, now: new Date(0) };

/** Reads at its scan what earlier ones remembered, and finds nothing. */
class Reading implements Producer {
  readonly #open: (context: ScanContext) => Promise<unknown>;

  constructor(open: (context: ScanContext) => Promise<unknown>) {
    this.#open = open;
  }

  incarnation(): Promise<string> {
    return Promise.resolve('1');
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    await this.#open(context);
    yield* [];
  }

  async *changes(): AsyncIterable<undefined> {
    yield* [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('parseStored()', () => {
  it.each([
    ['memory/p/statement/a', ({ memory }: ScanContext) => StatementHistory.open(memory, source)],
    ['memory/p/file/a', ({ memory }: ScanContext) => Marks.open(memory)],
    ['memory/p/query-ids', ({ memory }: ScanContext) => QueryIds.open(memory, 1)],
    ['inventory/p/job\na', () => Promise.resolve()],
  ])(
    'names %j with STATE_UNAVAILABLE, and nothing is tried again, when another version wrote it',
    async (key, open) => {
      const transport = createMemoryTransport();
      await transport.ensureTopics([topics.raw, topics.deadLetters].map((name) => ({ name, partitions: 1 })));
      const state = createMemoryState();
      await state.write([{ key, value: { form: 'of tomorrow' } }]);
      const telemetry = createTelemetry();
      const failed: TelemetryEvents['scanFailed'][] = [];
      telemetry.on('scanFailed', (event) => failed.push(event));
      const producer = new Reading(open);
      const now = (): Date => new Date(0);
      const runner = new ProducerRunner({ name: 'p', producer, transport, state, telemetry, now });
      const options = { name: 'p', producer, runner, telemetry, retryDelayMs: 1 };
      await expect(firstScan(options, new AbortController().signal)).rejects.toMatchObject({
        code: 'STATE_UNAVAILABLE',
      });
      expect(failed).toMatchObject([{ code: 'STATE_UNAVAILABLE', retryInMs: undefined }]);
      expect(failed[0]?.message).toContain(JSON.stringify(key));
      expect(failed[0]?.message).toContain('another version');
    },
  );
});
