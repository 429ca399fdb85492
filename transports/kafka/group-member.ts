import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { assignPartitions, type MemberClaim } from './assignor.ts';
import { faultOf, isPassing, typeOf } from './faults.ts';
import type { Session } from './session.ts';
import { partitionCount } from './topics.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
/** Name of our way to share partitions; all members of a group must know it. */
const protocol = 'purview-streams';

/** Options of {@link GroupMember}. */
export interface GroupMemberOptions {
  /** Of its own: a request to join waits for the others, and keeps its connection busy. */
  readonly session: Session;
  readonly groupId: string;
  readonly topic: string;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  readonly together: boolean;
}

/** What a member tells whoever works for it. */
export interface Holder {
  /** Partitions that it holds or drains now. */
  owned(): readonly number[];
  /** The partitions that are its own from now on; others that it holds are to be given up. */
  assigned(partitions: readonly number[]): void;
  /** The group has gone on without it: nothing that it holds is its own any more. */
  lost(): void;
}

/** Who it is in the current generation of its group. */
export interface Membership {
  readonly memberId: string;
  readonly generationId: number;
}

const claimShape = z.object({
  owned: z.array(z.int()),
  leaving: z.boolean(),
  together: z.boolean(),
});
/** The group goes on without the member, or with a new one under its name. */
const expulsions: ReadonlySet<string> = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']);

/** One member of a consumer group: joins, keeps its session by a heartbeat of its own, and joins again whenever the shares are to change. */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #holder: Holder;
  #membership: Membership = { memberId: '', generationId: -1 };
  #mustJoin = true;
  #leaving = false;
  #heardAt = Date.now();
  /** How many partitions were shared last, where this member shares them; else undefined. */
  #shared: number | undefined;
  #wake: () => void = () => undefined;

  constructor(options: GroupMemberOptions, holder: Holder) {
    this.#options = options;
    this.#holder = holder;
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** Joins again: what it holds has changed. */
  rejoin(): void {
    this.#mustJoin = true;
    this.#wake();
  }

  /** Takes no more partitions, and leaves once it holds none. */
  leave(): void {
    this.#leaving = true;
    this.rejoin();
  }

  /** Resolves when it has left; rejects when the group cannot be joined. `signal` ends it at once. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#leaving && this.#holder.owned().length === 0) break;
      try {
        if (this.#mustJoin) await this.#join();
        else await this.#beat();
        this.#heardAt = Date.now();
      } catch (thrown) {
        await this.#meet(thrown);
      }
      if (!this.#mustJoin) await this.#rest(signal);
    }
    await this.#sayGoodbye();
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    this.#wake = () => over.abort();
    if (this.#mustJoin) return;
    await delay(this.#options.heartbeatMs, undefined, {
      signal: AbortSignal.any([signal, over.signal]),
    }).catch(() => undefined);
  }

  async #beat(): Promise<void> {
    const { session, groupId, topic } = this.#options;
    const { memberId, generationId: groupGenerationId } = this.#membership;
    await session.onCoordinator('A heartbeat failed', { id: groupId, type: 0 }, (broker) =>
      broker.heartbeat({ groupId, groupGenerationId, memberId }),
    );
    if (this.#shared === undefined) return;
    const partitions = await session.attempt('A topic cannot be looked at', (cluster) =>
      partitionCount(cluster, topic),
    );
    if (partitions !== this.#shared) this.#mustJoin = true;
  }

  async #meet(thrown: unknown): Promise<void> {
    const cause = thrown instanceof StreamError ? (thrown.cause ?? thrown) : thrown;
    const type = typeOf(cause);
    if (type === 'REBALANCE_IN_PROGRESS') {
      this.#heardAt = Date.now();
      this.#mustJoin = true;
    } else if (expulsions.has(type)) this.#expelled();
    else if (isPassing(cause)) {
      if (Date.now() - this.#heardAt > this.#options.sessionMs) this.#expelled();
      await delay(50);
    } else throw faultOf(thrown, `The group ${this.#options.groupId} cannot be joined`);
  }

  #expelled(): void {
    this.#membership = { memberId: '', generationId: -1 };
    this.#mustJoin = true;
    this.#heardAt = Date.now();
    this.#holder.lost();
  }

  async #join(): Promise<void> {
    const { session, groupId, topic, sessionMs, together } = this.#options;
    this.#mustJoin = false; // whoever asks from here on is heard by the next one
    const claim = { owned: this.#holder.owned(), leaving: this.#leaving, together };
    const userData = Buffer.from(JSON.stringify(claim));
    const metadata = MemberMetadata.encode({ version: 1, topics: [topic], userData });
    const coordinator = { id: groupId, type: 0 } as const;
    try {
      const joined = await session.onCoordinator('A group cannot be joined', coordinator, (broker) =>
        broker.joinGroup({
          groupId,
          sessionTimeout: sessionMs,
          rebalanceTimeout: sessionMs,
          memberId: this.#membership.memberId,
          protocolType: 'consumer',
          groupProtocols: [{ name: protocol, metadata }],
        }),
      );
      const { memberId, generationId } = joined;
      this.#membership = { memberId, generationId };
      this.#shared = undefined;
      const groupAssignment = joined.leaderId === memberId ? await this.#share(joined.members) : [];
      const { memberAssignment } = await session.onCoordinator(
        'A group cannot be joined',
        coordinator,
        (broker) => broker.syncGroup({ groupId, generationId, memberId, groupAssignment }),
      );
      const assignment = memberAssignment.length === 0 ? null : MemberAssignment.decode(memberAssignment);
      this.#holder.assigned(assignment?.assignment[topic] ?? []);
    } catch (thrown) {
      this.#mustJoin = true;
      throw thrown;
    }
  }

  async #share(members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]) {
    const { session, topic } = this.#options;
    const claims = members.map(({ memberId, memberMetadata }): MemberClaim => {
      const text = MemberMetadata.decode(memberMetadata)?.userData.toString() ?? '';
      return { id: memberId, ...claimShape.parse(JSON.parse(text)) };
    });
    const partitions = await session.attempt('A group cannot be shared', async (cluster) => {
      await cluster.refreshMetadata();
      return partitionCount(cluster, topic);
    });
    this.#shared = partitions;
    return [...assignPartitions(claims, partitions)].map(([memberId, own]) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({
        version: 1,
        assignment: { [topic]: [...own] },
        userData: Buffer.alloc(0),
      }),
    }));
  }

  /** A group that is not told finds out when the session is over. */
  async #sayGoodbye(): Promise<void> {
    const { session, groupId, sessionMs } = this.#options;
    const { memberId } = this.#membership;
    if (memberId === '') return;
    try {
      await session.attempt(
        'The group is not told',
        async (cluster) =>
          (await cluster.findGroupCoordinator({ groupId, coordinatorType: 0 })).leaveGroup({
            groupId,
            memberId,
          }),
        { patienceMs: Math.min(sessionMs / 4, 1000) },
      );
    } catch (thrown) {
      if (!(thrown instanceof StreamError)) throw thrown;
    }
  }
}
