import type { DerivedObject, EntityRef, RememberedAsset } from '../../schemas/types.ts';
import { keyPart, type Table, type TableKey } from '../table.ts';
import type { KnownAsset } from '../transform.ts';
import { refKey } from './keys.ts';
import type { ObjectRecords } from './object-records.ts';

const known = 'known';
const asked = 'asked';
/** Marks an asset that somebody has asked for, once: a look at one key is much cheaper than a look for the first of many. */
const everAsked = 'ever-asked';
const nothing = new Uint8Array();

/**
 * What is known of each asset's shape, and who asked for it, within one transaction. An answer does not depend on the
 * order in which events arrived: where several objects describe one asset, the one with the smallest key speaks.
 */
export class KnownAssets {
  readonly #table: Table;
  readonly #records: ObjectRecords;
  readonly #speaks: (producer: string) => boolean;

  /** `speaks` tells whether a producer, as part of a key, counts: what one said that is not configured any more is not known. */
  constructor(table: Table, records: ObjectRecords, speaks: (producer: string) => boolean) {
    this.#table = table;
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
    const asset = keyPart(refKey(ref));
    const found: RememberedAsset[] = [];
    let entry = this.#table.first([known, asset]);
    while (entry !== undefined && found.length < 2) {
      const [, , object = ''] = entry.key;
      const record = this.#records.get(object);
      if (record !== undefined && this.#speaks(keyPart(record.producer)))
        found.push(...record.known.filter((one) => refKey(one) === refKey(ref)).slice(0, 1));
      entry = this.#table.first([known, asset], [known, asset, object]);
    }
    return found;
  }

  /** Replaces what an object asks for. */
  setAsked(object: string, before: readonly EntityRef[], after: readonly EntityRef[]): void {
    this.#replace(asked, object, { before, after });
    for (const ref of after) {
      const key: TableKey = [everAsked, keyPart(refKey(ref))];
      if (this.#table.get(key) === undefined) this.#table.put(key, nothing);
    }
  }

  /** Replaces what an object makes known by `change`, and returns the objects whose look-ups now have another answer. */
  changing(object: string, before: DerivedObject['known'], after: DerivedObject['known']): Changing {
    const refs = new Map([...before, ...after].map((ref) => [refKey(ref), ref]));
    const looked = [...refs.values()]
      .map((ref) => ({ ref, askers: this.#askers(ref) }))
      .filter(({ askers }) => askers.length > 0)
      .map(({ ref, askers }) => ({ ref, askers, answer: JSON.stringify(this.asset(ref)) }));
    return {
      store: () => this.#replace(known, object, { before, after }),
      affected: () =>
        new Set(
          looked
            .filter(({ ref, answer }) => JSON.stringify(this.asset(ref)) !== answer)
            .flatMap(({ askers }) => askers),
        ),
    };
  }

  #askers(ref: EntityRef): readonly string[] {
    const asset = keyPart(refKey(ref));
    if (this.#table.get([everAsked, asset]) === undefined) return [];
    return Array.from(this.#table.scan([asked, asset]), ({ key: [, , object = ''] }) => object);
  }

  #replace(
    kind: string,
    object: string,
    { before, after }: { readonly before: readonly EntityRef[]; readonly after: readonly EntityRef[] },
  ): void {
    const old = new Set(before.map((ref) => keyPart(refKey(ref))));
    for (const asset of new Set(after.map((ref) => keyPart(refKey(ref))))) {
      if (!old.delete(asset)) this.#table.put([kind, asset, object], nothing);
    }
    for (const asset of old) this.#table.remove([kind, asset, object]);
  }
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
