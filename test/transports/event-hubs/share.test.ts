import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupView } from '../../../transports/event-hubs/group-store.ts';
import { share } from '../../../transports/event-hubs/share.ts';

const ids = ['a', 'b', 'c', 'd', 'e'];
const view: fc.Arbitrary<{ readonly view: GroupView; readonly count: number }> = fc
  .record({
    members: fc.uniqueArray(fc.record({ id: fc.constantFrom(...ids), leaving: fc.boolean() }), {
      selector: ({ id }) => id,
    }),
    owners: fc.array(fc.constantFrom('', 'gone', ...ids), { minLength: 1, maxLength: 16 }),
    together: fc.boolean(),
  })
  .map(({ members, owners, together }) => ({
    count: owners.length,
    view: {
      members: members.map((member) => ({ ...member, together })),
      partitions: new Map(
        owners.map((owner, partition) => [
          partition,
          { partition, owner, generation: 1, offset: 0, etag: '' },
        ]),
      ),
    },
  }));

describe('share()', () => {
  it('gives every partition to one member that stays, evenly or together, whoever computes it', () => {
    fc.assert(
      fc.property(view, ({ view, count }) => {
        const given = share(view, count);
        expect([...share({ ...view, members: [...view.members].reverse() }, count)]).toEqual([...given]);
        const staying = view.members.filter(({ leaving }) => !leaving);
        expect(given.size).toBe(staying.length === 0 ? 0 : count);
        const sizes = staying.map(({ id }) => [...given.values()].filter((owner) => owner === id).length);
        const isTogether = staying[0]?.together === true;
        const spread = Math.max(0, ...sizes) - Math.min(...sizes, Number.POSITIVE_INFINITY);
        if (staying.length === 0) return;
        expect(isTogether ? sizes.filter((size) => size > 0).length : spread).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves nothing when what is held is even', () => {
    fc.assert(
      fc.property(view, ({ view, count }) => {
        const given = share(view, count);
        const settled = new Map(
          Array.from(given, ([partition, owner]) => [
            partition,
            { partition, owner, generation: 2, offset: 0, etag: '' },
          ]),
        );
        expect(new Map(share({ ...view, partitions: settled }, count))).toEqual(new Map(given));
      }),
    );
  });
});
