import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { entityWithExtInfoSchema } from '../../pipeline/atlas/replies.ts';

/** A local catalogue on a free port, with what tests ask it. */
export interface CatalogUnderTest {
  readonly url: string;
  /** Write calls since it was opened. */
  writeCalls(): number;
  /** Read calls since it was opened. */
  readCalls(): number;
  /** The entity of that name, or undefined. */
  entity(
    typeName: string,
    qualifiedName: string,
  ): Promise<ReturnType<typeof entityWithExtInfoSchema.parse>['entity'] | undefined>;
  /** Names of what a reference of an entity holds now, sorted; without what was removed. */
  active(typeName: string, qualifiedName: string, attribute: string): Promise<readonly string[]>;
  /** Any request of the Atlas interface, signed. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** User of the catalogue under test. */
export const catalogUser = { user: 'admin', password: 'admin' } as const;

/** Opens an empty catalogue in a temporary folder. */
export async function openTestCatalog(): Promise<CatalogUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'catalog-'));
  const catalog = await openCatalog({ path: folder, port: 0 });
  const authorization = `Basic ${Buffer.from(`${catalogUser.user}:${catalogUser.password}`).toString('base64')}`;
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${catalog.url}/api/atlas/v2${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return text === '' ? undefined : JSON.parse(text);
  };
  const entity: CatalogUnderTest['entity'] = async (typeName, qualifiedName) => {
    const query = new URLSearchParams({ 'attr:qualifiedName': qualifiedName });
    const answer = await call('GET', `/entity/uniqueAttribute/type/${typeName}?${query.toString()}`);
    return entityWithExtInfoSchema.safeParse(answer).data?.entity;
  };
  return {
    url: catalog.url,
    writeCalls: () => catalog.counters().writeCalls,
    readCalls: () => catalog.counters().readCalls,
    call,
    entity,
    active: async (typeName, qualifiedName, attribute) => {
      const list = (await entity(typeName, qualifiedName))?.relationshipAttributes?.[attribute];
      const held = Array.isArray(list) ? list : [];
      return held
        .filter((one) => one.relationshipStatus !== 'DELETED' && one.entityStatus !== 'DELETED')
        .map((one) => String(one.displayText))
        .sort();
    },
    close: async () => {
      await catalog.close();
      await rm(folder, { recursive: true });
    },
  };
}
