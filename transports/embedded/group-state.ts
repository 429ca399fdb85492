import { z } from 'zod';

/** A member of a consumer group. Times are in milliseconds of the machine's monotonic clock, which all processes share. */
export interface Member {
  readonly id: string;
  readonly pid: number;
  /** Where `pid` means something: processes of other places are only judged by their lease. */
  readonly place: string;
  readonly sessionMs: number;
  /** How long it may drain a partition that is to be given up. */
  readonly graceMs: number;
  /** The lease ends here unless it is renewed. */
  readonly until: number;
  /** Gets no more partitions; stays until it has released what it holds. */
  readonly leaving: boolean;
}

/** Who holds a partition. */
export interface Holding {
  readonly owner: string | null;
  /** Grows with every new owner: what fences the one before. */
  readonly epoch: number;
  /** Set while the owner is asked to give it up: it is taken away then. */
  readonly revokeBy: number | null;
}

/** A consumer group on one topic, as it is stored. */
export interface GroupState {
  readonly members: readonly Member[];
  readonly partitions: readonly Holding[];
}

/** The form in which it is stored. */
export const groupShape: z.ZodType<GroupState> = z.object({
  members: z.array(
    z.object({
      id: z.string(),
      pid: z.int(),
      place: z.string(),
      sessionMs: z.number(),
      graceMs: z.number(),
      until: z.number(),
      leaving: z.boolean(),
    }),
  ),
  partitions: z.array(
    z.object({ owner: z.string().nullable(), epoch: z.int(), revokeBy: z.number().nullable() }),
  ),
});

/** What {@link rebalanced} is told about the world. */
export interface Now {
  readonly now: number;
  readonly isDead: (member: Member) => boolean;
}

/** A group without members. */
export function emptyGroup(partitions: number): GroupState {
  return {
    members: [],
    partitions: Array.from({ length: partitions }, () => ({ owner: null, epoch: 0, revokeBy: null })),
  };
}

/**
 * The group with a new or renewed member. A member keeps its place in the order in which they joined.
 */
export function withMember(group: GroupState, member: Member): GroupState {
  const known = group.members.some(({ id }) => id === member.id);
  const members = known
    ? group.members.map((other) => (other.id === member.id ? member : other))
    : [...group.members, member];
  return { ...group, members };
}

/** The group after a member gave a partition back; unchanged when it was not its holder any more. */
export function withRelease(
  group: GroupState,
  held: { readonly partition: number; readonly member: string; readonly epoch: number },
): GroupState {
  const partitions = group.partitions.map((holding, partition) =>
    partition === held.partition && holds(holding, held)
      ? { ...holding, owner: null, revokeBy: null }
      : holding,
  );
  return { ...group, partitions };
}

/** Whether a holding is the one that a member was given. */
export function holds(
  holding: Holding | undefined,
  held: { readonly member: string; readonly epoch: number },
): boolean {
  return holding !== undefined && holding.owner === held.member && holding.epoch === held.epoch;
}

/** Whether somebody has to act although nothing was asked for: a lease or a grace time is over, or a process is gone. */
export function isOverdue(group: GroupState, world: Now): boolean {
  return (
    group.members.some((member) => isGone(member, world)) ||
    group.partitions.some(({ revokeBy }) => revokeBy !== null && revokeBy <= world.now)
  );
}

/** Members that are not known to be gone. */
export function living(group: GroupState, world: Now): readonly Member[] {
  return group.members.filter((member) => !isGone(member, world));
}

/** A lease further in the future than its session stems from before the machine was started anew. */
function isGone(member: Member, { now, isDead }: Now): boolean {
  return member.until <= now || member.until > now + member.sessionMs || isDead(member);
}

/**
 * Brings a group in order. Members that are gone lose everything at once (their lease was their grace); those who hold more
 * than their share, or are leaving, are asked to give the surplus up; free partitions go to who has the least.
 * No partition moves without need, and shares differ by one at the most.
 */
export function rebalanced(group: GroupState, world: Now): GroupState {
  const alive = living(group, world);
  const names = new Set(alive.map(({ id }) => id));
  const freed = group.partitions.map((holding): Holding => {
    const lost = holding.owner !== null && !names.has(holding.owner);
    const late = holding.revokeBy !== null && holding.revokeBy <= world.now;
    return lost || late ? { ...holding, owner: null, revokeBy: null } : holding;
  });
  const shares = sharesOf(alive, freed);
  const revoked = revokeSurplus(alive, freed, { shares, now: world.now });
  const partitions = giveFree(revoked, shares);
  const busy = new Set(partitions.map(({ owner }) => owner));
  return { members: alive.filter(({ id, leaving }) => !leaving || busy.has(id)), partitions };
}

/** How many partitions each member is to have: those who hold the most get what does not divide evenly. */
function sharesOf(members: readonly Member[], partitions: readonly Holding[]): ReadonlyMap<string, number> {
  const counts = countHeld(partitions);
  const active = members
    .filter(({ leaving }) => !leaving)
    .sort((a, b) => (counts.get(b.id) ?? 0) - (counts.get(a.id) ?? 0));
  const base = Math.floor(partitions.length / Math.max(1, active.length));
  const extra = partitions.length - base * active.length;
  return new Map(active.map(({ id }, index) => [id, base + (index < extra ? 1 : 0)]));
}

/** Partitions held for good, by member. */
function countHeld(partitions: readonly Holding[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { owner, revokeBy } of partitions) {
    if (owner !== null && revokeBy === null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
}

function revokeSurplus(
  members: readonly Member[],
  partitions: readonly Holding[],
  { shares, now }: { readonly shares: ReadonlyMap<string, number>; readonly now: number },
): readonly Holding[] {
  const graces = new Map(members.map(({ id, graceMs }) => [id, graceMs]));
  const kept = new Map<string, number>();
  return partitions.map((holding) => {
    const { owner, revokeBy } = holding;
    if (owner === null || revokeBy !== null) return holding;
    const count = (kept.get(owner) ?? 0) + 1;
    kept.set(owner, count);
    if (count <= (shares.get(owner) ?? 0)) return holding;
    return { ...holding, revokeBy: now + (graces.get(owner) ?? 0) };
  });
}

function giveFree(partitions: readonly Holding[], shares: ReadonlyMap<string, number>): readonly Holding[] {
  const counts = countHeld(partitions);
  const wanting = (): string | undefined => {
    let best: string | undefined;
    let need = 0;
    for (const [id, share] of shares) {
      const deficit = share - (counts.get(id) ?? 0);
      if (deficit > need) [best, need] = [id, deficit];
    }
    return best;
  };
  return partitions.map((holding) => {
    if (holding.owner !== null) return holding;
    const owner = wanting();
    if (owner === undefined) return holding;
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
    return { owner, epoch: holding.epoch + 1, revokeBy: null };
  });
}
