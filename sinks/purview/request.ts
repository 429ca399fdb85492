import { jsonAttributes } from '../../pipeline/attribute-value.ts';
import type { AtlasEntitiesWithExtInfo, AtlasEntity, Json } from '../../pipeline/atlas/wire.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { EntityBody, EntityRef, Reference } from '../../schemas/types.ts';
import { objectId } from './client.ts';

/** An entity to be written. */
export interface EntityWrite {
  readonly body: EntityBody;
  /** Reference attributes that are left out of the body, since they go through relationships. */
  readonly omit: ReadonlySet<string>;
}

/** A bulk request, with the placeholder guid of each entity by {@link refKey}. */
export interface BulkRequest {
  readonly body: AtlasEntitiesWithExtInfo;
  readonly guids: ReadonlyMap<string, string>;
}

/**
 * Builds the body of `POST /entity/bulk`. Entities of the request refer to each other by placeholder guid, since Atlas resolves
 * names before it creates anything of the batch; what is not in the request is referred to by type and qualifiedName.
 * References stand in `relationshipAttributes` only. Every entity must be in the list once.
 */
export function bulkRequest(writes: readonly EntityWrite[]): BulkRequest {
  const guids = new Map<string, string>();
  for (const { body } of writes) guids.set(refKey(body), `-${guids.size + 1}`);
  return { body: { entities: writes.map((write) => atlasEntity(write, guids)) }, guids };
}

const noGuids: ReadonlyMap<string, string> = new Map();

/** Bytes of an entity in a request, at the most: names are longer than the placeholders that may stand for them. */
export function writeBytes(write: EntityWrite): number {
  return Buffer.byteLength(JSON.stringify(atlasEntity(write, noGuids))) + '"guid":"-1000000",'.length;
}

function atlasEntity({ body, omit }: EntityWrite, guids: ReadonlyMap<string, string>): AtlasEntity {
  const guid = guids.get(refKey(body));
  const references = body.references.filter(({ attribute }) => !omit.has(attribute));
  const refer = (ref: EntityRef): Json => {
    const placeholder = guids.get(refKey(ref));
    return placeholder === undefined ? objectId(ref) : { guid: placeholder, typeName: ref.typeName };
  };
  return {
    typeName: body.typeName,
    ...(guid === undefined ? {} : { guid }),
    attributes: { ...jsonAttributes(body.attributes), qualifiedName: body.qualifiedName },
    ...(references.length === 0
      ? {}
      : {
          relationshipAttributes: Object.fromEntries(references.map((r) => [r.attribute, valueOf(r, refer)])),
        }),
  };
}

/** A list replaces the set; null clears a single reference (Atlas clears references only in relationshipAttributes). */
function valueOf({ many, targets }: Reference, refer: (ref: EntityRef) => Json): Json {
  if (many) return targets.map(refer);
  const [target] = targets;
  return target === undefined ? null : refer(target);
}
