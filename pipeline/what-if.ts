import { jsonOf } from './attribute-value.ts';
import type { AttributeValue, EntityBody } from '../schemas/types.ts';
import type { TypeModel } from './type-model.ts';
import type { AttributeType, AttributeTypeName } from './types.ts';

/** What is wrong with an entity, as its type is declared. */
export interface EntityProblem {
  readonly typeName: string;
  readonly qualifiedName: string;
  readonly kind: 'unknown-type' | 'missing-required' | 'undefined-attribute' | 'wrong-kind';
  /** One sentence. */
  readonly detail: string;
}

/** Attributes of Atlas's base types (0010-base_model), all of them texts. */
export const baseAttributes: ReadonlySet<string> = new Set([
  'qualifiedName',
  'name',
  'displayName',
  'description',
  'userDescription',
  'owner',
  'replicatedTo',
  'replicatedFrom',
]);

/** Its types of assets that may stand as they are, and are of nothing but these attributes. */
const baseTypes: ReadonlySet<string> = new Set([
  'Referenceable',
  'Asset',
  'DataSet',
  'Process',
  'Infrastructure',
]);
const noneDeclared: ReadonlyMap<string, AttributeType> = new Map();

type Found = readonly (readonly [kind: EntityProblem['kind'], detail: string])[];

/** Holds an entity against the declared types, without a catalogue: what Atlas would refuse, or drop without a word. */
export function entityProblems(body: EntityBody, types: TypeModel): readonly EntityProblem[] {
  const { typeName, qualifiedName } = body;
  const declared = types.attributes(typeName) ?? (baseTypes.has(typeName) ? noneDeclared : undefined);
  const found: Found =
    declared === undefined
      ? [['unknown-type', `No type ${typeName} is declared.`]]
      : [
          ...declaredValues(body, declared),
          ...otherValues(body, declared, types),
          ...references(body, declared, types),
        ];
  return found.map(([kind, detail]) => ({ typeName, qualifiedName, kind, detail }));
}

function declaredValues(
  { typeName, attributes }: EntityBody,
  declared: ReadonlyMap<string, AttributeType>,
): Found {
  return [...declared].flatMap(([name, { required, typeName: kind }]): Found => {
    const value = attributes[name] ?? null;
    if (value === null)
      return required === true
        ? [['missing-required', `${typeName}.${name} is mandatory, and has no value.`]]
        : [];
    return fits[kind](value)
      ? []
      : [['wrong-kind', `${typeName}.${name} is of type ${kind}, not ${JSON.stringify(value)}.`]];
  });
}

function otherValues(
  { typeName, attributes }: EntityBody,
  declared: ReadonlyMap<string, AttributeType>,
  types: TypeModel,
): Found {
  return Object.entries(attributes).flatMap(([name, value]): Found => {
    if (declared.has(name)) return [];
    if (baseAttributes.has(name)) {
      const isText = value === null || typeof value === 'string';
      return isText ? [] : [['wrong-kind', `${typeName}.${name} is a text, not ${JSON.stringify(value)}.`]];
    }
    if (types.isPartly(typeName)) return [];
    return [['undefined-attribute', `${typeName} has no attribute ${name}: Atlas drops it without a word.`]];
  });
}

function references(body: EntityBody, declared: ReadonlyMap<string, AttributeType>, types: TypeModel): Found {
  const { typeName } = body;
  if (types.isPartly(typeName)) return [];
  return body.references
    .filter(({ attribute }) => types.relation(typeName, attribute) === undefined && !declared.has(attribute))
    .map(({ attribute }) => [
      'undefined-attribute',
      `No relationship gives ${typeName} the attribute ${attribute}.`,
    ]);
}

/** As Atlas 2.4.0 takes values: texts of numbers pass, floats for whole numbers are cut, booleans are no numbers, and a text takes everything. */
const fits: Readonly<Record<AttributeTypeName, (value: AttributeValue) => boolean>> = {
  string: () => true,
  'array<string>': (value) => Array.isArray(jsonOf(value)),
  int: (value) => Math.abs(numberOf(value)) <= 2 ** 31,
  long: (value) => Math.abs(numberOf(value)) <= 2 ** 63,
  double: (value) => !Number.isNaN(numberOf(value)),
  boolean: (value) => value === true || value === false || value === 'true' || value === 'false',
  date: (value) => value === '' || !Number.isNaN(numberOf(value)) || isIsoTime(value),
};

function numberOf(value: AttributeValue): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function isIsoTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/u.test(value) && !Number.isNaN(Date.parse(value));
}
