import { z } from 'zod';
import { parseStored, readStored } from './parse-stored.ts';
import { Inventory } from './producer-inventory.ts';
import { removalRecord } from './raw-record.ts';
import type { StateStore, StateWrite } from './state.ts';
import { topics } from './topics.ts';
import type { NewRecord, Transport } from './transport.ts';

const scanSchema = z.object({
  scanId: z.string(),
  /** When the scan was completed, ISO 8601. */
  at: z.string(),
  incarnation: z.string(),
  /** Objects that were known when it began. */
  known: z.number(),
  /** How many of them it did not find. */
  missing: z.number(),
});
const objectSchema = z.object({ sequence: z.number() });

/** A completed scan whose removals are held back. */
export type HeldScan = z.output<typeof scanSchema>;

/** An object whose removal is held back: its key in the inventory, and its last position there. */
export interface HeldObject {
  readonly key: string;
  readonly sequence: number;
}

const scanPrefix = 'held-removals/';
/** Removals that one transaction emits. */
const batchSize = 500;

/** What the threshold held back of one producer: what its newest completed, error-free scan did not find. */
export class HeldRemovals {
  readonly #state: StateStore;
  readonly #producer: string;

  constructor(state: StateStore, producer: string) {
    this.#state = state;
    this.#producer = producer;
  }

  /** The scan that they come from; undefined where nothing is held back. Rejects with STATE_UNAVAILABLE for one of another version. */
  async scan(): Promise<HeldScan | undefined> {
    return readStored(this.#state, scanSchema, this.#scanKey());
  }

  /** Every object, in the order of keys. */
  async objects(): Promise<readonly HeldObject[]> {
    const held: HeldObject[] = [];
    const prefix = this.#objectKey('');
    for await (const { key, value } of this.#state.scan(prefix)) {
      held.push({ key: key.slice(prefix.length), ...parseStored(objectSchema, key, value) });
    }
    return held;
  }

  /** Keeps what a scan did not find, in the place of what an earlier one did not. */
  async keep(scan: HeldScan, missing: readonly HeldObject[]): Promise<void> {
    const stay = new Set(missing.map(({ key }) => key));
    const gone = (await this.objects()).filter(({ key }) => !stay.has(key));
    await this.#state.write([
      { key: this.#scanKey(), value: scan },
      ...missing.map(({ key, sequence }) => ({ key: this.#objectKey(key), value: { sequence } })),
      ...gone.map(({ key }) => this.forgetting(key)),
    ]);
  }

  /** Forgets what is held back, also where it cannot be read; resolves with how many objects that were. */
  async clear(): Promise<number> {
    if ((await this.#state.get(this.#scanKey())) === undefined) return 0;
    const writes = [this.clearing()];
    for await (const { key } of this.#state.scan(this.#objectKey(''))) writes.push({ key, value: undefined });
    await this.#state.write(writes);
    return writes.length - 1;
  }

  /** Objects that were found again, without a whole scan; when none is left, nothing is held back any more. */
  async found(keys: ReadonlySet<string>): Promise<void> {
    const scan = await this.scan();
    if (scan === undefined) return;
    const objects = await this.objects();
    const back = objects.filter(({ key }) => keys.has(key)).map(({ key }) => this.forgetting(key));
    if (back.length === 0) return;
    const missing = objects.length - back.length;
    await this.#state.write([
      ...back,
      missing === 0 ? this.clearing() : { key: this.#scanKey(), value: { ...scan, missing } },
    ]);
  }

  /** The write that forgets one object. */
  forgetting(key: string): StateWrite {
    return { key: this.#objectKey(key), value: undefined };
  }

  /** The write that forgets the scan, after its objects. */
  clearing(): StateWrite {
    return { key: this.#scanKey(), value: undefined };
  }

  #scanKey(): string {
    return scanPrefix + encodeURIComponent(this.#producer);
  }

  #objectKey(key: string): string {
    return `held-objects/${encodeURIComponent(this.#producer)}/${key}`;
  }
}

/** Names of the producers of which something is held back. */
export async function heldProducers(state: StateStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { key } of state.scan(scanPrefix))
    names.push(decodeURIComponent(key.slice(scanPrefix.length)));
  return names;
}

/** Where removals go, and where what producers keep is. */
export interface RemovalPlaces {
  readonly transport: Pick<Transport, 'append' | 'transactions'>;
  /** @default with the transport */
  readonly store?: StateStore | undefined;
}

/**
 * Emits the removals that are held back of a producer, takes their objects out of its inventory and raises its floor; where the state is with the transport, all in one
 * transaction for each batch, else the events first: after a crash between the two they are emitted once more. What has been published anew since the scan is not removed. A runner of the producer sees
 * that its inventory was changed, and reads it again. Resolves with the keys of what was removed.
 */
export async function approveRemovals(
  { transport, store }: RemovalPlaces,
  producer: string,
  now: Date,
): Promise<readonly string[]> {
  const state = store ?? transport.transactions.state;
  const held = new HeldRemovals(state, producer);
  const inventory = new Inventory(state, producer);
  const scan = await held.scan();
  if (scan === undefined) return [];
  const removed: string[] = [];
  let floor = await inventory.floor();
  const objects = await held.objects();
  for (let at = 0; at < objects.length; at += batchSize) {
    const records: NewRecord[] = [];
    const writes: StateWrite[] = [];
    for (const { key, sequence } of objects.slice(at, at + batchSize)) {
      writes.push(held.forgetting(key));
      if ((await inventory.entry(key))?.sequence !== sequence) continue;
      const position = { incarnation: scan.incarnation, sequence: sequence + 1 };
      records.push(removalRecord({ producer, now }, key, position));
      writes.push(inventory.write(key, undefined));
      floor = Math.max(floor, sequence + 2);
      removed.push(key);
    }
    const decisions = inventory.decisionsWrite((await inventory.decisions()) + 1);
    await emit({ transport, store }, records, [...writes, inventory.floorWrite(floor), decisions]);
  }
  await state.write([held.clearing()]);
  return removed;
}

async function emit(
  { transport, store }: RemovalPlaces,
  records: readonly NewRecord[],
  state: readonly StateWrite[],
): Promise<void> {
  if (store === undefined) {
    await transport.transactions.run({ appends: [{ topic: topics.raw, records }], state, commits: [] });
    return;
  }
  if (records.length > 0) await transport.append(topics.raw, records);
  await store.write(state);
}
