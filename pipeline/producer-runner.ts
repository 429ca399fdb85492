import { encodeEvent } from '../schemas/codec.ts';
import { toHeaders } from '../schemas/cloud-events.ts';
import type { DeadLetter, EventType, EventTypes } from '../schemas/types.ts';
import { hashOf } from './content-hash.ts';
import { appendDeadLetters } from './delivery/dead-letters.ts';
import { toStreamError } from './errors.ts';
import type { FoundObject, PartialChange, Producer, Rejection } from './producer.ts';
import { RunnerMemory } from './producer-memory.ts';
import { faultHash, rejectionLetter } from './producer-rejections.ts';
import { type Entry, entrySchema, Scan } from './producer-scan.ts';
import type { Json, StateStore, StateWrite } from './state.ts';
import type { Telemetry } from './telemetry.ts';
import { topics } from './topics.ts';
import type { NewRecord, Transport } from './transport.ts';

/** What a producer runs with. */
export interface ProducerRunOptions {
  readonly name: string;
  readonly producer: Producer;
  readonly transport: Transport;
  readonly state: StateStore;
  readonly telemetry: Telemetry;
  readonly now: () => Date;
  /** Share of the known objects that one scan may report as removed; more is held back. @default 0.2 */
  readonly removalThreshold?: number;
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
  /** Faults that the last scan reported, by hash. */
  #reported: ReadonlySet<string> = new Set();
  #inventory: Map<string, Entry> | undefined;
  /** Positions of new objects begin here: above every removal, so that an object that comes back is not older than its removal. */
  #floor = 0;
  #scans = 0;
  /** The life of the source that the last scan read whole; undefined before the first, and after one that failed. */
  #incarnation: string | undefined;

  constructor(options: ProducerRunOptions) {
    this.#options = options;
  }

  /**
   * Reads the source once. `all` publishes every object, otherwise only what differs from the inventory. Rejects with the
   * producer's StreamError; what was published before stands, and nothing is removed.
   */
  async scan(signal: AbortSignal, all: boolean): Promise<void> {
    try {
      await this.#scan(signal, all);
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
    } catch (thrown) {
      this.#inventory = undefined;
      throw thrown;
    }
  }

  /** How far the source was read by the changes that were taken, in this run or an earlier one. */
  mark(): Promise<Json | undefined> {
    return this.#options.state.get(markKey(this.#options.name));
  }

  async #scan(signal: AbortSignal, all: boolean): Promise<void> {
    const { name, telemetry, producer } = this.#options;
    telemetry.emit('scanStarted', { producer: name });
    this.#incarnation = undefined;
    const inventory = await this.#load();
    const incarnation = await producer.incarnation();
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
    const removed = rejections.length === 0 ? await this.#removeMissing(scan) : 0;
    const objects = scan.seen.size;
    const completed = { producer: name, scanId, position, objects, rejected: rejections.length, removed };
    await this.#publish([this.#record('scan-completed', 'scan', completed)], []);
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
    });
    const rejections: Rejection[] = [];
    await this.#take(change.found, scan, (rejection) => rejections.push(rejection));
    signal.throwIfAborted();
    await this.#deadLetter(rejections, this.#reported);
    const removed = await this.#remove(scan, scan.goneOf(change.looked));
    await state.write([{ key: markKey(name), value: change.mark }]);
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
    for await (const object of found) {
      try {
        scan.add(object, (type, value) => this.#record(type, `${type}/${object.objectId}`, value), name);
      } catch (thrown) {
        const { objectId } = object;
        reject({ objectId, error: toStreamError(thrown, 'EVENT_INVALID', objectId) });
      }
      if (scan.records.length >= publishBatch)
        await this.#publish(scan.records.splice(0), scan.writes.splice(0));
    }
    await this.#publish(scan.records.splice(0), scan.writes.splice(0));
  }

  async #load(): Promise<Map<string, Entry>> {
    if (this.#inventory !== undefined) return this.#inventory;
    const inventory = new Map<string, Entry>();
    const prefix = inventoryKey(this.#options.name, '');
    for await (const { key, value } of this.#options.state.scan(prefix)) {
      inventory.set(key.slice(prefix.length), entrySchema.parse(value));
    }
    const floor = await this.#options.state.get(floorKey(this.#options.name));
    this.#floor = typeof floor === 'number' ? floor : 0;
    this.#inventory = inventory;
    return inventory;
  }

  /** Appends events first and remembers them after: a crash between the two publishes again, and loses nothing. */
  async #publish(records: readonly NewRecord[], writes: readonly StateWrite[]): Promise<void> {
    if (records.length > 0) await this.#options.transport.append(topics.raw, records);
    const prefixed = writes.map(({ key, value }) => ({ key: inventoryKey(this.#options.name, key), value }));
    if (prefixed.length > 0) await this.#options.state.write(prefixed);
  }

  /** Removes what a completed scan did not find, unless it is too much at once. Resolves with how many objects were removed. */
  async #removeMissing(scan: Scan): Promise<number> {
    const { name, telemetry } = this.#options;
    const threshold = this.#options.removalThreshold ?? 0.2;
    const missing = [...scan.inventory].filter(([key]) => !scan.seen.has(key));
    if (missing.length > scan.knownBefore * threshold) {
      telemetry.emit('removalsHeldBack', {
        producer: name,
        missing: missing.length,
        known: scan.knownBefore,
      });
      return 0;
    }
    return this.#remove(scan, missing);
  }

  async #remove(
    { incarnation, inventory }: Scan,
    missing: readonly (readonly [key: string, entry: Entry])[],
  ): Promise<number> {
    const { name } = this.#options;
    if (missing.length === 0) return 0;
    // First as changed, then as gone: what comes back after a crash between the two is published, above its removal.
    const going = missing.map(([key, { sequence, ref }]) => ({
      key,
      value: { incarnation, sequence: sequence + 1, hash: '', ...(ref === undefined ? {} : { ref }) },
    }));
    await this.#publish([], going);
    const records = going.map(({ key, value: { sequence } }) => {
      const [removedType, objectId] = splitKey(key);
      const position = { incarnation, sequence };
      return this.#record('removal', `${removedType}/${objectId}`, {
        producer: name,
        objectId,
        position,
        removedType,
      });
    });
    await this.#publish(records, []);
    this.#floor = going.reduce((floor, { value }) => Math.max(floor, value.sequence + 1), this.#floor);
    await this.#options.state.write([
      ...going.map(({ key }) => ({ key: inventoryKey(name, key), value: undefined })),
      { key: floorKey(name), value: this.#floor },
    ]);
    for (const { key } of going) inventory.delete(key);
    return going.length;
  }

  /** The same fault of the same object is reported once, for as long as scan after scan finds it; `kept` are faults that still stand. */
  async #deadLetter(rejections: readonly Rejection[], kept: ReadonlySet<string> = new Set()): Promise<void> {
    const { name, transport, telemetry, now } = this.#options;
    const faults = new Map(rejections.map((rejection) => [faultHash(rejection), rejection]));
    const letters = [...faults]
      .filter(([hash]) => !this.#reported.has(hash))
      .map(([, rejection]): DeadLetter => rejectionLetter(name, rejection, now()));
    await appendDeadLetters(transport, letters);
    this.#reported = new Set([...kept, ...faults.keys()]);
    for (const { id, code, message } of letters) {
      telemetry.emit('deadLettered', { stage: 'produce', producer: name, code, message, id });
    }
  }

  #record<T extends EventType>(type: T, key: string, value: EventTypes[T]): NewRecord {
    const { name, now } = this.#options;
    const encoded = encodeEvent(type, value);
    const id = hashOf(name, key, encoded).slice(0, 32);
    return {
      key: `${name}/${key}`,
      value: encoded,
      headers: toHeaders({
        id,
        source: `/producers/${name}`,
        type: `io.purviewstreams.${type}`,
        subject: key,
        time: now().toISOString(),
        dataschema: `${type}.v1`,
        traceparent: `00-${id}-${id.slice(0, 16)}-01`,
      }),
    };
  }
}

function inventoryKey(producer: string, key: string): string {
  return `inventory/${encodeURIComponent(producer)}/${key}`;
}

function floorKey(producer: string): string {
  return `inventory-floor/${encodeURIComponent(producer)}`;
}

function markKey(producer: string): string {
  return `changes-mark/${encodeURIComponent(producer)}`;
}

function splitKey(key: string): readonly [string, string] {
  const at = key.indexOf('\n');
  return [key.slice(0, at), key.slice(at + 1)];
}
