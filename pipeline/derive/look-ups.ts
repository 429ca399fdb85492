import type { DerivedObject, EntityRef } from '../../schemas/types.ts';
import type { Table } from '../table.ts';
import { refPart } from './keys.ts';
import { type KnownAssets, knownRows } from './known-assets.ts';
import { type NameRecords, several } from './name-records.ts';

const asked = 'asked';
const nothing = new Uint8Array();

/** An asset that others ask for: who, and what they were answered. */
interface Looked {
  readonly ref: EntityRef;
  readonly askers: readonly string[];
  readonly answer: string | undefined;
}

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
    const looked = new Map<string, Looked>();
    for (const ref of [...before, ...after]) {
      const asset = refPart(ref);
      if (!this.#names.get(asset).isAsked || looked.has(asset)) continue;
      const askers = this.#askers(asset);
      if (askers.length === 0) continue;
      looked.set(asset, { ref, askers, answer: JSON.stringify(this.#known.asset(ref)) });
    }
    return {
      store: () => this.#setKnown(object, before, after),
      affected: () => {
        const affected = new Set<string>();
        for (const { ref, askers, answer } of looked.values())
          if (JSON.stringify(this.#known.asset(ref)) !== answer) for (const one of askers) affected.add(one);
        return affected;
      },
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
): { readonly added: Iterable<string>; readonly gone: Iterable<string> } {
  if (before.length === 0 && after.length <= 1) return { added: after.map(refPart), gone: [] };
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
