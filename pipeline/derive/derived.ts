import type { DerivedObject, EntityChange, EntityRef, SpokenRoot } from '../../schemas/types.ts';
import { hashOf } from '../content-hash.ts';
import type { Naming } from '../naming.ts';
import type { DerivedEntity, KnownAsset, ObjectRawEvent } from '../transform.ts';
import { refKey, refPart } from './keys.ts';
import { rememberedAsset } from './known-assets.ts';
import { encodeRecord } from './object-records.ts';
import { upsert } from './roots.ts';
import type { TransformRun } from './run-transforms.ts';
import { derivedStatistics } from './statistics.ts';

/** Where an event stood in the raw topic at first. */
export interface EventPlace {
  readonly partition: number;
  readonly offset: number;
}

/** An event as it was received. */
export interface ReceivedEvent extends EventPlace {
  readonly encoded: Uint8Array;
}

/** What comes of one event by itself. */
export interface Derived {
  /** What is to be remembered of its object. */
  readonly after: DerivedObject;
  /** The same, encoded. */
  readonly record: Uint8Array;
  /** What it says of its roots, by these as parts of keys. */
  readonly said: ReadonlyMap<string, EntityChange>;
}

/** What an event looked up, and the answers as {@link answerText} writes them: for the same ones the same comes of it, as transforms are pure. */
export type Answers = ReadonlyMap<EntityRef, string>;

/** Answers the look-ups of the event that is derived, and remembers what was asked. */
export class Questions {
  readonly #answer: (ref: EntityRef) => KnownAsset | undefined;
  readonly #asked = new Map<string, { readonly ref: EntityRef; readonly asset: KnownAsset | undefined }>();

  constructor(answer: (ref: EntityRef) => KnownAsset | undefined) {
    this.#answer = answer;
  }

  /** What is known of an asset. */
  lookUp(ref: EntityRef): KnownAsset | undefined {
    const key = refKey(ref);
    const known = this.#asked.get(key);
    if (known !== undefined) return known.asset;
    const asset = this.#answer(ref);
    this.#asked.set(key, { ref, asset });
    return asset;
  }

  /** What was looked up. */
  get asked(): readonly EntityRef[] {
    return Array.from(this.#asked.values(), ({ ref: { typeName, qualifiedName } }) => ({
      typeName,
      qualifiedName,
    }));
  }

  /** What was answered. */
  get answers(): Answers {
    return new Map(Array.from(this.#asked.values(), ({ ref, asset }) => [ref, answerText(asset)]));
  }
}

/** An answer in a form that compares; a long one as its hash. */
export function answerText(asset: KnownAsset | undefined): string {
  const text = JSON.stringify(asset) ?? '';
  return text.length > longestAnswer ? hashOf(text) : text;
}

const longestAnswer = 1000;

/** Derives an event with transforms that ask `questions`. Throws a StreamError when a transform does. */
export function deriveEvent(
  { transforms, naming }: { readonly transforms: TransformRun; readonly naming: Naming },
  event: ObjectRawEvent,
  { encoded, partition, offset }: ReceivedEvent,
  questions: Questions,
): Derived {
  const derivations = transforms.derive(event);
  const { asked } = questions;
  const { producer, objectId, position } = event.value;
  const changes = new Map<string, DerivedEntity>();
  for (const derivation of derivations)
    for (const change of derivation.changes) changes.set(refPart(change.entities[0]), change);
  const { processes, lineageEdges, columnEdges, warnings } = derivedStatistics(derivations, naming);
  const after: DerivedObject = {
    producer,
    objectId,
    position,
    objectType: event.type,
    partition,
    offset,
    event: Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength),
    asked,
    known: derivations.flatMap(({ known }) => known.map(rememberedAsset)),
    roots: Array.from(changes.values(), (derived) => spoken(derived, asked.length > 0)),
    processes,
    lineageEdges,
    columnEdges,
    warnings,
  };
  const said = new Map<string, EntityChange>();
  for (const [root, derived] of changes) said.set(root, upsert(after, derived));
  return { after, record: encodeRecord(after), said };
}

function spoken(derived: DerivedEntity, withHash: boolean): SpokenRoot {
  const { placeholder } = derived;
  const hash = withHash ? hashOf(JSON.stringify(derived)).slice(0, 32) : '';
  const { typeName, qualifiedName } = derived.entities[0];
  return { typeName, qualifiedName, placeholder, hash };
}
