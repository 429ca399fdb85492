import { describe, expect, it } from 'vitest';
import { LaneTurn } from '../../../pipeline/delivery/lane-turns.ts';

function alone(keys: readonly string[], before: readonly LaneTurn[] = []): LaneTurn {
  const turn = new LaneTurn(new Set(keys), before);
  turn.standAlone();
  return turn;
}

/** Whether something has resolved after all that is ready has been done. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('LaneTurn', () => {
  it('come() resolves when all before it have passed, alone() when they have ended', async () => {
    const first = alone(['a']);
    const second = alone(['b'], [first]);
    const third = alone(['c'], [first, second]);
    second.end();
    expect([third.hasCome, await isDone(third.come())]).toEqual([false, false]);
    first.pass();
    expect([third.hasCome, await isDone(third.come())]).toEqual([true, true]);
    expect(await isDone(third.alone())).toBe(false);
    first.end();
    expect(await isDone(third.alone())).toBe(true);
  });

  it('isApart is true while what is open has other keys, and all stand alone', () => {
    const first = alone(['a', 'b']);
    expect(first.isApart).toBe(true);
    expect(alone(['c'], [first]).isApart).toBe(true);
    expect(new LaneTurn(new Set(['c']), [first]).isApart).toBe(false);
    expect(alone(['d'], [new LaneTurn(new Set(['c']), [])]).isApart).toBe(false);
  });

  it('isShared is true until the batch with the same key has ended', () => {
    const first = alone(['a', 'b']);
    const second = alone(['b', 'c'], [first]);
    expect([second.isShared, second.isApart]).toEqual([true, false]);
    first.pass();
    expect(second.isShared).toBe(true);
    first.end();
    expect([second.isShared, second.isApart]).toEqual([false, true]);
  });
});
