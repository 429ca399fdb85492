import { expect, it, onTestFinished } from 'vitest';
import { StateCache } from '../../platform/state-cache.ts';

it('applyStates() says what cannot be kept, and keeps none of it', async () => {
  const cache = new StateCache();
  onTestFinished(() => cache.close());
  const records = ['1', '{'].map((text, index) => ({ key: `k${index}`, value: Buffer.from(text) }));
  expect(() => cache.applyStates(records)).toThrow(/cannot be written/u);
  cache.applyStates([{ key: 'k2', value: Buffer.from('2') }]);
  expect([cache.getState('k0'), cache.getState('k2')]).toEqual([undefined, 2]);
});
