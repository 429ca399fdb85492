/**
 * The part of Atlas's query language that clients use to look something up: `[from] TYPE [where ATTRIBUTE = "text" [and …]]
 * [select ATTRIBUTE, …]`. Everything else is refused, as a syntax error is; so are attributes that the type does not have.
 */
import { AtlasError } from './atlas-error.ts';
import { showHeader } from './entity/show.ts';
import { javaText, jsonObject, type JsonObject, type JsonValue, own } from './json.ts';
import type { StoredEntity } from './model.ts';
import type { CatalogStore } from './store.ts';
import type { UnitOfWork } from './unit-of-work.ts';

interface DslQuery {
  readonly typeName: string;
  readonly conditions: readonly { readonly attribute: string; readonly value: string }[];
  readonly select: readonly string[];
}

const name = String.raw`[A-Za-z_][\w]*`;
const condition = String.raw`${name}\s*=\s*(?:"[^"]*"|'[^']*'|\d+)`;
const shape = new RegExp(
  String.raw`^(?:from\s+)?(?<type>${name})(?:\s+where\s+(?<where>${condition}(?:\s+and\s+${condition})*))?(?:\s+select\s+(?<select>${name}(?:\s*,\s*${name})*))?$`,
  'iu',
);
const reserved = /^(?:from|where|select|and|or|limit|offset|orderby|groupby)$/iu;

function parse(text: string): DslQuery | undefined {
  const groups = shape.exec(text.trim())?.groups;
  const typeName = groups?.['type'];
  if (typeName === undefined || reserved.test(typeName)) return undefined;
  const conditions = [...(groups?.['where'] ?? '').matchAll(/(\w+)\s*=\s*("[^"]*"|'[^']*'|\d+)/gu)].map(
    ([, attribute = '', value = '']) => ({ attribute, value: value.replaceAll(/^["']|["']$/gu, '') }),
  );
  const select = (groups?.['select'] ?? '').split(',').map((part) => part.trim());
  return { typeName, conditions, select: select.filter((part) => part !== '') };
}

/** `GET /search/dsl`. @throws AtlasError 400-00-059 for what is no query, or not this part of the language */
export function showDslSearch(
  store: CatalogStore,
  unit: UnitOfWork,
  asked: { readonly query: string | null; readonly limit: number; readonly offset: number },
): JsonObject {
  const text = asked.query ?? '';
  const invalid = (why: string): AtlasError =>
    new AtlasError('INVALID_DSL_QUERY', `${text} limit ${asked.limit} offset ${asked.offset}`, why);
  if (text.trim() === '') {
    throw invalid("mismatched input 'offset' expecting {<EOF>, K_ORDERBY, K_GROUPBY, K_LIMIT, K_SELECT}");
  }
  const query = parse(text);
  if (query === undefined) throw invalid(`no viable alternative at input '${text}'`);
  if (unit.registry.entityType(query.typeName) === undefined) {
    const why = `DSL Semantic Error - ${query.typeName} type not found`;
    throw invalid(`${why}, ${why}`);
  }
  const known = unit.registry.entityType(query.typeName)?.attributes;
  const unknown = [...query.conditions.map(({ attribute }) => attribute), ...query.select].find(
    (attribute) => known?.has(attribute) !== true,
  );
  if (unknown !== undefined) {
    throw invalid(`DSL Semantic Error - ${unknown} attribute not found for type ${query.typeName}`);
  }
  const page = matching(store, unit, query).slice(asked.offset, asked.offset + asked.limit);
  if (query.select.length === 0) {
    return jsonObject({
      queryType: 'DSL',
      queryText: text,
      entities: page.map((entity) => showHeader(unit, entity, { withClassifications: true })),
      approximateCount: -1,
    });
  }
  const values = page.map(
    (entity): JsonValue => query.select.map((one) => own(entity.attributes, one) ?? null),
  );
  return jsonObject({ attributes: jsonObject({ name: [...query.select], values }), approximateCount: -1 });
}

function matching(store: CatalogStore, unit: UnitOfWork, { typeName, conditions }: DslQuery): StoredEntity[] {
  return [...unit.registry.withSubtypes(typeName)].flatMap((type) =>
    [...store.ofType(type)].flatMap((guid) => {
      const entity = unit.entity(guid);
      if (entity?.status !== 'ACTIVE') return [];
      const isWanted = conditions.every(({ attribute, value }) => {
        const held = own(entity.attributes, attribute);
        return held !== undefined && held !== null && javaText(held) === value;
      });
      return isWanted ? [entity] : [];
    }),
  );
}
