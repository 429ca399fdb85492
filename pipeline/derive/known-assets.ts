import type { EntityRef } from '../../schemas/types.ts';
import type { KnownAsset, KnownView } from '../transform.ts';
import { refKey } from './keys.ts';

/**
 * What is known of each asset's shape, and who asked for it. An answer does not depend on the order in which events
 * arrived: where several objects describe one asset, the one with the smallest key speaks.
 */
export class KnownAssets {
  readonly #assets = new Map<string, Map<string, KnownAsset>>();
  readonly #askedBy = new Map<string, Set<string>>();
  #asked = new Set<string>();

  /** The view that transforms look into; every look-up is recorded. */
  readonly view: KnownView = {
    asset: (ref: EntityRef): KnownAsset | undefined => {
      const key = refKey(ref);
      this.#asked.add(key);
      return this.#answer(key);
    },
  };

  /** Runs a derivation and returns its result with the keys that it looked up. */
  recording<T>(derive: () => T): { readonly result: T; readonly asked: ReadonlySet<string> } {
    this.#asked = new Set();
    const result = derive();
    return { result, asked: this.#asked };
  }

  /** Replaces what an object asks for. */
  setAsked(object: string, before: ReadonlySet<string>, asked: ReadonlySet<string>): void {
    for (const key of before) {
      const objects = this.#askedBy.get(key);
      objects?.delete(object);
      if (objects?.size === 0) this.#askedBy.delete(key);
    }
    for (const key of asked) {
      const objects = this.#askedBy.get(key);
      if (objects === undefined) this.#askedBy.set(key, new Set([object]));
      else objects.add(object);
    }
  }

  /** Replaces what an object makes known, and returns the objects whose look-ups now have another answer. */
  setKnown(object: string, before: readonly KnownAsset[], known: readonly KnownAsset[]): ReadonlySet<string> {
    const keys = new Set([...before, ...known].map(refKey));
    const answers = new Map([...keys].map((key) => [key, JSON.stringify(this.#answer(key))]));
    for (const asset of before) {
      const speakers = this.#assets.get(refKey(asset));
      speakers?.delete(object);
      if (speakers?.size === 0) this.#assets.delete(refKey(asset));
    }
    for (const asset of known) {
      const speakers = this.#assets.get(refKey(asset)) ?? new Map<string, KnownAsset>();
      this.#assets.set(refKey(asset), speakers.set(object, asset));
    }
    const changed = [...keys].filter((key) => JSON.stringify(this.#answer(key)) !== answers.get(key));
    return new Set(changed.flatMap((key) => [...(this.#askedBy.get(key) ?? [])]));
  }

  #answer(key: string): KnownAsset | undefined {
    const speakers = this.#assets.get(key);
    if (speakers === undefined) return undefined;
    let first: string | undefined;
    for (const object of speakers.keys()) if (first === undefined || object < first) first = object;
    const asset = first === undefined ? undefined : speakers.get(first);
    if (asset?.standsFor === undefined || speakers.size === 1) return asset;
    return { ...asset, ambiguous: true };
  }
}
