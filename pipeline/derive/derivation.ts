import type {
  DerivedObject,
  EntityChange,
  EntityRef,
  ObjectEvent,
  RawEvent,
  Renamed,
  TypedEvent,
} from '../../schemas/types.ts';
import { toStreamError } from '../errors.ts';
import { objectRecordKey } from '../raw-record.ts';
import type { Table } from '../table.ts';
import type { ObjectRawEvent } from '../transform.ts';
import { answerText, type Answers, type Derived, Questions, type ReceivedEvent } from './derived.ts';
import type { Applied, DerivationFailure } from './deriver.ts';
import {
  deletionWithNames,
  formerlyOf,
  pairsOf,
  staleNames,
  underFormerName,
  underNewName,
  withFormerNames,
} from './former-names.ts';
import { objectKey, refPart } from './keys.ts';
import { KnownAssets } from './known-assets.ts';
import { LookUps } from './look-ups.ts';
import { NameRecords } from './name-records.ts';
import { encodeRecord, eventOf, ObjectRecords, partOf } from './object-records.ts';
import { isOlder, removed } from './placed.ts';
import { deletion, type Heard, isReal, isSame, Roots, type Speaker, upsert } from './roots.ts';
import { describeEvent } from './run-transforms.ts';

/** What came of an event before its transaction began, and what it looked up then. */
export interface DerivedAhead extends Derived {
  readonly answers: Answers;
}

/** What derives within one transaction. */
export interface DerivationOptions {
  readonly table: Table;
  /** Derives an event by itself; throws a StreamError when a transform does. */
  readonly derive: (event: ObjectRawEvent, received: ReceivedEvent, questions: Questions) => Derived;
  /** Whether a producer, as part of a key, counts. */
  readonly speaks: (producer: string) => boolean;
}

/** In place of a hash: like no other. */
const unsaid = 'unsaid';

/** An object before and after one event. */
interface Step extends Derived {
  readonly object: string;
  readonly before: DerivedObject | undefined;
}

/** What one event sets off. */
interface Round {
  /** The object that the event is about. */
  readonly own: string;
  readonly by: Speaker;
  /** By object; the event's own is the first. */
  readonly steps: Map<string, Step>;
  readonly failures: DerivationFailure[];
  readonly names: readonly Renamed[];
}

/** What is said of the roots that one event touches. */
interface Sayings {
  readonly changes: EntityChange[];
  /** Those that the event's own object says. */
  readonly own: Set<EntityChange>;
}

/** The derivation of events within one transaction: see `Deriver`. */
export class Derivation {
  readonly #options: DerivationOptions;
  readonly #records: ObjectRecords;
  readonly #names: NameRecords;
  readonly #known: KnownAssets;
  readonly #lookUps: LookUps;
  readonly #roots: Roots;

  constructor(options: DerivationOptions) {
    const { table, speaks } = options;
    this.#options = options;
    this.#records = new ObjectRecords(table);
    this.#names = new NameRecords(table);
    this.#known = new KnownAssets(table, this.#names, this.#records, speaks);
    this.#lookUps = new LookUps(table, this.#names, this.#known);
    this.#roots = new Roots(table, this.#names, speaks);
  }

  /** Writes what was remembered of the events that were applied. */
  flush(): void {
    const { table } = this.#options;
    this.#records.flush(table);
    this.#names.flush(table);
  }

  /** Applies one event; what was derived ahead of it counts where what it looked up is still the same. A transform that throws is a `failed` event, and what was known before stays. */
  apply(event: RawEvent, received: ReceivedEvent, ahead?: DerivedAhead): Applied {
    if (event.type === 'scan-started' || event.type === 'scan-completed') return { kind: 'filtered' };
    const objectType = event.type === 'removal' ? event.value.removedType : event.type;
    const object = partOf(objectKey(event.value, objectType));
    const before = this.#records.get(object);
    const { partition, offset } = received;
    const { position } = event.value;
    if (before !== undefined && isOlder({ position, partition, offset }, before))
      return { kind: 'superseded' };
    let step: Step;
    let names: readonly Renamed[];
    try {
      const { after, record, said } = this.#derived(event, received, ahead);
      names = this.#formerNames(event, { received, before, said });
      step = { object, before, after, record, said };
    } catch (thrown) {
      if (before?.partition === partition && before.offset === offset) this.#unsay(object, before);
      return { kind: 'failed', error: toStreamError(thrown, 'TRANSFORM_FAILED', describeEvent(event)) };
    }
    return this.#settle(step, event.value, names);
  }

  /** An event that was derived before comes again and fails: what it said then is perhaps not appended, so the next time it says it anew. */
  #unsay(object: string, before: DerivedObject): void {
    const roots = before.roots.map((root) => ({ ...root, hash: unsaid }));
    const after = { ...before, roots };
    this.#records.put(object, after, encodeRecord(after));
    this.#roots.replace({ object, producer: before.producer }, before.roots, roots);
  }

  /** Which entities were called otherwise before an event: what it tells of its own object, or where that went which is removed. */
  #formerNames(
    event: ObjectRawEvent | TypedEvent<'removal'>,
    { received, before, said }: Pick<Step, 'before' | 'said'> & { readonly received: ReceivedEvent },
  ): readonly Renamed[] {
    const saidBy = (one: ObjectRawEvent): EntityChange[] => [...this.#derive(one, received).said.values()];
    if (event.type !== 'removal')
      return formerlyOf(event).flatMap((formerly) =>
        pairsOf(saidBy(underFormerName(event, formerly)), [...said.values()], {
          objectId: formerly.objectId,
          until: formerly.sequence,
        }),
      );
    const { becomes = [] } = event.value;
    const old = becomes.length === 0 || before === undefined ? undefined : eventOf(before);
    if (old === undefined || before === undefined) return [];
    const { objectId, position } = before;
    return pairsOf(saidBy(old), saidBy(underNewName(old, becomes)), { objectId, until: position.sequence });
  }

  #derived(
    event: ObjectRawEvent | TypedEvent<'removal'>,
    received: ReceivedEvent,
    ahead?: DerivedAhead,
  ): Derived {
    if (event.type === 'removal') return removed(event.value, received);
    return ahead !== undefined && this.#stillHolds(ahead) ? ahead : this.#derive(event, received);
  }

  /** Derives an event as what is known stands now; throws a StreamError when a transform does. */
  #derive(event: ObjectRawEvent, received: ReceivedEvent): Derived {
    const questions = new Questions((ref) => this.#known.asset(ref));
    return this.#options.derive(event, received, questions);
  }

  #stillHolds({ answers }: DerivedAhead): boolean {
    for (const [ref, answer] of answers) if (answerText(this.#known.asset(ref)) !== answer) return false;
    return true;
  }

  /**
   * Stores a step, derives again whoever sees another answer now, and collects the changes of all roots touched. What an
   * event makes known does not depend on look-ups, so one round is enough.
   */
  #settle(step: Step, by: ObjectEvent, names: readonly Renamed[]): Applied {
    const touched = new Map<
      string,
      { readonly root: EntityRef; readonly before: ReadonlyMap<string, Heard> }
    >();
    const steps = new Map([[step.object, step]]);
    const failures: DerivationFailure[] = [];
    const round: Round = { own: step.object, by, steps, failures, names };
    const store = (one: Step): void => {
      const { object, before, after } = one;
      for (const roots of [before?.roots ?? [], after.roots])
        for (const root of roots) {
          const key = refPart(root);
          if (!touched.has(key)) touched.set(key, { root, before: this.#roots.heard(key) });
        }
      this.#records.put(object, after, one.record);
      this.#roots.replace({ object, producer: after.producer }, before?.roots ?? [], after.roots);
    };
    this.#ask(step);
    const changing = this.#lookUps.changing(step.object, step.before?.known ?? [], step.after.known);
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
    const sayings: Sayings = { changes: [], own: new Set() };
    for (const [key, { root, before }] of touched) {
      const { typeName, qualifiedName } = root;
      this.#say({ typeName, qualifiedName, key }, { before, round }, sayings);
    }
    return { kind: sayings.changes.length === 0 ? 'unchanged' : 'derived', ...sayings, failures };
  }

  #ask({ object, before, after }: Step): void {
    this.#lookUps.setAsked(object, before?.asked ?? [], after.asked);
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
   * Collects the changes that make the catalogue say of a root what its speakers say now. What the event's own object says is said
   * again even where it is the same: the sink drops what it has applied, and a catalogue that was emptied is filled.
   */
  #say(
    root: EntityRef & { readonly key: string },
    { before, round }: { readonly before: ReadonlyMap<string, Heard>; readonly round: Round },
    { changes, own }: Sayings,
  ): void {
    const after = this.#roots.heard(root.key);
    // What was said for real must go before a placeholder stands in again.
    const isDeleted = before.size > 0 && (after.size === 0 || (isReal(before) && !isReal(after)));
    if (isDeleted) this.#roots.forgetTheSilent(root.key);
    if (isDeleted) changes.push(deletionWithNames(deletion(root, round.by), round.names));
    else
      for (const [producer, { object, placeholder }] of before)
        if (!placeholder && !after.has(producer)) changes.push(...this.#silence(root, object, round));
    for (const [producer, heard] of after) {
      const isSaid = isSame(before.get(producer), heard) && !isDeleted;
      for (const change of this.#upserts(root.key, heard, isSaid, round)) {
        changes.push(change);
        if (heard.object === round.own) own.add(change);
      }
    }
  }

  /** What the speaker that is heard says of a root: nothing where it was said before, and stands. */
  #upserts(root: string, { object }: Heard, isSaid: boolean, round: Round): readonly EntityChange[] {
    const isOwn = object === round.own;
    const derived = round.steps.get(object);
    if (isSaid && !isOwn && derived === undefined) return [];
    // As it was just derived, or derived once more.
    const step = derived ?? this.#again(object, round.failures);
    const change = step?.said.get(root);
    if (change === undefined) return [];
    if (isOwn) return [withFormerNames(change, round.names)];
    const stale = staleNames(change, round.names);
    // Said before, and still by a name that is an old one now: what the catalogue ties it to has moved on.
    if (stale.length > 0) return [{ ...change, renamed: stale }];
    return isSaid ? [] : [change];
  }

  /**
   * What a producer says of a root that it speaks of no more, while others do: that it is there, and nothing else. So what only that producer had
   * said of it goes, also of the lists that it knew whole.
   */
  #silence(
    { key, typeName, qualifiedName }: EntityRef & { readonly key: string },
    object: string,
    { steps }: Round,
  ): readonly EntityChange[] {
    const { before, after } = steps.get(object) ?? {};
    const said = before === undefined || after === undefined ? undefined : this.#saidBefore(before).get(key);
    if (said === undefined || after === undefined) return [];
    const root = { typeName, qualifiedName, attributes: {}, references: [] };
    return [upsert(after, { entities: [root], complete: said.complete, placeholder: false })];
  }

  /** What an object said of roots, as it is derived now; nothing where it cannot be. */
  #saidBefore(before: DerivedObject): Derived['said'] {
    const event = eventOf(before);
    if (event === undefined || before.event === null) return new Map();
    try {
      return this.#derive(event, { ...before, encoded: before.event }).said;
    } catch {
      return new Map(); // it is kept in that case, as what cannot be derived again is
    }
  }
}
