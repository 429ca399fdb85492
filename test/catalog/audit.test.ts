import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isObject, ownText, parseJson } from '../../catalog/json.ts';
import { assigned, basic, entity, openTestCatalog, type TestCatalog } from './support.ts';

describe('GET /entity/:guid/audit', () => {
  let server: TestCatalog;
  beforeEach(async () => {
    server = await openTestCatalog();
  });
  afterEach(() => server.close());

  async function audit(
    guid: string,
    query = '',
  ): Promise<{ actions: readonly unknown[]; keys: readonly string[]; status: number }> {
    const url = `http://localhost/api/atlas/v2/entity/${guid}/audit${query}`;
    const response = await server.app.request(url, { headers: { authorization: basic('admin') } });
    const json = parseJson(await response.text());
    const events = Array.isArray(json) ? json.filter(isObject) : [];
    return {
      actions: events.map((event) => ownText(event, 'action')),
      keys: events.map((event) => ownText(event, 'eventKey') ?? ''),
      status: response.status,
    };
  }

  it('tells what was done to an entity, the newest first, page by page', async () => {
    await server.call('POST', '/types/typedefs', { classificationDefs: [{ name: 'secret' }] });
    const { body } = await server.call('POST', '/entity/bulk', { entities: [entity('shop_table', 'a')] });
    const guid = assigned(body, '-a');
    await server.call('POST', '/entity/bulk', { entities: [entity('shop_table', 'a', { comment: 'x' })] });
    await server.call('POST', '/entity/bulk', { entities: [entity('shop_table', 'a', { comment: 'x' })] });
    await server.call('POST', `/entity/guid/${guid}/classifications`, [{ typeName: 'secret' }]);
    await server.call('PUT', `/entity/guid/${guid}/labels`, ['l']);
    await server.call('DELETE', `/entity/guid/${guid}/classification/secret`);
    await server.call('DELETE', `/entity/guid/${guid}`);
    const whole = await audit(guid);
    expect(whole.actions).toEqual([
      'ENTITY_DELETE',
      'CLASSIFICATION_DELETE',
      'LABEL_ADD',
      'CLASSIFICATION_ADD',
      'ENTITY_UPDATE',
      'ENTITY_CREATE',
    ]);
    const page = await audit(guid, `?count=2&startKey=${whole.keys[1] ?? ''}`);
    expect(page.actions).toEqual(['CLASSIFICATION_DELETE', 'LABEL_ADD']);
  });

  it('answers 404 for an entity that never was', async () => {
    expect((await audit('11111111-2222-3333-4444-555555555555')).status).toBe(404);
  });
});
