/** Routes that Purview has beside Atlas's, below `/datamap/api` and the older `/catalog/api`. */
import { AtlasError } from '../atlas-error.ts';
import { entityByGuid } from '../entity/read.ts';
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
