import type { EntityChange, EntityRef, SourcePosition, SpokenRoot } from '../../schemas/types.ts';
import { keyPart, type Table, type TableEntry, type TableKey } from '../table.ts';
import type { DerivedEntity } from '../transform.ts';
import { refKey } from './keys.ts';

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
 * smallest key is heard; placeholders are silent while anybody speaks for real.
 */
export class Roots {
  readonly #table: Table;
  readonly #speaks: (producer: string) => boolean;
  /** Who was heard of a root, by its part of the key, for as long as nobody else may be. */
  readonly #heard = new Map<string, ReadonlyMap<string, Heard>>();

  /** `speaks` tells whether a producer, as part of a key, counts: one that is not configured any more holds no root, since nobody will say that it is gone. */
  constructor(table: Table, speaks: (producer: string) => boolean) {
    this.#table = table;
    this.#speaks = speaks;
  }

  /** Replaces what an object says about its roots. */
  replace(
    speaker: { readonly object: string; readonly producer: string },
    before: readonly SpokenRoot[],
    after: readonly SpokenRoot[],
  ): void {
    const old = new Map(before.map((root) => [refKey(root), root]));
    for (const root of after) {
      const was = old.get(refKey(root));
      if (was !== undefined && was.placeholder !== root.placeholder) this.#table.remove(keyOf(was, speaker));
      old.delete(refKey(root));
      this.#table.put(keyOf(root, speaker), Buffer.from(root.hash));
      this.#hear(root, speaker);
    }
    for (const root of old.values()) {
      this.#table.remove(keyOf(root, speaker));
      this.#heard.delete(keyPart(refKey(root)));
    }
  }

  /** Notes who is heard of a root now where that is plain: nobody was, or the same object alone. */
  #hear(
    root: SpokenRoot,
    { object, producer }: { readonly object: string; readonly producer: string },
  ): void {
    const key = keyPart(refKey(root));
    const before = this.#heard.get(key);
    if (before === undefined) return;
    const name = keyPart(producer);
    const isSame = before.size === 1 && before.get(name)?.object === object;
    const { hash, placeholder: isPlaceholder } = root;
    if ((before.size > 0 && !isSame) || !this.#speaks(name)) this.#heard.delete(key);
    else if (isSame && before.get(name)?.placeholder !== isPlaceholder) this.#heard.delete(key);
    else this.#heard.set(key, new Map([[name, { object, hash, placeholder: isPlaceholder }]]));
  }

  /** Who is heard of a root, by producer: all speak for real, or all are placeholders. */
  heard(ref: EntityRef): ReadonlyMap<string, Heard> {
    const root = keyPart(refKey(ref));
    const known = this.#heard.get(root) ?? this.#look(root);
    this.#heard.set(root, known);
    return known;
  }

  #look(root: string): ReadonlyMap<string, Heard> {
    const entry = this.#table.first([kind, root]);
    if (entry === undefined) return nobody;
    if (entry.key[2] === real) {
      const found = this.#heardAs([kind, root, real], entry);
      if (found.size > 0) return found;
    }
    const prefix: TableKey = [kind, root, placeholder];
    return this.#heardAs(prefix, entry.key[2] === placeholder ? entry : this.#table.first(prefix));
  }

  /** Forgets what producers that do not count had said of a root that is deleted: they say all of it again when they come back. */
  forgetTheSilent(ref: EntityRef): void {
    const entries = Array.from(
      this.#table.scan([kind, keyPart(refKey(ref))]),
      ({ key: [, ...rest] }): TableKey => [kind, ...rest],
    );
    for (const key of entries) if (!this.#speaks(key[3] ?? '')) this.#table.remove(key);
  }

  /** `first` is the first entry with that prefix. */
  #heardAs(prefix: TableKey, first: TableEntry | undefined): Map<string, Heard> {
    const isPlaceholder = prefix[2] === placeholder;
    const found = new Map<string, Heard>();
    for (let entry = first; entry !== undefined; ) {
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
  root: SpokenRoot,
  { object, producer }: { readonly object: string; readonly producer: string },
): TableKey {
  return [kind, keyPart(refKey(root)), root.placeholder ? placeholder : real, keyPart(producer), object];
}

/** The change by which a speaker says something of a root. */
export function upsert({ producer, objectId, position }: Speaker, derived: DerivedEntity): EntityChange {
  const { typeName, qualifiedName } = derived.entities[0];
  return { operation: 'UPSERT', typeName, qualifiedName, producer, objectId, position, ...derived };
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
