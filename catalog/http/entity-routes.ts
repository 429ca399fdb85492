/** Routes of entities, relationships and lineage. */
import { AtlasError, AtlasFault } from '../atlas-error.ts';
import { showAudit } from '../audit.ts';
import type { LineageDirection } from '../../pipeline/atlas/wire.ts';
import { deleteByGuids, purgeByGuids } from '../entity/delete.ts';
import { type Batch, readBulkBody, readSingleBody } from '../entity/incoming.ts';
import {
  entityByGuid,
  entityByUnique,
  showBulk,
  showBulkByUnique,
  showWithExtInfo,
  updateByUnique,
} from '../entity/read.ts';
import { entityTypeOf, findByUnique } from '../entity/references.ts';
import { type ShowOptions, showHeader } from '../entity/show.ts';
import { createOrUpdate, setAttribute } from '../entity/write.ts';
import { javaText, jsonObject, type JsonValue } from '../json.ts';
import { showLineage } from '../lineage.ts';
import type { StoredEntity } from '../model.ts';
import {
  createRelationship,
  deleteRelationship,
  readRelationship,
  updateRelationship,
} from '../relationship.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './routes.ts';

function showOptions(exchange: Exchange): ShowOptions {
  return {
    ignoreRelationships: exchange.flag('ignoreRelationships'),
    minExtInfo: exchange.flag('minExtInfo'),
  };
}

function ofGuid(exchange: Exchange): StoredEntity {
  return entityByGuid(exchange.unit, exchange.param('guid'));
}

function ofUnique(exchange: Exchange): StoredEntity {
  return entityByUnique(exchange.unit, exchange.param('type'), exchange.uniqueAttributes());
}

function writeAction(read: (body: JsonValue) => Batch): (exchange: Exchange) => string {
  return (exchange) => `create entity: type=${read(exchange.body()).entities[0]?.typeName ?? ''}`;
}

const directions: ReadonlySet<string> = new Set(['INPUT', 'OUTPUT', 'BOTH']);

function isDirection(text: string): text is LineageDirection {
  return directions.has(text);
}

function lineage(exchange: Exchange, entity: StoredEntity): JsonValue {
  const direction = exchange.query.get('direction') ?? 'BOTH';
  const depth = exchange.query.get('depth') ?? '3';
  // Atlas's framework fails on a parameter that it cannot convert.
  if (!isDirection(direction) || !/^-?\d{1,9}$/.test(depth))
    throw new AtlasFault('a lineage parameter of the wrong form');
  return showLineage(exchange.unit, entity, { direction, depth: Number(depth) });
}

function deleteByUnique(exchange: Exchange): JsonValue {
  const type = entityTypeOf(exchange.unit.registry, exchange.param('type'));
  const attributes = exchange.uniqueAttributes();
  if (attributes.size === 0) throw new AtlasError('INSTANCE_BY_UNIQUE_ATTRIBUTE_NOT_FOUND', '{}');
  const found = findByUnique(exchange.unit, type, jsonObject(Object.fromEntries(attributes)));
  // What is not there counts as deleted.
  return found === undefined ? jsonObject() : deleteByGuids(exchange.unit, [found.guid]);
}

/** Headers of what was written since a time, in milliseconds since 1970. */
function changedHeaders({ catalog, unit, query }: Exchange): JsonValue {
  const since = Number(query.get('tagUpdateStartTime') ?? 0);
  const headers = jsonObject();
  for (const def of unit.registry.all()) {
    if (def.category !== 'ENTITY') continue;
    for (const guid of catalog.store.ofType(def.name)) {
      const entity = unit.entity(guid);
      if (entity === undefined || entity.updateTime < since) continue;
      headers[guid] = showHeader(unit, entity, { withClassifications: true });
    }
  }
  return jsonObject({ guidHeaderMap: headers });
}

function guidList(body: JsonValue): string[] {
  if (!Array.isArray(body)) throw new AtlasFault('a list of guids was expected');
  return body.map(javaText);
}

/** The routes of entities. */
export const entityRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/entity/bulk',
    action: writeAction(readBulkBody),
    handler: (exchange) => createOrUpdate(exchange.unit, readBulkBody(exchange.body())),
  },
  {
    method: 'POST',
    path: '/entity',
    action: writeAction(readSingleBody),
    handler: (exchange) => createOrUpdate(exchange.unit, readSingleBody(exchange.body())),
  },
  {
    method: 'GET',
    path: '/entity/bulk',
    handler: (exchange) => showBulk(exchange.unit, exchange.query.getAll('guid'), showOptions(exchange)),
  },
  {
    method: 'GET',
    path: '/entity/bulk/uniqueAttribute/type/:type',
    handler: (exchange) =>
      showBulkByUnique(
        exchange.unit,
        exchange.param('type'),
        exchange.indexedAttributes(),
        showOptions(exchange),
      ),
  },
  { method: 'GET', path: '/entity/bulk/headers', handler: changedHeaders },
  {
    method: 'DELETE',
    path: '/entity/bulk',
    handler: (exchange) => deleteByGuids(exchange.unit, exchange.query.getAll('guid')),
  },
  {
    method: 'GET',
    path: '/entity/guid/:guid',
    handler: (exchange) => showWithExtInfo(exchange.unit, ofGuid(exchange), showOptions(exchange)),
  },
  {
    method: 'GET',
    path: '/entity/:guid/audit',
    handler: (exchange) => {
      const guid = exchange.param('guid');
      const count = Number(exchange.query.get('count') ?? '100');
      const startKey = exchange.query.get('startKey') ?? undefined;
      const events = showAudit(exchange.catalog.store, guid, { count, startKey });
      // What was purged is gone, but not what was done to it.
      if (Array.isArray(events) && events.length === 0) entityByGuid(exchange.unit, guid);
      return events;
    },
  },
  {
    method: 'GET',
    path: '/entity/guid/:guid/header',
    handler: (exchange) => showHeader(exchange.unit, ofGuid(exchange), { withClassifications: true }),
  },
  {
    method: 'PUT',
    path: '/entity/guid/:guid',
    handler: (exchange) =>
      setAttribute(
        exchange.unit,
        exchange.param('guid'),
        exchange.query.get('name') ?? undefined,
        exchange.body(),
      ),
  },
  {
    method: 'DELETE',
    path: '/entity/guid/:guid',
    handler: (exchange) => deleteByGuids(exchange.unit, [exchange.param('guid')]),
  },
  {
    method: 'GET',
    path: '/entity/uniqueAttribute/type/:type',
    handler: (exchange) => showWithExtInfo(exchange.unit, ofUnique(exchange), showOptions(exchange)),
  },
  {
    method: 'GET',
    path: '/entity/uniqueAttribute/type/:type/header',
    handler: (exchange) => showHeader(exchange.unit, ofUnique(exchange), { withClassifications: false }),
  },
  {
    method: 'PUT',
    path: '/entity/uniqueAttribute/type/:type',
    handler: (exchange) =>
      updateByUnique(exchange.unit, exchange.param('type'), exchange.uniqueAttributes(), exchange.body()),
  },
  { method: 'DELETE', path: '/entity/uniqueAttribute/type/:type', handler: deleteByUnique },
  {
    method: 'POST',
    path: '/relationship',
    handler: (exchange) => createRelationship(exchange.unit, exchange.body()),
  },
  {
    method: 'PUT',
    path: '/relationship',
    handler: (exchange) => updateRelationship(exchange.unit, exchange.body()),
  },
  {
    method: 'GET',
    path: '/relationship/guid/:guid',
    handler: (exchange) =>
      readRelationship(exchange.unit, exchange.param('guid'), exchange.flag('extendedInfo')),
  },
  {
    method: 'DELETE',
    path: '/relationship/guid/:guid',
    handler: (exchange) => {
      deleteRelationship(exchange.unit, exchange.param('guid'));
      return undefined;
    },
  },
  {
    method: 'GET',
    path: '/lineage/uniqueAttribute/type/:type',
    handler: (exchange) => lineage(exchange, ofUnique(exchange)),
  },
  { method: 'GET', path: '/lineage/:guid', handler: (exchange) => lineage(exchange, ofGuid(exchange)) },
  {
    method: 'POST',
    path: '/lineage/:guid',
    isRead: true,
    handler: () => {
      throw new AtlasError('LINEAGE_ON_DEMAND_DISABLED');
    },
  },
];

/** `PUT /admin/purge/`, which is not below `/v2`. */
export const purgeRoute: Route = {
  method: 'PUT',
  path: '/purge',
  handler: (exchange) => purgeByGuids(exchange.unit, guidList(exchange.body())),
};
