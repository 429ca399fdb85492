/** What a real Atlas holds, in the form of the local catalogue's canonical export, so that the two can be compared entity by entity. */
import { z } from 'zod';
import { canonical, compareText, withoutGuids } from '../../../catalog/export.ts';
import {
  isObject,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownObject,
  ownText,
  parseJson,
  toJson,
} from '../../../catalog/json.ts';
import type { AtlasTarget } from './setup.ts';

/** A real Atlas, with what tests ask it. */
export class RealAtlas {
  readonly target: AtlasTarget;
  readonly #names = new Map<string, { readonly typeName: string; readonly qualifiedName: string }>();

  constructor(target: AtlasTarget) {
    this.target = target;
  }

  /** Any request of its REST interface, with its answer of any status. */
  async call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly json: JsonValue | undefined }> {
    const { url, user, password } = this.target;
    const response = await fetch(`${url}/api/atlas${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /^\s*[[{]/.test(text);
    return { status: response.status, json: isJson ? parseJson(text, true) : undefined };
  }

  async #get(path: string): Promise<JsonObject> {
    const { status, json } = await this.call('GET', `/v2${path}`);
    if (status !== 200 || !isObject(json)) throw new Error(`GET ${path}: ${status} ${toJson(json ?? null)}`);
    return json;
  }

  /** The live entity of that name, or undefined. */
  async entity(typeName: string, qualifiedName: string): Promise<JsonObject | undefined> {
    const query = new URLSearchParams({ 'attr:qualifiedName': qualifiedName });
    const { json } = await this.call(
      'GET',
      `/v2/entity/uniqueAttribute/type/${typeName}?${query.toString()}`,
    );
    return isObject(json) ? ownObject(json, 'entity') : undefined;
  }

  /** Names of what a reference of an entity holds now, sorted; without what was removed. */
  async active(typeName: string, qualifiedName: string, attribute: string): Promise<readonly string[]> {
    const entity = await this.entity(typeName, qualifiedName);
    return ownList(ownObject(entity, 'relationshipAttributes'), attribute)
      .filter(isObject)
      .filter(isLive)
      .map((one) => ownText(one, 'displayText') ?? '')
      .sort(compareText);
  }

  /** Guids of all live entities of these types whose qualifiedName has a text in it, by what the index finds: of DataSet, Atlas 2.1 also finds what is of other types below it. */
  async guids(typeNames: readonly string[], having: string): Promise<readonly string[]> {
    const found = new Set<string>();
    const asked = new Set<string | undefined>(typeNames);
    for (const typeName of typeNames) {
      for (let offset = 0; ; offset += pageSize) {
        const query = { typeName, includeSubTypes: 'false', excludeDeletedEntities: 'true' };
        const page = new URLSearchParams({ ...query, limit: String(pageSize), offset: String(offset) });
        const entities = ownList(await this.#get(`/search/basic?${page.toString()}`), 'entities');
        for (const entity of entities.filter(isObject)) {
          const name = ownText(ownObject(entity, 'attributes'), 'qualifiedName') ?? '';
          if (asked.has(ownText(entity, 'typeName')) && name.includes(having))
            found.add(ownText(entity, 'guid') ?? '');
        }
        if (entities.length < pageSize) break;
      }
    }
    return [...found];
  }

  /**
   * The export of all live entities of the types of an expected export whose qualifiedName has a text in it.
   * @param expected the local catalogue's export, which says what types there are
   * @param before guids of entities that are left out, since they were there before
   */
  async export(expected: string, having = '', before: ReadonlySet<string> = new Set()): Promise<string> {
    const typeNames = [...new Set(exportedSchema.parse(linesOf(expected)).map((line) => line.typeName))];
    const lines: { readonly at: string; readonly line: string }[] = [];
    this.#names.clear(); // a guid may have another name since the last time
    const guids = (await this.guids(typeNames, having)).filter((guid) => !before.has(guid));
    for (let at = 0; at < guids.length; at += bulkSize) {
      const query = guids.slice(at, at + bulkSize).map((guid): [string, string] => ['guid', guid]);
      const answer = await this.#get(`/entity/bulk?${new URLSearchParams(query).toString()}`);
      for (const entity of ownList(answer, 'entities').filter(isObject)) {
        if (own(entity, 'status') !== 'ACTIVE') continue; // the index may be behind
        const shown = canonical(await this.#shown(entity));
        if (!isObject(shown)) continue;
        const place = `${ownText(shown, 'typeName')}\n${ownText(shown, 'qualifiedName')}`;
        lines.push({ at: place, line: `${toJson(shown)}\n` });
      }
    }
    const sorted = lines.sort((a, b) => compareText(a.at, b.at) || compareText(a.line, b.line));
    return sorted.map(({ line }) => line).join('');
  }

  async #shown(entity: JsonObject): Promise<JsonObject> {
    const relations = ownObject(entity, 'relationshipAttributes') ?? jsonObject();
    const attributes = jsonObject();
    for (const [name, value] of Object.entries(ownObject(entity, 'attributes') ?? {})) {
      if (!Object.hasOwn(relations, name) && value !== undefined) attributes[name] = withoutGuids(value);
    }
    const related = jsonObject();
    for (const [name, value] of Object.entries(relations)) {
      const lines = new Map<string, JsonObject>();
      for (const one of [value ?? null].flat().filter(isObject).filter(isLive)) {
        const line = await this.#reference(one);
        lines.set(toJson(line), line);
      }
      related[name] = [...lines].sort(([a], [b]) => compareText(a, b)).map(([, line]) => line);
    }
    const classifications = ownList(entity, 'classifications')
      .filter(isObject)
      .map((item) =>
        jsonObject({
          typeName: own(item, 'typeName'),
          attributes: own(item, 'attributes'),
          propagate: own(item, 'propagate'),
        }),
      );
    return jsonObject({
      typeName: own(entity, 'typeName'),
      qualifiedName: own(ownObject(entity, 'attributes'), 'qualifiedName'),
      attributes,
      relationshipAttributes: related,
      classifications: classifications.sort((a, b) => compareText(toJson(a), toJson(b))),
      customAttributes: own(entity, 'customAttributes'),
      businessAttributes: own(entity, 'businessAttributes'),
      labels: ownList(entity, 'labels').map(String).sort(compareText),
      isIncomplete: own(entity, 'isIncomplete') === true ? true : undefined,
    });
  }

  async #reference(related: JsonObject): Promise<JsonObject> {
    const guid = ownText(related, 'guid') ?? '';
    const attributes = ownObject(ownObject(related, 'relationshipAttributes'), 'attributes') ?? null;
    return jsonObject({ ...(await this.#nameOf(guid)), attributes: canonical(attributes) });
  }

  /** Atlas 2.1 names an entity that is referred to by its guid alone. */
  async #nameOf(guid: string): Promise<{ readonly typeName: string; readonly qualifiedName: string }> {
    const known = this.#names.get(guid);
    if (known !== undefined) return known;
    const header = await this.#get(`/entity/guid/${guid}/header`);
    const name = {
      typeName: ownText(header, 'typeName') ?? '',
      qualifiedName: ownText(ownObject(header, 'attributes'), 'qualifiedName') ?? '',
    };
    this.#names.set(guid, name);
    return name;
  }
}

const pageSize = 100;
const bulkSize = 50;
const exportedSchema = z.array(z.object({ typeName: z.string() }));

function linesOf(exported: string): readonly unknown[] {
  return exported
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

/** Whether a reference that an entity shows is one that it holds now: what was removed stays in the answer, with a mark of its own. */
function isLive(related: JsonObject): boolean {
  return own(related, 'relationshipStatus') !== 'DELETED' && own(related, 'entityStatus') !== 'DELETED';
}
