/**
 * The catalogue's canonical export: one live entity a line, as JSON, the same bytes for the same content. References are by type and
 * qualifiedName; guids, times, versions and users are left out; everything is sorted.
 */
import {
  isObject,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownObject,
  ownText,
  toJson,
} from './json.ts';
import { displayText, showEdgeAttributes, showEntity } from './entity/show.ts';
import { endEdges, otherEnd } from './entity/edges.ts';
import type { StoredEntity } from './model.ts';
import { CatalogStore } from './store.ts';
import { TypeSystem } from './types/type-system.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** By code unit, the same on every machine and in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Keys sorted, nulls and empty containers dropped, so that "never set" and "set to nothing" are the same. */
export function canonical(value: JsonValue): JsonValue | undefined {
  if (value === null) return undefined;
  if (Array.isArray(value)) {
    const list: JsonValue[] = [];
    for (const item of value) {
      const kept = canonical(item);
      if (kept !== undefined) list.push(kept);
    }
    return list.length === 0 ? undefined : list;
  }
  if (!isObject(value)) return value;
  const sorted = jsonObject();
  for (const key of Object.keys(value).sort(compareText)) {
    const item = canonical(value[key] ?? null);
    if (item !== undefined) sorted[key] = item;
  }
  return Object.keys(sorted).length === 0 ? undefined : sorted;
}

/** A reference shown in an attribute, without its guid. */
export function withoutGuids(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutGuids);
  if (!isObject(value)) return value;
  const copy = jsonObject();
  const isReference = ownObject(value, 'uniqueAttributes') !== undefined && own(value, 'guid') !== undefined;
  for (const [key, item] of Object.entries(value)) {
    if (!(isReference && key === 'guid') && item !== undefined) copy[key] = withoutGuids(item);
  }
  return copy;
}

function nameOf(entity: StoredEntity): string {
  return ownText(entity.attributes, 'qualifiedName') ?? displayText(entity);
}

function relations(unit: UnitOfWork, entity: StoredEntity): JsonObject {
  const shown = jsonObject();
  const type = unit.registry.entityType(entity.typeName);
  for (const [name, end] of type?.ends ?? []) {
    const lines = new Map<string, JsonObject>();
    for (const edge of endEdges(unit, entity.guid, end)) {
      const other = unit.entity(otherEnd(edge, entity.guid));
      if (edge.status !== 'ACTIVE' || other?.status !== 'ACTIVE') continue;
      const line = jsonObject({
        typeName: other.typeName,
        qualifiedName: nameOf(other),
        attributes: canonical(showEdgeAttributes(unit, edge) ?? null),
      });
      lines.set(toJson(line), line);
    }
    shown[name] = [...lines].sort(([a], [b]) => compareText(a, b)).map(([, line]) => line);
  }
  return shown;
}

function exportEntity(unit: UnitOfWork, entity: StoredEntity): JsonObject {
  const shown = showEntity(unit, entity, { ignoreRelationships: true, minExtInfo: false });
  const ends = unit.registry.entityType(entity.typeName)?.ends;
  const attributes = jsonObject();
  for (const [name, value] of Object.entries(ownObject(shown, 'attributes') ?? {})) {
    if (ends?.has(name) !== true && value !== undefined) attributes[name] = withoutGuids(value);
  }
  const classifications = ownList(shown, 'classifications').map((item) =>
    isObject(item)
      ? jsonObject({
          typeName: own(item, 'typeName'),
          attributes: own(item, 'attributes'),
          propagate: own(item, 'propagate'),
        })
      : item,
  );
  return jsonObject({
    typeName: entity.typeName,
    qualifiedName: nameOf(entity),
    attributes,
    relationshipAttributes: relations(unit, entity),
    classifications: classifications.sort((a, b) => compareText(toJson(a), toJson(b))),
    customAttributes: own(shown, 'customAttributes'),
    businessAttributes: own(shown, 'businessAttributes'),
    labels: [...entity.labels].sort(compareText),
    isIncomplete: entity.isIncomplete ? true : undefined,
  });
}

/** The lines of the export of an open store; every line ends in a line feed. */
export function* exportLines(store: CatalogStore, types: TypeSystem): Generator<string> {
  const unit = new UnitOfWork(store, types.registry, { user: 'export', now: 0 });
  const names = [...types.registry.all()].filter((def) => def.category === 'ENTITY').map((def) => def.name);
  for (const typeName of names.sort(compareText)) {
    const found: { readonly name: string; readonly line: string }[] = [];
    for (const guid of store.ofType(typeName)) {
      const entity = store.entity(guid);
      if (entity?.status !== 'ACTIVE') continue;
      const line = canonical(exportEntity(unit, entity));
      if (line !== undefined) found.push({ name: nameOf(entity), line: `${toJson(line)}\n` });
    }
    found.sort((a, b) => compareText(a.name, b.name) || compareText(a.line, b.line));
    for (const { line } of found) yield line;
  }
}

/**
 * Exports the catalogue in a folder that no server has open, or has: LMDB allows readers beside a writer.
 * @param path the folder that was given to `openCatalog`
 * @returns JSON lines, sorted by type and qualifiedName
 * @throws StreamError STATE_UNAVAILABLE
 */
export async function exportCatalog(path: string): Promise<string> {
  const store = new CatalogStore(path);
  try {
    return [...exportLines(store, new TypeSystem(store))].join('');
  } finally {
    await store.close();
  }
}
