/** Basic search: by type, text, classification and attribute filters. It reads the entities of the type one by one, as there is no text index. */
import { AtlasError, AtlasFault, invalidParameters } from './atlas-error.ts';
import { displayText, showHeader } from './entity/show.ts';
import {
  isObject,
  JavaDouble,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownText,
} from './json.ts';
import type { StoredEntity } from './model.ts';
import type { CatalogStore } from './store.ts';
import type { EntityType } from './types/registry.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** What is searched for. */
export interface SearchQuery {
  readonly typeName: string | undefined;
  readonly query: string | undefined;
  readonly classification: string | undefined;
  readonly filter: JsonObject | undefined;
  readonly excludeDeleted: boolean;
  readonly includeSubTypes: boolean;
  readonly limit: number;
  readonly offset: number;
}

const maxResults = 100;

/** A limit as Atlas takes it: none, a negative one, or one above 100 is 100. */
export function limitOf(value: number | undefined): number {
  return value === undefined || !Number.isInteger(value) || value < 0
    ? maxResults
    : Math.min(value, maxResults);
}

/** Reads the body of `POST /search/basic`. */
export function readSearchBody(body: JsonValue): SearchQuery {
  if (!isObject(body)) throw new AtlasFault('a search without parameters');
  const filter = own(body, 'entityFilters');
  const number = (key: string): number | undefined => {
    const value = own(body, key);
    return typeof value === 'number' ? value : undefined;
  };
  return {
    typeName: ownText(body, 'typeName'),
    query: ownText(body, 'query'),
    classification: ownText(body, 'classification'),
    filter: isObject(filter) ? filter : undefined,
    excludeDeleted: own(body, 'excludeDeletedEntities') === true,
    includeSubTypes: own(body, 'includeSubTypes') !== false,
    limit: limitOf(number('limit')),
    offset: Math.max(0, number('offset') ?? 0),
  };
}

type Operator = (value: string, wanted: string) => boolean;

const compare =
  (accepts: (order: number) => boolean): Operator =>
  (value, wanted) => {
    const [a, b] = [Number(value), Number(wanted)];
    const isNumeric = value !== '' && wanted !== '' && !Number.isNaN(a) && !Number.isNaN(b);
    return accepts(isNumeric ? a - b : value < wanted ? -1 : value > wanted ? 1 : 0);
  };

const equal: Operator = (value, wanted) => value === wanted;
const operators = new Map<string, Operator>([
  ['eq', equal],
  ['=', equal],
  ['neq', (value, wanted) => value !== wanted],
  ['!=', (value, wanted) => value !== wanted],
  ['startsWith', (value, wanted) => value.startsWith(wanted)],
  ['endsWith', (value, wanted) => value.endsWith(wanted)],
  ['contains', (value, wanted) => value.includes(wanted)],
  ['like', (value, wanted) => value.includes(wanted)],
  ['gt', compare((order) => order > 0)],
  ['gte', compare((order) => order >= 0)],
  ['lt', compare((order) => order < 0)],
  ['lte', compare((order) => order <= 0)],
  ['isNull', (value) => value === ''],
  ['notNull', (value) => value !== ''],
]);

/** Whether an entity passes a filter; an operator that is not known lets everything pass (as Atlas does). */
function passes(entity: StoredEntity, filter: JsonObject): boolean {
  const criteria = ownList(filter, 'criterion').filter(isObject);
  if (criteria.length > 0) {
    const test = (criterion: JsonObject): boolean => passes(entity, criterion);
    return own(filter, 'condition') === 'OR' ? criteria.some(test) : criteria.every(test);
  }
  const name = ownText(filter, 'attributeName');
  const operator = operators.get(ownText(filter, 'operator') ?? '');
  if (name === undefined || operator === undefined) return true;
  const value = own(entity.attributes, name);
  const text = value === undefined || value === null ? '' : javaText(value);
  return operator(text, javaText(own(filter, 'attributeValue') ?? ''));
}

function checkFilter(type: EntityType, filter: JsonObject): void {
  for (const criterion of ownList(filter, 'criterion')) if (isObject(criterion)) checkFilter(type, criterion);
  const name = ownText(filter, 'attributeName');
  if (name !== undefined && !type.attributes.has(name) && !name.startsWith('__')) {
    throw new AtlasError('UNKNOWN_ATTRIBUTE', name, type.name);
  }
}

/** Whether a search finds an entity at all: what was written a moment ago may not be in the index yet, where that is asked for. */
export function isSearchable(unit: UnitOfWork, { updateTime }: StoredEntity): boolean {
  return updateTime <= unit.now - unit.searchLagMs || unit.searchLagMs === 0;
}

/** Whether a text is a word of a name of the entity, or, with a star at its end, begins one. Letters' case does not count. */
export function hasWord(entity: StoredEntity, query: string): boolean {
  const isPrefix = query.endsWith('*');
  const wanted = query.replace(/\*$/, '').toLowerCase();
  const names = ['name', 'qualifiedName', 'description', 'owner'].map(
    (key) => ownText(entity.attributes, key) ?? '',
  );
  return names.some((name) => {
    const text = name.toLowerCase();
    if (text === wanted) return true;
    const words = text.split(/[^\p{L}\p{N}_]+/u);
    return words.some((word) => (isPrefix ? word.startsWith(wanted) : word === wanted));
  });
}

function typesOf(unit: UnitOfWork, query: SearchQuery): readonly string[] {
  const { registry } = unit;
  if (query.typeName === undefined) {
    return [...registry.all()]
      .filter((def) => def.category === 'ENTITY' && !def.name.startsWith('__'))
      .map((def) => def.name);
  }
  return query.includeSubTypes ? [...registry.withSubtypes(query.typeName)] : [query.typeName];
}

function checkQuery(unit: UnitOfWork, query: SearchQuery): void {
  const { registry } = unit;
  if (query.typeName !== undefined) {
    const type = registry.entityType(query.typeName);
    if (type === undefined) throw new AtlasError('UNKNOWN_TYPENAME', query.typeName);
    if (query.filter !== undefined) checkFilter(type, query.filter);
  }
  if (query.classification !== undefined && registry.classificationType(query.classification) === undefined) {
    throw new AtlasError('UNKNOWN_CLASSIFICATION', query.classification);
  }
  if (
    [query.typeName, query.query, query.classification].every((part) => part === undefined || part === '')
  ) {
    throw new AtlasFault('a search without type, text or classification');
  }
}

/** The entities that match, oldest first. @throws AtlasError 400-00-00A, 400-00-046, 400-00-023 */
function findEntities(store: CatalogStore, unit: UnitOfWork, query: SearchQuery): StoredEntity[] {
  checkQuery(unit, query);
  const { classification, filter, query: text } = query;
  const tags = classification === undefined ? undefined : unit.registry.withSubtypes(classification);
  const found: StoredEntity[] = [];
  for (const typeName of typesOf(unit, query)) {
    for (const guid of store.ofType(typeName)) {
      const entity = unit.entity(guid);
      if (entity === undefined || (query.excludeDeleted && entity.status !== 'ACTIVE')) continue;
      if (!isSearchable(unit, entity)) continue;
      if (tags !== undefined && !entity.classifications.some((tag) => tags.has(tag.typeName))) continue;
      if (text !== undefined && text !== '' && !hasWord(entity, text)) continue;
      if (filter === undefined || passes(entity, filter)) found.push(entity);
    }
  }
  return found;
}

/** The answer of a basic search. */
export function showSearch(
  store: CatalogStore,
  unit: UnitOfWork,
  query: SearchQuery,
  named: readonly string[] = [],
): JsonObject {
  const found = findEntities(store, unit, query);
  const page = found.slice(query.offset, query.offset + query.limit);
  const entities = page.map((entity) => {
    const header = showHeader(unit, entity, { withClassifications: false });
    const attributes = own(header, 'attributes');
    for (const name of named) {
      const value = own(entity.attributes, name);
      if (isObject(attributes) && value !== undefined) attributes[name] = value;
    }
    return header;
  });
  return jsonObject({
    queryType: 'BASIC',
    searchParameters: jsonObject({ typeName: query.typeName, limit: query.limit, offset: query.offset }),
    queryText: query.query,
    entities: entities.length === 0 ? undefined : entities,
    approximateCount: found.length,
  });
}

/** `GET /search/attribute`: by the beginning of an attribute's value. */
export function showAttributeSearch(
  store: CatalogStore,
  unit: UnitOfWork,
  given: { readonly name: string | null; readonly prefix: string | null; readonly typeName: string | null },
): JsonObject {
  if (given.name === null || given.prefix === null) {
    throw invalidParameters(`attrName : ${given.name}, attrValue: ${given.prefix} for attribute search.`);
  }
  return showSearch(store, unit, {
    typeName: given.typeName ?? undefined,
    query: undefined,
    classification: undefined,
    filter: jsonObject({ attributeName: given.name, operator: 'startsWith', attributeValue: given.prefix }),
    excludeDeleted: false,
    includeSubTypes: true,
    limit: maxResults,
    offset: 0,
  });
}

/** What the caller of a quick search or a full text search gives. */
export interface TextQuery {
  readonly query: string | undefined;
  readonly typeName: string | undefined;
  readonly excludeDeleted: boolean;
  readonly limit: number;
  readonly offset: number;
}

/** `GET /search/quick`: names that begin with a text. What it counts by attribute is empty, as on an Atlas whose index counts nothing. */
export function showQuickSearch(store: CatalogStore, unit: UnitOfWork, given: TextQuery): JsonObject {
  const query = given.query === undefined ? undefined : `${given.query.replace(/\*$/, '')}*`;
  const rest = { classification: undefined, filter: undefined, includeSubTypes: false };
  return jsonObject({
    searchResults: showSearch(store, unit, { ...given, ...rest, query }),
    aggregationMetrics: jsonObject({ __typeName: [], __state: [], 'Asset.owner': [] }),
  });
}

/** `GET /search/fulltext`: entities with a text in their names. All have one score, since there is no index that ranks them. */
export function showFullTextSearch(store: CatalogStore, unit: UnitOfWork, given: TextQuery): JsonObject {
  const { query = '' } = given;
  const rest = { classification: undefined, filter: undefined, includeSubTypes: true };
  const found = query === '' ? [] : findEntities(store, unit, { ...given, ...rest });
  const results = found.slice(given.offset, given.offset + given.limit).map((entity) =>
    jsonObject({
      entity: showHeader(unit, entity, { withClassifications: true }),
      score: new JavaDouble(1),
    }),
  );
  return jsonObject({
    queryType: 'FULL_TEXT',
    queryText: query === '' ? undefined : query,
    fullTextResult: results,
    approximateCount: found.length,
  });
}

/** Live entities with a text in one of their names, for the page; newest of each type first. */
export function findByText(
  store: CatalogStore,
  unit: UnitOfWork,
  text: string,
  limit: number,
): StoredEntity[] {
  const wanted = text.toLowerCase();
  const found: StoredEntity[] = [];
  for (const def of unit.registry.all()) {
    if (def.category !== 'ENTITY') continue;
    for (const guid of store.ofType(def.name, true)) {
      const entity = unit.entity(guid);
      if (entity?.status !== 'ACTIVE') continue;
      const names = [displayText(entity), ownText(entity.attributes, 'qualifiedName') ?? ''];
      if (names.some((name) => name.toLowerCase().includes(wanted))) found.push(entity);
      if (found.length >= limit) return found;
    }
  }
  return found;
}
