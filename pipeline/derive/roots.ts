import type { EntityChange, EntityRef, SourcePosition, SpokenRoot } from '../../schemas/types.ts';
import { keyPart, type Table, type TableKey } from '../table.ts';
import type { DerivedEntity } from '../transform.ts';
import { refPart } from './keys.ts';
import { type NameRecords, several, type SoleSpeaker } from './name-records.ts';

/** Who speaks, and from where in the source. */
export interface Speaker {
  readonly producer: string;
  readonly objectId: string;
  readonly position: SourcePosition;
}

/** Who is heard of one producer. */
export interface Heard {
  readonly object: string;
  readonly hash: string;
  readonly placeholder: boolean;
}

const kind = 'root';
/** Part of the key: what is said for real sorts before placeholders. */
const real = '0';
const placeholder = '1';
const nobody: ReadonlyMap<string, Heard> = new Map();

/**
 * Who says what about each root entity, within one transaction. Several objects may speak of one: jobs of one tool share
 * its pipeline, a job may need a placeholder for a table that a database describes. Within a producer the object with the
 * smallest key is heard; placeholders are silent while anybody speaks for real. A root of which one object speaks, as most do, is
 * one record; the speakers of others are rows.
 */
export class Roots {
  readonly #table: Table;
  readonly #names: NameRecords;
  readonly #speaks: (producer: string) => boolean;

  /** `speaks` tells whether a producer, as part of a key, counts: one that is not configured any more holds no root, since nobody will say that it is gone. */
  constructor(table: Table, names: NameRecords, speaks: (producer: string) => boolean) {
    this.#table = table;
    this.#names = names;
    this.#speaks = speaks;
  }

  /** Replaces what an object says about its roots. */
  replace(
    by: { readonly object: string; readonly producer: string },
    before: readonly SpokenRoot[],
    after: readonly SpokenRoot[],
  ): void {
    const { object } = by;
    const producer = keyPart(by.producer);
    for (const ref of after) {
      const { placeholder: standsIn, hash } = ref;
      this.#say(refPart(ref), { object, producer, placeholder: standsIn, hash });
    }
    if (before.length === 0) return;
    const said = new Set(after.map(refPart));
    for (const root of before.map(refPart)) if (!said.has(root)) this.#unsay(root, object, producer);
  }

  #say(root: string, speaker: SoleSpeaker): void {
    const record = this.#names.get(root);
    const sole = record.speaker;
    if (sole === undefined || (sole !== several && sole.object === speaker.object)) {
      this.#names.set(root, { ...record, speaker });
      return;
    }
    if (sole !== several) {
      this.#put(root, sole);
      this.#names.set(root, { ...record, speaker: several });
    }
    this.#table.remove(keyOf(root, { ...speaker, placeholder: !speaker.placeholder }));
    this.#put(root, speaker);
  }

  #put(root: string, speaker: SoleSpeaker): void {
    this.#table.put(keyOf(root, speaker), Buffer.from(speaker.hash));
  }

  #unsay(root: string, object: string, producer: string): void {
    const { speaker, ...record } = this.#names.get(root);
    if (speaker === several) {
      for (const placeholder of [true, false])
        this.#table.remove(keyOf(root, { object, producer, placeholder }));
    } else if (speaker?.object === object) this.#names.set(root, { ...record, speaker: undefined });
  }

  /** Who is heard of a root, by producer: all speak for real, or all are placeholders. */
  heard(root: string): ReadonlyMap<string, Heard> {
    const { speaker } = this.#names.get(root);
    if (speaker === undefined) return nobody;
    if (speaker !== several)
      return this.#speaks(speaker.producer)
        ? new Map<string, Heard>().set(speaker.producer, speaker)
        : nobody;
    const found = this.#heardAs(root, false);
    return found.size > 0 ? found : this.#heardAs(root, true);
  }

  /** Forgets what producers that do not count had said of a root that is deleted: they say all of it again when they come back. */
  forgetTheSilent(root: string): void {
    const { speaker, ...record } = this.#names.get(root);
    if (speaker !== several) {
      if (speaker !== undefined && !this.#speaks(speaker.producer))
        this.#names.set(root, { ...record, speaker: undefined });
      return;
    }
    const entries = Array.from(
      this.#table.scan([kind, root]),
      ({ key: [, ...rest] }): TableKey => [kind, ...rest],
    );
    for (const key of entries) if (!this.#speaks(key[3] ?? '')) this.#table.remove(key);
  }

  #heardAs(root: string, isPlaceholder: boolean): Map<string, Heard> {
    const prefix: TableKey = [kind, root, isPlaceholder ? placeholder : real];
    const found = new Map<string, Heard>();
    for (let entry = this.#table.first(prefix); entry !== undefined; ) {
      const [, , , producer = '', object = ''] = entry.key;
      if (this.#speaks(producer)) {
        const hash = Buffer.from(entry.value).toString();
        found.set(producer, { object, hash, placeholder: isPlaceholder });
      }
      entry = this.#table.first(prefix, [...prefix, producer]);
    }
    return found;
  }
}

function keyOf(
  root: string,
  { object, producer, placeholder: isPlaceholder }: Pick<SoleSpeaker, 'object' | 'producer' | 'placeholder'>,
): TableKey {
  return [kind, root, isPlaceholder ? placeholder : real, producer, object];
}

/** Whether anybody is heard for real. */
export function isReal(heard: ReadonlyMap<string, Heard>): boolean {
  for (const { placeholder } of heard.values()) if (!placeholder) return true;
  return false;
}

/** Whether the same is heard of a producer as before. */
export function isSame(before: Heard | undefined, after: Heard): boolean {
  return (
    before !== undefined &&
    before.object === after.object &&
    before.hash === after.hash &&
    before.placeholder === after.placeholder
  );
}

/** The change by which a speaker says something of a root. */
export function upsert({ producer, objectId, position }: Speaker, derived: DerivedEntity): EntityChange {
  const { typeName, qualifiedName } = derived.entities[0];
  const { entities, complete, placeholder: standsIn } = derived;
  return {
    operation: 'UPSERT',
    typeName,
    qualifiedName,
    producer,
    objectId,
    position,
    entities,
    complete,
    placeholder: standsIn,
  };
}

/** The change that says that nobody speaks of a root any more. */
export function deletion(
  { typeName, qualifiedName }: EntityRef,
  { producer, objectId, position }: Speaker,
): EntityChange {
  const nothing = { entities: [], complete: [], placeholder: false };
  return {
    operation: 'DELETE',
    typeName,
    qualifiedName,
    producer,
    objectId,
    position,
    ...nothing,
  };
}
