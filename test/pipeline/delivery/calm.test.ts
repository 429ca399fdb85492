import { describe, expect, it } from 'vitest';
import { Calm } from '../../../pipeline/delivery/calm.ts';

describe('Calm', () => {
  it('isCalm() says so of what arrives after a whole batch time without anything, and of nothing else', () => {
    const calm = new Calm(100);
    const said = [0, 100, 150, 249, 350, 350, 1000].map((now) => {
      calm.arrived(now);
      return calm.isCalm;
    });
    expect(said).toEqual([true, true, false, false, true, false, true]);
  });
});
