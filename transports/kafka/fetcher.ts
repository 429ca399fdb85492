import type { StreamError } from '../../pipeline/errors.ts';
import { faultOf, isPassing } from './faults.ts';
import { type FetchedPartition, type FetchedRecords, fetchResponse, recordsOf } from './fetch-response.ts';
import type { Session } from './session.ts';
import { byLeader, partitionCount } from './topics.ts';
import { errorOfCode, fetchRequest, isolation, type WireCluster } from './wire.ts';

/** A partition that is read. */
export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  /** The offset that is asked for next. */
  readonly position: number;
  /** Whether it takes more records now. */
  readonly isHungry: boolean;
  /** Takes records; only then `position` moves. */
  accept(fetched: FetchedRecords): void;
  /** What it asked for is not there any more: the oldest offset that is. */
  outOfRange(earliest: number): void;
  /** Nothing more will come, since of this. */
  fail(fault: StreamError): void;
}

/** How long a broker may wait for records before it answers with none, in milliseconds. */
const waitMs = 500;
/** The same where the request is not for all partitions: the others may have to wait for it. */
const shortWaitMs = 100;
const partitionBytes = 1024 * 1024;
const requestBytes = 8 * 1024 * 1024;
/** OFFSET_OUT_OF_RANGE of the protocol. */
const outOfRangeCode = 1;

/**
 * Reads any number of partitions; only what is committed. Of its two lanes, each with connections of its own, one may wait at the broker for records of
 * partitions that are read to their end, while the other fetches what has become hungry meanwhile.
 */
export class Fetcher {
  readonly #lanes: readonly Session[];
  readonly #targets = new Set<FetchTarget>();
  readonly #inFlight = new Set<FetchTarget>();
  readonly #closing = new AbortController();
  readonly #wakes = new Set<() => void>();
  #isRunning = false;

  /** The sessions are its own: a request to read keeps a connection busy. */
  constructor(openSession: () => Session) {
    this.#lanes = [openSession(), openSession()];
  }

  /** Begins to read a partition. */
  add(target: FetchTarget): void {
    this.#targets.add(target);
    if (!this.#isRunning) for (const lane of this.#lanes) void this.#run(lane); // it never rejects
    this.#isRunning = true;
    this.kick();
  }

  /** Ends it. */
  remove(target: FetchTarget): void {
    this.#targets.delete(target);
  }

  /** Some partition is hungry again. */
  kick(): void {
    for (const wake of this.#wakes) wake();
    this.#wakes.clear();
  }

  /** Hands out nothing from now on. The connections end once the brokers have answered, which is not waited for. */
  close(): void {
    this.#closing.abort();
    this.#targets.clear();
    this.kick();
    for (const lane of this.#lanes) lane.close().catch(() => undefined);
  }

  async #run(lane: Session): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const hungry = this.#hungry();
      if (hungry.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wakes.add(resolve);
        });
        continue;
      }
      for (const target of hungry) this.#inFlight.add(target);
      try {
        await lane.attempt('Nothing can be read', (cluster) => this.#fetch(cluster, hungry), { signal });
      } catch (thrown) {
        if (signal.aborted) return;
        const fault = faultOf(thrown, 'Nothing can be read');
        // What passes is waited out for as long as somebody wants to read.
        if (!fault.retryable)
          for (const target of hungry) if (this.#targets.delete(target)) target.fail(fault);
      } finally {
        for (const target of hungry) this.#inFlight.delete(target);
        this.kick();
      }
    }
  }

  /** What is to be asked for now, each partition once. Those that were asked for last come last. */
  #hungry(): readonly FetchTarget[] {
    const found = new Map<string, FetchTarget>();
    for (const target of this.#targets) {
      const place = `${target.topic}/${target.partition}`;
      if (target.isHungry && !this.#inFlight.has(target) && !found.has(place)) found.set(place, target);
    }
    for (const target of found.values()) {
      this.#targets.delete(target);
      this.#targets.add(target);
    }
    return [...found.values()];
  }

  async #fetch(cluster: WireCluster, hungry: readonly FetchTarget[]): Promise<void> {
    const requests = new Map<number, FetchTarget[]>();
    for (const target of hungry) {
      await partitionCount(cluster, target.topic);
      for (const leader of byLeader(cluster, target.topic, [target.partition]).keys())
        requests.set(leader, [...(requests.get(leader) ?? []), target]);
    }
    const maxWaitTime = hungry.length < this.#targets.size ? shortWaitMs : waitMs;
    await Promise.all(
      Array.from(requests, async ([nodeId, targets]) => {
        const broker = await cluster.findBroker({ nodeId });
        const fetched = await broker.connectionPool.send<readonly FetchedPartition[]>({
          request: fetchRequest({
            replicaId: -1,
            maxWaitTime: requests.size > 1 ? shortWaitMs : maxWaitTime,
            minBytes: 1,
            maxBytes: requestBytes,
            isolationLevel: isolation.committed,
            topics: topicsOf(targets),
          }),
          response: fetchResponse,
        });
        await this.#handOut(targets, fetched);
      }),
    );
  }

  async #handOut(targets: readonly FetchTarget[], fetched: readonly FetchedPartition[]): Promise<void> {
    let passing: Error | undefined;
    for (const one of fetched) {
      const target = targets.find(
        ({ topic, partition }) => topic === one.topic && partition === one.partition,
      );
      if (target === undefined || !this.#targets.has(target)) continue;
      if (one.errorCode === outOfRangeCode) target.outOfRange(one.earliest);
      else if (one.errorCode !== 0) {
        const error = errorOfCode(one.errorCode);
        if (isPassing(error)) passing = error;
        else if (this.#targets.delete(target)) target.fail(faultOf(error, `${one.topic} cannot be read`));
      } else {
        const records = await recordsOf(one, target.position);
        if (this.#targets.has(target)) target.accept(records);
      }
    }
    if (passing !== undefined) throw passing;
  }
}

function topicsOf(targets: readonly FetchTarget[]) {
  const topics = new Map<string, FetchTarget[]>();
  for (const target of targets) topics.set(target.topic, [...(topics.get(target.topic) ?? []), target]);
  return [...topics].map(([topic, of]) => ({
    topic,
    partitions: of.map(({ partition, position }) => ({
      partition,
      fetchOffset: position.toString(),
      maxBytes: partitionBytes,
    })),
  }));
}
