/** Reads type definitions from a request: fills in the defaults that Atlas fills in and refuses what has no usable form. */
import { isTypeName, parseTypeName } from '../../pipeline/atlas/typedef-rules.ts';
import type {
  Cardinality,
  PropagateTags,
  RelationshipCategory,
  TypeCategory,
} from '../../pipeline/atlas/wire.ts';
import { AtlasError, AtlasFault } from '../atlas-error.ts';
import {
  isObject,
  javaText,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownObject,
  ownText,
} from '../json.ts';
import type { StoredAttribute, StoredEnd, StoredTypeDef } from './stored-type.ts';

const maxCount = 2_147_483_647;

type Fresh<T> = T extends StoredTypeDef
  ? Omit<T, 'guid' | 'seq' | 'createdBy' | 'updatedBy' | 'createTime' | 'updateTime' | 'version'>
  : never;

/** A definition as read, before it has a guid and times. */
export type TypeDraft = Fresh<StoredTypeDef>;

function textMap(value: JsonValue | undefined): Readonly<Record<string, string>> | undefined {
  if (!isObject(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, javaText(item)]));
}

function texts(list: readonly JsonValue[]): string[] {
  return list.filter((item) => typeof item === 'string');
}

function cardinalityOf(value: JsonValue | undefined): Cardinality {
  return value === 'LIST' || value === 'SET' ? value : 'SINGLE';
}

/** How many values an attribute holds; -1 as sent stays (Atlas has such attributes itself). */
function countsOf(
  raw: JsonObject,
  isOptional: boolean,
  cardinality: Cardinality,
): Pick<StoredAttribute, 'valuesMinCount' | 'valuesMaxCount'> {
  const min = own(raw, 'valuesMinCount');
  const max = own(raw, 'valuesMaxCount');
  const valuesMinCount = typeof min === 'number' && min < 0 ? min : isOptional ? 0 : 1;
  if (cardinality === 'SINGLE') return { valuesMinCount, valuesMaxCount: max === -1 ? -1 : 1 };
  return { valuesMinCount, valuesMaxCount: typeof max === 'number' && max > 0 ? max : maxCount };
}

/** Reads one attribute; `owner` is the type's name, for messages. */
function readAttribute(raw: JsonObject, owner: string): StoredAttribute {
  const name = ownText(raw, 'name');
  const typeName = ownText(raw, 'typeName');
  if (name === undefined || typeName === undefined) {
    throw new AtlasError('MISSING_MANDATORY_ATTRIBUTE', owner, name === undefined ? 'name' : 'typeName');
  }
  const cardinality = cardinalityOf(own(raw, 'cardinality'));
  if (cardinality !== 'SINGLE' && parseTypeName(typeName).kind !== 'array') {
    throw new AtlasError('INVALID_ATTRIBUTE_TYPE_FOR_CARDINALITY', owner, name);
  }
  const isOptional = own(raw, 'isOptional') === true;
  const weight = own(raw, 'searchWeight');
  const constraints = own(raw, 'constraints');
  const options = textMap(own(raw, 'options'));
  return {
    name,
    typeName,
    isOptional,
    cardinality,
    ...countsOf(raw, isOptional, cardinality),
    isUnique: own(raw, 'isUnique') === true,
    isIndexable: own(raw, 'isIndexable') === true,
    includeInNotification: own(raw, 'includeInNotification') === true,
    searchWeight: typeof weight === 'number' ? weight : -1,
    ...optionalTexts(raw, ['indexType', 'defaultValue', 'description', 'displayName']),
    ...(options === undefined ? {} : { options }),
    ...(Array.isArray(constraints) ? { constraints: constraints.map(constraintOf) } : {}),
  };
}

function constraintOf(value: JsonValue): Readonly<Record<string, string>> {
  return textMap(value) ?? {};
}

function optionalTexts(raw: JsonObject, keys: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const key of keys) {
    const value = ownText(raw, key);
    if (value !== undefined) found[key] = value;
  }
  return found;
}

/** Reads the attributes of a type. Of two with one name the last one counts (seen on Atlas 2.4.0). */
function readAttributes(raw: JsonObject, owner: string): StoredAttribute[] {
  const byName = new Map<string, StoredAttribute>();
  for (const item of ownList(raw, 'attributeDefs')) {
    if (!isObject(item)) throw new AtlasFault('an attribute that is not an object');
    const attribute = readAttribute(item, owner);
    byName.set(attribute.name, attribute);
  }
  return [...byName.values()];
}

function readEnd(raw: JsonObject, key: 'endDef1' | 'endDef2'): StoredEnd {
  const end = ownObject(raw, key);
  const type = ownText(end, 'type');
  const name = ownText(end, 'name');
  if (type === undefined) throw new AtlasError('MISSING_MANDATORY_ATTRIBUTE', key, 'type');
  if (name === undefined) throw new AtlasError('MISSING_MANDATORY_ATTRIBUTE', key, 'name');
  const description = ownText(end, 'description');
  return {
    type,
    name,
    isContainer: own(end, 'isContainer') === true,
    cardinality: cardinalityOf(own(end, 'cardinality')),
    isLegacyAttribute: own(end, 'isLegacyAttribute') === true,
    ...(description === undefined ? {} : { description }),
  };
}

function readElements(
  raw: JsonObject,
  name: string,
): { value: string; ordinal?: number; description?: string }[] {
  const byValue = new Map<string, { value: string; ordinal?: number; description?: string }>();
  for (const item of ownList(raw, 'elementDefs')) {
    if (!isObject(item)) continue;
    const value = ownText(item, 'value');
    if (value === undefined) throw new AtlasError('MISSING_MANDATORY_ATTRIBUTE', name, 'value');
    const ordinal = own(item, 'ordinal');
    const description = ownText(item, 'description');
    byValue.set(value, {
      value,
      ...(typeof ordinal === 'number' ? { ordinal } : {}),
      ...(description === undefined ? {} : { description }),
    });
  }
  if (byValue.size === 0) throw new AtlasError('MISSING_MANDATORY_ATTRIBUTE', name, 'values');
  return [...byValue.values()];
}

function relationshipCategoryOf(value: JsonValue | undefined): RelationshipCategory {
  return value === 'AGGREGATION' || value === 'COMPOSITION' ? value : 'ASSOCIATION';
}

function propagateTagsOf(value: JsonValue | undefined): PropagateTags {
  return value === 'ONE_TO_TWO' || value === 'TWO_TO_ONE' || value === 'BOTH' ? value : 'NONE';
}

/**
 * Reads one definition of a category.
 * @param checkName false for Atlas's own types, whose names may start with `__`
 * @throws AtlasError with the code that Atlas answers; AtlasFault without a name
 */
export function readTypeDef(raw: JsonValue, category: TypeCategory, checkName = true): TypeDraft {
  const name = isObject(raw) ? ownText(raw, 'name') : undefined;
  if (!isObject(raw) || name === undefined) throw new AtlasFault('a type without a name');
  if (checkName && !isTypeName(name, category === 'CLASSIFICATION'))
    throw new AtlasError('TYPE_NAME_INVALID_FORMAT', name, category);
  return readParts(raw, category, readBase(raw, name));
}

function readBase(raw: JsonObject, name: string) {
  const options = textMap(own(raw, 'options'));
  return {
    name,
    description: ownText(raw, 'description') ?? name,
    typeVersion: ownText(raw, 'typeVersion') ?? '1.0',
    ...optionalTexts(raw, ['serviceType']),
    ...(options === undefined ? {} : { options }),
  };
}

function readParts(raw: JsonObject, category: TypeCategory, base: ReturnType<typeof readBase>): TypeDraft {
  const { name } = base;
  switch (category) {
    case 'ENUM':
      return {
        ...base,
        category,
        elementDefs: readElements(raw, name),
        ...optionalTexts(raw, ['defaultValue']),
      };
    case 'STRUCT':
    case 'BUSINESS_METADATA':
      return { ...base, category, attributeDefs: readAttributes(raw, name) };
    case 'CLASSIFICATION':
      return {
        ...base,
        category,
        attributeDefs: readAttributes(raw, name),
        superTypes: texts(ownList(raw, 'superTypes')),
        entityTypes: texts(ownList(raw, 'entityTypes')),
      };
    case 'ENTITY':
      return {
        ...base,
        category,
        attributeDefs: readAttributes(raw, name),
        superTypes: texts(ownList(raw, 'superTypes')),
      };
    case 'RELATIONSHIP':
      return {
        ...base,
        category,
        attributeDefs: readAttributes(raw, name),
        relationshipCategory: relationshipCategoryOf(own(raw, 'relationshipCategory')),
        propagateTags: propagateTagsOf(own(raw, 'propagateTags')),
        endDef1: readEnd(raw, 'endDef1'),
        endDef2: readEnd(raw, 'endDef2'),
      };
  }
}
