/** Routes of glossaries. */
import {
  assignTerm,
  createGlossary,
  createMember,
  deleteGlossaryObject,
  type MemberKind,
  showAssigned,
  showGlossary,
  showMember,
  unassignTerm,
} from '../glossary.ts';
import { limitOf } from '../search.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './routes.ts';

const assignedPath = '/glossary/terms/:guid/assignedEntities';

function deleteRoute(path: string): Route {
  return {
    method: 'DELETE',
    path,
    handler: (exchange) => {
      deleteGlossaryObject(exchange.unit, exchange.param('guid'));
      return undefined;
    },
  };
}

function memberRoutes(kind: MemberKind): Route[] {
  const path = `/glossary/${kind}`;
  return [
    { method: 'POST', path, handler: (exchange) => createMember(exchange.unit, kind, exchange.body()) },
    {
      method: 'GET',
      path: `${path}/:guid`,
      handler: (exchange) => showMember(exchange.unit, exchange.param('guid')),
    },
    deleteRoute(`${path}/:guid`),
  ];
}

function list({ catalog, unit, query }: Exchange): ReturnType<Route['handler']> {
  const offset = Math.max(0, Number(query.get('offset') ?? 0) || 0);
  const limit = limitOf(query.has('limit') ? Number(query.get('limit')) : undefined);
  const live = [...catalog.store.ofType('AtlasGlossary')].filter(
    (guid) => unit.entity(guid)?.status === 'ACTIVE',
  );
  return live.slice(offset, offset + limit).map((guid) => showGlossary(unit, guid));
}

/** The routes of glossaries. */
export const glossaryRoutes: readonly Route[] = [
  ...memberRoutes('term'),
  ...memberRoutes('category'),
  {
    method: 'GET',
    path: assignedPath,
    handler: (exchange) => showAssigned(exchange.unit, exchange.param('guid')),
  },
  {
    method: 'POST',
    path: assignedPath,
    handler: (exchange) => {
      assignTerm(exchange.unit, exchange.param('guid'), exchange.body());
      return undefined;
    },
  },
  {
    method: 'PUT',
    path: assignedPath,
    handler: (exchange) => {
      unassignTerm(exchange.unit, exchange.param('guid'), exchange.body());
      return undefined;
    },
  },
  {
    method: 'POST',
    path: '/glossary',
    handler: (exchange) => createGlossary(exchange.unit, exchange.body()),
  },
  { method: 'GET', path: '/glossary', handler: list },
  {
    method: 'GET',
    path: '/glossary/:guid',
    handler: (exchange) => showGlossary(exchange.unit, exchange.param('guid')),
  },
  deleteRoute('/glossary/:guid'),
];
