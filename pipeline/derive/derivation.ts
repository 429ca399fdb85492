import type {
  DerivedObject,
  EntityChange,
  EntityRef,
  ObjectEvent,
  RawEvent,
  Removal,
  SourcePosition,
  SpokenRoot,
} from '../../schemas/types.ts';
import { hashOf } from '../content-hash.ts';
import { toStreamError } from '../errors.ts';
import { objectRecordKey } from '../raw-record.ts';
import type { Naming } from '../naming.ts';
import type { Table } from '../table.ts';
import type { DerivedEntity, KnownAsset, ObjectRawEvent } from '../transform.ts';
import type { Applied, DerivationFailure } from './deriver.ts';
import { objectKey, refKey, refPart } from './keys.ts';
import { KnownAssets, rememberedAsset } from './known-assets.ts';
import { NameRecords } from './name-records.ts';
import { encodeRecord, eventOf, ObjectRecords, partOf } from './object-records.ts';
import { deletion, type Heard, Roots, type Speaker, upsert } from './roots.ts';
import { describeEvent, type TransformRun } from './run-transforms.ts';
import { derivedStatistics } from './statistics.ts';

/** What derives within one transaction. */
export interface DerivationOptions {
  readonly table: Table;
  readonly transforms: TransformRun;
  readonly naming: Naming;
  /** Whether a producer, as part of a key, counts. */
  readonly speaks: (producer: string) => boolean;
}

/** Where an event stood in the raw topic at first. */
export interface EventPlace {
  readonly partition: number;
  readonly offset: number;
}

/** An event as it was received. */
export interface ReceivedEvent extends EventPlace {
  readonly encoded: Uint8Array;
}

type Placed = EventPlace & { readonly position: SourcePosition };

/** An object before and after one event. */
interface Step {
  readonly object: string;
  readonly before: DerivedObject | undefined;
  readonly after: DerivedObject;
  /** What is to be remembered of it, encoded. */
  readonly record: Uint8Array;
  /** What it says of its roots, by these as parts of keys. */
  readonly said: ReadonlyMap<string, DerivedEntity>;
}

/** What one event sets off. */
interface Round {
  /** The object that the event is about. */
  readonly own: string;
  readonly by: Speaker;
  /** By object; the event's own is the first. */
  readonly steps: Map<string, Step>;
  readonly failures: DerivationFailure[];
}

/** The derivation of events within one transaction: see `Deriver`. */
export class Derivation {
  readonly #options: DerivationOptions;
  readonly #records: ObjectRecords;
  readonly #names: NameRecords;
  readonly #known: KnownAssets;
  readonly #roots: Roots;
  #asked = new Map<string, EntityRef>();

  constructor(options: DerivationOptions) {
    const { table, speaks } = options;
    this.#options = options;
    this.#records = new ObjectRecords(table);
    this.#names = new NameRecords(table);
    this.#known = new KnownAssets(table, this.#names, this.#records, speaks);
    this.#roots = new Roots(table, this.#names, speaks);
  }

  /** Writes what was remembered of the events that were applied. */
  flush(): void {
    this.#records.flush();
    this.#names.flush();
  }

  /** Answers a look-up of the event that is derived, and records it. */
  lookUp(ref: EntityRef): KnownAsset | undefined {
    this.#asked.set(refKey(ref), ref);
    return this.#known.asset(ref);
  }

  /** Applies one event. A transform that throws is a `failed` event, and what was known before stays. */
  apply(event: RawEvent, received: ReceivedEvent): Applied {
    if (event.type === 'scan-started' || event.type === 'scan-completed') return { kind: 'filtered' };
    const objectType = event.type === 'removal' ? event.value.removedType : event.type;
    const object = partOf(objectKey(event.value, objectType));
    const before = this.#records.get(object);
    const { partition, offset } = received;
    const { position } = event.value;
    if (before !== undefined && isOlder({ position, partition, offset }, before))
      return { kind: 'superseded' };
    let step: Step;
    try {
      const now = event.type === 'removal' ? removed(event.value, received) : this.#derive(event, received);
      step = { object, before, after: now.after, record: now.record, said: now.said };
    } catch (thrown) {
      return { kind: 'failed', error: toStreamError(thrown, 'TRANSFORM_FAILED', describeEvent(event)) };
    }
    return this.#settle(step, event.value);
  }

  /** Derives an event anew; throws a StreamError when a transform does. */
  #derive(
    event: ObjectRawEvent,
    { encoded, partition, offset }: ReceivedEvent,
  ): Pick<Step, 'after' | 'record' | 'said'> {
    const asked = new Map<string, EntityRef>();
    this.#asked = asked;
    const derivations = this.#options.transforms.derive(event);
    const said = new Map<string, DerivedEntity>();
    for (const { changes } of derivations)
      for (const change of changes) said.set(refPart(change.entities[0]), change);
    const { producer, objectId, position } = event.value;
    const { processes, lineageEdges, columnEdges, warnings } = derivedStatistics(
      derivations,
      this.#options.naming,
    );
    const after: DerivedObject = {
      producer,
      objectId,
      position,
      objectType: event.type,
      partition,
      offset,
      event: Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength),
      asked: [...asked.values()].map(refOnly),
      known: derivations.flatMap(({ known }) => known.map(rememberedAsset)),
      roots: [...said.values()].map((derived) => spoken(derived, asked.size > 0)),
      processes,
      lineageEdges,
      columnEdges,
      warnings,
    };
    return { after, record: encodeRecord(after), said };
  }

  /**
   * Stores a step, derives again whoever sees another answer now, and collects the changes of all roots touched. What an
   * event makes known does not depend on look-ups, so one round is enough.
   */
  #settle(step: Step, by: ObjectEvent): Applied {
    const touched = new Map<
      string,
      { readonly root: EntityRef; readonly before: ReadonlyMap<string, Heard> }
    >();
    const steps = new Map([[step.object, step]]);
    const failures: DerivationFailure[] = [];
    const round: Round = { own: step.object, by, steps, failures };
    const store = (one: Step): void => {
      for (const root of [...(one.before?.roots ?? []), ...one.after.roots]) {
        const key = refPart(root);
        if (!touched.has(key)) touched.set(key, { root, before: this.#roots.heard(key) });
      }
      const { object, before, after } = one;
      this.#records.put(object, after, one.record);
      this.#roots.replace({ object, producer: after.producer }, before?.roots ?? [], after.roots);
    };
    this.#ask(step);
    const changing = this.#known.changing(step.object, step.before?.known ?? [], step.after.known);
    store(step);
    changing.store();
    // The event's own object is among them when it looked up what it makes known itself.
    for (const object of changing.affected()) {
      const again = this.#again(object, failures);
      if (again === undefined) continue;
      steps.set(object, again);
      this.#ask(again);
      store(again);
    }
    const changes = [...touched].flatMap(([key, { root, before }]) =>
      this.#changes({ ...refOnly(root), key }, before, round),
    );
    return { kind: changes.length === 0 ? 'unchanged' : 'derived', changes, failures };
  }

  #ask({ object, before, after }: Step): void {
    this.#known.setAsked(object, before?.asked ?? [], after.asked);
  }

  /** Derives an object again from the event that is remembered; undefined, and a failure is noted, when it cannot be. */
  #again(object: string, failures: DerivationFailure[]): Step | undefined {
    const before = this.#records.get(object);
    if (before === undefined || before.event === null) return undefined;
    try {
      const event = eventOf(before);
      return event === undefined
        ? undefined
        : { object, before, ...this.#derive(event, { ...before, encoded: before.event }) };
    } catch (thrown) {
      const key = objectKey(before, before.objectType);
      const error = toStreamError(thrown, 'TRANSFORM_FAILED', key);
      const { partition, offset } = before;
      const value = Buffer.from(before.event);
      const event = { key: objectRecordKey(before, before.objectType), partition, offset, value };
      failures.push({ producer: before.producer, key, event, error });
      return undefined;
    }
  }

  /**
   * The changes that make the catalogue say of a root what its speakers say now. What the event's own object says is said
   * again even where it is the same: the sink drops what it has applied, and a catalogue that was emptied is filled.
   */
  #changes(
    root: EntityRef & { readonly key: string },
    before: ReadonlyMap<string, Heard>,
    round: Round,
  ): readonly EntityChange[] {
    const after = this.#roots.heard(root.key);
    const wasReal = [...before.values()].some(({ placeholder }) => !placeholder);
    const isReal = [...after.values()].some(({ placeholder }) => !placeholder);
    // What was said for real must go before a placeholder stands in again.
    const isDeleted = before.size > 0 && (after.size === 0 || (wasReal && !isReal));
    if (isDeleted) this.#roots.forgetTheSilent(root.key);
    const upserts = [...after].flatMap(([producer, heard]) => {
      const isSaid = isSame(before.get(producer), heard) && !isDeleted;
      if (isSaid && heard.object !== round.own) return [];
      // As it was just derived, or derived once more.
      const step = round.steps.get(heard.object) ?? this.#again(heard.object, round.failures);
      const derived = step?.said.get(root.key);
      return step === undefined || derived === undefined ? [] : [upsert(step.after, derived)];
    });
    return isDeleted ? [deletion(root, round.by), ...upserts] : upserts;
  }
}

function isSame(before: Heard | undefined, after: Heard): boolean {
  return (
    before !== undefined &&
    before.object === after.object &&
    before.hash === after.hash &&
    before.placeholder === after.placeholder
  );
}

/**
 * Positions compare only within one incarnation. Another incarnation is a new life of the source: it counts, unless it stood in
 * the log before what is remembered, and only comes again (a replay, a dead letter that was put back).
 */
function isOlder(event: Placed, than: Placed): boolean {
  if (event.position.incarnation === than.position.incarnation)
    return event.position.sequence < than.position.sequence;
  return event.partition === than.partition && event.offset < than.offset;
}

function removed(
  { producer, objectId, position, removedType }: Removal,
  { partition, offset }: EventPlace,
): Pick<Step, 'after' | 'record' | 'said'> {
  const nothing = { asked: [], known: [], roots: [], warnings: [] };
  const none = { processes: 0, lineageEdges: 0, columnEdges: 0 };
  const after = {
    producer,
    objectId,
    position,
    objectType: removedType,
    partition,
    offset,
    event: null,
    ...nothing,
    ...none,
  };
  return { after, record: encodeRecord(after), said: new Map() };
}

function spoken(derived: DerivedEntity, withHash: boolean): SpokenRoot {
  const { placeholder } = derived;
  const hash = withHash ? hashOf(JSON.stringify(derived)).slice(0, 32) : '';
  const { typeName, qualifiedName } = derived.entities[0];
  return { typeName, qualifiedName, placeholder, hash };
}

function refOnly({ typeName, qualifiedName }: EntityRef): EntityRef {
  return { typeName, qualifiedName };
}
