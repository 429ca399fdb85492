/**
 * Purview's own search (`POST /search/query` of its Discovery interface): keywords, filters, pages. What is not understood is refused, so that no
 * client comes to rely on less than it asked for. Source: the reference of Data Map "Discovery - Query" and the clients that use it.
 */
import { displayText } from './entity/show.ts';
import {
  isObject,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownText,
} from './json.ts';
import type { StoredEntity } from './model.ts';
import { hasWord, isSearchable } from './search.ts';
import type { CatalogStore } from './store.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** What Purview refuses: 400 with `{"error": {code, message}}`. */
export class PurviewRefusal extends Error {
  override readonly name = 'PurviewRefusal';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const refuse = (message: string): PurviewRefusal => new PurviewRefusal('InvalidRequest', message);
const known = ['keywords', 'limit', 'continuationToken', 'orderby', 'filter'];
const defaultLimit = 50;
const maxLimit = 1000;

type Test = (entity: StoredEntity) => boolean;

const operators = new Map<string, (held: string, wanted: string) => boolean>([
  ['eq', (held, wanted) => held === wanted],
  ['ne', (held, wanted) => held !== wanted],
  ['contains', (held, wanted) => held.includes(wanted)],
  ['prefix', (held, wanted) => held.startsWith(wanted)],
]);

function attributeTest(filter: JsonObject, attribute: string): Test {
  const name = ownText(filter, 'operator') ?? 'eq';
  const operator = operators.get(name);
  if (operator === undefined) throw refuse(`The filter's operator "${name}" is not supported.`);
  // Purview's search does not tell upper case from lower case.
  const wanted = javaText(own(filter, 'attributeValue') ?? '').toLowerCase();
  return ({ attributes }) => operator(javaText(own(attributes, attribute) ?? '').toLowerCase(), wanted);
}

function leafTest(unit: UnitOfWork, filter: JsonObject): Test {
  const attribute = ownText(filter, 'attributeName');
  if (attribute !== undefined) return attributeTest(filter, attribute);
  const [key = '', ...others] = Object.keys(filter).filter((name) => name !== 'includeSubTypes');
  const wanted = ownText(filter, key);
  if (wanted === undefined || others.length > 0) throw refuse('A filter must have one field with a text.');
  switch (key) {
    case 'entityType':
    case 'typeName': {
      const withSubtypes = key === 'typeName' && own(filter, 'includeSubTypes') !== false;
      return ({ typeName }) => typeName === wanted || (withSubtypes && unit.isA(typeName, wanted));
    }
    case 'id':
      return ({ guid }) => guid === wanted;
    case 'classification':
      return ({ classifications }) => classifications.some(({ typeName }) => typeName === wanted);
    case 'label':
      return ({ labels }) => labels.includes(wanted);
    default:
      throw refuse(`The filter "${key}" is not supported.`);
  }
}

function testOf(unit: UnitOfWork, filter: JsonValue | undefined): Test {
  if (filter === undefined || filter === null) return () => true;
  if (!isObject(filter)) throw refuse('A filter must be an object.');
  const parts = (key: string): Test[] | undefined =>
    own(filter, key) === undefined ? undefined : ownList(filter, key).map((part) => testOf(unit, part));
  const [all, any] = [parts('and'), parts('or')];
  if (all !== undefined) return (entity) => all.every((test) => test(entity));
  if (any !== undefined) return (entity) => any.some((test) => test(entity));
  if (Object.keys(filter).length === 0) return () => true;
  if (own(filter, 'not') === undefined) return leafTest(unit, filter);
  const inner = testOf(unit, own(filter, 'not'));
  return (entity) => !inner(entity);
}

function limitOf(body: JsonObject): number {
  const limit = own(body, 'limit') ?? defaultLimit;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > maxLimit) {
    throw refuse(`The limit must be a whole number from 1 to ${maxLimit}.`);
  }
  return limit;
}

/** The place where a page begins. */
function offsetOf(body: JsonObject): number {
  const token = own(body, 'continuationToken');
  if (token === undefined || token === null || token === '') return 0;
  const offset = typeof token === 'string' ? Buffer.from(token, 'base64url').toString('utf8') : '';
  if (!/^\d{1,9}$/.test(offset)) throw refuse('The continuationToken is not one of this search.');
  return Number(offset);
}

type Order = (a: StoredEntity, b: StoredEntity) => number;

function orderOf(body: JsonObject): Order {
  const orders = ownList(body, 'orderby').map((item): Order => {
    const [first] = isObject(item) ? Object.entries(item) : [];
    const [key, way] = first ?? ['', undefined];
    if (!['name', 'createTime', 'updateTime'].includes(key) || (way !== 'ASC' && way !== 'DESC')) {
      throw refuse('orderby takes name, createTime or updateTime with ASC or DESC.');
    }
    const sign = way === 'ASC' ? 1 : -1;
    if (key === 'name') return (a, b) => sign * (displayText(a) < displayText(b) ? -1 : 1);
    return (a, b) =>
      sign * (key === 'createTime' ? a.createTime - b.createTime : a.updateTime - b.updateTime);
  });
  return (a, b) => orders.map((order) => order(a, b)).find((result) => result !== 0) ?? a.seq - b.seq;
}

/** The answer of a search. @throws PurviewRefusal */
export function showPurviewSearch(store: CatalogStore, unit: UnitOfWork, body: JsonValue): JsonObject {
  if (!isObject(body)) throw refuse('The body must be an object.');
  const strange = Object.keys(body).find((key) => !known.includes(key) && own(body, key) !== null);
  if (strange !== undefined) throw refuse(`The field "${strange}" is not supported.`);
  const [limit, offset, order] = [limitOf(body), offsetOf(body), orderOf(body)];
  const test = testOf(unit, own(body, 'filter'));
  const keywords = ownText(body, 'keywords') ?? '';
  const isNamed: Test = (entity) => keywords === '' || keywords === '*' || hasWord(entity, keywords);
  const found = [...searchable(store, unit)].filter((entity) => test(entity) && isNamed(entity));
  const end = offset + limit;
  return jsonObject({
    '@search.count': found.length,
    '@search.count.approximate': false,
    continuationToken: end < found.length ? Buffer.from(String(end)).toString('base64url') : undefined,
    value: found.toSorted(order).slice(offset, end).map(showFound),
  });
}

/** All live entities that a search may find. */
function* searchable(store: CatalogStore, unit: UnitOfWork): Generator<StoredEntity> {
  for (const def of unit.registry.all()) {
    if (def.category !== 'ENTITY' || def.name.startsWith('__')) continue;
    for (const guid of store.ofType(def.name)) {
      const entity = unit.entity(guid);
      if (entity?.status === 'ACTIVE' && isSearchable(unit, entity)) yield entity;
    }
  }
}

function showFound(entity: StoredEntity): JsonObject {
  const text = (name: string): string | undefined => ownText(entity.attributes, name);
  return jsonObject({
    '@search.score': 1,
    id: entity.guid,
    qualifiedName: text('qualifiedName'),
    name: displayText(entity),
    description: text('description'),
    owner: text('owner'),
    entityType: entity.typeName,
    classification: entity.classifications.map(({ typeName }) => typeName),
    label: [...entity.labels],
    createTime: entity.createTime,
    updateTime: entity.updateTime,
  });
}
