import type { EntityRef, RememberedAsset } from '../../schemas/types.ts';
import { keyPart, type TableView } from '../table.ts';
import type { KnownAsset } from '../transform.ts';
import { refPart } from './keys.ts';
import { type NameRecords, several } from './name-records.ts';
import type { ObjectRecords } from './object-records.ts';

/** Kind of the rows that say which of {@link several} objects make an asset known. */
export const knownRows = 'known';

/**
 * What is known of each asset's shape, as of one moment. An answer does not depend on the
 * order in which events arrived: where several objects describe one asset, the one with the smallest key speaks.
 */
export class KnownAssets {
  readonly #table: TableView;
  readonly #names: NameRecords;
  readonly #records: ObjectRecords;
  readonly #speaks: (producer: string) => boolean;

  /** `speaks` tells whether a producer, as part of a key, counts: what one said that is not configured any more is not known. */
  constructor(
    table: TableView,
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
    let entry = this.#table.first([knownRows, asset]);
    while (entry !== undefined && found.length < 2) {
      const [, , object = ''] = entry.key;
      found.push(...this.#describedBy(object, ref));
      entry = this.#table.first([knownRows, asset], [knownRows, asset, object]);
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
