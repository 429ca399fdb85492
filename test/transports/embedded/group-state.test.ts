import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyGroup,
  type GroupState,
  isOverdue,
  type Member,
  rebalanced,
  withMember,
  withRelease,
} from '../../../transports/embedded/group-state.ts';

const nobodyIsDead = (): boolean => false;
const member = (id: string, now: number, leaving = false): Member => ({
  id,
  pid: 1,
  place: 'here',
  sessionMs: 100,
  graceMs: 50,
  until: now + 100,
  leaving,
});

type Step =
  | { readonly kind: 'join'; readonly id: string }
  | { readonly kind: 'leave'; readonly id: string }
  | { readonly kind: 'release'; readonly partition: number }
  | { readonly kind: 'wait'; readonly ms: number };

const id = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('join'), id }),
  fc.record({ kind: fc.constant('leave'), id }),
  fc.record({ kind: fc.constant('release'), partition: fc.nat(6) }),
  fc.record({ kind: fc.constant('wait'), ms: fc.nat(80) }),
);

function apply(group: GroupState, step: Step, now: number): GroupState {
  if (step.kind === 'join') return withMember(group, member(step.id, now));
  if (step.kind === 'leave') {
    return group.members.some((one) => one.id === step.id)
      ? withMember(group, member(step.id, now, true))
      : group;
  }
  if (step.kind === 'wait') return group;
  const held = group.partitions[step.partition];
  if (held?.owner == null) return group;
  return withRelease(group, { partition: step.partition, member: held.owner, epoch: held.epoch });
}

describe('group state', () => {
  it('rebalanced() never gives a partition to two, moves it only with a new epoch, and shares evenly in the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.array(step, { maxLength: 40 }), (partitions, steps) => {
        let group = emptyGroup(partitions);
        let now = 1000;
        for (const one of steps) {
          if (one.kind === 'wait') now += one.ms;
          const next = rebalanced(apply(group, one, now), { now, isDead: nobodyIsDead });
          for (const [index, after] of next.partitions.entries()) {
            const before = group.partitions[index];
            const moved = after.owner !== null && after.owner !== before?.owner;
            const epochs = [before?.epoch ?? 0, (before?.epoch ?? 0) + 1];
            expect(moved ? epochs.slice(1) : epochs).toContain(after.epoch);
            expect([null, ...next.members.map((one) => one.id)]).toContain(after.owner);
          }
          group = next;
        }
        for (let round = 0; round < 3; round += 1) {
          for (const one of group.members) group = withMember(group, { ...one, until: now + 100 });
          group = rebalanced(group, { now, isDead: nobodyIsDead });
          now += 60;
        }
        const active = group.members.filter(({ leaving }) => !leaving);
        const shares = active.map((one) => group.partitions.filter(({ owner }) => owner === one.id).length);
        if (active.length === 0) return;
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(partitions);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('rebalanced() frees at once what a dead or expired member held, also one from before a restart of the machine', () => {
    const world = { now: 1000, isDead: nobodyIsDead };
    const start = rebalanced(withMember(emptyGroup(2), member('a', 1000)), world);
    expect(start.partitions.map(({ owner }) => owner)).toEqual(['a', 'a']);
    for (const gone of [
      { now: 1100, isDead: nobodyIsDead },
      { now: 1001, isDead: () => true },
      { now: 10, isDead: nobodyIsDead },
    ]) {
      expect(isOverdue(start, gone)).toBe(true);
      expect(rebalanced(start, gone)).toMatchObject({
        members: [],
        partitions: [{ owner: null }, { owner: null }],
      });
    }
  });

  it('withRelease() changes nothing when the partition has a newer owner', () => {
    const world = { now: 1000, isDead: nobodyIsDead };
    const group = rebalanced(withMember(emptyGroup(1), member('a', 1000)), world);
    expect(withRelease(group, { partition: 0, member: 'a', epoch: 0 })).toEqual(group);
  });
});
