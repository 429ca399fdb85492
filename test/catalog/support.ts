/** A catalogue without a socket, for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalog } from '../../catalog/catalog.ts';
import { exportLines } from '../../catalog/export.ts';
import { type AppOptions, createApp } from '../../catalog/http/app.ts';
import { basicCaller, defaultUsers } from '../../catalog/http/auth.ts';
import {
  isObject,
  type JsonObject,
  type JsonValue,
  ownObject,
  ownText,
  parseJson,
} from '../../catalog/json.ts';
import { CatalogStore } from '../../catalog/store.ts';
import type { AtlasEntity } from '../../pipeline/atlas/wire.ts';

/** What a test calls. */
export interface TestCatalog {
  readonly app: ReturnType<typeof createApp>;
  readonly catalog: Catalog;
  /** Calls a path below /api/atlas/v2 as admin. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: JsonObject }>;
  export(): string;
  close(): Promise<void>;
}

/** The header of a user's Basic credentials. */
export function basic(user: string): string {
  return `Basic ${Buffer.from(`${user}:${user}`).toString('base64')}`;
}

function asObject(value: JsonValue): JsonObject {
  if (!isObject(value)) throw new Error('the answer is not an object');
  return value;
}

/** Opens one in a new folder with the types `shop_table`, `shop_column` (owned by a table) and `shop_job`. */
export async function openTestCatalog(options: Partial<AppOptions> = {}): Promise<TestCatalog> {
  const path = mkdtempSync(join(tmpdir(), 'catalog-test-'));
  const store = new CatalogStore(path);
  const catalog = new Catalog(store, Date.now);
  const app = createApp(catalog, {
    mode: 'atlas',
    identify: (header) => basicCaller(header, defaultUsers),
    hosts: [],
    ...options,
  });
  const call: TestCatalog['call'] = async (method, target, body) => {
    const response = await app.request(`http://localhost/api/atlas/v2${target}`, {
      method,
      headers: { authorization: basic('admin'), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : asObject(parseJson(text)) };
  };
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(path, { recursive: true, force: true });
  };
  catalog.types.create(parseJson(JSON.stringify(shopTypes)), 'admin', 0);
  return { app, catalog, call, export: () => [...exportLines(store, catalog.types)].join(''), close };
}

const optionalText = (name: string): object => ({ name, typeName: 'string', isOptional: true });

const shopTypes = {
  entityDefs: [
    { name: 'shop_table', superTypes: ['DataSet'], attributeDefs: [optionalText('comment')] },
    { name: 'shop_column', superTypes: ['DataSet'], attributeDefs: [optionalText('data_type')] },
    { name: 'shop_job', superTypes: ['Process'], attributeDefs: [optionalText('code')] },
  ],
  relationshipDefs: [
    {
      name: 'shop_table_columns',
      relationshipCategory: 'COMPOSITION',
      endDef1: { type: 'shop_table', name: 'columns', isContainer: true, cardinality: 'SET' },
      endDef2: { type: 'shop_column', name: 'table', cardinality: 'SINGLE' },
    },
  ],
};

/** An entity as a client sends it; its name is also its qualifiedName. */
export function entity(
  typeName: string,
  name: string,
  attributes: AtlasEntity['attributes'] = {},
  guid = `-${name}`,
): AtlasEntity {
  return { typeName, guid, attributes: { qualifiedName: name, name, ...attributes } };
}

/** The guid that an answer assigned to a placeholder. */
export function assigned(body: JsonObject, guid: string): string {
  const real = ownText(ownObject(body, 'guidAssignments'), guid);
  if (real === undefined) throw new Error(`no guid was assigned to ${guid}`);
  return real;
}
