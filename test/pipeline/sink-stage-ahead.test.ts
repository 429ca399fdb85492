import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { BatchTurn, Delivery, Outcome, Sink } from '../../pipeline/sink.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { topics } from '../../pipeline/topics.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import type { EntityChange } from '../../schemas/types.ts';
import {
  change,
  committed,
  delivered,
  missing,
  ScriptedSink,
  type Stage,
  start,
  sum,
  throttled,
} from '../support/sink-stage.ts';

/** How long the parts of one batch take, in turns of the event loop, and what it does. */
interface Script {
  readonly planning: number;
  readonly asking: number;
  readonly recording: number;
  readonly passes: boolean;
  readonly fails: boolean;
}

const quick: Script = { planning: 0, asking: 0, recording: 0, passes: true, fails: false };

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A sink that plans ahead, and watches that the stage keeps to the contract. */
class PlanningSink implements Sink {
  readonly plansAhead = true;
  readonly applied: string[] = [];
  readonly problems: string[] = [];
  /** Batches that began while another one had not ended. */
  ahead = 0;
  readonly #script: (batch: readonly Delivery[]) => Script;
  readonly #open = new Set<readonly Delivery[]>();
  #asking = 0;

  constructor(script: (batch: readonly Delivery[]) => Script) {
    this.#script = script;
  }

  async open(): Promise<void> {
    this.applied.length = 0;
  }

  async deliver(
    batch: readonly Delivery[],
    _signal: AbortSignal,
    turn?: BatchTurn,
  ): Promise<readonly Outcome[]> {
    const { planning, asking, recording, passes, fails } = this.#script(batch);
    this.#look(batch, turn);
    this.#open.add(batch);
    try {
      await turns(planning);
      await turn?.come();
      this.#asking += 1;
      if (this.#asking > 1) this.problems.push('two ask at once');
      await turns(asking);
      this.#asking -= 1;
      if (fails) return batch.map(() => throttled);
      if (passes) turn?.pass();
      await turns(recording);
      this.applied.push(...batch.map((one) => one.change.objectId));
      return batch.map(() => delivered);
    } finally {
      this.#open.delete(batch);
    }
  }

  #look(batch: readonly Delivery[], turn: BatchTurn | undefined): void {
    const others = [...this.#open].flat();
    if (others.length > 0) this.ahead += 1;
    if (others.length > 0 && turn === undefined)
      this.problems.push('it begins beside another without a turn');
    const keys = new Set(others.map((one) => one.change.qualifiedName));
    for (const one of batch) {
      if (keys.has(one.change.qualifiedName)) this.problems.push('a key is in two batches');
    }
    if (others.length > 0 && [...others, ...batch].some((one) => one.change.operation === 'DELETE'))
      this.problems.push('a deletion is beside another batch');
  }

  async close(): Promise<void> {
    this.#open.clear();
  }
}

const anyScript = fc.record({
  planning: fc.nat(3),
  asking: fc.nat(3),
  recording: fc.nat(3),
  passes: fc.boolean(),
  fails: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const anyChange = fc.record({ key: fc.nat(9), isDeletion: fc.nat(9).map((n) => n === 0) });

describe('SinkStage.run() with a sink that plans ahead', () => {
  it('lets one batch at a time ask, of other keys than are open and with no deletion beside it, in the order of each key', async () => {
    let ahead = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyChange, { minLength: 1, maxLength: 40 }),
        fc.array(anyScript, { minLength: 1, maxLength: 20 }),
        async (some, scripts) => {
          const changes = some.map(({ key, isDeletion }, index) => {
            const one = change(`c${index}`, `t${key}`);
            return isDeletion ? { ...one, operation: 'DELETE' as const } : one;
          });
          let batches = 0;
          const sink = new PlanningSink(() => scripts[(batches += 1) % scripts.length] ?? quick);
          // One that always fails would be tried for ever.
          const patient = { ...quick, fails: false };
          const stage = await start(
            scripts.every(({ fails }) => fails) ? new PlanningSink(() => patient) : sink,
            changes,
            { lanes: 1, batch: { count: 3, bytes: 100_000, withinMs: 1 } },
          );
          await vi.waitFor(async () => expect(await committed(stage)).toBe(changes.length), {
            timeout: 20_000,
            interval: 2,
          });
          stage.stop();
          await stage.ended;
          expect(sink.problems).toEqual([]);
          expect(sum(stage.settled)).toBe(changes.length);
          for (const { qualifiedName } of changes) {
            const own = changes
              .filter((one) => one.qualifiedName === qualifiedName)
              .map((one) => one.objectId);
            const applied = sink.applied.filter((id) => own.includes(id));
            expect(applied).toEqual(applied.length === 0 ? [] : own);
          }
          ahead += sink.ahead;
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
    expect(ahead).toBeGreaterThan(0);
  }, 60_000);

  it('begins no batch any more that was planned, when it is stopped', async () => {
    const held = new Held();
    const stage = await start(held, changes, one);
    await vi.waitFor(() => expect(held.planned).toEqual(['c0', 'c1']));
    stage.stop();
    held.go('c0');
    await stage.ended;
    expect([held.asked, await committed(stage)]).toEqual([['c0'], 1]);
  });

  it('rejects when a batch fails only once the one behind it has ended, and begins no other', async () => {
    const error = new StreamError('STATE_UNAVAILABLE', 'The disk is broken.');
    const held = new Held(error);
    const stage = await start(held, changes, one);
    let isOver = false;
    stage.ended.catch(() => {
      isOver = true;
    });
    held.go('c0');
    await vi.waitFor(() => expect(held.asked).toEqual(['c0', 'c1']));
    await turns(20);
    expect(isOver).toBe(false);
    held.go('c1');
    await expect(stage.ended).rejects.toBe(error);
    expect(held.asked).toEqual(['c0', 'c1']);
  });

  it('rejects when what is known cannot be looked up only once what is in flight has ended', async () => {
    const error = new StreamError('STATE_UNAVAILABLE', 'The disk is broken.');
    const held = new Held();
    let looked = 0;
    const sink = Object.assign(held, {
      known: async (some: readonly Delivery[]) => {
        looked += 1;
        if (looked > 1) throw error;
        return some.map(() => undefined);
      },
    });
    const stage = await start(sink, changes.slice(0, 1), one);
    let isOver = false;
    stage.ended.catch(() => {
      isOver = true;
    });
    await vi.waitFor(() => expect(held.asked).toEqual(['c0']));
    await append(stage, change('c1', 'b'));
    await vi.waitFor(() => expect(looked).toBe(2));
    await turns(20);
    expect(isOver).toBe(false);
    held.go('c0');
    await expect(stage.ended).rejects.toBe(error);
  });

  it('lets a batch that is to be tried again go before the one behind it', async () => {
    const asked: string[] = [];
    const sink = planning(async ([only], _, turn) => {
      await turn?.come();
      asked.push(only?.change.objectId ?? '');
      await turns(5);
      return [asked.length < 3 ? throttled : delivered];
    });
    const stage = await start(sink, changes, one);
    await vi.waitFor(async () => expect(await committed(stage)).toBe(3));
    expect(asked).toEqual(['c0', 'c0', 'c0', 'c1', 'c2']);
  });

  it('keeps what is parked of a key while the next change of it waits behind it', async () => {
    let isThere = false;
    const sink = Object.assign(
      new ScriptedSink(
        () => (isThere ? delivered : missing),
        () => turns(20),
      ),
      { plansAhead: true },
    );
    const same = [change('c0', 'a'), change('c1', 'a')];
    const stage = await start(sink, same, { ...one, parkForMs: 600_000 });
    await vi.waitFor(async () => expect(await committed(stage)).toBe(2));
    isThere = true;
    await vi.waitFor(async () => {
      await stage.sweep();
      expect(stage.unparked).toEqual(['delivered', 'delivered']);
    });
    expect([stage.settled.parked, sink.overlaps]).toEqual([2, 0]);
  });

  it('rejects when a batch fails, though the one behind it waits for what may pass', async () => {
    const error = new StreamError('STATE_UNAVAILABLE', 'The disk is broken.');
    const full = new StreamError('TRANSPORT_FULL', 'The disk is full.');
    let isWaiting = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      isWaiting = resolve;
    });
    const sink = planning(async ([only], _, turn) => {
      await turn?.come();
      turn?.pass();
      if (only?.change.objectId === 'c0') {
        await waiting;
        throw error;
      }
      isWaiting();
      throw full;
    });
    const stage = await start(sink, changes, { ...one, retryDelayMs: 600_000 });
    await expect(stage.ended).rejects.toBe(error);
    expect(await committed(stage)).toBe(0);
  });
});

/** A sink that plans ahead, and delivers so. */
function planning(deliver: Sink['deliver']): Sink {
  return { plansAhead: true, open: async () => undefined, close: async () => undefined, deliver };
}

const changes = [change('c0', 'a'), change('c1', 'b'), change('c2', 'c')];
const one = { lanes: 1, batch: { count: 1, bytes: 100_000, withinMs: 1 } };

async function append({ transport }: Stage, one: EntityChange): Promise<void> {
  const value = encodeEvent('entity-change', one);
  await transport.append(topics.entities, [{ key: one.qualifiedName, value, headers: {} }]);
}

/** A sink whose batches of one change are answered when the test says so; the first one fails after it has passed, with `error`. */
class Held implements Sink {
  readonly plansAhead = true;
  readonly planned: string[] = [];
  readonly asked: string[] = [];
  readonly #error: StreamError | undefined;
  readonly #gates = new Map<string, { readonly opened: Promise<void>; readonly open: () => void }>();

  constructor(error?: StreamError) {
    this.#error = error;
  }

  /** Lets a change be answered. */
  go(id: string): void {
    this.#gate(id).open();
  }

  async open(): Promise<void> {
    this.asked.length = 0;
  }

  async deliver([only]: readonly Delivery[], _: AbortSignal, turn?: BatchTurn): Promise<readonly Outcome[]> {
    const id = only?.change.objectId ?? '';
    this.planned.push(id);
    await turn?.come();
    this.asked.push(id);
    await this.#gate(id).opened;
    turn?.pass();
    if (id !== 'c0' || this.#error === undefined) return [delivered];
    await turns(5);
    throw this.#error;
  }

  #gate(id: string) {
    const known = this.#gates.get(id);
    if (known !== undefined) return known;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gate = { opened, open: () => open() };
    this.#gates.set(id, gate);
    return gate;
  }

  async close(): Promise<void> {
    this.#gates.clear();
  }
}
