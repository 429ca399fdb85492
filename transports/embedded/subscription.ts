import { randomUUID } from 'node:crypto';
import { StreamError } from '../../pipeline/errors.ts';
import type { Assignment } from '../../pipeline/transport.ts';
import { AssignmentQueue } from '../../platform/assignment-queue.ts';
import { EmbeddedAssignment, type Shared } from './assignment.ts';
import {
  type GroupState,
  holds,
  isOverdue,
  type Member,
  type Now,
  rebalanced,
  withMember,
  withRelease,
} from './group-state.ts';
import type { LogTopic } from './log.ts';
import { isProcessGone, machineClock, processPlace } from './place.ts';

/** What a subscription is to. */
export interface SubscriptionOptions {
  readonly topic: LogTopic;
  readonly group: string;
  /** A member that is not heard of for so long is taken for dead, in milliseconds. */
  readonly sessionMs: number;
  /** How long a partition that is to be given up may be drained, in milliseconds. */
  readonly graceMs: number;
}

const place = processPlace();

/** One membership in a consumer group: keeps its lease, and turns what the group's stored state says into assignments. */
export class Subscription {
  readonly #shared: Shared;
  readonly #options: SubscriptionOptions;
  readonly #held = new Map<number, EmbeddedAssignment>();
  readonly #queue = new AssignmentQueue<EmbeddedAssignment>();
  #member = randomUUID();
  #state: 'joining' | 'joined' | 'leaving' | 'left' = 'joining';
  #renewAt = 0;
  #writing = false;
  #seen: { readonly text: string | undefined; readonly group: GroupState } | undefined;
  #left: () => void = () => undefined;
  /** Resolves when nothing of it is left in the group. */
  readonly left = new Promise<void>((resolve) => {
    this.#left = resolve;
  });

  constructor(shared: Shared, options: SubscriptionOptions) {
    this.#shared = shared;
    this.#options = options;
  }

  /** Assignments until `signal` fires; its partitions then go to the others as they are released. */
  assignments(signal: AbortSignal): AsyncIterable<Assignment> {
    this.check();
    return this.#queue.until(signal, () => this.#leave());
  }

  /** Looks at the group's stored state and acts on it; called after every commit and at every tick. Never throws. */
  check(): void {
    if (this.#state === 'left') return;
    try {
      const { groups } = this.#shared;
      const { topic, group } = this.#options;
      const text = groups.text(topic, group);
      if (this.#seen?.text !== text || this.#seen === undefined) {
        this.#seen = { text, group: groups.parse(text, topic, group) };
      }
      this.#follow(this.#seen.group);
      const now = machineClock();
      if (this.#isActive() && (now >= this.#renewAt || isOverdue(this.#seen.group, world(now))))
        this.#renew();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Takes itself out of the group, whatever it holds; called within a transaction, before {@link abandon}. */
  removeWithin(): void {
    this.#update((group) => ({
      ...group,
      members: group.members.filter(({ id }) => id !== this.#member),
    }));
  }

  /** Ends without waiting: what is held is fenced. */
  abandon(): void {
    for (const assignment of this.#held.values()) assignment.fence();
    this.#held.clear();
    this.#finish();
  }

  #isActive(): boolean {
    return this.#state !== 'left';
  }

  #leave(): void {
    if (this.#state === 'leaving' || this.#state === 'left') return;
    this.#state = 'leaving';
    for (const assignment of this.#held.values()) assignment.revoke();
    for (const assignment of this.#queue.takeBack()) this.#detached(assignment.release());
    this.#renewAt = 0;
    this.check();
  }

  /** Renews the lease, joins where that is still to be done, and brings the group in order. */
  #renew(): void {
    if (this.#writing) return;
    this.#writing = true;
    const now = machineClock();
    const { sessionMs } = this.#options;
    this.#renewAt = now + sessionMs / 4;
    this.#detached(
      this.#shared.committer
        .run(() => this.#update((group) => this.#renewed(group)))
        .finally(() => {
          this.#writing = false;
        }),
    );
  }

  #renewed(group: GroupState): GroupState {
    const joined = group.members.some(({ id }) => id === this.#member);
    if (this.#state === 'leaving' && !joined) return group;
    if (this.#state === 'joined' && !joined) return group; // expelled: follow() joins again
    const { sessionMs, graceMs } = this.#options;
    if (this.#state === 'joining') this.#state = 'joined';
    let left = group;
    for (const [partition, { epoch, isReleased }] of this.#held) {
      // its own release may have met a full disk
      if (isReleased) left = withRelease(left, { partition, member: this.#member, epoch });
    }
    return withMember(left, {
      id: this.#member,
      pid: process.pid,
      place,
      sessionMs,
      graceMs,
      until: machineClock() + sessionMs,
      leaving: this.#state === 'leaving',
    });
  }

  #update(change: (group: GroupState) => GroupState): void {
    const { groups } = this.#shared;
    const { topic, group } = this.#options;
    const before = groups.read(topic, group);
    groups.write(topic, group, rebalanced(change(before), world(machineClock())));
  }

  /** Makes the assignments be what the group says. */
  #follow(group: GroupState): void {
    if (this.#state === 'joining' || this.#writing) return;
    if (!group.members.some(({ id }) => id === this.#member)) return this.#expelled();
    for (const [partition, assignment] of this.#held) {
      const holding = group.partitions[partition];
      if (!holds(holding, { member: this.#member, epoch: assignment.epoch })) {
        assignment.fence();
        this.#held.delete(partition);
      } else if (holding?.revokeBy !== null) assignment.revoke();
    }
    for (const [partition, { owner, epoch }] of group.partitions.entries()) {
      if (owner === this.#member && !this.#held.has(partition)) this.#take(partition, epoch);
    }
  }

  #take(partition: number, epoch: number): void {
    const { topic, group, graceMs } = this.#options;
    const member = this.#member;
    const assignment = new EmbeddedAssignment(
      this.#shared,
      { topic, group, partition, member, epoch, graceMs },
      async () => {
        if (this.#shared.isClosed()) return;
        await this.#shared.committer.run(() =>
          this.#update((state) => withRelease(state, { partition, member, epoch })),
        );
      },
    );
    this.#held.set(partition, assignment);
    if (this.#state === 'leaving') {
      this.#detached(assignment.release());
      return;
    }
    this.#queue.push(assignment);
  }

  /** The lease ran out, or we have left: what was held is no longer ours. */
  #expelled(): void {
    for (const assignment of this.#held.values()) assignment.fence();
    this.#held.clear();
    if (this.#state === 'leaving') return this.#finish();
    this.#member = randomUUID();
    this.#state = 'joining';
    this.#renewAt = 0;
  }

  #finish(): void {
    this.#state = 'left';
    this.#left();
    this.#queue.wake();
  }

  /** A full disk passes: the lease is renewed again soon. Anything else ends the subscription. */
  #detached(work: Promise<unknown>): void {
    work.catch((thrown: unknown) => {
      if (thrown instanceof StreamError && thrown.retryable) this.#renewAt = machineClock() + 100;
      else this.#fail(thrown);
    });
  }

  #fail(thrown: unknown): void {
    this.#queue.fail(thrown);
    this.abandon();
  }
}

/** What is known at a time of the machine's clock about who is alive. */
export function world(now: number): Now {
  return {
    now,
    isDead: (member: Member) =>
      member.place === place && member.pid !== process.pid && isProcessGone(member.pid),
  };
}
