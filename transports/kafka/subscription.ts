import { setTimeout as delay } from 'node:timers/promises';
import { StreamError } from '../../pipeline/errors.ts';
import type { Assignment } from '../../pipeline/transport.ts';
import { AssignmentQueue } from '../../platform/assignment-queue.ts';
import { type AssignmentOptions, KafkaAssignment } from './assignment.ts';
import { GroupMember } from './group-member.ts';
import type { RecordProducer } from './producer.ts';
import type { Shared } from './shared.ts';

/** What a subscription is to. */
export interface SubscriptionOptions {
  readonly topic: { readonly name: string; readonly wire: string };
  readonly groupId: string;
  /** Its work wants all partitions in one process, since their state is written by one process at a time. */
  readonly together: boolean;
}

/** One membership in a consumer group: turns the partitions that the group gives it into assignments. */
export class Subscription {
  readonly #shared: Shared;
  readonly #options: SubscriptionOptions;
  readonly #member: GroupMember;
  /** By partition; undefined while it is taken up. */
  readonly #owned = new Map<number, KafkaAssignment | undefined>();
  readonly #queue = new AssignmentQueue<KafkaAssignment>();
  /** What the group has given to it last. */
  #given: ReadonlySet<number> = new Set();
  readonly #abandon = new AbortController();
  #isLeaving = false;
  /** Resolves when nothing of it is left in the group. */
  readonly left: Promise<void>;

  constructor(shared: Shared, options: SubscriptionOptions) {
    this.#shared = shared;
    this.#options = options;
    const { sessionMs, heartbeatMs } = shared;
    const session = shared.openSession();
    this.#member = new GroupMember(
      {
        session,
        groupId: options.groupId,
        topic: options.topic.wire,
        sessionMs,
        heartbeatMs,
        together: options.together,
      },
      {
        owned: () => [...this.#owned.keys()],
        assigned: (partitions) => this.#assigned(new Set(partitions)),
        lost: () => this.#lose(),
      },
    );
    this.left = this.#member
      .run(this.#abandon.signal)
      .catch((thrown: unknown) => this.#fail(thrown))
      .then(() => session.close());
  }

  /** Assignments until `signal` fires; its partitions then go to the others as they are released. */
  assignments(signal: AbortSignal): AsyncIterable<Assignment> {
    return this.#queue.until(signal, () => this.#leave());
  }

  /** Ends without waiting: what is held counts no more. */
  async abandon(): Promise<void> {
    this.#isLeaving = true;
    this.#abandon.abort();
    this.#lose();
    this.#queue.wake();
    await this.left;
  }

  #leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    for (const assignment of this.#owned.values()) assignment?.revoke();
    for (const assignment of this.#queue.takeBack()) assignment.fence(); // nobody has begun with it
    this.#member.leave();
  }

  #assigned(partitions: ReadonlySet<number>): void {
    this.#given = partitions;
    for (const [partition, assignment] of this.#owned) if (!partitions.has(partition)) assignment?.revoke();
    for (const partition of partitions) {
      if (this.#owned.has(partition)) continue;
      this.#owned.set(partition, undefined);
      void this.#take(partition);
    }
  }

  /** What the group has given to others: nobody may go on with it. */
  #lose(): void {
    const assignments = [...this.#owned.values()];
    this.#owned.clear();
    this.#queue.takeBack();
    for (const assignment of assignments) assignment?.fence();
  }

  async #take(partition: number): Promise<void> {
    const { memberId } = this.#member.membership;
    const isWanted = (): boolean =>
      !this.#isLeaving && this.#given.has(partition) && this.#member.membership.memberId === memberId;
    while (isWanted()) {
      try {
        const producer = await this.#fenceOthers(partition);
        const { groupId, topic } = this.#options;
        const { offset, isCommitted, id } = await this.#shared.startOf(groupId, topic.wire, partition);
        // A group is known from its first member on: what it reads is to be seen, and kept.
        if (!isCommitted && isWanted() && !(await this.#commit(partition, offset, id))) continue;
        if (!isWanted()) break;
        const assignment = this.#assignment({ partition, start: offset, id, producer });
        this.#owned.set(partition, assignment);
        this.#queue.push(assignment);
        return;
      } catch (thrown) {
        if (thrown instanceof StreamError && thrown.retryable) await delay(50);
        else {
          this.#fail(thrown);
          return;
        }
      }
    }
    if (this.#member.membership.memberId !== memberId) return; // it was lost meanwhile
    this.#owned.delete(partition);
    this.#member.rejoin();
  }

  /**
   * Makes sure that nobody else writes for the partition any more: what an earlier owner had under way is over, and visible, from here on. So the
   * committed offset and the state are those that it left behind.
   */
  async #fenceOthers(partition: number): Promise<RecordProducer | undefined> {
    const { topic, groupId, together } = this.#options;
    if (together) {
      await this.#shared.takeTable();
      return undefined;
    }
    const producer = this.#shared.openProducer(`${groupId}/${topic.name}/${partition}`);
    await producer.open();
    await this.#shared.caughtUp('state');
    return producer;
  }

  #assignment(of: Pick<AssignmentOptions, 'partition' | 'start' | 'id' | 'producer'>): KafkaAssignment {
    const { partition, id } = of;
    const { topic, groupId } = this.#options;
    const { fetcher, graceMs } = this.#shared;
    const assignment: KafkaAssignment = new KafkaAssignment({
      ...of,
      fetcher,
      topic,
      graceMs,
      groupId,
      commit: (committed) => this.#commit(partition, committed, id),
      isMember: () => this.#shared.isMember(groupId, () => this.#member.membership),
      onEnd: async () => {
        if (this.#owned.get(partition) !== assignment) return;
        this.#owned.delete(partition);
        this.#member.rejoin();
        // Whoever gives back the last partition may count on it that the group knows.
        if (this.#isLeaving && this.#owned.size === 0) await this.left;
      },
    });
    return assignment;
  }

  #commit(partition: number, offset: number, id: string): Promise<boolean> {
    const { groupId, topic } = this.#options;
    const place = { groupId, topic: topic.wire, partition, offset, id };
    return this.#shared.commit(place, () => this.#member.membership);
  }

  #fail(thrown: unknown): void {
    this.#abandon.abort();
    this.#lose();
    this.#queue.fail(thrown);
  }
}
