import { StreamError } from '../../pipeline/errors.ts';
import type { Blobs } from '../../platform/journal/blobs.ts';

/** Who has a partition of a group, and what it has settled. */
export interface PartitionRecord {
  readonly partition: number;
  /** The member that has it; empty where nobody has. */
  readonly owner: string;
  /** Grows with every owner: what an earlier one writes does not count. */
  readonly generation: number;
  /** Everything below it is settled. */
  readonly offset: number;
  readonly etag: string;
}

/** A member of a group, as the others see it. */
export interface MemberRecord {
  readonly id: string;
  /** It takes no more partitions. */
  readonly leaving: boolean;
  /** Its work wants all partitions in one process. */
  readonly together: boolean;
}

/** A group at one moment; members that were not heard of for a session are not in it. */
export interface GroupView {
  readonly members: readonly MemberRecord[];
  readonly partitions: ReadonlyMap<number, PartitionRecord>;
}

const partitionPattern = /^groups\/([^/]+)\/([^/]+)\/partitions\/(\d+)$/;
/** The store tells times in whole seconds. */
const clockMs = 1000;

/** The consumer groups of a namespace, in blobs: one for each partition, with owner and offset, written only over the etag that was read; one for each member, written at every heartbeat. */
export class GroupStore {
  readonly #blobs: Blobs;
  readonly #sessionMs: number;

  constructor(blobs: Blobs, sessionMs: number) {
    this.#blobs = blobs;
    this.#sessionMs = sessionMs;
  }

  /** Who is there, and who has what. */
  async view(topic: string, group: string): Promise<GroupView> {
    const start = `groups/${topic}/${group}/`;
    const { entries, now } = await this.#blobs.list(start);
    const members: MemberRecord[] = [];
    const partitions = new Map<number, PartitionRecord>();
    for (const { name, data, etag, modified } of entries) {
      const [kind, id = ''] = name.slice(start.length).split('/');
      if (kind === 'partitions') partitions.set(Number(id), recordOf(Number(id), data, etag));
      else if (now - modified <= this.#sessionMs + clockMs)
        members.push({ id, leaving: data['leaving'] === 'true', together: data['together'] === 'true' });
    }
    return { members, partitions };
  }

  /** The records of every group on a topic. */
  async groups(topic: string): Promise<ReadonlyMap<string, readonly PartitionRecord[]>> {
    const found = new Map<string, PartitionRecord[]>();
    for (const { name, data, etag } of (await this.#blobs.list(`groups/${topic}/`)).entries) {
      const [, , group, partition] = partitionPattern.exec(name) ?? [];
      if (group === undefined) continue;
      found.set(group, [...(found.get(group) ?? []), recordOf(Number(partition), data, etag)]);
    }
    return found;
  }

  /** Says that a member is there. */
  beat(topic: string, group: string, { id, leaving, together }: MemberRecord): Promise<void> {
    const data = { leaving: String(leaving), together: String(together) };
    return this.#blobs.replace(`groups/${topic}/${group}/members/${id}`, data);
  }

  /** Forgets a member. */
  leave(topic: string, group: string, id: string): Promise<void> {
    return this.#blobs.remove(`groups/${topic}/${group}/members/${id}`);
  }

  /**
   * Writes a partition's record over the one that has the etag, or, without one, where there is none. Resolves with undefined where somebody else has
   * written since. A write whose answer was lost is recognised by what it wrote.
   */
  async write(
    topic: string,
    group: string,
    { partition, owner, generation, offset }: Omit<PartitionRecord, 'etag'>,
    etag: string | undefined,
  ): Promise<PartitionRecord | undefined> {
    const name = `groups/${topic}/${group}/partitions/${partition}`;
    const data = { owner, generation: String(generation), offset: String(offset) };
    const given = await this.#blobs.put(name, data, etag);
    if (given !== undefined) return { partition, owner, generation, offset, etag: given };
    const found = await this.#blobs.get(name);
    if (found === undefined) return undefined;
    const record = recordOf(partition, found.data, found.etag);
    const isOwn = owner !== '' && record.owner === owner && record.generation === generation;
    return isOwn && record.offset === offset ? record : undefined;
  }

  /** Forgets a group on a topic. */
  async forget(topic: string, group: string): Promise<void> {
    const { entries } = await this.#blobs.list(`groups/${topic}/${group}/`);
    for (const { name } of entries) await this.#blobs.remove(name);
  }

  /** Remembers that a topic is one of this pipeline. */
  async addTopic(topic: string): Promise<void> {
    await this.#blobs.put(`topics/${topic}`, {}, undefined);
  }

  /** The topics of this pipeline, sorted. */
  async topics(): Promise<readonly string[]> {
    const { entries } = await this.#blobs.list('topics/');
    return entries.map(({ name }) => name.slice('topics/'.length)).sort();
  }
}

function recordOf(partition: number, data: Readonly<Record<string, string>>, etag: string): PartitionRecord {
  const { owner = '', generation, offset } = data;
  const record = { partition, owner, generation: Number(generation), offset: Number(offset), etag };
  if (Number.isSafeInteger(record.generation) && Number.isSafeInteger(record.offset)) return record;
  throw new StreamError(
    'STATE_UNAVAILABLE',
    `The offset of partition ${partition} in the blob store is not one of ours.`,
  );
}
