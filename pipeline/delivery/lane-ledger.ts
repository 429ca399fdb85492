import type { DeadLetter, EntityRef } from '../../schemas/types.ts';
import { refKey } from '../derive/keys.ts';
import type { StreamError } from '../errors.ts';
import type { Outcome, Wanted } from '../sink.ts';
import type { Telemetry } from '../telemetry.ts';
import type { NewRecord, StoredRecord } from '../transport.ts';
import { codeOf, deadLetterOf } from './dead-letters.ts';
import { type LaneItem, laneItem } from './lane-item.ts';
import { type ParkedEntry, recordOf } from './parked-entry.ts';
import type { ParkedPartition } from './parked-partition.ts';
import { placeholderRecord } from './placeholder.ts';
import type { SettledWork } from './settler.ts';

/** What becomes of a change whose referent does not come. */
export type MissingReferentPolicy = 'placeholder' | 'dead-letter';

/** What a {@link LaneLedger} works with. */
export interface LedgerOptions {
  readonly parked: ParkedPartition;
  readonly telemetry: Telemetry;
  readonly missingReferent: MissingReferentPolicy;
  readonly canPlace: (typeName: string) => boolean;
  readonly now: () => Date;
  /** Since when the partition is ours, in milliseconds since 1970: what was parked before that may have been tried by a process that died. */
  readonly heldSince: number;
}

/** What the outcomes of one attempt come to. */
export interface Posting {
  readonly work: SettledWork;
  /** To be tried again at once, with why. */
  readonly again: readonly LaneItem[];
  readonly reason: StreamError | undefined;
  /** What the catalogue has now, or has no more: what waits for it is to be looked at again. */
  readonly delivered: readonly EntityRef[];
  /** Takes note that the work is durable, and says so. */
  readonly done: () => void;
}

type Missing = Extract<Outcome, { readonly kind: 'missing' }>;
type Final = Exclude<Outcome, { readonly kind: 'missing' | 'retry' }>;

interface WaitingItem {
  readonly item: LaneItem;
  readonly outcome: Missing;
}

/** Keeps account of one batch, together with what is parked of its keys. */
export class LaneLedger {
  readonly #options: LedgerOptions;
  /** What is parked of the keys, as it is in the state. */
  readonly #durable: Map<string, ParkedEntry>;
  readonly #isLast: boolean;
  /** Parked keys that got what they wait for, or have asked for a placeholder. */
  moved = 0;

  /** @param isLast whether what is parked has waited for long enough */
  constructor(entries: ReadonlyMap<string, ParkedEntry>, isLast: boolean, options: LedgerOptions) {
    this.#durable = new Map(entries);
    this.#isLast = isLast;
    this.#options = options;
  }

  /** What is parked of the keys, but for what came again in `items`. */
  woken(items: readonly LaneItem[], at: Pick<StoredRecord, 'topic' | 'partition'>): readonly LaneItem[] {
    const fresh = new Set(items.map(({ record }) => record.offset));
    return [...this.#durable.values()].flatMap((entry) =>
      entry.items
        .filter(({ offset }) => !fresh.has(offset))
        .map((item) => {
          const record = recordOf(item, { ...at, key: entry.key });
          const read = laneItem(record, record.value ?? Buffer.alloc(0));
          return { ...read, wasParked: true, isUncertain: item.parkedAt <= this.#options.heldSince };
        }),
    );
  }

  /** Sorts the outcomes of an attempt. Nothing counts before {@link Posting.done} is called. */
  post(items: readonly LaneItem[], outcomes: readonly Outcome[]): Posting {
    const page = new Page(this.#options, this.#durable);
    const missing = new Map<string, WaitingItem[]>();
    const again: LaneItem[] = [];
    let reason: StreamError | undefined;
    for (const [index, item] of items.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) continue;
      if (outcome.kind === 'retry') {
        again.push(item);
        reason = outcome.error;
      } else if (outcome.kind === 'missing') {
        const { key } = item.record;
        missing.set(key, [...(missing.get(key) ?? []), { item, outcome }]);
      } else page.finish(item, outcome);
    }
    for (const [key, waiting] of missing) page.wait(key, waiting, this.#isLast);
    const done = (): void => {
      for (const [key, entry] of page.changed) {
        this.#options.parked.written(this.#durable.get(key), entry);
        if (entry.items.length === 0) this.#durable.delete(key);
        else this.#durable.set(key, entry);
      }
      this.moved += page.moved;
      for (const say of page.sayings) say();
    };
    return { work: page.work(), again, reason, delivered: page.delivered, done };
  }
}

/** What one attempt changes. */
class Page {
  readonly changed = new Map<string, ParkedEntry>();
  readonly delivered: EntityRef[] = [];
  readonly sayings: (() => void)[] = [];
  moved = 0;
  readonly #options: LedgerOptions;
  readonly #durable: ReadonlyMap<string, ParkedEntry>;
  readonly #records: SettledWork['records'][number][] = [];
  readonly #letters: DeadLetter[] = [];
  readonly #changes: NewRecord[] = [];

  constructor(options: LedgerOptions, durable: ReadonlyMap<string, ParkedEntry>) {
    this.#options = options;
    this.#durable = durable;
  }

  work(): SettledWork {
    const { parked } = this.#options;
    return {
      records: this.#records,
      letters: this.#letters,
      changes: this.#changes,
      state: [...this.changed.values()].map((entry) => parked.write(entry)),
    };
  }

  /** A change that needs no other attempt. */
  finish(item: LaneItem, outcome: Final): void {
    const { change } = item;
    if (outcome.kind === 'rejected') return this.#bury(item, outcome.error);
    if (outcome.kind !== 'superseded') {
      const { producer, operation, entities } = change;
      this.delivered.push(...(operation === 'UPSERT' ? entities : [change]));
      this.#say('applied', { producer, counts: outcome.counts });
    }
    this.#settle(item, outcome.kind);
  }

  /** Changes of one key that wait: parked, or at the end of their time given up. */
  wait(key: string, waiting: readonly WaitingItem[], isLast: boolean): void {
    const wanted = joined(waiting.map(({ outcome }) => outcome.wanted));
    const stored = this.#durable.get(key);
    const before = JSON.stringify(stored?.wanted) === JSON.stringify(wanted) ? stored : undefined;
    if (stored !== undefined && before === undefined) this.moved += 1; // it waits for something else now
    const isOver = before !== undefined && isLast && wanted.types.length === 0;
    if (isOver && !this.#canPlace(before)) {
      for (const { item, outcome } of waiting) this.#bury(item, outcome.error);
      return;
    }
    const now = this.#options.now();
    if (isOver) this.#place(wanted, waiting, now);
    for (const { item, outcome } of waiting) this.#park(item, outcome, now);
    const entry = this.#entry(key);
    const { since, placed } = before ?? { since: now.getTime(), placed: false };
    this.changed.set(key, {
      ...entry,
      wanted,
      since: isOver ? now.getTime() : since,
      attempts: entry.attempts + 1,
      placed: isOver || placed,
    });
  }

  #canPlace({ wanted: { refs }, placed }: ParkedEntry): boolean {
    const { missingReferent, canPlace } = this.#options;
    if (missingReferent !== 'placeholder' || placed || refs.length === 0) return false;
    return refs.every(({ typeName }) => canPlace(typeName));
  }

  /** Asks for placeholders, each in the name of the first change that names it. */
  #place({ refs }: Wanted, waiting: readonly WaitingItem[], now: Date): void {
    this.moved += 1;
    for (const ref of refs) {
      const namedBy = waiting.find(({ outcome }) =>
        outcome.wanted.refs.some((wanted) => refKey(wanted) === refKey(ref)),
      );
      if (namedBy !== undefined) this.#changes.push(placeholderRecord(ref, namedBy.item.change, now));
    }
  }

  /** The offset of what is parked is settled once: what waits again changes nothing but its entry. */
  #park({ record, change, wasParked }: LaneItem, outcome: Missing, now: Date): void {
    const entry = this.#entry(record.key);
    const { producer, qualifiedName } = change;
    if (!wasParked) {
      this.#records.push({ offset: record.offset, as: 'parked' });
      this.#say('settled', { stage: 'sink', as: 'parked', producer });
      const { wanted, error } = outcome;
      this.#say('parked', { producer, qualifiedName, wanted, message: error.message });
    }
    const { message } = outcome.error;
    if (entry.items.some(({ offset }) => offset === record.offset)) {
      this.changed.set(record.key, { ...entry, message });
      return;
    }
    const { offset, timestamp, headers, value } = record;
    const bytes = Buffer.from(value ?? []).toString('base64');
    const item = { offset, producer, parkedAt: now.getTime(), timestamp, headers, value: bytes };
    const items = [...entry.items, item].sort((a, b) => a.offset - b.offset);
    this.changed.set(record.key, { ...entry, message, items });
  }

  #bury(item: LaneItem, error: StreamError): void {
    const { producer } = item.change;
    const attempts = (this.#durable.get(item.record.key)?.attempts ?? 0) + 1;
    const letter = deadLetterOf(
      item.record,
      { stage: 'SINK', error, attempts, producer },
      this.#options.now(),
    );
    this.#letters.push(letter);
    const { id, message } = letter;
    this.#say('deadLettered', { stage: 'sink', producer, code: codeOf(error), message, id });
    this.#settle(item, 'dead-lettered');
  }

  #settle(item: LaneItem, as: Exclude<Final['kind'], 'rejected'> | 'dead-lettered'): void {
    const { record, change, wasParked } = item;
    const { producer } = change;
    if (wasParked) this.#say('unparked', { stage: 'sink', as, producer });
    else {
      this.#records.push({ offset: record.offset, as });
      this.#say('settled', { stage: 'sink', as, producer });
    }
    const entry = this.changed.get(record.key) ?? this.#durable.get(record.key);
    const left = entry?.items.filter(({ offset }) => offset !== record.offset);
    if (entry === undefined || left === undefined || left.length === entry.items.length) return;
    this.changed.set(record.key, { ...entry, items: left });
    if (left.length === 0) this.moved += 1;
  }

  #entry(key: string): ParkedEntry {
    const entry = this.changed.get(key) ?? this.#durable.get(key);
    const wanted = { refs: [], types: [] };
    return entry ?? { key, wanted, since: 0, attempts: 0, placed: false, message: '', items: [] };
  }

  readonly #say: Telemetry['emit'] = (name, event) => {
    this.sayings.push(() => this.#options.telemetry.emit(name, event));
  };
}

/** All that some changes want, each once, in an order of its own. */
function joined(wanteds: readonly Wanted[]): ParkedEntry['wanted'] {
  const refs = new Map(wanteds.flatMap((wanted) => wanted.refs.map((ref) => [refKey(ref), ref])));
  const sorted = [...refs].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    refs: sorted.map(([, { typeName, qualifiedName }]) => ({ typeName, qualifiedName })),
    types: [...new Set(wanteds.flatMap(({ types }) => types))].sort(),
  };
}
