import type { DeadLetter, EventType, EventTypes } from '../schemas/types.ts';
import { appendDeadLetters } from './delivery/dead-letters.ts';
import { lastScanWrite, markKey } from './last-scan.ts';
import { HeldRemovals } from './held-removals.ts';
import type { FoundObject, PartialChange, Producer, Rejection } from './producer.ts';
import { Inventory } from './producer-inventory.ts';
import { incarnationOf } from './producer-life.ts';
import { RunnerMemory } from './producer-memory.ts';
import { FormerNames } from './producer-names.ts';
import { faultHash, rejectionLetter, type ReportedFaults } from './producer-rejections.ts';
import { type Entry, inChunks, Scan } from './producer-scan.ts';
import { publishFound, unfit } from './publish-found.ts';
import { rawRecord, removalRecord } from './raw-record.ts';
import type { Json, StateStore, StateWrite } from './state.ts';
import type { Telemetry } from './telemetry.ts';
import { topics } from './topics.ts';
import type { NewRecord, Transport } from './transport.ts';

/** What a producer runs with. */
export interface ProducerRunOptions {
  readonly name: string;
  readonly producer: Producer;
  readonly transport: Pick<Transport, 'append'>;
  readonly state: StateStore;
  readonly telemetry: Telemetry;
  readonly now: () => Date;
  /** Share of the known objects that one scan may report as removed; more is held back. @default 0.2 */
  readonly removalThreshold?: number;
  /** Whether the state lives beside the topics, so that it may be lost or set back without them. @default false */
  readonly isBeside?: boolean;
  /** Faults that earlier runners of this process have reported. @default none */
  readonly reported?: ReportedFaults;
}

/** Records appended in one call. */
const publishBatch = 200;

/**
 * Runs one producer: scans its source, gives every object a position that grows with its changes, publishes raw events
 * with scan boundaries, and derives removals from completed, error-free scans only (invariant 9). The inventory in the
 * state store survives restarts.
 */
export class ProducerRunner {
  readonly #options: ProducerRunOptions;
  readonly #reported: ReportedFaults;
  readonly #stored: Inventory;
  readonly #held: HeldRemovals;
  readonly #names: FormerNames;
  #inventory: Map<string, Entry> | undefined;
  /** Decisions about removals that the inventory has in it, see {@link Inventory.decisions}. */
  #decisions = 0;
  /** Positions of new objects begin here: above every removal, so that an object that comes back is not older than its removal. */
  #floor = 0;
  #scans = 0;
  /** The life of the source that the last scan read whole; undefined before the first, and after one that failed. */
  #incarnation: string | undefined;

  constructor(options: ProducerRunOptions) {
    this.#options = options;
    this.#reported = options.reported ?? { hashes: new Set() };
    this.#stored = new Inventory(options.state, options.name);
    this.#held = new HeldRemovals(options.state, options.name);
    this.#names = new FormerNames(options.state, options.name);
  }

  /**
   * Reads the source once, and once more where removals were approved meanwhile: what of them it had found is published then. `all` publishes every object, otherwise only what differs from the inventory. Rejects with the
   * producer's StreamError; what was published before stands, and nothing is removed.
   */
  async scan(signal: AbortSignal, all: boolean): Promise<void> {
    try {
      await this.#scan(signal, all);
      while (await this.#isOutdated()) await this.#scan(signal, true);
    } catch (thrown) {
      this.#inventory = undefined; // what was not published must not count as known
      throw thrown;
    }
  }

  /**
   * Takes what the source says has changed: publishes what differs, removes what was renamed or dropped, and keeps the mark. A change
   * without a scan before it in this process is taken after one. Rejects as {@link scan}; the change then has to be told again.
   */
  async apply(change: PartialChange, signal: AbortSignal): Promise<void> {
    if (this.#incarnation === undefined) await this.scan(signal, false);
    try {
      await this.#apply(change, signal);
      while (await this.#isOutdated()) await this.#scan(signal, true);
    } catch (thrown) {
      this.#inventory = undefined;
      throw thrown;
    }
  }

  /** How far the source was read by the changes that were taken, in this run or an earlier one. */
  mark(): Promise<Json | undefined> {
    return this.#options.state.get(markKey(this.#options.name));
  }

  /** Whether the last scan came to its end; false before the first. */
  get hasRead(): boolean {
    return this.#incarnation !== undefined;
  }

  async #scan(signal: AbortSignal, all: boolean): Promise<void> {
    const { name, telemetry, producer } = this.#options;
    telemetry.emit('scanStarted', { producer: name });
    this.#incarnation = undefined;
    const inventory = await this.#load();
    const { state, isBeside = false } = this.#options;
    const incarnation = await incarnationOf({ state, name, isBeside }, await producer.incarnation());
    const scan = new Scan({ incarnation, inventory, all, floor: this.#floor });
    this.#scans += 1;
    const scanId = `${this.#options.now().toISOString()}/${this.#scans}`;
    const position = { incarnation: scan.incarnation, sequence: this.#scans };
    await this.#publish([this.#record('scan-started', 'scan', { producer: name, scanId, position })], []);
    const rejections: Rejection[] = [];
    const memory = new RunnerMemory(this.#options.state, name);
    const reject = (rejection: Rejection): void => void rejections.push(rejection);
    await this.#take(producer.scan({ signal, memory, reject }), scan, reject);
    signal.throwIfAborted();
    await this.#deadLetter(rejections);
    await memory.write();
    const isWhole = producer.tellsOnly !== true && rejections.length === 0 && !(await this.#isOutdated());
    const removed = isWhole ? await this.#removeMissing(scan, scanId) : 0;
    if (rejections.length > 0) this.#tellUnknown(scan, rejections.length);
    const objects = scan.seen.size;
    const completed = { producer: name, scanId, position, objects, rejected: rejections.length, removed };
    await this.#publish([this.#record('scan-completed', 'scan', completed)], []);
    const at = this.#options.now().getTime();
    await this.#options.state.write([
      lastScanWrite(name, { at, objects, rejected: rejections.length, removed }),
    ]);
    this.#incarnation = incarnation;
    telemetry.emit('scanCompleted', {
      producer: name,
      objects,
      published: scan.published,
      rejected: rejections.length,
      removed,
    });
  }

  async #apply(change: PartialChange, signal: AbortSignal): Promise<void> {
    const { name, telemetry, state } = this.#options;
    const inventory = await this.#load();
    const scan = new Scan({
      incarnation: this.#incarnation ?? '',
      inventory,
      all: false,
      floor: this.#floor,
      renamed: change.renamed,
    });
    const rejections: Rejection[] = [...(change.rejected ?? [])];
    await this.#take(change.found, scan, (rejection) => rejections.push(rejection));
    signal.throwIfAborted();
    await this.#deadLetter(rejections, this.#reported.hashes);
    await this.#held.found(scan.seen);
    const removed = await this.#remove(scan, scan.goneOf(change.looked));
    const read = {
      at: this.#options.now().getTime(),
      objects: scan.seen.size,
      rejected: rejections.length,
      removed,
    };
    await state.write([{ key: markKey(name), value: change.mark }, lastScanWrite(name, read)]);
    telemetry.emit('changeCompleted', {
      producer: name,
      objects: scan.seen.size,
      published: scan.published,
      rejected: rejections.length,
      removed,
    });
  }

  /** Publishes what is found, in batches. What does not fit its schema is rejected alone. */
  async #take(
    found: AsyncIterable<FoundObject>,
    scan: Scan,
    reject: (rejection: Rejection) => void,
  ): Promise<void> {
    const { name } = this.#options;
    for await (const some of inChunks(found, publishBatch)) {
      scan.expect(some);
      for (const object of some) {
        const names = await this.#names.of(object, scan);
        try {
          const record = <T extends EventType>(type: T, value: EventTypes[T]): NewRecord =>
            this.#record(type, `${type}/${object.objectId}`, value);
          scan.add(object, record, name, names && { formerly: names.formerly, writes: [names.write] });
        } catch (thrown) {
          reject(unfit(object, thrown));
        }
      }
      await publishFound(scan, (...what) => this.#publish(...what), reject);
    }
  }

  async #load(): Promise<Map<string, Entry>> {
    if (this.#inventory !== undefined && !(await this.#isOutdated())) return this.#inventory;
    this.#decisions = await this.#stored.decisions();
    this.#floor = await this.#stored.floor();
    this.#inventory = await this.#stored.entries();
    return this.#inventory;
  }

  async #isOutdated(): Promise<boolean> {
    return (await this.#stored.decisions()) !== this.#decisions;
  }

  /** Appends events first and remembers them after: a crash between the two publishes again, and loses nothing. */
  async #publish(
    records: readonly NewRecord[],
    writes: readonly StateWrite[],
    names: readonly StateWrite[] = [],
  ): Promise<void> {
    if (records.length > 0) await this.#options.transport.append(topics.raw, records);
    const entries = [...writes.map(({ key, value }) => this.#stored.write(key, value)), ...names];
    if (entries.length > 0) await this.#options.state.write(entries);
  }

  /** Removes what a completed scan did not find, unless it is too much at once. Resolves with how many objects were removed. */
  async #removeMissing(scan: Scan, scanId: string): Promise<number> {
    const { name, telemetry, now } = this.#options;
    const threshold = this.#options.removalThreshold ?? 0.2;
    const { incarnation, knownBefore: known } = scan;
    const missing = scan.missing().filter(([key, entry]) => scan.foundUnder(key, entry) === undefined);
    // The source itself says that they are there: no threshold holds back their old names.
    const renamed = scan.missing().filter(([key, entry]) => scan.foundUnder(key, entry) !== undefined);
    if (missing.length > known * threshold) {
      await this.#held.keep(
        { scanId, at: now().toISOString(), incarnation, known, missing: missing.length },
        missing.map(([key, { sequence }]) => ({ key, sequence })),
      );
      telemetry.emit('removalsHeldBack', { producer: name, missing: missing.length, known });
      return this.#remove(scan, renamed);
    }
    await this.#held.clear();
    return this.#remove(scan, [...missing, ...renamed]);
  }

  /** What is missing may be what could not be read: says that nothing of it is removed. */
  #tellUnknown(scan: Scan, rejected: number): void {
    const { name: producer, telemetry } = this.#options;
    const missing = scan.missing().length;
    if (missing > 0) {
      telemetry.emit('removalsUnknown', { producer, missing, known: scan.knownBefore, rejected });
    }
  }

  async #remove(scan: Scan, missing: readonly (readonly [key: string, entry: Entry])[]): Promise<number> {
    const { name, now } = this.#options;
    const { incarnation, inventory } = scan;
    if (missing.length === 0) return 0;
    // First as changed, then as gone: what comes back after a crash between the two is published, above its removal.
    const going = missing.map(([key, { sequence, ref }]) => ({
      key,
      value: { incarnation, sequence: sequence + 1, hash: '', ...(ref === undefined ? {} : { ref }) },
    }));
    await this.#publish([], going);
    const records: NewRecord[] = [];
    for (const { key, value } of going) {
      const becomes = await this.#names.path(scan.foundUnder(key, value));
      const position = { incarnation, sequence: value.sequence };
      records.push(removalRecord({ producer: name, now: now() }, key, position, becomes));
    }
    await this.#publish(records, []);
    this.#floor = going.reduce((floor, { value }) => Math.max(floor, value.sequence + 1), this.#floor);
    await this.#options.state.write([
      ...going.flatMap(({ key, value: { ref } }) => [
        this.#stored.write(key, undefined),
        ...(ref === undefined ? [] : [this.#names.forget(key)]),
      ]),
      this.#stored.floorWrite(this.#floor),
    ]);
    for (const { key } of going) inventory.delete(key);
    return going.length;
  }

  /** The same fault of the same object is reported once, for as long as scan after scan finds it; `kept` are faults that still stand. */
  async #deadLetter(rejections: readonly Rejection[], kept: ReadonlySet<string> = new Set()): Promise<void> {
    const { name, transport, telemetry, now } = this.#options;
    const faults = new Map(rejections.map((rejection) => [faultHash(rejection), rejection]));
    const letters = [...faults]
      .filter(([hash]) => !this.#reported.hashes.has(hash))
      .map(([, rejection]): DeadLetter => rejectionLetter(name, rejection, now()));
    await appendDeadLetters(transport, letters);
    this.#reported.hashes = new Set([...kept, ...faults.keys()]);
    for (const { id, code, message } of letters) {
      telemetry.emit('deadLettered', { stage: 'produce', producer: name, code, message, id });
    }
  }

  #record<T extends EventType>(type: T, key: string, value: EventTypes[T]): NewRecord {
    const { name, now } = this.#options;
    return rawRecord({ producer: name, now: now() }, type, key, value);
  }
}
