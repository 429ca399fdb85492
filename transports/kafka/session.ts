import { setTimeout as delay } from 'node:timers/promises';
import { StreamError } from '../../pipeline/errors.ts';
import { faultOf, isConnectionFault, isPassing, typeOf } from './faults.ts';
import type { WireBroker, WireCluster } from './wire.ts';

/** Options of {@link Session}. */
export interface SessionOptions {
  /** Makes a cluster with connections of its own. */
  readonly create: () => WireCluster;
  /** How long a passing fault is waited out before a call rejects, in milliseconds; four times as long once a call has been answered. */
  readonly patienceMs: number;
  /** How old what is known of topics may become, in milliseconds: partitions may be added. */
  readonly metadataMs: number;
}

/** First pause after a fault, in milliseconds; doubles up to {@link longestPauseMs}. */
const firstPauseMs = 20;
const longestPauseMs = 1000;

/**
 * Connections to the brokers of a cluster. A socket that has died without a word never heals in kafkajs: after a fault of a connection
 * all of them are made anew. A broker answers the requests of one connection one after the other, so that what may wait long has a session of its own.
 */
export class Session {
  readonly #options: SessionOptions;
  #cluster: Promise<WireCluster> | undefined;
  #isClosed = false;
  #refreshedAt = Date.now();
  #hasWorked = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Does some work, and again while it meets passing faults, for as long as the patience lasts. `what` names it in the error. Rejects with
   * TRANSPORT_UNAVAILABLE after that, and with the code of the fault where it will not pass.
   */
  async attempt<T>(
    what: string,
    work: (cluster: WireCluster) => Promise<T>,
    { signal, patienceMs = this.#patienceMs }: { signal?: AbortSignal; patienceMs?: number } = {},
  ): Promise<T> {
    const until = Date.now() + patienceMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const connecting = this.#connected();
      try {
        const cluster = await connecting;
        if (Date.now() - this.#refreshedAt > this.#options.metadataMs) {
          this.#refreshedAt = Date.now();
          await cluster.refreshMetadata();
        }
        const done = await work(cluster);
        this.#hasWorked = true;
        return done;
      } catch (thrown) {
        if (!isPassing(thrown) || this.#isClosed || signal?.aborted === true || Date.now() > until)
          throw faultOf(thrown, what);
        if (isConnectionFault(thrown)) this.#renew(connecting);
        else if (isStale(thrown)) await this.#refresh(connecting);
        if (typeOf(thrown).includes('COORDINATOR')) coordinators.delete(await connecting);
        await delay(pauseMs * (0.5 + Math.random()));
      }
    }
  }

  /** The same on the coordinator of a consumer group (0) or of a transactional id (1). */
  onCoordinator<T>(
    what: string,
    of: { readonly id: string; readonly type: 0 | 1 },
    work: (broker: WireBroker) => Promise<T>,
  ): Promise<T> {
    return this.attempt(what, async (cluster) => work(await coordinatorOf(cluster, of)));
  }

  /** Ends the connections; what is under way rejects or is answered first. May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await (await cluster?.catch(() => undefined))?.disconnect();
  }

  /** Brokers that were there are likely to come back; an address that never answered is likely to be wrong. */
  get #patienceMs(): number {
    const { patienceMs } = this.#options;
    return this.#hasWorked ? patienceMs * 4 : patienceMs;
  }

  #connected(): Promise<WireCluster> {
    if (this.#isClosed) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
    if (this.#cluster === undefined) {
      const cluster = this.#options.create();
      this.#cluster = cluster.connect().then(() => cluster);
      this.#cluster.catch(() => undefined); // whoever asked for it hears of it
    }
    return this.#cluster;
  }

  #renew(failed: Promise<WireCluster>): void {
    if (this.#cluster !== failed) return;
    this.#cluster = undefined;
    // Requests under way on the old connections are answered or time out by themselves.
    failed.then((cluster) => cluster.disconnect()).catch(() => undefined);
  }

  async #refresh(connecting: Promise<WireCluster>): Promise<void> {
    try {
      await (await connecting).refreshMetadata();
    } catch {
      this.#renew(connecting);
    }
  }
}

/** Coordinators of a cluster's groups and transactional ids, as they were found last. */
const coordinators = new WeakMap<WireCluster, Map<string, WireBroker['nodeId']>>();

async function coordinatorOf(
  cluster: WireCluster,
  { id, type }: { readonly id: string; readonly type: 0 | 1 },
): Promise<WireBroker> {
  const known = coordinators.get(cluster) ?? new Map<string, WireBroker['nodeId']>();
  coordinators.set(cluster, known);
  const key = `${type}/${id}`;
  const nodeId = known.get(key);
  if (nodeId !== undefined) return cluster.findBroker({ nodeId });
  if (cluster.getNodeIds().length === 0) await cluster.refreshMetadata();
  const broker = await cluster.findGroupCoordinator({ groupId: id, coordinatorType: type });
  known.set(key, broker.nodeId);
  return broker;
}

function isStale(thrown: unknown): boolean {
  return /LEADER|COORDINATOR|CONTROLLER/.test(typeOf(thrown));
}
