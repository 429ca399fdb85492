/** Routes of classifications, labels, business metadata and search. */
import {
  addClassifications,
  classifyMany,
  readClassificationList,
  removeClassification,
  setClassifications,
  showClassifications,
  showOneClassification,
  updateClassifications,
} from '../entity/classifications.ts';
import {
  changeLabels,
  type LabelChange,
  removeBusinessAttributes,
  setBusinessAttributes,
  underName,
} from '../entity/business.ts';
import { showDslSearch } from '../dsl.ts';
import { entityByGuid, entityByUnique } from '../entity/read.ts';
import type { JsonValue } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import {
  limitOf,
  readSearchBody,
  showAttributeSearch,
  showFullTextSearch,
  showQuickSearch,
  showSearch,
  type TextQuery,
} from '../search.ts';
import { isObject, javaText, ownList } from '../json.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './routes.ts';

type Finder = (exchange: Exchange) => StoredEntity;

const quietly =
  (work: (exchange: Exchange) => void) =>
  (exchange: Exchange): undefined => {
    work(exchange);
  };

/** The routes of the sections of one entity, below a path that names it. */
function sectionRoutes(base: string, find: Finder): Route[] {
  const labels = (method: 'POST' | 'PUT' | 'DELETE', change: LabelChange): Route => ({
    method,
    path: `${base}/labels`,
    handler: quietly((x) => changeLabels(x.unit, find(x), x.body(), change)),
  });
  return [
    {
      method: 'GET',
      path: `${base}/classifications`,
      handler: (exchange) => showClassifications(exchange.unit, find(exchange)),
    },
    {
      method: 'GET',
      path: `${base}/classification/:name`,
      handler: (exchange) => showOneClassification(exchange.unit, find(exchange), exchange.param('name')),
    },
    {
      method: 'POST',
      path: `${base}/classifications`,
      handler: quietly((x) => {
        const given = readClassificationList(x.body());
        addClassifications(x.unit, [find(x)], given);
      }),
    },
    {
      method: 'PUT',
      path: `${base}/classifications`,
      handler: quietly((x) => updateClassifications(x.unit, find(x), readClassificationList(x.body()))),
    },
    {
      method: 'DELETE',
      path: `${base}/classification/:name`,
      handler: quietly((x) => removeClassification(x.unit, find(x), x.param('name'))),
    },
    labels('POST', 'set'),
    labels('PUT', 'add'),
    labels('DELETE', 'remove'),
  ];
}

const businessPath = '/entity/guid/:guid/businessmetadata';
const byGuid: Finder = (exchange) => entityByGuid(exchange.unit, exchange.param('guid'));
const byUnique: Finder = (exchange) =>
  entityByUnique(exchange.unit, exchange.param('type'), exchange.uniqueAttributes());

const businessRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: businessPath,
    handler: quietly((x) => setBusinessAttributes(x.unit, byGuid(x), x.body(), x.flag('isOverwrite'))),
  },
  {
    method: 'DELETE',
    path: businessPath,
    handler: quietly((x) => removeBusinessAttributes(x.unit, byGuid(x), x.body())),
  },
  {
    method: 'POST',
    path: `${businessPath}/:name`,
    handler: quietly((x) =>
      setBusinessAttributes(x.unit, byGuid(x), underName(x.param('name'), x.body()), false),
    ),
  },
  {
    method: 'DELETE',
    path: `${businessPath}/:name`,
    handler: quietly((x) =>
      removeBusinessAttributes(x.unit, byGuid(x), underName(x.param('name'), x.body())),
    ),
  },
];

function textQuery(exchange: Exchange): TextQuery {
  const { query } = exchange;
  const number = (name: string): number | undefined => {
    const value = query.get(name);
    return value === null ? undefined : Number(value);
  };
  return {
    typeName: query.get('typeName') ?? undefined,
    query: query.get('query') ?? undefined,
    excludeDeleted: exchange.flag('excludeDeletedEntities'),
    limit: limitOf(number('limit')),
    offset: Math.max(0, number('offset') ?? 0),
  };
}

function basicSearch(exchange: Exchange): JsonValue {
  const { query } = exchange;
  return showSearch(exchange.catalog.store, exchange.unit, {
    ...textQuery(exchange),
    classification: query.get('classification') ?? undefined,
    filter: undefined,
    includeSubTypes: query.get('includeSubTypes') !== 'false',
  });
}

const searchRoutes: readonly Route[] = [
  { method: 'GET', path: '/search/basic', handler: basicSearch },
  {
    method: 'POST',
    path: '/search/basic',
    isRead: true,
    handler: (exchange) => {
      const body = exchange.body();
      const named = isObject(body) ? ownList(body, 'attributes').map(javaText) : [];
      return showSearch(exchange.catalog.store, exchange.unit, readSearchBody(body), named);
    },
  },
  {
    method: 'GET',
    path: '/search/quick',
    handler: (exchange) => showQuickSearch(exchange.catalog.store, exchange.unit, textQuery(exchange)),
  },
  {
    method: 'GET',
    path: '/search/fulltext',
    handler: (exchange) => showFullTextSearch(exchange.catalog.store, exchange.unit, textQuery(exchange)),
  },
  {
    method: 'GET',
    path: '/search/dsl',
    handler: (exchange) => {
      const { limit, offset } = textQuery(exchange);
      const query = exchange.query.get('query');
      return showDslSearch(exchange.catalog.store, exchange.unit, { query, limit, offset });
    },
  },
  {
    method: 'GET',
    path: '/search/attribute',
    handler: ({ catalog, unit, query }) =>
      showAttributeSearch(catalog.store, unit, {
        name: query.get('attrName'),
        prefix: query.get('attrValuePrefix'),
        typeName: query.get('typeName'),
      }),
  },
];

/** The routes of this file. */
export const sectionsAndSearch: readonly Route[] = [
  {
    method: 'POST',
    path: '/entity/bulk/classification',
    handler: quietly((x) => classifyMany(x.unit, x.body())),
  },
  {
    method: 'POST',
    path: '/entity/bulk/setClassifications',
    handler: (exchange) => setClassifications(exchange.unit, exchange.body()),
  },
  ...sectionRoutes('/entity/guid/:guid', byGuid),
  ...sectionRoutes('/entity/uniqueAttribute/type/:type', byUnique),
  ...businessRoutes,
  ...searchRoutes,
];
