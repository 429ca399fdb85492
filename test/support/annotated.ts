import type { Annotations, Classification, EntityChange } from '../../schemas/types.ts';
import { type ChangeOptions, shop } from './changes.ts';

/** What a test says of a shop beside its attributes. */
export type Said = Partial<Annotations & { readonly terms: readonly string[] }>;

/** A classification of the type that {@link annotationTypes} has. */
export function classified(
  typeName: string,
  attributes: Classification['attributes'] = {},
  more: Partial<Classification> = {},
): Classification {
  return {
    typeName,
    attributes,
    propagate: false,
    removePropagationsOnEntityDelete: null,
    validityPeriods: [],
    ...more,
  };
}

/** A shop of which something is said beside its attributes; nothing where `said` is left out. */
export function annotatedShop(name: string, said?: Said, options: ChangeOptions = {}): EntityChange {
  const change = shop(name, {}, options);
  const [root] = change.entities;
  if (root === undefined || said === undefined) return change;
  const { terms, ...annotations } = said;
  const targets = (terms ?? []).map((qualifiedName) => ({ typeName: 'AtlasGlossaryTerm', qualifiedName }));
  const entity = {
    ...root,
    references: terms === undefined ? [] : [{ attribute: 'meanings', many: true, targets }],
    annotations: {
      classifications: null,
      labels: null,
      businessAttributes: null,
      customAttributes: null,
      contacts: null,
      collection: null,
      guidReferences: [],
      ...annotations,
    },
  };
  return { ...change, entities: [entity] };
}

/** Types of classifications and business metadata that apply to shops; `prefix` keeps them apart on a server that others use. */
export function annotationTypes(prefix = '') {
  const attribute = (name: string, typeName: string, options: Record<string, string> = {}) => ({
    name,
    typeName,
    isOptional: true,
    cardinality: typeName.startsWith('array') ? 'SET' : 'SINGLE',
    ...(Object.keys(options).length === 0 ? {} : { options }),
  });
  const applies = { applicableEntityTypes: '["DataSet"]', maxStrLength: '50' };
  return {
    classificationDefs: [
      {
        name: `${prefix}PII`,
        superTypes: [],
        entityTypes: [],
        attributeDefs: [attribute('level', 'string'), attribute('since', 'date')],
      },
      { name: `${prefix}Secret`, superTypes: [], entityTypes: [], attributeDefs: [] },
    ],
    businessMetadataDefs: [
      {
        name: `${prefix}Ownership`,
        attributeDefs: [
          attribute('costCentre', 'string', applies),
          attribute('seats', 'int', applies),
          attribute('regions', 'array<string>', applies),
        ],
      },
    ],
  };
}
