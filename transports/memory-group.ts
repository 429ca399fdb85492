import { MemoryAssignment } from './memory-assignment.ts';
import type { MemoryPartition } from './memory-partition.ts';

interface Held {
  readonly member: symbol;
  readonly revoking: AbortController;
  /** Resolves when the member has drained, or its grace time is over. */
  readonly released: Promise<void>;
  readonly isReleased: () => boolean;
}

interface Member {
  readonly id: symbol;
  /** Given to it, but not taken up yet. */
  readonly queue: MemoryAssignment[];
  wake: () => void;
}

/** One consumer group on one topic: who holds which partition, and what is committed. */
export class MemoryGroup {
  readonly #partitions: readonly MemoryPartition[];
  readonly #graceMs: number;
  readonly #committed = new Map<number, number>();
  readonly #members: Member[] = [];
  readonly #held = new Map<number, Held>();

  constructor(partitions: readonly MemoryPartition[], graceMs: number) {
    this.#partitions = partitions;
    this.#graceMs = graceMs;
  }

  /** The committed offset of a partition; 0 where there is none. */
  committed(partition: number): number {
    return this.#committed.get(partition) ?? 0;
  }

  /** Members that are there, or still drain what they held. */
  get members(): number {
    const draining = [...this.#held.values()]
      .filter((held) => !held.isReleased())
      .map(({ member }) => member);
    return new Set([...this.#members.map(({ id }) => id), ...draining]).size;
  }

  /** Sets the committed offset of a partition, also to a lower one. */
  reset(partition: number, offset: number): void {
    this.#committed.set(partition, offset);
  }

  /** Adds a member and yields its assignments until `signal` fires. */
  async *join(signal: AbortSignal): AsyncIterable<MemoryAssignment> {
    const member: Member = { id: Symbol('member'), queue: [], wake: () => undefined };
    if (signal.aborted) return;
    this.#members.push(member);
    const leave = (): void => {
      this.#members.splice(this.#members.indexOf(member), 1);
      this.#rebalance();
      // What it never took up has nothing to drain: the next owner need not wait out the grace time.
      for (const assignment of member.queue.splice(0)) void assignment.release();
      member.wake();
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#rebalance();
    try {
      while (!signal.aborted) {
        const assignment = member.queue.shift();
        if (assignment !== undefined) yield assignment;
        else {
          await new Promise<void>((resolve) => {
            member.wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', leave);
      if (!signal.aborted) leave();
    }
  }

  /** Gives partition i to member i modulo their number; who held it before is asked to drain first. */
  #rebalance(): void {
    for (const [index, partition] of this.#partitions.entries()) {
      const owner = this.#members[index % Math.max(1, this.#members.length)];
      const held = this.#held.get(partition.partition);
      if (held !== undefined && held.member === owner?.id && !held.revoking.signal.aborted) continue;
      held?.revoking.abort();
      if (owner === undefined) continue;
      void this.#assign(partition, owner, held?.released);
    }
  }

  async #assign(partition: MemoryPartition, owner: Member, before: Promise<void> | undefined): Promise<void> {
    const revoking = new AbortController();
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let fenced = false;
    const release = (): void => {
      fenced = true;
      finish();
    };
    this.#held.set(partition.partition, {
      member: owner.id,
      revoking,
      released: done,
      isReleased: () => fenced,
    });
    await before;
    revoking.signal.addEventListener('abort', () => setTimeout(release, this.#graceMs).unref(), {
      once: true,
    });
    if (revoking.signal.aborted || !this.#members.includes(owner)) {
      release(); // taken away again before it began
      return;
    }
    owner.queue.push(
      new MemoryAssignment(partition, {
        revoking: revoking.signal,
        isFenced: () => fenced,
        release,
        start: this.committed(partition.partition),
        graceMs: this.#graceMs,
        commit: (offset) => {
          this.#committed.set(partition.partition, Math.max(this.committed(partition.partition), offset));
        },
      }),
    );
    owner.wake();
  }
}
