import { describe, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';

describe('systemClock.sleep()', () => {
  it('resolves after the time', async () => {
    const before = systemClock.now();
    await systemClock.sleep(5, new AbortController().signal);
    expect(systemClock.now() - before).toBeGreaterThanOrEqual(4);
  });

  it('rejects with the reason of the signal when that fires', async () => {
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    const reason = new Error('shutdown');
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(systemClock.sleep(1, controller.signal)).rejects.toBe(reason);
  });
});
