import { jsonAttributes } from '../../pipeline/attribute-value.ts';
import type { AtlasEntitiesWithExtInfo, AtlasEntity, Json } from '../../pipeline/atlas/wire.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { Contact, EntityBody, EntityRef, GuidReference, Reference } from '../../schemas/types.ts';
import { objectId } from './client.ts';

/** An entity to be written. */
export interface EntityWrite {
  readonly body: EntityBody;
  /** Reference attributes that are left out of the body, since they go through relationships. */
  readonly omit: ReadonlySet<string>;
  /** Reference attributes that no relationship makes: Atlas would pass over them in `relationshipAttributes`. @default none */
  readonly plain?: ReadonlySet<string>;
}

/** What a bulk request says of an entity beside attributes and references. */
export interface EntityExtras {
  /** All that it is to have: Atlas replaces them whole. */
  readonly customAttributes?: Readonly<Record<string, string>>;
  readonly contacts?: { readonly experts: readonly Contact[]; readonly owners: readonly Contact[] };
}

/** A bulk request, with the placeholder guid of each entity by {@link refKey}. */
export interface BulkRequest {
  readonly body: AtlasEntitiesWithExtInfo;
  readonly guids: ReadonlyMap<string, string>;
}

/** A bulk request as it is sent. */
export interface EncodedRequest extends BulkRequest {
  /** Its body as JSON. */
  readonly json: string;
}

const noGuids: ReadonlyMap<string, string> = new Map();

/**
 * Builds the body of `POST /entity/bulk`. Entities of the request refer to each other by placeholder guid, since Atlas resolves
 * names before it creates anything of the batch; what is not in the request is referred to by type and qualifiedName.
 * References stand in `relationshipAttributes`, but for plain ones. Every entity must be in the list once.
 *
 * @param assigned guids of entities that the catalogue has under other names: it finds them by guid, and takes over their new names
 */
export function bulkRequest(
  writes: readonly EntityWrite[],
  extras: ReadonlyMap<string, EntityExtras> = new Map(),
  assigned: ReadonlyMap<string, string> = noGuids,
): BulkRequest {
  const guids = new Map<string, string>();
  for (const { body } of writes) guids.set(refKey(body), assigned.get(refKey(body)) ?? `-${guids.size + 1}`);
  const entities = writes.map((write): AtlasEntity => {
    const { customAttributes, contacts } = extras.get(refKey(write.body)) ?? {};
    return {
      ...atlasEntity(write, guids),
      ...(customAttributes === undefined ? {} : { customAttributes }),
      ...(contacts === undefined
        ? {}
        : {
            contacts: { Expert: contacts.experts.map(contactBody), Owner: contacts.owners.map(contactBody) },
          }),
    };
  });
  return { body: { entities }, guids };
}

/** {@link bulkRequest}, written down. */
export function encodedRequest(...of: Parameters<typeof bulkRequest>): EncodedRequest {
  const request = bulkRequest(...of);
  return { ...request, json: JSON.stringify(request.body) };
}

function contactBody({ id, info }: Contact): { readonly id: string; readonly info?: string } {
  return info === null ? { id } : { id, info };
}

/** Bytes of an entity in a request, at the most: names are longer than the placeholders that may stand for them. */
export function writeBytes(write: EntityWrite): number {
  return Buffer.byteLength(JSON.stringify(atlasEntity(write, noGuids))) + '"guid":"-1000000",'.length;
}

function atlasEntity({ body, omit, plain }: EntityWrite, guids: ReadonlyMap<string, string>): AtlasEntity {
  const guid = guids.get(refKey(body));
  const isPlain = ({ attribute }: Reference): boolean => plain?.has(attribute) === true;
  const sent = body.references.filter(({ attribute }) => !omit.has(attribute));
  const references = sent.filter((reference) => !isPlain(reference));
  const byGuid = body.annotations?.guidReferences ?? [];
  const refer = (ref: EntityRef): Json => {
    const placeholder = guids.get(refKey(ref));
    return placeholder === undefined ? objectId(ref) : { guid: placeholder, typeName: ref.typeName };
  };
  return {
    typeName: body.typeName,
    ...(guid === undefined ? {} : { guid }),
    attributes: {
      ...jsonAttributes(body.attributes),
      ...Object.fromEntries(sent.filter(isPlain).map((r) => [r.attribute, valueOf(r, refer)])),
      qualifiedName: body.qualifiedName,
    },
    ...(references.length + byGuid.length === 0
      ? {}
      : {
          relationshipAttributes: {
            ...Object.fromEntries(references.map((r) => [r.attribute, valueOf(r, refer)])),
            ...Object.fromEntries(byGuid.map((r) => [r.attribute, guidValue(r, references, refer)])),
          },
        }),
  };
}

/** What is referred to by guid stands in one list with what is by name. */
function guidValue(
  { attribute, many, guids }: GuidReference,
  references: readonly Reference[],
  refer: (ref: EntityRef) => Json,
): Json {
  const [first] = guids;
  if (!many) return first === undefined ? null : { guid: first };
  const named = references.find((one) => one.attribute === attribute)?.targets ?? [];
  return [...named.map(refer), ...guids.map((guid) => ({ guid }))];
}

/** A list replaces the set; null clears a single reference (Atlas clears references only in relationshipAttributes). */
function valueOf({ many, targets }: Reference, refer: (ref: EntityRef) => Json): Json {
  if (many) return targets.map(refer);
  const [target] = targets;
  return target === undefined ? null : refer(target);
}
