import { setTimeout as delay } from 'node:timers/promises';
import type { CompressionTypes } from 'kafkajs';
import { StreamError } from '../../pipeline/errors.ts';
import { Serial } from '../../pipeline/serial.ts';
import type { NewRecord } from '../../pipeline/transport.ts';
import { StateCache } from '../../platform/state-cache.ts';
import { Fetcher } from './fetcher.ts';
import type { Membership } from './group-member.ts';
import { LogFollower } from './log-follower.ts';
import { answerOf, commitOffsets, ends, fetchCommitted, listOffsets } from './offsets.ts';
import { RecordProducer, type TopicRecords } from './producer.ts';
import { Session } from './session.ts';
import { StateParts } from './state-parts.ts';
import { topicId } from './topic-id.ts';
import type { WireCluster } from './wire.ts';

/** What the parts of one transport are made with. */
export interface SharedOptions {
  readonly createCluster: () => WireCluster;
  /** Begins the names of topics, groups and transactional ids. */
  readonly prefix: string;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  readonly graceMs: number;
  readonly patienceMs: number;
  readonly metadataMs: number;
  readonly compression: CompressionTypes;
  readonly batchBytes: number;
}

/** A partition of the cluster and an offset to commit there. */
export interface GroupPlace {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The topic's id. */
  readonly id: string;
}

/** Topics that hold state; both have one partition, so that what is written has one order. */
export const stateTopics = { state: 'metadata.state', known: 'metadata.known' } as const;

/** What the subscriptions, the state and the admin part of one transport share. */
export class Shared {
  readonly options: SharedOptions;
  readonly session: Session;
  readonly fetcher: Fetcher;
  /** Appends that are in no transaction. */
  readonly producer: RecordProducer;
  /** Appends what comes behind a transaction: while it waits for a broker, other appends go on. */
  readonly outputs: RecordProducer;
  /** Writes the table and what goes with it: of all processes, only the one that opened it last. */
  readonly tableProducer: RecordProducer;
  /** What is written with {@link tableProducer}, one after the other. */
  readonly tableTurn = new Serial();
  #isTableOpen = false;
  #taking: Promise<void> | undefined;
  #cache: StateCache | undefined;
  readonly #logs = new Map<StateTopic, LogFollower>();
  readonly #parts = { state: new StateParts(), known: new StateParts() };
  readonly #loaded = new Map<StateTopic, Promise<StateCache>>();

  constructor(options: SharedOptions) {
    this.options = options;
    this.session = this.openSession();
    this.fetcher = new Fetcher(() => this.openSession());
    this.producer = this.#makeProducer(undefined);
    this.outputs = this.#makeProducer(undefined);
    this.tableProducer = this.openProducer('table');
  }

  get sessionMs(): number {
    return this.options.sessionMs;
  }

  get heartbeatMs(): number {
    return this.options.heartbeatMs;
  }

  get graceMs(): number {
    return this.options.graceMs;
  }

  /** The name that a topic or group has in the cluster. */
  wire(name: string): string {
    return this.options.prefix + name;
  }

  /** Connections of their own. */
  openSession(): Session {
    const { createCluster, patienceMs, metadataMs } = this.options;
    return new Session({ create: createCluster, patienceMs, metadataMs });
  }

  /** A producer of transactions under a name; only the last one that was opened under it counts. */
  openProducer(name: string): RecordProducer {
    return this.#makeProducer(`${this.options.prefix}purview-streams/${name}`);
  }

  #makeProducer(transactionalId: string | undefined): RecordProducer {
    const { compression, batchBytes, sessionMs } = this.options;
    return new RecordProducer({
      session: this.session,
      compression,
      batchBytes,
      transactionMs: Math.max(sessionMs, 30_000), // some of them are large
      ...(transactionalId === undefined ? {} : { transactionalId }),
    });
  }

  /** What this process keeps of the topics of state, with everything in it that was written before this call. */
  async caughtUp(...names: readonly StateTopic[]): Promise<StateCache> {
    this.#cache ??= new StateCache();
    await Promise.all(
      names.map(async (name) => {
        const log = this.log(name);
        const behindAll = await listOffsets(this.session, log.topic, { timestamp: ends.latest });
        await log.waitFor(behindAll.get(0) ?? 0);
      }),
    );
    return this.#cache;
  }

  /** The same as far as it was read when it was asked for the first time, or later: what this process writes is in it. */
  loaded(name: StateTopic): Promise<StateCache> {
    let loaded = this.#loaded.get(name);
    if (loaded === undefined) {
      loaded = this.caughtUp(name);
      this.#loaded.set(name, loaded);
      loaded.catch(() => this.#loaded.delete(name)); // whoever asked hears of it
    }
    return loaded;
  }

  /** Records of a topic of state as a broker takes them. */
  topicRecords(name: StateTopic, records: readonly NewRecord[]): TopicRecords {
    return { topic: this.wire(stateTopics[name]), records: [...this.#parts[name].cut(records)] };
  }

  /** Follows a topic of state. */
  log(name: StateTopic): LogFollower {
    this.#cache ??= new StateCache();
    const cache = this.#cache;
    let log = this.#logs.get(name);
    if (log === undefined) {
      const parts = this.#parts[name];
      log = new LogFollower(this.fetcher, this.wire(stateTopics[name]), (found) => {
        const records = [...parts.joined(found)];
        if (name === 'state') cache.applyStates(records);
        else cache.applyTable(records);
      });
      this.#logs.set(name, log);
    }
    return log;
  }

  /** Makes this process the one that writes the table, as it has been left by whoever did before. */
  takeTable(): Promise<void> {
    this.#taking ??= this.tableTurn
      .run(() => this.openTable())
      .finally(() => {
        this.#taking = undefined;
      });
    return this.#taking;
  }

  /** The same within the turn of {@link tableTurn}. */
  async openTable(): Promise<void> {
    this.#isTableOpen = false;
    await this.tableProducer.open();
    await this.caughtUp('state', 'known');
    this.#isTableOpen = true;
  }

  get isTableOpen(): boolean {
    return this.#isTableOpen;
  }

  /** Another process writes the table, or what became of the last transaction is not known. */
  loseTable(): void {
    this.#isTableOpen = false;
  }

  /**
   * Where a group begins to read a partition: at its committed offset, at the earliest where there is none, it is not there any more, or the topic was made
   * anew. Never at the end: nothing is lost when a commit was.
   */
  async startOf(
    groupId: string,
    topic: string,
    partition: number,
  ): Promise<{ readonly offset: number; readonly isCommitted: boolean; readonly id: string }> {
    const of = { partitions: [partition] };
    const id = await topicId(this.session, topic);
    const [committed, earliest, latest] = await Promise.all([
      fetchCommitted(this.session, { groupId, topic, id }, [partition]),
      listOffsets(this.session, topic, { ...of, timestamp: ends.earliest }),
      listOffsets(this.session, topic, { ...of, timestamp: ends.latest }),
    ]);
    const first = earliest.get(partition) ?? 0;
    const own = committed.get(partition) ?? -1;
    const isCommitted = own >= first && own <= (latest.get(partition) ?? 0);
    return { offset: isCommitted ? own : first, isCommitted, id };
  }

  /** Commits as a member of a group; false where the group has gone on without it. */
  async commit(
    { groupId, topic, partition, offset, id }: GroupPlace,
    member: () => Membership,
  ): Promise<boolean> {
    const until = Date.now() + this.sessionMs;
    const { memberId } = member();
    for (;;) {
      const now = member();
      if (now.memberId !== memberId) return false;
      try {
        const offsets = new Map([[partition, offset]]);
        await commitOffsets(this.session, { groupId, topic, id, offsets, ...now });
        return true;
      } catch (thrown) {
        const answer = answerOf(thrown);
        if (answer === 'UNKNOWN_MEMBER_ID') return false;
        // The group has a new generation, of which the member is about to hear: whether it is still in it shows then.
        const isRebalance = answer === 'REBALANCE_IN_PROGRESS' || answer === 'ILLEGAL_GENERATION';
        if (!isRebalance || Date.now() > until) throw thrown;
        await delay(20);
      }
    }
  }

  /** Whether a member is still in its group, by the word of the coordinator: if so, nobody else gets its partitions within a session from now. */
  async isMember(groupId: string, member: () => Membership): Promise<boolean> {
    const { memberId } = member();
    for (const until = Date.now() + this.sessionMs; member().memberId === memberId; ) {
      const { generationId: groupGenerationId } = member();
      try {
        await this.session.onCoordinator('A heartbeat failed', { id: groupId, type: 0 }, (broker) =>
          broker.heartbeat({ groupId, groupGenerationId, memberId }),
        );
        return true;
      } catch (thrown) {
        const answer = answerOf(thrown);
        if (answer === 'REBALANCE_IN_PROGRESS') return true;
        if (answer === 'UNKNOWN_MEMBER_ID') return false;
        if (answer !== 'ILLEGAL_GENERATION' || Date.now() > until) throw thrown;
        await delay(20);
      }
    }
    return false;
  }

  async close(): Promise<void> {
    this.fetcher.close();
    await this.session.close();
    for (const log of this.#logs.values()) log.fail(closed());
    await this.#cache?.close();
  }
}

/** Which of them. */
export type StateTopic = keyof typeof stateTopics;

function closed(): StreamError {
  return new StreamError('STATE_UNAVAILABLE', 'The state was used after its transport had been closed.');
}
