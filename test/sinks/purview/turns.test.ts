import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchTurn, Sink } from '../../../pipeline/sink.ts';
import type { StateStore } from '../../../pipeline/state.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { sinks } from '../../../sinks/index.ts';
import { deletionOf, deliveries, shop } from '../../support/changes.ts';
import { type AtlasDouble, atlasError, plain, startAtlasDouble } from '../../support/atlas-double.ts';
import { kinds, manualClock, never, sinkHost } from '../../support/sink-host.ts';

let atlas: AtlasDouble;

/** A turn that comes when the test says so. */
class HeldTurn implements BatchTurn {
  readonly hasCome = false;
  passes = 0;
  #go = (): void => undefined;
  readonly #came = new Promise<void>((resolve) => {
    this.#go = resolve;
  });

  come(): Promise<void> {
    return this.#came;
  }

  pass(): void {
    this.passes += 1;
  }

  go(): void {
    this.#go();
  }
}

async function openSink(
  state: StateStore = createMemoryState(),
  clock = manualClock(),
  options: Readonly<Record<string, unknown>> = {},
): Promise<Sink> {
  const account = { url: atlas.url, user: 'u', password: 'p' };
  const sink = sinks.atlas.create({ ...account, ...options }, sinkHost({ state, clock }));
  await sink.open(never);
  return sink;
}

async function dump(state: StateStore): Promise<string> {
  const all: unknown[] = [];
  for await (const entry of state.scan('')) all.push(entry);
  return JSON.stringify(all);
}

async function aWhile(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What the catalogue says of an entity that it does not take. */
const refusal = atlasError(404, 'ATLAS-404-00-007');

beforeEach(async () => {
  atlas = await startAtlasDouble();
});

afterEach(() => atlas.close());

describe('deliver() before its turn', () => {
  it('asks nothing and writes nothing, and sends what it planned when its turn comes', async () => {
    const state = createMemoryState();
    const sink = await openSink(state);
    await sink.deliver(deliveries([shop('same')]), never);
    const seen = atlas.seen.length;
    const record = await dump(state);
    const turn = new HeldTurn();
    const ended = sink.deliver(deliveries([shop('same', {}, { sequence: 2 }), shop('new')], 1), never, turn);
    await aWhile();
    expect(atlas.seen).toHaveLength(seen);
    expect(await dump(state)).toBe(record);
    turn.go();
    expect(kinds(await ended)).toEqual(['unchanged', 'delivered']);
    expect(atlas.bulks.at(-1)).toEqual(['shop://new']);
    expect(await dump(state)).not.toBe(record);
    const older = shop('same', { city: 'x' }, { sequence: 1 });
    expect(kinds(await sink.deliver(deliveries([older], 3), never))).toEqual(['superseded']);
  });

  it('plans anew what another lane has changed meanwhile', async () => {
    const sink = await openSink();
    await sink.deliver(deliveries([shop('a')]), never);
    const turn = new HeldTurn();
    const ended = sink.deliver(deliveries([shop('a', {}, { sequence: 3 })], 2), never, turn);
    await aWhile();
    await sink.deliver(deliveries([deletionOf(shop('a'))], 1), never);
    turn.go();
    await ended;
    expect(atlas.bulks).toEqual([['shop://a'], ['shop://a']]);
  });

  it('plans anew after a long wait, in which another process may have changed something', async () => {
    const [state, clock] = [createMemoryState(), manualClock()];
    const [sink, other] = [await openSink(state, clock), await openSink(state)];
    await sink.deliver(deliveries([shop('a')]), never);
    const turn = new HeldTurn();
    const ended = sink.deliver(deliveries([shop('a', {}, { sequence: 3 })], 2), never, turn);
    await aWhile();
    await other.deliver(deliveries([deletionOf(shop('a'))], 1), never);
    await clock.sleep(60_000, never);
    turn.go();
    await ended;
    expect(atlas.bulks).toEqual([['shop://a'], ['shop://a']]);
  });

  it('sends no more in a request than was found to pass meanwhile', async () => {
    const sink = await openSink();
    atlas.always((names) => names.length > 1, plain(504, ''));
    const turn = new HeldTurn();
    const ended = sink.deliver(deliveries([shop('a'), shop('b')]), never, turn);
    await aWhile();
    await sink.deliver(deliveries([shop('c'), shop('d')], 2), never);
    expect(atlas.bulks).toEqual([['shop://c', 'shop://d'], ['shop://c'], ['shop://d']]);
    turn.go();
    expect(kinds(await ended)).toEqual(['delivered', 'delivered']);
    expect(atlas.bulks.slice(3)).toEqual([['shop://a'], ['shop://b']]);
  });

  it('plans anew what was refused and may not be at fault', async () => {
    const sink = await openSink();
    atlas.script(refusal);
    const turn = new HeldTurn();
    const ended = sink.deliver(deliveries([shop('a')]), never, turn);
    await aWhile();
    turn.go();
    expect(kinds(await ended)).toEqual(['delivered']);
    expect(atlas.bulks).toEqual([['shop://a'], ['shop://a']]);
  });

  it('tries single changes of what it planned while too much is refused, and passes for none of them', async () => {
    const rejections = { share: 0.5, least: 2, pauseMs: 1 };
    const sink = await openSink(createMemoryState(), manualClock(), { rejections });
    let isWrong = true;
    atlas.always(() => isWrong, refusal);
    await sink.deliver(deliveries(['w', 'x', 'y', 'z'].map((name) => shop(name))), never);
    isWrong = false;
    const asked = atlas.bulks.length;
    const turn = new HeldTurn();
    const ended = sink.deliver(deliveries([shop('a'), shop('b'), shop('c')], 4), never, turn);
    await aWhile();
    turn.go();
    expect(kinds(await ended)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(atlas.bulks.slice(asked).map(({ length }) => length)).toEqual([1, 2]);
    expect(turn.passes).toBe(0);
  });

  it('passes when all is accepted, before it is recorded', async () => {
    const memory = createMemoryState();
    const turn = new HeldTurn();
    const passesAtWrite: number[] = [];
    const sink = await openSink({
      get: (key) => memory.get(key),
      scan: (prefix) => memory.scan(prefix),
      close: () => memory.close(),
      write: async (writes) => {
        passesAtWrite.push(turn.passes);
        await memory.write(writes);
      },
    });
    turn.go();
    expect(kinds(await sink.deliver(deliveries([shop('a')]), never, turn))).toEqual(['delivered']);
    expect([passesAtWrite, turn.passes]).toEqual([[1], 1]);
  });

  it('does not pass when anything is refused, missing or to be tried again', async () => {
    const sink = await openSink();
    atlas.always((names) => names.includes('shop://bad'), atlasError(404, 'ATLAS-404-00-00A'));
    const turn = new HeldTurn();
    turn.go();
    const outcomes = await sink.deliver(deliveries([shop('bad'), shop('good')]), never, turn);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['missing', 'delivered']);
    expect(turn.passes).toBe(0);
  });

  it('rejects as its turn does, with nothing asked', async () => {
    const sink = await openSink();
    const seen = atlas.seen.length;
    const reason = new Error('not any more');
    const turn = { hasCome: false, come: () => Promise.reject(reason), pass: () => undefined };
    await expect(sink.deliver(deliveries([shop('a')]), never, turn)).rejects.toBe(reason);
    expect(atlas.seen).toHaveLength(seen);
  });
});

it('deliver() records what was accepted last also when nothing is to be sent of what comes after it', async () => {
  const sink = await openSink(createMemoryState(), manualClock(), { batch: { entities: 2 } });
  await sink.deliver(deliveries([shop('full', { shelves: ['1'] })]), never);
  const wide = shop('a', { shelves: ['1', '2', '3'] });
  const batch = deliveries([wide, shop('full', {}, { sequence: 2 })], 1);
  expect(kinds(await sink.deliver(batch, never))).toEqual(['delivered', 'unchanged']);
  expect(kinds(await sink.deliver(batch, never))).toEqual(['unchanged', 'unchanged']);
});
