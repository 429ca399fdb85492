import path from 'node:path';
import process from 'node:process';
import { array, assert, asyncProperty, constantFrom, integer, option, record } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { replayGroup, readPlan } from '../../pipeline/replay-plan.ts';
import { topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { HandWorld } from '../support/by-hand.ts';

const timeout = 300_000;
const job = (objectId: string, inputs: readonly string[], outputs: readonly string[]) => ({
  objectId,
  inputs,
  outputs,
});

/** Ctrl-C, as soon as the command that is started next listens to it. */
function interruptOnce(): Promise<void> {
  const before = new Set(process.listeners('SIGINT'));
  return vi.waitFor(
    () => {
      const own = process.listeners('SIGINT').find((listener) => !before.has(listener));
      if (own === undefined) throw new Error('The replay does not run yet.');
      own('SIGINT');
    },
    { timeout, interval: 1 },
  );
}

describe('replay over raw events that were overtaken, changed and removed', () => {
  let world: HandWorld;
  let expected: string;
  let longest: number;

  async function withTopics<T>(work: (transport: Transport) => Promise<T>): Promise<T> {
    const transport = createEmbeddedTransport({ folder: path.join(world.state, 'topics') });
    try {
      return await work(transport);
    } finally {
      await transport.close();
    }
  }

  beforeAll(async () => {
    world = await HandWorld.make([], 'removalThreshold: 1');
    const versions = [
      [job('a', ['x'], ['y']), job('b', ['y'], ['z']), job('c', [], ['w']), job('d', ['w'], ['v'])],
      [job('a', ['x', 'q'], ['y']), job('b', ['y'], ['z2']), job('c', [], ['w'])],
      [job('a', ['x2'], ['y2']), job('b', ['y2'], ['z2']), job('e', ['z2'], ['w'])],
    ];
    for (const jobs of versions) {
      await world.write(jobs);
      await world.run('run', '--once');
    }
    expected = await world.exported();
    longest = await withTopics(async (transport) =>
      Math.max(...(await transport.describe(topics.raw)).map(({ next }) => next)),
    );
  }, timeout);

  afterAll(() => world.remove());

  it('ends in the byte-equal export from any offset, to any, of anything, any number of times', {
    timeout,
  }, async () => {
    expect(expected).toContain('etl://demo-etl/jobs/e');
    expect(expected).not.toContain('etl://demo-etl/jobs/d"');
    const place = option(integer({ min: 0, max: longest + 3 }), { nil: undefined });
    const replay = record({
      from: place,
      to: place,
      key: constantFrom(undefined, undefined, 'hand/job/a', 'hand/job/d', 'hand/job/none'),
      isInPlace: constantFrom(false, false, true),
    });
    await assert(
      asyncProperty(array(replay, { minLength: 1, maxLength: 3 }), async (replays) => {
        for (const { from, to, key, isInPlace } of replays) {
          const range = ['--from', String(from ?? 'beginning')];
          if (isInPlace) range.push('--in-place');
          else {
            if (to !== undefined) range.push('--to', String(to));
            if (key !== undefined) range.push('--key', key);
          }
          const { code } = await world.run('replay', ...range);
          const run = isInPlace ? await world.run('run', '--once') : undefined;
          expect([code, run?.code ?? 0]).toEqual([0, 0]);
          expect(await world.exported()).toBe(expected);
        }
      }),
      { numRuns: 6, endOnFailure: true },
    );
  });

  it('goes on after a stop, refuses another replay meanwhile, and ends in the same export', {
    timeout,
  }, async () => {
    const stopping = interruptOnce();
    const stopped = await world.run('replay', '--from', 'beginning', '--producer', 'hand');
    await stopping;
    expect(stopped.code).toBe(0);
    expect(stopped.stdout).toContain('Stopped: `replay` goes on from here.');
    const other = await world.run('replay', '--from', '1');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('replay --cancel');
    // As if it had been stopped half way: what is committed is not read again.
    await withTopics((transport) => transport.admin.resetOffsets(topics.raw, replayGroup, new Map([[0, 2]])));
    const resumed = await world.run('replay');
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain('Going on with the replay --from beginning --producer hand');
    expect(resumed.stderr).toMatch(/replay: ([\d,]+) of \1 events/u);
    expect(await world.exported()).toBe(expected);
    expect(await withTopics((transport) => readPlan(transport.transactions.state))).toBeUndefined();
  });

  it('--cancel forgets a replay that is not through, and --restart begins it anew', { timeout }, async () => {
    for (const args of [['--cancel'], ['--from', '1', '--restart']]) {
      const stopping = interruptOnce();
      await world.run('replay', '--from', 'beginning');
      await stopping;
      expect((await world.run('replay', ...args)).code).toBe(0);
      expect((await world.run('topics', 'list')).stdout).not.toContain(replayGroup);
    }
    expect(await world.exported()).toBe(expected);
  });
});
