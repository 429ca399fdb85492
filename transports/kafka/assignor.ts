/** A member of a group, as it says itself. */
export interface MemberClaim {
  readonly id: string;
  /** Partitions that it holds, or still drains. */
  readonly owned: readonly number[];
  /** It takes no more partitions. */
  readonly leaving: boolean;
  /** Its work wants all partitions in one process. */
  readonly together: boolean;
}

/**
 * Shares partitions among the members of a group such that nobody gives up more than it must. A partition that is to move is given to nobody until
 * the member that holds it has drained it and joined again without it. Every member computes the same of the same claims.
 */
export function assignPartitions(
  claims: readonly MemberClaim[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const members = [...claims].sort((a, b) => (a.id < b.id ? -1 : 1));
  const holders = new Map<number, MemberClaim[]>();
  for (const member of members)
    for (const partition of new Set(member.owned))
      holders.set(partition, [...(holders.get(partition) ?? []), member]);
  const shares = sharesOf(members, partitions);
  const given = new Map<string, number[]>(members.map(({ id }) => [id, []]));
  const free: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const [holder, ...others] = holders.get(partition) ?? [];
    if (holder === undefined) free.push(partition);
    else if (others.length === 0) {
      const kept = given.get(holder.id) ?? [];
      if (kept.length < (shares.get(holder.id) ?? 0)) kept.push(partition);
    }
  }
  for (const [id, share] of shares) {
    const own = given.get(id) ?? [];
    own.push(...free.splice(0, Math.max(0, share - own.length)));
  }
  return given;
}

/** How many partitions each member is to hold in the end: those that hold most now get the odd ones. */
function sharesOf(members: readonly MemberClaim[], partitions: number): ReadonlyMap<string, number> {
  const staying = members.filter(({ leaving }) => !leaving);
  const byOwned = [...staying].sort((a, b) => b.owned.length - a.owned.length);
  const isTogether = staying.some(({ together }) => together);
  return new Map(
    byOwned.map(({ id }, index) => {
      if (isTogether) return [id, index === 0 ? partitions : 0];
      const even = Math.floor(partitions / byOwned.length);
      return [id, even + (index < partitions % byOwned.length ? 1 : 0)];
    }),
  );
}
