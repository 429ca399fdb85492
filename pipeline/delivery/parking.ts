import type { EntityRef } from '../../schemas/types.ts';
import { refKey } from '../derive/keys.ts';
import { StreamError } from '../errors.ts';
import { Serial } from '../serial.ts';
import type { Sink, Wanted } from '../sink.ts';
import type { Telemetry } from '../telemetry.ts';
import { topics } from '../topics.ts';
import type { Transport } from '../transport.ts';
import { backoffMs, pause } from './backoff.ts';
import { scanParked } from './parked-entry.ts';
import { ParkedAnywhere } from './parked-anywhere.ts';
import type { ParkedPartition, WaitingKey } from './parked-partition.ts';
import { TopicProgress } from './topic-progress.ts';

/** What {@link Parking} works with. */
export interface ParkingOptions {
  readonly transport: Transport;
  readonly group: string;
  readonly sink: Sink;
  readonly telemetry: Telemetry;
  /** First pause between two rounds, in milliseconds; doubles up to 30 times itself while nothing is found. */
  readonly retryDelayMs: number;
  /** How long a change waits for an asset while everything else is settled, in milliseconds. */
  readonly parkForMs: number;
  /** What is woken together at the most. */
  readonly batch: { readonly count: number; readonly bytes: number };
  readonly now: () => Date;
}

/** The parked work of a partition that this process holds. */
export interface HeldPartition {
  readonly partition: number;
  readonly parked: ParkedPartition;
  /** Tries keys again; resolves with how many of them moved on. */
  readonly wake: (keys: readonly string[], isLast: boolean) => Promise<number>;
}

interface Waiting extends WaitingKey {
  readonly held: HeldPartition;
}

/** What one round goes by. */
interface Round {
  /** The time up to which everything that was appended is settled. */
  readonly through: number;
  readonly anywhere: ParkedAnywhere;
  /** Whether what is over is given up although what it waits for is parked itself. */
  readonly isFinal: boolean;
  readonly signal: AbortSignal;
}

/** Entries that are looked up together. */
const lookedUpTogether = 1000;
/** How long a sweep waits for partitions with parked work that this process does not hold, in milliseconds. */
const adoptionMs = 10_000;

/**
 * Wakes what is parked in the partitions of this process: when what it waits for is delivered here, and by one lookup in an
 * interval for all of it. What waits for longer than its time is tried a last time; its lane then does what the policy says. The time
 * counts only as far as everything that was appended has been settled, by this process or another. What waits for an asset that is parked
 * itself is put off, for as long again: a table is not given up while its schema, whose database has just come, is about to be delivered.
 */
export class Parking {
  readonly #options: ParkingOptions;
  readonly #progress: TopicProgress;
  readonly #held = new Set<HeldPartition>();
  readonly #rounds = new Serial();
  readonly #wakes = new Set<Promise<unknown>>();
  #hurry = new AbortController();
  #quietRounds = 0;
  /** Whether anything moved on since the last sweep. */
  #hasMoved = false;
  /** Since when each round has put something off, in milliseconds since 1970. */
  #puttingOffSince: number | undefined;

  constructor(options: ParkingOptions) {
    this.#options = options;
    this.#progress = new TopicProgress(options.transport, () => options.now().getTime());
  }

  /** Takes care of a partition; returns the function that ends it. */
  hold(held: HeldPartition): () => void {
    this.#held.add(held);
    if (held.parked.size > 0) this.more();
    return () => this.#held.delete(held);
  }

  /** Something was parked: it is looked for soon. */
  more(): void {
    this.#quietRounds = 0;
    this.#hurry.abort();
  }

  /** The catalogue has got assets: what waits for them here is tried again. */
  delivered(refs: readonly EntityRef[]): void {
    for (const held of this.#held) {
      if (held.parked.size === 0) continue;
      const keys = new Map(refs.flatMap((ref) => [...held.parked.waitingFor(ref)]));
      const waiting = [...keys].map(([key, bytes]) => ({ key, bytes }));
      for (const part of this.#parts(waiting)) {
        const wake = held
          .wake(part, false)
          .then((moved) => this.#note(moved))
          .finally(() => this.#wakes.delete(wake));
        this.#wakes.add(wake);
      }
    }
  }

  /** Does rounds until `signal` fires. Rejects with what keeps the sink from going on. */
  async run(signal: AbortSignal): Promise<void> {
    const { retryDelayMs, telemetry } = this.#options;
    while (!signal.aborted) {
      await this.#rest(signal);
      try {
        this.#quietRounds = (await this.#round(signal)) > 0 ? 0 : this.#quietRounds + 1;
      } catch (thrown) {
        if (signal.aborted) return;
        if (!(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
        this.#quietRounds += 1;
        const waitMs = thrown.retryAfterMs ?? backoffMs(retryDelayMs, this.#quietRounds);
        telemetry.emit('sinkWaiting', { code: thrown.code, message: thrown.message, waitMs });
        await pause(waitMs, signal);
      }
    }
  }

  /**
   * Looks once for everything that is parked, after what is parked in partitions that nobody holds has come to this process.
   * Resolves with whether anything moved on since the last sweep, by it or before it: then there may be new changes to settle.
   */
  async sweep(signal: AbortSignal): Promise<boolean> {
    await this.#adopted(AbortSignal.any([signal, AbortSignal.timeout(adoptionMs)]));
    await Promise.all(this.#wakes);
    await this.#rounds.run(() => this.#progress.settledThrough()); // one that an earlier round began says nothing of now
    await this.#round(signal);
    // Two that wait for each other would wait for ever where each run ends when nothing moves.
    if (!this.#hasMoved && this.#puttingOffSince !== undefined && !(await this.#hasOthers()))
      await this.#round(signal, true);
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    return hasMoved;
  }

  #note(moved: number): number {
    this.#hasMoved ||= moved > 0;
    return moved;
  }

  /** Waits for the next round: the longer, the longer nothing was found. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { retryDelayMs } = this.#options;
    const isEmpty = [...this.#held].every(({ parked }) => parked.size === 0);
    const waitMs = isEmpty ? 2 ** 31 - 1 : backoffMs(retryDelayMs, this.#quietRounds);
    await pause(waitMs, AbortSignal.any([signal, this.#hurry.signal]));
    if (!this.#hurry.signal.aborted) return;
    this.#hurry = new AbortController();
    await pause(retryDelayMs, signal);
  }

  /** Resolves with how many keys moved on. */
  #round(signal: AbortSignal, isFinal = false): Promise<number> {
    return this.#rounds.run(async () => {
      if ([...this.#held].every(({ parked }) => parked.size === 0)) return 0;
      const { transport, group, parkForMs, now } = this.#options;
      const through = await this.#progress.settledThrough();
      const puttingOffMs = now().getTime() - (this.#puttingOffSince ?? Number.POSITIVE_INFINITY);
      const anywhere = new ParkedAnywhere(transport, group);
      const round = { through, anywhere, isFinal: isFinal || puttingOffMs >= parkForMs, signal };
      const done = { moved: 0, putOff: 0 };
      const look = async (waiting: readonly Waiting[]): Promise<void> => {
        const { moved, putOff } = await this.#look(waiting, round);
        done.moved += moved;
        done.putOff += putOff;
      };
      let waiting: Waiting[] = [];
      for (const held of this.#held) {
        for await (const keys of held.parked.waiting()) {
          waiting.push(...keys.map((key) => ({ ...key, held })));
          if (waiting.length < lookedUpTogether) continue;
          await look(waiting);
          waiting = [];
        }
      }
      await look(waiting);
      this.#puttingOffSince = done.putOff > 0 ? (this.#puttingOffSince ?? now().getTime()) : undefined;
      return done.moved;
    });
  }

  /** Resolves with how many keys moved on, and how many were put off. */
  async #look(
    waiting: readonly Waiting[],
    { through, anywhere, isFinal, signal }: Round,
  ): Promise<{ readonly moved: number; readonly putOff: number }> {
    if (waiting.length === 0 || signal.aborted) return { moved: 0, putOff: 0 };
    const { sink, parkForMs } = this.#options;
    const found = await sink.find?.(allWanted(waiting), signal);
    const has = found && { refs: new Set(found.refs.map(refKey)), types: new Set(found.types) };
    const lacking = ({ wanted }: Waiting): readonly EntityRef[] =>
      has === undefined ? [] : wanted.refs.filter((ref) => !has.refs.has(refKey(ref)));
    const isThere = (one: Waiting): boolean =>
      lacking(one).length === 0 && one.wanted.types.every((type) => has?.types.has(type) ?? true);
    const isOver = ({ since, wanted }: Waiting): boolean =>
      wanted.types.length === 0 && through - since >= parkForMs;
    const over: Waiting[] = [];
    let putOff = 0;
    for (const one of waiting.filter(isOver)) {
      if (!isFinal && (await anywhere.hasAll(lacking(one)))) putOff += 1;
      else over.push(one);
    }
    const there = waiting.filter((one) => !isOver(one) && isThere(one));
    const wakes = await Promise.all([...this.#wake(over, true), ...this.#wake(there, false)]);
    return { moved: this.#note(wakes.reduce((sum, one) => sum + one, 0)), putOff };
  }

  #wake(waiting: readonly Waiting[], isLast: boolean): readonly Promise<number>[] {
    return [...this.#held].flatMap((held) =>
      this.#parts(waiting.filter((key) => key.held === held)).map((keys) => held.wake(keys, isLast)),
    );
  }

  /** What is woken together: no more than a batch holds. */
  #parts(waiting: readonly Pick<WaitingKey, 'key' | 'bytes'>[]): readonly (readonly string[])[] {
    const { batch } = this.#options;
    const parts: string[][] = [];
    let bytes = 0;
    for (const one of waiting) {
      const part = parts.at(-1);
      bytes += one.bytes;
      if (part === undefined || part.length >= batch.count || bytes > batch.bytes) {
        parts.push([one.key]);
        ({ bytes } = one);
      } else part.push(one.key);
    }
    return parts;
  }

  /** Resolves when no partition without an owner has parked work, or `signal` fires. Other processes look after theirs. */
  async #adopted(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.#hasForeign())) await pause(20, signal);
  }

  async #hasForeign(): Promise<boolean> {
    const { transport, group } = this.#options;
    const { state } = transport.transactions;
    const held = new Set([...this.#held].map(({ partition }) => partition));
    if (held.size > 0 && (await this.#hasOthers())) return false;
    for (const { partition } of await transport.describe(topics.entities)) {
      if (held.has(partition)) continue;
      for await (const _ of scanParked(state, { group, partition })) return true;
    }
    return false;
  }

  /** Whether other processes deliver too. */
  async #hasOthers(): Promise<boolean> {
    const { transport, group } = this.#options;
    return (await transport.admin.members(topics.entities, group)) > 1;
  }
}

function allWanted(waiting: readonly Waiting[]): Wanted {
  const refs = new Map(waiting.flatMap(({ wanted }) => wanted.refs.map((ref) => [refKey(ref), ref])));
  return {
    refs: [...refs.values()],
    types: [...new Set(waiting.flatMap(({ wanted }) => wanted.types))],
  };
}
