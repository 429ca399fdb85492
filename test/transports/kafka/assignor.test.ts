import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { assignPartitions, type MemberClaim } from '../../../transports/kafka/assignor.ts';

const partitionCount = 12;
const claim = (id: string, owned: readonly number[], together = false): MemberClaim => ({
  id,
  owned,
  leaving: false,
  together,
});

/** The next claims when every member keeps what it was given, and has drained the rest. */
function drained(claims: readonly MemberClaim[]): readonly MemberClaim[] {
  const given = assignPartitions(claims, partitionCount);
  return claims.map((one) => ({ ...one, owned: [...(given.get(one.id) ?? [])].sort((a, b) => a - b) }));
}

const members = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 });
/** Who holds each partition at first; nobody, where it is undefined. */
const holders = fc.array(fc.option(fc.nat(4), { nil: undefined }), {
  minLength: partitionCount,
  maxLength: partitionCount,
});

it('assignPartitions() gives no partition to two, and none that another one has not drained', () => {
  fc.assert(
    fc.property(members, holders, fc.boolean(), (ids, held, together) => {
      const holderOf = (partition: number): string | undefined => ids[held[partition] ?? ids.length];
      const all = Array.from({ length: partitionCount }, (_, partition) => partition);
      const claims = ids.map((id) =>
        claim(
          id,
          all.filter((one) => holderOf(one) === id),
          together,
        ),
      );
      const given = assignPartitions(claims, partitionCount);
      const handed = [...given].flatMap(([id, own]) => own.map((partition) => ({ id, partition })));
      expect(new Set(handed.map(({ partition }) => partition)).size).toBe(handed.length);
      for (const { id, partition } of handed) expect([undefined, id]).toContain(holderOf(partition));
      const end = drained(drained(claims));
      expect(end.flatMap(({ owned }) => owned).sort((a, b) => a - b)).toEqual(all);
      const sizes = end.map(({ owned }) => owned.length);
      const fair = together ? [partitionCount] : [Math.ceil(partitionCount / ids.length)];
      expect([Math.max(...sizes)]).toEqual(fair);
      expect(drained(end)).toEqual(end); // nothing moves any more
    }),
  );
});

it('assignPartitions() moves no more than it must when a member joins', () => {
  const before = [claim('b', [0, 1, 2, 3, 4, 5]), claim('c', [6, 7, 8, 9, 10, 11])];
  const given = assignPartitions([claim('a', []), ...before], partitionCount);
  expect(given.get('a')).toEqual([]); // the others have to drain first
  expect(given.get('b')).toEqual([0, 1, 2, 3]);
  expect(given.get('c')).toEqual([6, 7, 8, 9]);
});

it('assignPartitions() gives nothing to a member that leaves, and to nobody what two hold', () => {
  const leaving = { ...claim('a', [0, 1]), leaving: true };
  const given = assignPartitions([leaving, claim('b', [2, 3]), claim('c', [3])], 4);
  expect(given.get('a')).toEqual([]);
  expect([...given.values()].flat()).toEqual([2]);
});
