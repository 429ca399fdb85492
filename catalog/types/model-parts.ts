/** Short forms in which the base model is written. */
import { type JsonObject, jsonObject, type JsonValue } from '../json.ts';

type Extra = Readonly<Record<string, JsonValue>>;

const service = { serviceType: 'atlas_core' };

/** An attribute, optional and single unless said otherwise. */
export function attribute(name: string, typeName: string, extra: Extra = {}): JsonObject {
  return jsonObject({ name, typeName, isOptional: true, cardinality: 'SINGLE', ...extra });
}

/** A text attribute. */
export const text = (name: string, extra: Extra = {}): JsonObject => attribute(name, 'string', extra);
/** Mandatory. */
export const must = { isOptional: false, isIndexable: true };
/** Indexed. */
export const indexed = { isIndexable: true };
/** Mandatory and unique. */
export const unique = { ...must, isUnique: true };
/** As some attributes came to be by a patch: without counts. */
export const uncounted = { isIndexable: true, indexType: 'STRING', valuesMinCount: -1, valuesMaxCount: -1 };

/** An entity type. */
export function entity(
  name: string,
  superTypes: readonly string[],
  attributeDefs: readonly JsonObject[],
  typeVersion = '1.0',
): JsonObject {
  return jsonObject({
    name,
    superTypes: [...superTypes],
    typeVersion,
    ...service,
    attributeDefs: [...attributeDefs],
  });
}

/** An enum type. */
export function values(name: string, elements: readonly (readonly [string, number])[]): JsonObject {
  return jsonObject({
    name,
    typeVersion: '1.0',
    ...service,
    elementDefs: elements.map(([value, ordinal]) => jsonObject({ value, ordinal })),
  });
}

/** One end of a relationship type. */
interface EndSpec {
  readonly type: string;
  readonly name: string;
  readonly is?: 'container' | 'legacy-container';
  readonly single?: boolean;
}

function end({ type, name, is, single }: EndSpec): JsonObject {
  return jsonObject({
    type,
    name,
    isContainer: is !== undefined,
    cardinality: single === true ? 'SINGLE' : 'SET',
    isLegacyAttribute: is === 'legacy-container',
  });
}

/** A relationship type. */
export interface RelationSpec {
  readonly category: string;
  readonly ends: readonly [EndSpec, EndSpec];
  readonly propagateTags?: string;
  readonly typeVersion?: string;
  readonly attributes?: readonly JsonObject[];
}

/** A relationship type. */
export function relation(name: string, spec: RelationSpec): JsonObject {
  return jsonObject({
    name,
    ...service,
    typeVersion: spec.typeVersion ?? '1.0',
    relationshipCategory: spec.category,
    propagateTags: spec.propagateTags ?? 'NONE',
    endDef1: end(spec.ends[0]),
    endDef2: end(spec.ends[1]),
    attributeDefs: [...(spec.attributes ?? [])],
  });
}
