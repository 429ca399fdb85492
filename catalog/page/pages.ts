/** The pages of the catalogue: an overview with search, and one page for each asset with its lineage. */
import type { Catalog } from '../catalog.ts';
import { displayText, showEntity } from '../entity/show.ts';
import { isObject, javaText, type JsonValue, ownList, ownObject, ownText } from '../json.ts';
import { walkLineage } from '../lineage.ts';
import type { StoredEntity } from '../model.ts';
import { findByText } from '../search.ts';
import { UnitOfWork } from '../unit-of-work.ts';
import { Html, html, shorten } from './html.ts';
import { type DrawnNode, drawLineage } from './lineage-drawing.ts';

const latestCount = 25;
const searchCount = 100;

function openUnit(catalog: Catalog): UnitOfWork {
  return new UnitOfWork(catalog.store, catalog.types.registry, { user: 'page', now: catalog.now() });
}

function frame(title: string, query: string, content: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/style.css"></head>
<body><header><div><a href="/">Local catalogue</a>
<form action="/" method="get" role="search"><input type="search" name="q" value="${query}" placeholder="Name or qualifiedName" aria-label="Search">
<button>Search</button></form></div></header><main>${content}</main></body></html>
`.text;
}

function assetRow(entity: StoredEntity): Html {
  const name = ownText(entity.attributes, 'qualifiedName') ?? '';
  return html`<tr><td><a href="/asset/${encodeURIComponent(entity.guid)}">${shorten(displayText(entity), 120)}</a>
<div class="name">${shorten(name, 240)}</div></td><td>${entity.typeName}</td></tr>`;
}

function assetTable(entities: readonly StoredEntity[]): Html {
  if (entities.length === 0) return html`<p>None.</p>`;
  return html`<table>${entities.map(assetRow)}</table>`;
}

function countsTable(catalog: Catalog): Html {
  const rows: Html[] = [];
  for (const def of catalog.types.registry.all()) {
    if (def.category !== 'ENTITY') continue;
    const count = catalog.store.countOfType(def.name);
    if (count > 0) rows.push(html`<tr><th scope="row">${def.name}</th><td class="count">${count}</td></tr>`);
  }
  return rows.length === 0 ? html`<p>No assets yet.</p>` : html`<table class="counts">${rows}</table>`;
}

function latest(catalog: Catalog, unit: UnitOfWork): StoredEntity[] {
  const found: StoredEntity[] = [];
  for (const def of catalog.types.registry.all()) {
    if (def.category !== 'ENTITY') continue;
    let taken = 0;
    for (const guid of catalog.store.ofType(def.name, true)) {
      const entity = unit.entity(guid);
      if (entity?.status === 'ACTIVE') found.push(entity);
      taken += 1;
      if (taken >= latestCount) break;
    }
  }
  return found.sort((a, b) => b.seq - a.seq).slice(0, latestCount);
}

/** The overview, or the result of a search for a text in a name. */
export function homePage(catalog: Catalog, query: string): string {
  const unit = openUnit(catalog);
  if (query !== '') {
    const found = findByText(catalog.store, unit, query, searchCount);
    const more = found.length === searchCount ? ` (the first ${searchCount})` : '';
    return frame(
      'Search',
      query,
      html`<h1>Assets with “${shorten(query, 80)}”${more}</h1>${assetTable(found)}`,
    );
  }
  const { entities, relationships } = catalog.store.counts();
  return frame(
    'Local catalogue',
    '',
    html`<h1>Local catalogue</h1><p>${entities} assets and ${relationships} relationships, deleted ones included.</p>
<div class="columns"><section><h2>By type</h2>${countsTable(catalog)}</section>
<section><h2>Latest assets</h2>${assetTable(latest(catalog, unit))}</section></div>`,
  );
}

function lineageSection(unit: UnitOfWork, entity: StoredEntity): Html {
  if (!unit.isA(entity.typeName, 'DataSet') && !unit.isA(entity.typeName, 'Process')) return new Html('');
  const graph = walkLineage(unit, entity, { direction: 'BOTH', depth: 5 });
  if (graph.relations.length === 0) return html`<h2>Lineage</h2><p>None.</p>`;
  const nodes = [...graph.entities].flatMap((guid): DrawnNode[] => {
    const found = unit.entity(guid);
    if (found === undefined) return [];
    const isProcess = unit.isA(found.typeName, 'Process');
    const isDeleted = found.status === 'DELETED';
    return [{ guid, label: displayText(found), typeName: found.typeName, isProcess, isDeleted }];
  });
  return html`<h2>Lineage</h2>${drawLineage(graph, nodes, entity.guid)}`;
}

/** A value as a cell: references become links, everything else is text. */
function cell(value: JsonValue): Html {
  if (Array.isArray(value)) return html`${value.map((item) => html`<div>${cell(item)}</div>`)}`;
  const guid = isObject(value) ? ownText(value, 'guid') : undefined;
  if (!isObject(value) || guid === undefined) return html`${shorten(javaText(value), 2000)}`;
  const unique = ownObject(value, 'uniqueAttributes');
  const label = ownText(value, 'displayText') ?? ownText(unique, 'qualifiedName') ?? guid;
  const isGone = ownText(value, 'relationshipStatus') === 'DELETED';
  return html`<a href="/asset/${encodeURIComponent(guid)}">${shorten(label, 200)}</a>${isGone ? ' (removed)' : ''}`;
}

function rows(section: ReturnType<typeof ownObject>): Html[] {
  return Object.entries(section ?? {}).flatMap(([name, value]) => {
    const isEmpty =
      value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
    return isEmpty ? [] : [html`<tr><th scope="row">${name}</th><td class="value">${cell(value)}</td></tr>`];
  });
}

/** The page of one asset; undefined when there is none with this guid. */
export function assetPage(catalog: Catalog, guid: string): string | undefined {
  const unit = openUnit(catalog);
  const entity = unit.entity(guid);
  if (entity === undefined) return undefined;
  const shown = showEntity(unit, entity, { ignoreRelationships: false, minExtInfo: false });
  const tags = ownList(shown, 'classifications').map(
    (item) => ownText(isObject(item) ? item : undefined, 'typeName') ?? '',
  );
  const relations = rows(ownObject(shown, 'relationshipAttributes'));
  const title = displayText(entity);
  return frame(
    title,
    '',
    html`<h1>${shorten(title, 200)}</h1><p>${entity.typeName}${entity.status === 'DELETED' ? ', deleted' : ''}${tags.length > 0 ? `, ${tags.join(', ')}` : ''}</p>
${lineageSection(unit, entity)}<h2>Attributes</h2><table>${rows(ownObject(shown, 'attributes'))}</table>
<h2>Relationships</h2>${relations.length === 0 ? html`<p>None.</p>` : html`<table>${relations}</table>`}`,
  );
}
