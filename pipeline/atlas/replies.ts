/**
 * Schemas for what a catalogue answers, for clients that must not trust it. They require only what a client relies on
 * and let every other field pass.
 */
import { z } from 'zod';

const status = z.enum(['ACTIVE', 'DELETED', 'PURGED']);

/** A header in a mutation answer. Purview leaves fields out that Atlas sends. */
const entityHeaderSchema = z.looseObject({
  guid: z.string(),
  typeName: z.string(),
  status: status.optional(),
  attributes: z.record(z.string(), z.unknown()).optional(),
});

/** The answer to an entity write; all parts may be absent (nothing changed, nothing to assign). */
export const mutationResponseSchema = z.looseObject({
  mutatedEntities: z
    .partialRecord(
      z.enum(['CREATE', 'UPDATE', 'PARTIAL_UPDATE', 'DELETE', 'PURGE']),
      z.array(entityHeaderSchema),
    )
    .optional(),
  guidAssignments: z.record(z.string(), z.string()).optional(),
});

/** A reference under `relationshipAttributes` of an entity that was read. */
export const relatedObjectSchema = z.looseObject({
  guid: z.string(),
  typeName: z.string().optional(),
  entityStatus: status.optional(),
  relationshipGuid: z.string().optional(),
  relationshipStatus: status.optional(),
  displayText: z.string().optional(),
});

/** An entity that was read. */
const entitySchema = z.looseObject({
  typeName: z.string(),
  guid: z.string(),
  status: status.optional(),
  attributes: z.record(z.string(), z.unknown()),
  relationshipAttributes: z.record(z.string(), z.unknown()).optional(),
  isIncomplete: z.boolean().optional(),
});

/** The answer of `GET /entity/guid/{guid}` and `GET /entity/uniqueAttribute/type/{type}`. */
export const entityWithExtInfoSchema = z.looseObject({ entity: entitySchema });

/** The answer of `GET /entity/bulk…`; what is not there is left out, and where nothing is there, the list too. */
export const entitiesWithExtInfoSchema = z.looseObject({ entities: z.array(entitySchema).optional() });

/** The answer of `GET|POST /relationship…`. */
export const relationshipSchema = z.looseObject({
  guid: z.string(),
  typeName: z.string(),
  status: status.optional(),
});

const attributeDef = z.looseObject({
  name: z.string(),
  typeName: z.string(),
  isOptional: z.boolean().default(true),
  isUnique: z.boolean().default(false),
  cardinality: z.string().optional(),
});

/** An entity type as the catalogue holds it, in the parts that decide whether ours can be merged with it. */
export const entityDefSchema = z.looseObject({
  name: z.string(),
  superTypes: z.array(z.string()).default([]),
  attributeDefs: z.array(attributeDef).default([]),
  relationshipAttributeDefs: z
    .array(z.looseObject({ name: z.string(), relationshipTypeName: z.string().optional() }))
    .optional(),
});

/** A struct type as the catalogue holds it. */
export const structDefSchema = z.looseObject({
  name: z.string(),
  attributeDefs: z.array(attributeDef).default([]),
});

/** A relationship type as the catalogue holds it. */
export const relationshipDefSchema = z.looseObject({
  name: z.string(),
  relationshipCategory: z.string(),
  endDef1: z.looseObject({ type: z.string(), name: z.string(), cardinality: z.string().optional() }),
  endDef2: z.looseObject({ type: z.string(), name: z.string(), cardinality: z.string().optional() }),
});

/** The answer of `GET|POST|PUT /types/typedefs`. */
export const typesDefSchema = z.looseObject({
  entityDefs: z.array(entityDefSchema).default([]),
  relationshipDefs: z.array(relationshipDefSchema).default([]),
});

/** The answer of `GET /lineage/{guid}`. */
export const lineageSchema = z.looseObject({
  baseEntityGuid: z.string(),
  guidEntityMap: z.record(z.string(), entityHeaderSchema),
  relations: z.array(
    z.looseObject({
      fromEntityId: z.string(),
      toEntityId: z.string(),
      relationshipId: z.string().optional(),
    }),
  ),
});

/** The body of an error. Azure's gateways answer `{"error":{"code","message"}}` instead, see {@link gatewayErrorSchema}. */
export const errorBodySchema = z.looseObject({
  errorCode: z.string(),
  errorMessage: z.string().default(''),
  requestId: z.string().optional(),
});

/** The body of an error that an Azure gateway made before Atlas saw the request. */
export const gatewayErrorSchema = z.looseObject({
  error: z.looseObject({ code: z.string(), message: z.string().default('') }),
});
