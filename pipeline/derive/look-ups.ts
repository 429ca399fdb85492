import type { DerivedObject, EntityRef } from '../../schemas/types.ts';
import type { Table } from '../table.ts';
import { refPart } from './keys.ts';
import { type KnownAssets, knownRows } from './known-assets.ts';
import { type NameRecords, several } from './name-records.ts';

const asked = 'asked';
const nothing = new Uint8Array();

/** Who makes an asset known and who asked for it, within one transaction: what has to be derived again when an answer changes. */
export class LookUps {
  readonly #table: Table;
  readonly #names: NameRecords;
  readonly #known: KnownAssets;

  constructor(table: Table, names: NameRecords, known: KnownAssets) {
    this.#table = table;
    this.#names = names;
    this.#known = known;
  }

  /** Replaces what an object asks for. */
  setAsked(object: string, before: readonly EntityRef[], after: readonly EntityRef[]): void {
    const { added, gone } = difference(before, after);
    for (const asset of added) {
      this.#table.put([asked, asset, object], nothing);
      const record = this.#names.get(asset);
      if (!record.isAsked) this.#names.set(asset, { ...record, isAsked: true });
    }
    for (const asset of gone) this.#table.remove([asked, asset, object]);
  }

  /** Replaces what an object makes known by `change`, and returns the objects whose look-ups now have another answer. */
  changing(object: string, before: DerivedObject['known'], after: DerivedObject['known']): Changing {
    const refs = new Map([...before, ...after].map((ref) => [refPart(ref), ref]));
    const looked = [...refs]
      .filter(([asset]) => this.#names.get(asset).isAsked)
      .map(([asset, ref]) => ({ ref, askers: this.#askers(asset) }))
      .filter(({ askers }) => askers.length > 0)
      .map(({ ref, askers }) => ({ ref, askers, answer: JSON.stringify(this.#known.asset(ref)) }));
    return {
      store: () => this.#setKnown(object, before, after),
      affected: () =>
        new Set(
          looked
            .filter(({ ref, answer }) => JSON.stringify(this.#known.asset(ref)) !== answer)
            .flatMap(({ askers }) => askers),
        ),
    };
  }

  #askers(asset: string): readonly string[] {
    return Array.from(this.#table.scan([asked, asset]), ({ key: [, , object = ''] }) => object);
  }

  #setKnown(object: string, before: readonly EntityRef[], after: readonly EntityRef[]): void {
    const { added, gone } = difference(before, after);
    for (const asset of added) {
      const record = this.#names.get(asset);
      const { knower } = record;
      if (knower === undefined || knower === object) {
        this.#names.set(asset, { ...record, knower: object });
        continue;
      }
      if (knower !== several) {
        this.#table.put([knownRows, asset, knower], nothing);
        this.#names.set(asset, { ...record, knower: several });
      }
      this.#table.put([knownRows, asset, object], nothing);
    }
    for (const asset of gone) {
      const { knower, ...record } = this.#names.get(asset);
      if (knower === several) this.#table.remove([knownRows, asset, object]);
      else if (knower === object) this.#names.set(asset, { ...record, knower: undefined });
    }
  }
}

/** Names, as parts of keys, that are only in one of two lists. */
function difference(
  before: readonly EntityRef[],
  after: readonly EntityRef[],
): { readonly added: ReadonlySet<string>; readonly gone: ReadonlySet<string> } {
  const gone = new Set(before.map(refPart));
  const added = new Set<string>();
  const kept = new Set<string>();
  for (const asset of after.map(refPart)) {
    if (kept.has(asset)) continue;
    if (gone.delete(asset)) kept.add(asset);
    else added.add(asset);
  }
  return { added, gone };
}

/** A change of what is known, about to be made. */
export interface Changing {
  /** Makes the change; the object's record must be stored with it. */
  readonly store: () => void;
  /** Objects whose look-ups have another answer after it. */
  readonly affected: () => ReadonlySet<string>;
}
