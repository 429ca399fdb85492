/** What a workbook says, as the catalogue's interface takes it: the bodies of `/entity/bulk` and `/types/typedefs`. */
import type { Json, TypesDef } from '../../pipeline/atlas/wire.ts';
import { jsonAttributes } from '../../pipeline/attribute-value.ts';
import type { EntityRef } from '../../schemas/types.ts';
import type { WorkbookEntity } from './finish.ts';
import type { WorkbookContent } from './interpret.ts';

/** Entities for `POST /entity/bulk`, and types for `POST /types/typedefs`. */
export interface ApiDocument {
  readonly entities: readonly Readonly<Record<string, Json>>[];
  readonly typedefs: Required<Pick<TypesDef, 'entityDefs' | 'classificationDefs'>>;
}

/** Makes the document. Entities refer to others of it by placeholder guid, from -1000 down. */
export function apiDocument({ entities, types }: Pick<WorkbookContent, 'entities' | 'types'>): ApiDocument {
  const guids = new Map(entities.map((entity, index) => [keyOf(entity), `${-1000 - index}`]));
  const refer = ({ typeName, qualifiedName }: EntityRef): Json => {
    const guid = guids.get(keyOf({ typeName, qualifiedName }));
    return guid === undefined
      ? { typeName, uniqueAttributes: { qualifiedName } }
      : { guid, typeName, qualifiedName };
  };
  return {
    entities: entities.map((entity) => apiEntity(entity, refer, guids.get(keyOf(entity)) ?? '')),
    typedefs: types,
  };
}

function keyOf({ typeName, qualifiedName }: EntityRef): string {
  return `${typeName}\n${qualifiedName}`;
}

function apiEntity(
  entity: WorkbookEntity,
  refer: (ref: EntityRef) => Json,
  guid: string,
): Readonly<Record<string, Json>> {
  const { typeName, qualifiedName, classifications, labels, businessAttributes, customAttributes } = entity;
  const relationships = relationshipsOf(entity, refer);
  const business = Object.entries(businessAttributes ?? {}).map(([type, own]) => [type, jsonAttributes(own)]);
  return {
    typeName,
    guid,
    attributes: { ...jsonAttributes(entity.attributes), qualifiedName },
    ...(Object.keys(relationships).length === 0 ? {} : { relationshipAttributes: relationships }),
    ...(classifications === null
      ? {}
      : { classifications: classifications.map((one) => ({ typeName: one.typeName })) }),
    ...(labels === null ? {} : { labels }),
    ...(businessAttributes === null ? {} : { businessAttributes: Object.fromEntries(business) }),
    ...(customAttributes === null ? {} : { customAttributes }),
    ...(entity.contacts === null ? {} : { contacts: contactsOf(entity.contacts) }),
    ...(entity.collection === null ? {} : { collectionId: entity.collection }),
    ...Object.fromEntries(entity.additional.map(({ key, json }) => [key, JSON.parse(json) as Json])),
  };
}

function relationshipsOf(
  { references, guidReferences, terms }: WorkbookEntity,
  refer: (ref: EntityRef) => Json,
): Record<string, Json> {
  const found = new Map<string, { readonly many: boolean; readonly list: Json[] }>();
  const add = (attribute: string, many: boolean, list: readonly Json[]): void => {
    const known = found.get(attribute);
    if (known === undefined) found.set(attribute, { many, list: [...list] });
    else known.list.push(...list);
  };
  for (const { attribute, many, targets } of references) add(attribute, many, targets.map(refer));
  for (const { attribute, many, guids } of guidReferences)
    add(
      attribute,
      many,
      guids.map((guid) => ({ guid })),
    );
  if (terms !== null)
    add(
      'meanings',
      true,
      terms.map((name) => refer({ typeName: 'AtlasGlossaryTerm', qualifiedName: name })),
    );
  return Object.fromEntries(
    [...found].map(([name, { many, list }]) => [name, many ? list : (list[0] ?? null)]),
  );
}

function contactsOf({ experts, owners }: NonNullable<WorkbookEntity['contacts']>): Json {
  const list = (contacts: typeof experts): Json =>
    (contacts ?? []).map(({ id, info }) => (info === null ? { id } : { id, info }));
  return {
    ...(experts === null ? {} : { Expert: list(experts) }),
    ...(owners === null ? {} : { Owner: list(owners) }),
  };
}
