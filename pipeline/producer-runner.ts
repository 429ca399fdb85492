import { createHash } from 'node:crypto';
import { z } from 'zod';
import { encodeEvent } from '../schemas/codec.ts';
import { toHeaders } from '../schemas/cloud-events.ts';
import type { DeadLetter, EventType, EventTypes } from '../schemas/types.ts';
import { appendDeadLetters } from './delivery/dead-letters.ts';
import { canonicalJson } from './canonical-json.ts';
import { toStreamError } from './errors.ts';
import type { FoundObject, Producer, Rejection } from './producer.ts';
import type { StateStore, StateWrite } from './state.ts';
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

const entrySchema = z.object({ incarnation: z.string(), sequence: z.number(), hash: z.string() });
/** What the inventory keeps of an object. */
type Entry = z.output<typeof entrySchema>;

/** Records appended in one call. */
const publishBatch = 200;

/**
 * Runs one producer: scans its source, gives every object a position that grows with its changes, publishes raw events
 * with scan boundaries, and derives removals from completed, error-free scans only (invariant 9). The inventory in the
 * state store survives restarts.
 */
export class ProducerRunner {
  readonly #options: ProducerRunOptions;
  readonly #rejected = new Map<string, string>();
  #inventory: Map<string, Entry> | undefined;
  #scans = 0;

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

  async #scan(signal: AbortSignal, all: boolean): Promise<void> {
    const { name, telemetry, producer } = this.#options;
    telemetry.emit('scanStarted', { producer: name });
    const inventory = await this.#load();
    const scan = new Scan(await producer.incarnation(), inventory, all);
    this.#scans += 1;
    const scanId = `${this.#options.now().toISOString()}/${this.#scans}`;
    const position = { incarnation: scan.incarnation, sequence: this.#scans };
    await this.#publish([this.#record('scan-started', 'scan', { producer: name, scanId, position })], []);
    const rejections: Rejection[] = [];
    for await (const found of producer.scan({ signal, reject: (rejection) => rejections.push(rejection) })) {
      try {
        scan.add(found, (type, value) => this.#record(type, `${type}/${found.objectId}`, value), name);
      } catch (thrown) {
        rejections.push({
          objectId: found.objectId,
          error: toStreamError(thrown, 'EVENT_INVALID', found.objectId),
        });
      }
      if (scan.records.length >= publishBatch)
        await this.#publish(scan.records.splice(0), scan.writes.splice(0));
    }
    signal.throwIfAborted();
    await this.#publish(scan.records.splice(0), scan.writes.splice(0));
    await this.#deadLetter(rejections);
    const removed = rejections.length === 0 ? await this.#remove(scan) : 0;
    const objects = scan.seen.size;
    const completed = { producer: name, scanId, position, objects, rejected: rejections.length, removed };
    await this.#publish([this.#record('scan-completed', 'scan', completed)], []);
    telemetry.emit('scanCompleted', {
      producer: name,
      objects,
      published: scan.published,
      rejected: rejections.length,
      removed,
    });
  }

  async #load(): Promise<Map<string, Entry>> {
    if (this.#inventory !== undefined) return this.#inventory;
    const inventory = new Map<string, Entry>();
    const prefix = inventoryKey(this.#options.name, '');
    for await (const { key, value } of this.#options.state.scan(prefix)) {
      inventory.set(key.slice(prefix.length), entrySchema.parse(value));
    }
    this.#inventory = inventory;
    return inventory;
  }

  /** Appends events first and remembers them after: a crash between the two publishes again, and loses nothing. */
  async #publish(records: readonly NewRecord[], writes: readonly StateWrite[]): Promise<void> {
    if (records.length > 0) await this.#options.transport.append(topics.raw, records);
    const prefixed = writes.map(({ key, value }) => ({ key: inventoryKey(this.#options.name, key), value }));
    if (prefixed.length > 0) await this.#options.state.write(prefixed);
  }

  async #remove(scan: Scan): Promise<number> {
    const { name, telemetry } = this.#options;
    const threshold = this.#options.removalThreshold ?? 0.2;
    const inventory = scan.inventory;
    const missing = [...inventory].filter(([key]) => !scan.seen.has(key));
    if (missing.length === 0) return 0;
    if (missing.length > inventory.size * threshold) {
      telemetry.emit('removalsHeldBack', { producer: name, missing: missing.length, known: inventory.size });
      return 0;
    }
    const records = missing.map(([key, entry]) => {
      const [removedType, objectId] = splitKey(key);
      const position = { incarnation: scan.incarnation, sequence: entry.sequence + 1 };
      return this.#record('removal', `${removedType}/${objectId}`, {
        producer: name,
        objectId,
        position,
        removedType,
      });
    });
    for (const [key] of missing) inventory.delete(key);
    await this.#publish(
      records,
      missing.map(([key]) => ({ key, value: undefined })),
    );
    return missing.length;
  }

  /** The same fault of the same object is reported once, however often the source is scanned. */
  async #deadLetter(rejections: readonly Rejection[]): Promise<void> {
    const { name, transport, telemetry, now } = this.#options;
    const fresh = rejections.filter(({ objectId, error, bytes }) => {
      const hash = hashOf(error.code, error.message, bytes ?? '');
      const known = this.#rejected.get(objectId) === hash;
      this.#rejected.set(objectId, hash);
      return !known;
    });
    const letters = fresh.map((rejection): DeadLetter => rejectionLetter(name, rejection, now()));
    await appendDeadLetters(transport, letters);
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

/** What one scan has seen so far. */
class Scan {
  readonly seen = new Set<string>();
  readonly records: NewRecord[] = [];
  readonly writes: StateWrite[] = [];
  readonly incarnation: string;
  readonly inventory: Map<string, Entry>;
  readonly #all: boolean;
  published = 0;

  constructor(incarnation: string, inventory: Map<string, Entry>, all: boolean) {
    this.incarnation = incarnation;
    this.inventory = inventory;
    this.#all = all;
  }

  /** Takes up one object: publishes it when it is new or changed, with a position above its last one. */
  add(
    found: FoundObject,
    record: <T extends EventType>(type: T, value: EventTypes[T]) => NewRecord,
    producer: string,
  ): void {
    const key = `${found.type}\n${found.objectId}`;
    this.seen.add(key);
    const hash = hashOf(canonicalJson(found.value));
    const known = this.inventory.get(key);
    const same = known?.incarnation === this.incarnation && known.hash === hash;
    const sequence = same ? known.sequence : Math.max(found.sequence ?? 0, (known?.sequence ?? -1) + 1);
    if (same && !this.#all) return;
    const position = { incarnation: this.incarnation, sequence };
    this.records.push(objectRecord(found, { producer, objectId: found.objectId, position }, record));
    this.published += 1;
    if (same) return;
    const entry = { incarnation: this.incarnation, sequence, hash };
    this.inventory.set(key, entry);
    this.writes.push({ key, value: entry });
  }
}

function objectRecord(
  found: FoundObject,
  added: {
    readonly producer: string;
    readonly objectId: string;
    readonly position: { readonly incarnation: string; readonly sequence: number };
  },
  record: <T extends EventType>(type: T, value: EventTypes[T]) => NewRecord,
): NewRecord {
  switch (found.type) {
    case 'database-object':
      return record(found.type, { ...found.value, ...added });
    case 'routine':
      return record(found.type, { ...found.value, ...added });
    case 'job':
      return record(found.type, { ...found.value, ...added });
    case 'job-file':
      return record(found.type, { ...found.value, ...added });
  }
}

function inventoryKey(producer: string, key: string): string {
  return `inventory/${encodeURIComponent(producer)}/${key}`;
}

function splitKey(key: string): readonly [string, string] {
  const at = key.indexOf('\n');
  return [key.slice(0, at), key.slice(at + 1)];
}

function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

function rejectionLetter(producer: string, { objectId, error, bytes }: Rejection, now: Date): DeadLetter {
  return {
    id: `${producer}-${objectId}`,
    stage: 'PRODUCE',
    code: error.code,
    message: error.message,
    time: now.toISOString(),
    attempts: 1,
    topic: null,
    partition: null,
    offset: null,
    producer,
    key: objectId,
    headers: {},
    value: bytes === undefined ? null : Buffer.from(bytes),
  };
}
