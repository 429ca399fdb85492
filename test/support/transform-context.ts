import { StreamError } from '../../pipeline/errors.ts';
import { createNaming } from '../../pipeline/naming.ts';
import type { KnownAsset, SourceSettings, TransformContext } from '../../pipeline/transform.ts';

/** A transform's context over real types, with a fixed answer to every look-up. */
export function transformContext(
  producers: Readonly<Record<string, SourceSettings>>,
  known: readonly KnownAsset[] = [],
): TransformContext {
  const byName = new Map(Object.entries(producers));
  const types = [...byName.values()].flatMap((settings) => settings.types.entityTypes);
  return {
    naming: createNaming([...new Map(types.map((type) => [type.name, type])).values()]),
    known: {
      asset: ({ typeName, qualifiedName }) =>
        known.find((asset) => asset.typeName === typeName && asset.qualifiedName === qualifiedName),
    },
    settings: (producer) => {
      const settings = byName.get(producer);
      if (settings === undefined)
        throw new StreamError('CONFIG_INVALID', `The producer ${producer} is not configured.`);
      return settings;
    },
  };
}
