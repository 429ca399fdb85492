import type { DerivedObject, EntityChange, EntityRef, SpokenRoot } from '../../schemas/types.ts';
import { hashOf } from '../content-hash.ts';
import type { Naming } from '../naming.ts';
import type { KnownAsset, ObjectRawEvent } from '../transform.ts';
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

const noAnswers: Answers = new Map();

/** Answers the look-ups of the event that is derived, and remembers what was asked. */
export class Questions {
  readonly #answer: (ref: EntityRef) => KnownAsset | undefined;
  #asked: Map<string, { readonly ref: EntityRef; readonly asset: KnownAsset | undefined }> | undefined;

  constructor(answer: (ref: EntityRef) => KnownAsset | undefined) {
    this.#answer = answer;
  }

  /** What is known of an asset. */
  lookUp(ref: EntityRef): KnownAsset | undefined {
    this.#asked ??= new Map();
    const key = refKey(ref);
    const known = this.#asked.get(key);
    if (known !== undefined) return known.asset;
    const asset = this.#answer(ref);
    this.#asked.set(key, { ref, asset });
    return asset;
  }

  /** What was looked up. */
  get asked(): readonly EntityRef[] {
    if (this.#asked === undefined) return [];
    return Array.from(this.#asked.values(), ({ ref: { typeName, qualifiedName } }) => ({
      typeName,
      qualifiedName,
    }));
  }

  /** What was answered. */
  get answers(): Answers {
    if (this.#asked === undefined) return noAnswers;
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
  const said = new Map<string, EntityChange>();
  for (const { changes } of derivations)
    for (const change of changes) said.set(refPart(change.entities[0]), upsert(event.value, change));
  const { processes, lineageEdges, columnEdges, warnings } = derivedStatistics(derivations, naming);
  const after: DerivedObject = {
    producer,
    objectId,
    position,
    objectType: event.type,
    partition,
    offset,
    event: encoded,
    asked,
    known: derivations.flatMap(({ known }) => known.map(rememberedAsset)),
    roots: Array.from(said.values(), (change) => spoken(change, asked.length > 0)),
    processes,
    lineageEdges,
    columnEdges,
    warnings,
  };
  return { after, record: encodeRecord(after), said };
}

function spoken(change: EntityChange, withHash: boolean): SpokenRoot {
  const { typeName, qualifiedName, entities, complete, placeholder } = change;
  const hash = withHash ? hashOf(JSON.stringify({ entities, complete, placeholder })).slice(0, 32) : '';
  return { typeName, qualifiedName, placeholder, hash };
}
