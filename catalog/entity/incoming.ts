/** Entities as a request sends them, with references between them still open. */
import { AtlasError, AtlasFault, invalidParameters } from '../atlas-error.ts';
import {
  isObject,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownObject,
} from '../json.ts';
import type { EntityType } from '../types/registry.ts';
import { javaTypes, notOfEnum, type Place, wrongType } from '../wrong-type.ts';

/** One entity of a request. Values of relationship ends are in `ends`, whichever section they came in. */
export interface Incoming {
  /** As sent, or made by the server where none was sent. */
  readonly guid: string;
  readonly typeName: string;
  readonly attributes: JsonObject;
  readonly relationshipAttributes: JsonObject;
  readonly customAttributes: JsonObject | undefined;
  readonly businessAttributes: JsonObject | undefined;
  readonly classifications: readonly JsonObject[];
  readonly labels: readonly string[] | undefined;
  /** Undefined where they are no object: Atlas does not know them. */
  readonly contacts?: JsonObject | undefined;
}

let unnamed = 0n;

/** A guid for an entity that was sent without one, in the form that Atlas uses: a minus sign and a long number. */
function madeUpGuid(): string {
  unnamed += 1n;
  return `-${process.hrtime.bigint() * 1000n + (unnamed % 1000n)}`;
}

function guidOf(raw: JsonObject): string {
  const guid = own(raw, 'guid');
  if (guid === undefined) return madeUpGuid();
  if (guid === null || guid === '')
    throw new AtlasError('INVALID_OBJECT_ID', `invalid guid ${javaText(guid)}`);
  return javaText(guid);
}

function section(raw: JsonObject, key: string, place: Place): JsonObject | undefined {
  const value = own(raw, key);
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrongType(javaTypes.attributes, value, [...place, [javaTypes.entity, key]]);
  return value;
}

const statuses = ['DELETED', 'ACTIVE', 'PURGED'];

function checkStatus(raw: JsonObject, place: Place): void {
  const status = own(raw, 'status');
  const at: Place = [...place, [javaTypes.entity, 'status']];
  if (status === undefined || status === null) return;
  if (typeof status !== 'string') throw wrongType(javaTypes.status, status, at);
  if (!statuses.includes(status)) throw notOfEnum(javaTypes.status, status, statuses, at);
}

/** Reads one entity that stands at a place of a body. @throws AtlasError 400-00-01A for null, 400-00-021 for an empty guid */
export function readIncoming(raw: JsonValue | undefined, place: Place): Incoming {
  if (raw === null || raw === undefined) throw invalidParameters('found null entity');
  if (!isObject(raw)) throw wrongType(javaTypes.entity, raw, place);
  checkStatus(raw, place);
  const labels = own(raw, 'labels');
  return {
    guid: guidOf(raw),
    typeName: javaText(own(raw, 'typeName')),
    attributes: section(raw, 'attributes', place) ?? jsonObject(),
    relationshipAttributes: section(raw, 'relationshipAttributes', place) ?? jsonObject(),
    customAttributes: section(raw, 'customAttributes', place),
    businessAttributes: section(raw, 'businessAttributes', place),
    classifications: ownList(raw, 'classifications').filter(isObject),
    labels: Array.isArray(labels) ? labels.map(javaText) : undefined,
    contacts: ownObject(raw, 'contacts'),
  };
}

/** The entities of a request and those that they may refer to. */
export interface Batch {
  readonly entities: readonly Incoming[];
  readonly byGuid: ReadonlyMap<string, Incoming>;
}

/** Puts entities together. Of two with one guid the second is lost, as in Atlas. */
export function makeBatch(entities: readonly Incoming[], referred: ReadonlyMap<string, Incoming>): Batch {
  const byGuid = new Map(referred);
  const kept: Incoming[] = [];
  const seen = new Set<string>();
  for (const entity of entities) {
    if (seen.has(entity.guid)) continue;
    seen.add(entity.guid);
    byGuid.set(entity.guid, entity);
    kept.push(entity);
  }
  return { entities: kept, byGuid };
}

function readReferred(body: JsonObject, javaType: string): Map<string, Incoming> {
  const referred = new Map<string, Incoming>();
  for (const [key, raw] of Object.entries(ownObject(body, 'referredEntities') ?? {})) {
    if (!isObject(raw)) continue;
    const place: Place = [
      [javaType, 'referredEntities'],
      ['java.util.HashMap', key],
    ];
    referred.set(key, readIncoming(raw, place));
  }
  return referred;
}

/** Reads the body of `POST /entity/bulk`. */
export function readBulkBody(body: JsonValue): Batch {
  const { bulk, entities } = javaTypes;
  if (Array.isArray(body)) throw wrongType(bulk, body);
  const list = isObject(body) ? own(body, 'entities') : undefined;
  if (!isObject(body) || list === undefined || list === null)
    throw new AtlasFault('a bulk request without entities');
  if (!Array.isArray(list)) throw wrongType(entities, list, [[bulk, 'entities']]);
  if (list.length === 0) throw invalidParameters('no entities to create/update.');
  const incoming = list.map((raw, index) =>
    readIncoming(raw, [
      [bulk, 'entities'],
      ['java.util.ArrayList', index],
    ]),
  );
  return makeBatch(incoming, readReferred(body, bulk));
}

/** Reads the body of `POST /entity`. */
export function readSingleBody(body: JsonValue): Batch {
  const { single } = javaTypes;
  if (body === null) throw new AtlasFault('a request without a body');
  if (!isObject(body)) throw wrongType(single, body);
  return makeBatch([readIncoming(own(body, 'entity'), [[single, 'entity']])], readReferred(body, single));
}

/**
 * The values that an entity sends for relationship ends. `relationshipAttributes` wins over `attributes`; there a null is
 * ignored, while under `relationshipAttributes` it clears (seen on Atlas 2.4.0).
 */
export function endValues(entity: Incoming, type: EntityType): Map<string, JsonValue> {
  const values = new Map<string, JsonValue>();
  for (const name of type.ends.keys()) {
    const related = own(entity.relationshipAttributes, name);
    const plain = own(entity.attributes, name);
    if (related !== undefined) values.set(name, related);
    else if (plain !== undefined && plain !== null) values.set(name, plain);
  }
  return values;
}
