import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coalesce, isOlder } from '../../pipeline/coalesce.ts';
import { contentHash } from '../../pipeline/content-hash.ts';
import type { Delivery } from '../../pipeline/sink.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { deletionOf, deliveries, shop, shopProcess } from '../support/changes.ts';

function only(changes: readonly EntityChange[]) {
  const [root, ...others] = coalesce(deliveries(changes));
  expect(others).toEqual([]);
  return {
    deletion: root?.deletion?.offset,
    upserts: root?.upserts.map(({ offset }) => offset),
    superseded: root?.superseded.map(({ offset }) => offset),
  };
}

describe('coalesce()', () => {
  it('keeps the latest position of an object, and the later offset of equal ones', () => {
    const at = (sequence: number) => shop('a', {}, { sequence });
    expect(only([at(1), at(3), at(2)])).toEqual({ deletion: undefined, upserts: [1], superseded: [0, 2] });
    expect(only([at(3), at(3)])).toEqual({ deletion: undefined, upserts: [1], superseded: [0] });
  });

  it('keeps the incarnation that came last, whatever its positions', () => {
    const old = shop('a', {}, { incarnation: 'old', sequence: 99 });
    const fresh = shop('a', {}, { incarnation: 'new', sequence: 1 });
    expect(only([old, fresh])).toEqual({ deletion: undefined, upserts: [1], superseded: [0] });
  });

  it('orders objects of one producer by offset, since their positions do not compare', () => {
    const first = shop('a', {}, { objectId: 'x', sequence: 9 });
    const second = shop('a', {}, { objectId: 'y', sequence: 1 });
    expect(only([first, second])).toEqual({ deletion: undefined, upserts: [1], superseded: [0] });
  });

  it('keeps the changes of all producers, in the order of their names', () => {
    const changes = ['c', 'a', 'b'].map((producer) => shop('a', {}, { producer }));
    expect(only(changes)).toEqual({ deletion: undefined, upserts: [1, 2, 0], superseded: [] });
  });

  it('drops a placeholder when anybody speaks for real, in either order', () => {
    const real = shop('a', {}, { producer: 'db' });
    const stand = shop('a', {}, { producer: 'etl', placeholder: true });
    expect(only([real, stand])).toEqual({ deletion: undefined, upserts: [0], superseded: [1] });
    expect(only([stand, real])).toEqual({ deletion: undefined, upserts: [1], superseded: [0] });
  });

  it('lets a deletion undo what was before it, and keeps what comes after', () => {
    const real = shop('a', {}, { producer: 'db' });
    const stand = shop('a', {}, { producer: 'etl', placeholder: true });
    expect(only([real, deletionOf(real), stand])).toEqual({ deletion: 1, upserts: [2], superseded: [0] });
    expect(only([stand, real, deletionOf(real)])).toEqual({ deletion: 2, upserts: [], superseded: [0, 1] });
  });

  it('drops a deletion that is older than what its object said', () => {
    const real = shop('a', {}, { sequence: 5 });
    expect(only([real, deletionOf(real, { sequence: 4 })])).toEqual({
      deletion: undefined,
      upserts: [0],
      superseded: [1],
    });
  });

  it('keeps a deletion when its object comes back after it, since it undoes what others said too', () => {
    const [real, again] = [shop('a', {}, { sequence: 1 }), shop('a', {}, { sequence: 3 })];
    expect(only([real, deletionOf(real), again])).toEqual({ deletion: 1, upserts: [2], superseded: [0] });
  });

  it('takes what was said before the batch into account', () => {
    const real = shop('a', {}, { producer: 'db', sequence: 5 });
    const stand = shop('a', {}, { producer: 'etl', placeholder: true });
    const late = deletionOf(real, { sequence: 4 });
    const [root] = coalesce(deliveries([stand, shop('a', {}, { producer: 'x' }), late]), () => ({
      said: [{ ...real, deleted: false }],
    }));
    expect(root?.deletion).toBeUndefined();
    expect(root?.upserts.map(({ offset }) => offset)).toEqual([1]);
    const [after] = coalesce(deliveries([stand]), () => ({ said: [{ ...late, deleted: true }] }));
    expect(after?.upserts).toHaveLength(1);
  });

  it('keeps roots apart that have one name and different types', () => {
    const a = shop('a');
    const b = { ...shopProcess('p', { inputs: [], outputs: [] }), qualifiedName: a.qualifiedName };
    expect(coalesce(deliveries([a, b]))).toHaveLength(2);
  });

  it('decides the same for any order and duplication', () => {
    const anyChange = fc
      .record({
        name: fc.constantFrom('a', 'b'),
        producer: fc.constantFrom('p', 'q'),
        objectId: fc.constantFrom('x', 'y'),
        incarnation: fc.constantFrom('one', 'two'),
        sequence: fc.integer({ min: 1, max: 4 }),
        placeholder: fc.boolean(),
        isDeletion: fc.boolean(),
        city: fc.constantFrom('here', 'there'),
      })
      .map(({ name, isDeletion, city, ...options }) => {
        const change = shop(name, { city }, options);
        return isDeletion ? deletionOf(change, options) : change;
      });
    const anyBatch = fc.array(anyChange, { maxLength: 12 }).chain((changes) => {
      const all = deliveries(changes);
      return fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length }),
        fc.subarray([...all]),
      );
    });
    const decisions = (batch: readonly Delivery[]) =>
      coalesce(batch).map(({ deletion, upserts }) => [deletion?.offset, upserts.map(({ offset }) => offset)]);
    fc.assert(
      fc.property(anyBatch, ([all, shuffled, again]) => {
        expect(decisions([...shuffled, ...again])).toEqual(decisions(all));
        const settled = coalesce(all).flatMap((r) => [
          ...r.superseded,
          ...r.upserts,
          ...(r.deletion ? [r.deletion] : []),
        ]);
        expect(settled.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(
          all.map(({ offset }) => offset),
        );
      }),
    );
  });
});

describe('isOlder()', () => {
  it('compares only within one object and incarnation', () => {
    const a = shop('a', {}, { sequence: 1 });
    expect(isOlder(a, shop('a', {}, { sequence: 2 }))).toBe(true);
    expect(isOlder(a, a)).toBe(false);
    expect(isOlder(a, shop('a', {}, { sequence: 2, incarnation: 'two' }))).toBe(false);
    expect(isOlder(a, shop('a', {}, { sequence: 2, objectId: 'y' }))).toBe(false);
    expect(isOlder(a, shop('a', {}, { sequence: 2, producer: 'q' }))).toBe(false);
  });
});

describe('contentHash()', () => {
  it('leaves out who said it, from which object and when', () => {
    const a = shop('a', { shelves: ['x'] });
    expect(
      contentHash({ ...a, producer: 'q', objectId: 'y', position: { incarnation: 'z', sequence: 9 } }),
    ).toBe(contentHash(a));
  });

  it('differs when an attribute, an entity, completeness, the operation or the placeholder differs', () => {
    const a = shop('a', { shelves: ['x'] });
    const others = [
      shop('a', { shelves: ['x'], city: 'here' }),
      shop('a', { shelves: [] }),
      { ...a, complete: [] },
      { ...a, placeholder: true },
      deletionOf(a),
    ];
    expect(new Set([a, ...others].map(contentHash)).size).toBe(others.length + 1);
  });

  it('is the same when the attributes stand in another order', () => {
    const [root] = shop('a', { city: 'here' }).entities;
    const turned = Object.fromEntries(Object.entries(root?.attributes ?? {}).reverse());
    const change = shop('a', { city: 'here' });
    expect(
      contentHash({ ...change, entities: change.entities.map((e) => ({ ...e, attributes: turned })) }),
    ).toBe(contentHash(change));
  });
});

describe('coalesce() of what was a dead letter', () => {
  const late = (change: EntityChange, offset: number): Delivery => ({ change, offset, isLate: true });
  const old = shop('a', { city: 'Old' });

  it('drops it when its producer has said more since, at the same position, in this batch or before it', () => {
    const fresh = { change: shop('a', { city: 'New' }), offset: 20 };
    for (const batch of [
      [late(old, 10), fresh],
      [fresh, late(old, 10)],
    ]) {
      expect(coalesce(batch)[0]?.upserts).toEqual([fresh]);
    }
    const { producer, objectId, position, placeholder } = old;
    const said = { producer, objectId, position, placeholder, deleted: false };
    const after = (offset: number) =>
      coalesce([late(old, 10)], () => ({ said: [{ ...said, offset }] }))[0]?.upserts.length;
    expect(after(20)).toBe(0);
    expect(after(5)).toBe(1);
    expect(coalesce([late(old, 10)], () => ({ said: [said] }))[0]?.upserts).toHaveLength(1);
  });

  it('drops it when the root was deleted since, and a deletion when anybody has spoken since', () => {
    const { producer, objectId, position, placeholder } = shop('a', {}, { producer: 'other', objectId: 'o' });
    const said = { producer, objectId, position, placeholder, offset: 20 };
    expect(
      coalesce([late(old, 10)], () => ({ said: [{ ...said, deleted: true }] }))[0]?.superseded,
    ).toHaveLength(1);
    expect(
      coalesce([late(old, 10)], () => ({ said: [{ ...said, deleted: false }] }))[0]?.upserts,
    ).toHaveLength(1);
    const gone = late(deletionOf(old), 10);
    expect(coalesce([gone], () => ({ said: [{ ...said, deleted: false }] }))[0]?.deletion).toBeUndefined();
    expect(coalesce([gone], () => ({ said: [{ ...said, deleted: false, offset: 5 }] }))[0]?.deletion).toBe(
      gone,
    );
  });
});

describe('coalesce() of what is appended late', () => {
  const numbered = (change: EntityChange, offset: number, number: number): Delivery => ({
    change,
    offset,
    sequence: `writer-${String(number).padStart(16, '0')}`,
  });
  const old = shop('a', { city: 'Old' });
  const fresh = shop('a', { city: 'New' });
  const other = shop('a', {}, { producer: 'other' });

  it('keeps what was derived later, whatever the offsets, in this batch or before it', () => {
    const [late, first] = [numbered(old, 2, 1), numbered(fresh, 1, 2)];
    expect(coalesce([first, late])[0]).toMatchObject({ upserts: [first], superseded: [late] });
    const { producer, objectId, position, placeholder } = fresh;
    const said = { producer, objectId, position, placeholder, deleted: false, offset: 1 };
    const before = (sequence: string | undefined) =>
      coalesce([late], () => ({ said: [{ ...said, sequence }] }))[0]?.upserts.length;
    expect(before(first.sequence)).toBe(0);
    expect(before('another-0000000000000002')).toBe(1);
    expect(before(undefined)).toBe(1);
  });

  it('drops what was derived before a deletion, whoever has spoken since', () => {
    const deletion = numbered(deletionOf(old), 1, 2);
    const since = numbered(other, 2, 3);
    const late = numbered(old, 3, 1);
    expect(coalesce([deletion, since, late])[0]).toMatchObject({ deletion, upserts: [since] });
    const { producer, objectId, position, placeholder } = other;
    const said = { producer, objectId, position, placeholder, deleted: false };
    expect(coalesce([late], () => ({ said: [said], deletedAt: deletion.sequence }))[0]?.upserts).toEqual([]);
  });

  it('keeps what was a dead letter and was derived later than what has a later offset', () => {
    const letter = { ...numbered(fresh, 5, 3), isLate: true };
    expect(coalesce([letter, numbered(old, 6, 2)])[0]?.upserts).toEqual([letter]);
  });
});
