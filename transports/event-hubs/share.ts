import type { GroupView } from './group-store.ts';

/**
 * Who is to have which partition: nobody gives up more than it must, and what nobody has goes to those who have least. With a member that wants them
 * together, one gets all. Every member computes the same of the same view.
 */
export function share({ members, partitions }: GroupView, count: number): ReadonlyMap<number, string> {
  const staying = members.filter(({ leaving }) => !leaving);
  const held = new Map<string, number[]>(staying.map(({ id }) => [id, []]));
  const free: number[] = [];
  for (let partition = 0; partition < count; partition += 1) {
    const own = held.get(partitions.get(partition)?.owner ?? '');
    (own ?? free).push(partition);
  }
  const ids = [...held.keys()].sort(
    (a, b) => (held.get(b)?.length ?? 0) - (held.get(a)?.length ?? 0) || (a < b ? -1 : 1),
  );
  const isTogether = staying.some(({ together }) => together);
  const quota = (index: number): number => {
    if (isTogether) return index === 0 ? count : 0;
    return Math.floor(count / ids.length) + (index < count % ids.length ? 1 : 0);
  };
  const given = new Map<number, string>();
  const room: string[] = [];
  for (const [index, id] of ids.entries()) {
    const own = held.get(id) ?? [];
    for (const partition of own.splice(0, quota(index))) given.set(partition, id);
    free.push(...own);
    const kept = [...given.values()].filter((owner) => owner === id).length;
    for (let left = quota(index) - kept; left > 0; left -= 1) room.push(id);
  }
  for (const partition of free.sort((a, b) => a - b)) {
    const id = room.shift();
    if (id !== undefined) given.set(partition, id);
  }
  return given;
}
