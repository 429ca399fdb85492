import { describe, expect, it } from 'vitest';
import { sinks } from '../../sinks/index.ts';
import { createMemorySink } from '../../sinks/memory.ts';
import { sinkContract } from '../contracts/sink.ts';
import { deletionOf, shop } from '../support/changes.ts';
import { deliverer, sinkHost } from '../support/sink-host.ts';

sinkContract('memory', {
  create: async () => sinks.memory.create({}, sinkHost()),
  cleanUp: async () => undefined,
});

describe('createMemorySink()', () => {
  it('shows what it holds, sorted, without what was deleted', async () => {
    const sink = createMemorySink();
    const deliver = deliverer(sink);
    const [b, a, a2] = [shop('b'), shop('a', {}, { producer: 'z' }), shop('a', {}, { producer: 'y' })];
    await deliver(b, a, a2, shop('c'));
    await deliver(deletionOf(shop('c')));
    expect(sink.changes).toEqual([a2, a, b]);
  });
});
