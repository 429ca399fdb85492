import { randomUUID } from 'node:crypto';
import { StreamError } from '../../pipeline/errors.ts';
import type { Assignment } from '../../pipeline/transport.ts';
import { AssignmentQueue } from '../../platform/assignment-queue.ts';
import { EventHubsAssignment } from './assignment.ts';
import type { GroupStore, GroupView, PartitionRecord } from './group-store.ts';
import type { Hubs } from './hubs.ts';
import { share } from './share.ts';

/** What the subscriptions of one transport have in common. */
export interface GroupHost {
  readonly hubs: Hubs;
  readonly store: GroupStore;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  readonly graceMs: number;
  /**
   * A partition was taken: makes sure that nothing of an earlier owner counts from here on, and resolves with the offset that it had settled in a
   * transaction, if any. `guard` throws while somebody else may have it.
   */
  readonly onTake: (key: string, record: PartitionRecord, guard: () => void) => Promise<number>;
}

/** What a subscription is to. */
export interface SubscriptionOptions {
  readonly topic: string;
  readonly group: string;
  readonly together: boolean;
}

/** One membership in a consumer group: looks at the others at every heartbeat, gives up what is theirs and takes what is its own. */
export class Subscription {
  readonly #host: GroupHost;
  readonly #options: SubscriptionOptions;
  readonly #id = randomUUID();
  /** By partition; undefined while it is taken up or given back. */
  readonly #owned = new Map<number, EventHubsAssignment | undefined>();
  readonly #queue = new AssignmentQueue<EventHubsAssignment>();
  #isLeaving = false;
  #isAbandoned = false;
  /** When the group heard of it last, in milliseconds since 1970. */
  #beatAt = Date.now();
  /** How often others may have taken what it had. */
  #losses = 0;
  #wake: () => void = () => undefined;
  /** Resolves when nothing of it is left in the group. */
  readonly left: Promise<void>;

  constructor(host: GroupHost, options: SubscriptionOptions) {
    this.#host = host;
    this.#options = options;
    this.left = this.#run().catch((thrown: unknown) => this.#fail(thrown));
  }

  /** Assignments until `signal` fires; its partitions then go to the others as they are released. */
  assignments(signal: AbortSignal): AsyncIterable<Assignment> {
    return this.#queue.until(signal, () => this.#leave());
  }

  /** Ends it: what is held is given back and counts no more. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    this.#leave();
    this.#queue.wake();
    for (const assignment of this.#owned.values()) assignment?.fence(false);
    await this.left;
  }

  #leave(): void {
    if (!this.#isLeaving) {
      this.#isLeaving = true;
      for (const assignment of this.#owned.values()) assignment?.revoke();
      for (const assignment of this.#queue.takeBack()) assignment.fence(false); // nobody has begun with it
    }
    this.#wake();
  }

  async #run(): Promise<void> {
    const { store, sessionMs, heartbeatMs } = this.#host;
    const { topic, group, together } = this.#options;
    let wasLeaving: boolean | undefined;
    while (!(this.#isLeaving && this.#owned.size === 0)) {
      const woken = this.#woken(heartbeatMs);
      const now = Date.now();
      // It could not tell the group that it is there, or was stopped: the others may take over what it has, at any moment from here on.
      if (now - this.#beatAt > sessionMs) this.#lose();
      try {
        if (now - this.#beatAt >= heartbeatMs || wasLeaving !== this.#isLeaving) {
          const leaving = this.#isLeaving;
          await store.beat(topic, group, { id: this.#id, leaving, together });
          this.#beatAt = now;
          wasLeaving = leaving;
        }
        const view = await store.view(topic, group);
        await this.#balance(view);
      } catch (thrown) {
        if (!(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
        if (this.#isAbandoned) return;
      }
      if (this.#isLeaving && this.#owned.size === 0) break;
      await woken;
    }
    await store.leave(topic, group, this.#id);
  }

  /** Whether the others have heard of it within half a session: it is theirs to take its partitions after a whole one, by the clock of the store. */
  #isHeardOf(): boolean {
    return Date.now() - this.#beatAt < this.#host.sessionMs / 2;
  }

  /** Resolves after a time, or when something has happened since now. */
  #woken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #balance(view: GroupView): Promise<void> {
    const { hubs } = this.#host;
    const mine = share(view, await hubs.partitions(this.#options.topic));
    const live = new Set(view.members.map(({ id }) => id));
    for (const [partition, assignment] of this.#owned) {
      if (assignment === undefined) continue;
      const { owner, generation } = view.partitions.get(partition) ?? {};
      // What was read may be older than the assignment, but not of a later owner.
      if (generation !== undefined && generation > assignment.generation && owner !== this.#id)
        assignment.fence(true);
      else if (mine.get(partition) !== this.#id) assignment.revoke();
    }
    if (this.#isLeaving) return;
    for (const [partition, id] of mine) {
      const record = view.partitions.get(partition);
      const isFree = record === undefined || record.owner === this.#id || !live.has(record.owner);
      // Meanwhile the group goes on to hear of this member: what the state holds may take long to read.
      if (id === this.#id && isFree && !this.#owned.has(partition)) void this.#take(partition, record);
    }
  }

  async #take(partition: number, before: PartitionRecord | undefined): Promise<void> {
    this.#owned.set(partition, undefined);
    const losses = this.#losses;
    const isLost = (): boolean => losses !== this.#losses;
    try {
      const record = await this.#claim(partition, before, () => this.#guard(isLost()));
      if (record === undefined || isLost()) this.#owned.delete(partition);
      else this.#assign(record);
    } catch (thrown) {
      this.#owned.delete(partition);
      const isOver = isLost() || (thrown instanceof StreamError && thrown.retryable);
      if (!this.#isAbandoned && !isOver) this.#fail(thrown);
    }
    this.#wake();
  }

  /** Makes the partition ours, from the committed offset on; from the earliest where there is none or it is not there any more. Never from the end. */
  async #claim(
    partition: number,
    before: PartitionRecord | undefined,
    guard: () => void,
  ): Promise<PartitionRecord | undefined> {
    const { hubs, store, onTake } = this.#host;
    const { topic, group } = this.#options;
    const { earliest, next } = await hubs.ends(topic, partition);
    const within = (offset: number): number => (offset < earliest || offset > next ? earliest : offset);
    const generation = (before?.generation ?? 0) + 1;
    const claimed = await store.write(
      topic,
      group,
      { partition, owner: this.#id, generation, offset: within(before?.offset ?? earliest) },
      before?.etag,
    );
    if (claimed === undefined) return undefined;
    const settled = within(await onTake(groupKey(topic, group, partition), claimed, guard));
    if (settled <= claimed.offset) return claimed;
    return store.write(topic, group, { ...claimed, offset: settled }, claimed.etag);
  }

  /** Throws while somebody else may have what is being taken, and LEASE_LOST once it may have been somebody else's meanwhile. */
  #guard(isLost: boolean): void {
    const { group } = this.#options;
    if (isLost) throw new StreamError('LEASE_LOST', `The group ${group} has given on what was being taken.`);
    if (!this.#isHeardOf())
      throw new StreamError('TRANSPORT_UNAVAILABLE', `The group ${group} has not heard of this member.`);
  }

  #assign(record: PartitionRecord): void {
    const { hubs, store, graceMs } = this.#host;
    const { topic, group } = this.#options;
    const { partition } = record;
    const assignment: EventHubsAssignment = new EventHubsAssignment({
      hubs,
      topic,
      group,
      record,
      graceMs,
      isHeardOf: () => this.#isHeardOf(),
      write: (changed) => store.write(topic, group, changed, changed.etag),
      onEnd: async () => {
        if (this.#owned.get(partition) === assignment) this.#owned.delete(partition);
        this.#wake();
        // Whoever gives back the last partition may count on it that the group knows.
        if (this.#isLeaving && this.#owned.size === 0 && !this.#isAbandoned) await this.left;
      },
    });
    this.#owned.set(partition, assignment);
    if (this.#isLeaving) assignment.fence(false);
    else this.#queue.push(assignment);
  }

  /** Others may have what was held here. */
  #lose(): void {
    this.#losses += 1;
    this.#queue.takeBack();
    for (const assignment of this.#owned.values()) assignment?.fence(true);
  }

  #fail(thrown: unknown): void {
    this.#isAbandoned = true;
    this.#isLeaving = true;
    this.#lose();
    this.#queue.fail(thrown);
  }
}

/** Names a partition of a group. */
export function groupKey(topic: string, group: string, partition: number): string {
  return `${topic}/${group}/${partition}`;
}
