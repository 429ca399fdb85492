/** Routes that Purview has beside Atlas's, below `/datamap/api` and the older `/catalog/api`. */
import { AtlasError } from '../atlas-error.ts';
import { entityByGuid } from '../entity/read.ts';
import { showHeader } from '../entity/show.ts';
import { isObject, javaText, jsonObject, type JsonValue, ownList } from '../json.ts';
import { showNextLineage } from '../lineage.ts';
import { PurviewRefusal, showPurviewSearch } from '../purview-search.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './routes.ts';

/** Unlike Atlas's own paths these want to know which version is meant. */
function checkVersion({ query }: Exchange): void {
  if ((query.get('api-version') ?? '') !== '') return;
  const message = 'The api-version query parameter (?api-version=) is required for all requests.';
  throw new PurviewRefusal('MissingApiVersionParameter', message);
}

function wholeNumber({ query }: Exchange, name: string, otherwise: number): number {
  const text = query.get(name) ?? String(otherwise);
  if (!/^\d{1,6}$/.test(text)) throw new PurviewRefusal('InvalidRequest', `${name} must be a whole number.`);
  return Number(text);
}

/** Reference names of collections: letters, digits and hyphens. Which there are is not known here. */
const collectionName = /^[A-Za-z0-9-]{3,36}$/;

/** `POST /entity/moveTo`: moves entities to another collection. One unknown guid fails all. */
function moveTo(exchange: Exchange): JsonValue {
  checkVersion(exchange);
  const { unit, query } = exchange;
  const collection = query.get('collectionId') ?? '';
  if (!collectionName.test(collection))
    throw new PurviewRefusal('InvalidRequest', 'collectionId must be the reference name of a collection.');
  const body = exchange.body();
  const guids = isObject(body) ? ownList(body, 'entityGuids').map(javaText) : [];
  if (guids.length === 0) throw new PurviewRefusal('InvalidRequest', 'entityGuids must name an entity.');
  const moved = guids.map((guid) => {
    const entity = entityByGuid(unit, guid);
    entity.collectionId = collection;
    unit.touchEntity(entity);
    return showHeader(unit, entity, { withClassifications: true });
  });
  return jsonObject({ mutatedEntities: jsonObject({ UPDATE: moved }) });
}

/** The routes. */
export const purviewRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/search/query',
    isRead: true,
    handler: (exchange) => {
      checkVersion(exchange);
      return showPurviewSearch(exchange.catalog.store, exchange.unit, exchange.body());
    },
  },
  { method: 'POST', path: '/entity/moveTo', handler: moveTo },
  {
    method: 'GET',
    path: '/lineage/:guid/next',
    handler: (exchange) => {
      checkVersion(exchange);
      const direction = exchange.query.get('direction');
      if (direction !== 'INPUT' && direction !== 'OUTPUT')
        throw new AtlasError('INVALID_PARAMETERS', 'direction must be INPUT or OUTPUT');
      const [offset, limit] = [wholeNumber(exchange, 'offset', 0), wholeNumber(exchange, 'limit', 10)];
      const entity = entityByGuid(exchange.unit, exchange.param('guid'));
      return showNextLineage(exchange.unit, entity, { direction, offset, limit });
    },
  },
];
