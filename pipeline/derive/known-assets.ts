import type { DerivedObject, EntityRef, RememberedAsset } from '../../schemas/types.ts';
import { keyPart, type Table } from '../table.ts';
import type { KnownAsset } from '../transform.ts';
import { refPart } from './keys.ts';
import { type NameRecords, several } from './name-records.ts';
import type { ObjectRecords } from './object-records.ts';

const known = 'known';
const asked = 'asked';
const nothing = new Uint8Array();

/**
 * What is known of each asset's shape, and who asked for it, within one transaction. An answer does not depend on the
 * order in which events arrived: where several objects describe one asset, the one with the smallest key speaks.
 */
export class KnownAssets {
  readonly #table: Table;
  readonly #names: NameRecords;
  readonly #records: ObjectRecords;
  readonly #speaks: (producer: string) => boolean;

  /** `speaks` tells whether a producer, as part of a key, counts: what one said that is not configured any more is not known. */
  constructor(
    table: Table,
    names: NameRecords,
    records: ObjectRecords,
    speaks: (producer: string) => boolean,
  ) {
    this.#table = table;
    this.#names = names;
    this.#records = records;
    this.#speaks = speaks;
  }

  /** The asset of that name and type, or undefined. */
  asset(ref: EntityRef): KnownAsset | undefined {
    const [first, second] = this.#described(ref);
    if (first === undefined) return undefined;
    const asset = knownAsset(first);
    return asset.standsFor === undefined || second === undefined ? asset : { ...asset, ambiguous: true };
  }

  /** The first two descriptions of an asset, in the order of the keys of the objects that give them. */
  #described(ref: EntityRef): readonly RememberedAsset[] {
    const asset = refPart(ref);
    const { knower } = this.#names.get(asset);
    if (knower === undefined) return [];
    if (knower !== several) return this.#describedBy(knower, ref);
    const found: RememberedAsset[] = [];
    let entry = this.#table.first([known, asset]);
    while (entry !== undefined && found.length < 2) {
      const [, , object = ''] = entry.key;
      found.push(...this.#describedBy(object, ref));
      entry = this.#table.first([known, asset], [known, asset, object]);
    }
    return found;
  }

  #describedBy(object: string, ref: EntityRef): readonly RememberedAsset[] {
    const record = this.#records.get(object);
    if (record === undefined || !this.#speaks(keyPart(record.producer))) return [];
    return record.known
      .filter((one) => one.qualifiedName === ref.qualifiedName && one.typeName === ref.typeName)
      .slice(0, 1);
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
      .map(({ ref, askers }) => ({ ref, askers, answer: JSON.stringify(this.asset(ref)) }));
    return {
      store: () => this.#setKnown(object, before, after),
      affected: () =>
        new Set(
          looked
            .filter(({ ref, answer }) => JSON.stringify(this.asset(ref)) !== answer)
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
        this.#table.put([known, asset, knower], nothing);
        this.#names.set(asset, { ...record, knower: several });
      }
      this.#table.put([known, asset, object], nothing);
    }
    for (const asset of gone) {
      const { knower, ...record } = this.#names.get(asset);
      if (knower === several) this.#table.remove([known, asset, object]);
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

/** What is remembered of an asset that an event makes known. */
export function rememberedAsset(asset: KnownAsset): RememberedAsset {
  const { typeName, qualifiedName, columns } = asset;
  return {
    typeName,
    qualifiedName,
    columns,
    standsFor: asset.standsFor ?? null,
    routine: asset.routine ?? null,
  };
}

function knownAsset({ standsFor, routine, ...asset }: RememberedAsset): KnownAsset {
  return {
    ...asset,
    ...(standsFor === null ? {} : { standsFor }),
    ...(routine === null ? {} : { routine }),
  };
}
