import { readColumnMapping } from '../../pipeline/column-mapping.ts';
import type { PostgresParser } from '../../pipeline/postgres-parser.ts';
import { createNaming } from '../../pipeline/naming.ts';
import type { SourceSettings } from '../../pipeline/transform.ts';
import type { EntityBody, RawEvent } from '../../schemas/types.ts';
import { transforms } from '../../transforms/index.ts';
import { Deriving } from './deriving.ts';

/** What the catalogue holds of a process, in short names. */
export interface DerivedProcess {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly edges: readonly string[];
  readonly warnings: readonly string[];
  readonly attributes: EntityBody['attributes'];
}

/** All entities that the events mean, by type and name, after they were applied in this order. Throws when one fails. */
export function derivedCatalogue(
  settings: Readonly<Record<string, SourceSettings>>,
  events: readonly RawEvent[],
  postgres?: PostgresParser,
): ReadonlyMap<string, EntityBody> {
  const types = Object.values(settings).flatMap((one) => one.types.entityTypes);
  const naming = createNaming([...new Map(types.map((type) => [type.name, type])).values()]);
  const settingsOf = (producer: string): SourceSettings => {
    const found = settings[producer];
    if (found === undefined) throw new Error(`There is no producer ${producer}.`);
    return found;
  };
  const deriver = new Deriving({
    transforms: (known) =>
      Object.values(transforms).map((make) =>
        make({ naming, known, settings: settingsOf, ...(postgres === undefined ? {} : { postgres }) }),
      ),
    naming,
  });
  const catalogue = new Map<string, EntityBody>();
  const owned = new Map<string, readonly string[]>();
  for (const event of events) {
    const applied = deriver.apply(event);
    if (applied.kind === 'failed') throw applied.error;
    if (applied.kind !== 'derived') continue;
    if (applied.failures[0] !== undefined) throw applied.failures[0].error;
    for (const change of applied.changes) {
      const root = `${change.typeName} ${change.qualifiedName}`;
      for (const key of owned.get(root) ?? []) catalogue.delete(key);
      const entities = change.entities.map(
        (entity) => [`${entity.typeName} ${entity.qualifiedName}`, entity] as const,
      );
      for (const [key, entity] of entities) catalogue.set(key, entity);
      owned.set(
        root,
        entities.map(([key]) => key),
      );
    }
  }
  return catalogue;
}

/** A process of the catalogue by its name; what is common to all names is cut off. Throws when it is not there. */
export function processOf(
  catalogue: ReadonlyMap<string, EntityBody>,
  key: string,
  prefix: string,
): DerivedProcess {
  const entity = catalogue.get(key);
  if (entity === undefined)
    throw new Error(`There is no ${key}; there are ${[...catalogue.keys()].join(', ')}.`);
  const short = (text: string): string => text.replaceAll(prefix, '');
  const targets = (attribute: string): readonly string[] =>
    (entity.references.find((reference) => reference.attribute === attribute)?.targets ?? []).map((target) =>
      short(target.qualifiedName),
    );
  const { columnMapping, warnings } = entity.attributes;
  const mapping = typeof columnMapping === 'string' ? columnMapping : '[]';
  return {
    inputs: targets('inputs'),
    outputs: targets('outputs'),
    edges: readColumnMapping(mapping)
      .map((edge) => short(`${edge.source}.${edge.sourceColumn} -> ${edge.target}.${edge.targetColumn}`))
      .sort(),
    warnings: Array.isArray(warnings) ? warnings.map(short) : [],
    attributes: entity.attributes,
  };
}
