import { type CaseRule, foldCase } from '../pipeline/naming.ts';
import type { KnownAsset } from '../pipeline/transform.ts';

/** The columns of an asset, as far as they are known. */
export interface KnownColumns {
  /** Undefined when nobody has described the asset, or not its columns. */
  readonly names: readonly string[] | undefined;
  /**
   * A column as its own source spells it, by the source's case rule. Undefined when the asset is known not to have it; the
   * name as given when its columns are not known.
   */
  find(name: string): string | undefined;
}

/** Makes the look-up in an asset's columns. An asset that is described without columns counts as one of unknown shape. */
export function knownColumns(asset: KnownAsset | undefined, rule: CaseRule): KnownColumns {
  if (asset === undefined || asset.columns.length === 0) return { names: undefined, find: (name) => name };
  const byName = new Map(asset.columns.map((column) => [foldCase(column, rule), column]));
  return { names: asset.columns, find: (name) => byName.get(foldCase(name, rule)) };
}
