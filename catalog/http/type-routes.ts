/** Routes of type definitions. */
import type { TypeCategory } from '../../pipeline/atlas/wire.ts';
import { primitiveTypes } from '../../pipeline/atlas/typedef-rules.ts';
import { AtlasError } from '../atlas-error.ts';
import { jsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { showTypeDef } from '../types/show-typedef.ts';
import { categories, listOfCategory, type StoredTypeDef } from '../types/stored-type.ts';
import { TypeSystem } from '../types/type-system.ts';
import type { Exchange } from './exchange.ts';
import type { Handler, Route } from './routes.ts';

function showAll(exchange: Exchange, defs: Iterable<StoredTypeDef>): JsonObject {
  const lists = new Map<string, JsonValue[]>(categories.map((category) => [listOfCategory[category], []]));
  for (const def of defs)
    lists.get(listOfCategory[def.category])?.push(showTypeDef(def, exchange.catalog.types.registry));
  return jsonObject(Object.fromEntries(lists));
}

/** The definitions that the filters of a query let pass: type, name, supertype, servicetype. */
function filtered(exchange: Exchange): StoredTypeDef[] {
  const { query, unit } = exchange;
  const [type, name, superType, service] = ['type', 'name', 'supertype', 'servicetype'].map((key) =>
    query.get(key),
  );
  return [...unit.registry.all()].filter((def) => {
    if (type !== null && type !== undefined && def.category !== type.toUpperCase()) return false;
    if (name !== null && name !== undefined && def.name !== name) return false;
    if (service !== null && service !== undefined && def.serviceType !== service) return false;
    return superType === null || superType === undefined || isBelow(exchange, def, superType);
  });
}

function isBelow(exchange: Exchange, def: StoredTypeDef, superType: string): boolean {
  return def.name !== superType && exchange.unit.registry.withSubtypes(superType).has(def.name);
}

function byName(exchange: Exchange, category?: TypeCategory): JsonObject {
  const name = exchange.param('name');
  const def = exchange.unit.registry.get(name);
  if (def === undefined && category === undefined && primitiveTypes.has(name)) {
    throw new AtlasError('SYSTEM_TYPE', 'PRIMITIVE');
  }
  if (def === undefined || (category !== undefined && def.category !== category)) {
    throw new AtlasError('TYPE_NAME_NOT_FOUND', name);
  }
  return showTypeDef(def, exchange.unit.registry);
}

function byGuid(exchange: Exchange, category?: TypeCategory): JsonObject {
  const guid = exchange.param('guid');
  const def = exchange.unit.registry.byGuid(guid);
  if (def === undefined || (category !== undefined && def.category !== category)) {
    throw new AtlasError('TYPE_GUID_NOT_FOUND', guid);
  }
  return showTypeDef(def, exchange.unit.registry);
}

const headers: Handler = (exchange) =>
  filtered(exchange).map((def) =>
    jsonObject({ guid: def.guid, name: def.name, serviceType: def.serviceType, category: def.category }),
  );

const action =
  (verb: string) =>
  (exchange: Exchange): string => {
    const first = TypeSystem.namesIn(exchange.body())[0];
    return `${verb} ${(first?.category ?? 'type').toLowerCase()}-def ${first?.name ?? ''}`;
  };

const paths: readonly (readonly [string, TypeCategory | undefined])[] = [
  ['typedef', undefined],
  ['enumdef', 'ENUM'],
  ['structdef', 'STRUCT'],
  ['classificationdef', 'CLASSIFICATION'],
  ['entitydef', 'ENTITY'],
  ['relationshipdef', 'RELATIONSHIP'],
  ['businessmetadatadef', 'BUSINESS_METADATA'],
];

/** The routes of types. */
export const typeRoutes: readonly Route[] = [
  { method: 'GET', path: '/types/typedefs/headers', handler: headers },
  { method: 'GET', path: '/types/typedefs', handler: (exchange) => showAll(exchange, filtered(exchange)) },
  ...paths.flatMap(([path, category]): Route[] => [
    { method: 'GET', path: `/types/${path}/name/:name`, handler: (exchange) => byName(exchange, category) },
    { method: 'GET', path: `/types/${path}/guid/:guid`, handler: (exchange) => byGuid(exchange, category) },
  ]),
  {
    method: 'POST',
    path: '/types/typedefs',
    action: action('create'),
    handler: (exchange) => {
      const { unit, catalog } = exchange;
      return showAll(exchange, catalog.types.create(exchange.body(), unit.user, unit.now));
    },
  },
  {
    method: 'PUT',
    path: '/types/typedefs',
    action: action('update'),
    handler: (exchange) => {
      const { unit, catalog } = exchange;
      return showAll(exchange, catalog.types.update(exchange.body(), unit.user, unit.now));
    },
  },
  {
    method: 'DELETE',
    path: '/types/typedefs',
    action: action('delete'),
    handler: (exchange) => {
      exchange.catalog.types.deleteAll(exchange.body());
      return undefined;
    },
  },
  {
    method: 'DELETE',
    path: '/types/typedef/name/:name',
    action: (exchange) => `delete type-def ${exchange.param('name')}`,
    handler: (exchange) => {
      exchange.catalog.types.deleteByName(exchange.param('name'));
      return undefined;
    },
  },
];
