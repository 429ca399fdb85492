/** Who did what to an entity, and when: one event for each kind of change that a request makes to it, as Atlas keeps them. */
import { AtlasFault } from './atlas-error.ts';
import { jsonObject, type JsonObject, type JsonValue, own, toJson } from './json.ts';
import type { StoredAudit, StoredEntity } from './model.ts';
import type { CatalogStore } from './store.ts';

type Change = Pick<StoredAudit, 'action' | 'details'>;

const same = (a: JsonValue | undefined, b: JsonValue | undefined): boolean =>
  a === b || toJson(a ?? null) === toJson(b ?? null);

function shown(entity: StoredEntity, attributes: JsonObject): string {
  return toJson(jsonObject({ typeName: entity.typeName, guid: entity.guid, attributes }));
}

function changedAttributes(before: StoredEntity, after: StoredEntity): JsonObject {
  const changed = jsonObject();
  for (const name of new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)])) {
    const value = own(after.attributes, name);
    if (!same(own(before.attributes, name), value)) changed[name] = value ?? null;
  }
  return changed;
}

function classificationChanges(before: StoredEntity, after: StoredEntity): Change[] {
  const changes: Change[] = [];
  for (const { typeName, ...now } of after.classifications) {
    const old = before.classifications.find((one) => one.typeName === typeName);
    if (old === undefined)
      changes.push({ action: 'CLASSIFICATION_ADD', details: `Added classification: ${typeName}` });
    else if (old.propagate !== now.propagate || !same(old.attributes, now.attributes))
      changes.push({ action: 'CLASSIFICATION_UPDATE', details: `Updated classification: ${typeName}` });
  }
  for (const { typeName } of before.classifications) {
    if (!after.classifications.some((one) => one.typeName === typeName))
      changes.push({ action: 'CLASSIFICATION_DELETE', details: `Deleted classification: ${typeName}` });
  }
  return changes;
}

function sectionChanges(before: StoredEntity, after: StoredEntity): Change[] {
  const changes = classificationChanges(before, after);
  const added = after.labels.filter((label) => !before.labels.includes(label));
  const gone = before.labels.filter((label) => !after.labels.includes(label));
  if (added.length > 0) changes.push({ action: 'LABEL_ADD', details: `Added labels: ${added.join(', ')}` });
  if (gone.length > 0)
    changes.push({ action: 'LABEL_DELETE', details: `Deleted labels: ${gone.join(', ')}` });
  if (!same(before.businessAttributes, after.businessAttributes))
    changes.push({ action: 'BUSINESS_ATTRIBUTE_UPDATE', details: 'Updated business attributes' });
  if (!same(before.customAttributes, after.customAttributes))
    changes.push({ action: 'CUSTOM_ATTRIBUTE_UPDATE', details: 'Updated custom attributes' });
  return changes;
}

/** What a request did to an entity. @param before undefined for a new one @param after undefined for one that is purged */
export function auditOf(
  before: StoredEntity | undefined,
  after: StoredEntity | undefined,
): readonly Change[] {
  if (after === undefined) return [{ action: 'ENTITY_PURGE', details: 'Purged' }];
  if (before === undefined) {
    const named = jsonObject({ qualifiedName: own(after.attributes, 'qualifiedName') });
    return [{ action: 'ENTITY_CREATE', details: `Created: ${shown(after, named)}` }];
  }
  if (before.status === 'ACTIVE' && after.status === 'DELETED')
    return [{ action: 'ENTITY_DELETE', details: `Deleted: ${shown(after, jsonObject())}` }];
  const changes = sectionChanges(before, after);
  const attributes = changedAttributes(before, after);
  // A relationship that came or went changes no attribute, and is an update all the same.
  const isUpdate = changes.length === 0 || Object.keys(attributes).length > 0;
  return isUpdate
    ? [{ action: 'ENTITY_UPDATE', details: `Updated: ${shown(after, attributes)}` }, ...changes]
    : changes;
}

const mostEvents = 1000;

/** `GET /entity/{guid}/audit`: the newest first, from an event on where one is named. */
export function showAudit(
  store: CatalogStore,
  guid: string,
  asked: { readonly count: number; readonly startKey: string | undefined },
): JsonValue {
  if (!Number.isInteger(asked.count) || asked.count < 1)
    throw new AtlasFault('a count of events that is none');
  const all = [...store.auditOf(guid)].toReversed();
  const keyOf = ({ timestamp, seq }: StoredAudit): string => `${guid}:${timestamp}:${seq}`;
  const first = asked.startKey === undefined ? 0 : all.findIndex((event) => keyOf(event) === asked.startKey);
  const events = first < 0 ? [] : all.slice(first, first + Math.min(asked.count, mostEvents));
  return events.map((event) =>
    jsonObject({
      entityId: guid,
      timestamp: event.timestamp,
      user: event.user,
      action: event.action,
      details: event.details,
      eventKey: keyOf(event),
      type: 'ENTITY_AUDIT_V2',
    }),
  );
}
