import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFraming, openRegistry } from '../../../cli/open-registry.ts';
import { StreamError } from '../../../pipeline/errors.ts';
import { eventsSchema } from '../../../pipeline/events-config.ts';
import { decodeEvent, encodeEvent } from '../../../schemas/codec.ts';
import { type AzureSchemaRegistry, startAzureSchemaRegistry } from '../../support/azure-schema-registry.ts';
import {
  firstBody,
  framedTopic,
  laterBody,
  laterRemoval,
  readWhileAway,
  removal,
  schemaOf,
} from '../../support/framed.ts';

const token = 'eyJhbGciOi.not-a-secret.signature';
const group = 'purview-streams';
const value = encodeEvent('removal', removal);
const record = { key: 'k', value, headers: { 'content-type': 'application/avro', ce_id: '1' } };

describe('Azure Schema Registry, as its documentation says', () => {
  let azure: AzureSchemaRegistry;
  const scopes: string[] = [];
  let given = token;
  beforeEach(async () => {
    azure = await startAzureSchemaRegistry();
    azure.token = token;
    given = token;
    scopes.length = 0;
  });
  afterEach(() => azure.server.close());

  const connect = async () => ({
    getToken: async (scope: string) => {
      scopes.push(scope);
      return { token: given };
    },
  });
  const settings = (register = true) =>
    eventsSchema.parse({ framing: 'azure', registry: { url: azure.server.url, group, register } });
  const framed = (register = true) =>
    framedTopic({ framing: openFraming(settings(register), connect), retryDelayMs: 1 });
  const registryOf = () => {
    const registry = openRegistry(settings(), connect);
    if (registry === undefined) throw new Error('There is none.');
    return registry;
  };

  it('an event travels bare, with the id of its schema in the content type, and is read by it', async () => {
    const topic = await framed();
    await topic.events.append('t', [record]);
    const [stored] = await topic.stored();
    const { id } = await registryOf().check(schemaOf('removal'));
    expect(Buffer.from(stored?.value ?? [])).toEqual(value.subarray(10));
    expect(stored?.headers).toEqual({ ce_id: '1', 'content-type': `avro/binary+${id}` });
    const [found] = await topic.read();
    expect(found).toMatchObject({ key: 'k', headers: record.headers });
    expect(Buffer.from(found?.value ?? [])).toEqual(value);
    expect(new Set(scopes)).toEqual(new Set(['https://eventhubs.azure.net/.default']));
  });

  it('an old reader reads the events of a new producer, and a new one those of an old', async () => {
    const topic = await framed(false);
    const later = azure.put(group, 'io.purviewstreams.Removal', laterRemoval(true).text);
    const old = azure.put(group, 'io.purviewstreams.EntityChange', schemaOf('entity-change', 1).text);
    const typed = (id: string) => ({ 'content-type': `avro/binary+${id}` });
    await topic.inner.append('t', [
      { key: 'k', value: laterBody(), headers: typed(later) },
      { key: 'k', value: firstBody('entity-change'), headers: typed(old) },
    ]);
    const [ofNew, ofOld] = (await topic.read()).map((one) => decodeEvent(one.value ?? Buffer.alloc(0)));
    expect(ofNew).toEqual({ type: 'removal', value: expect.objectContaining(removal) });
    expect(ofOld?.type).toBe('entity-change');
  });

  it('an id that nobody knows, a schema that is none, and bytes that do not fit are corrupt with their bytes', async () => {
    const topic = await framed(false);
    const ids = [
      'f'.repeat(32),
      azure.put(group, 'other', '"string"'),
      azure.put(group, 'broken', '{"type":"nothing"}'),
      azure.put(group, 'io.purviewstreams.Removal', schemaOf('removal').text),
    ];
    const garbage = Buffer.from([255, 255, 255]);
    await topic.inner.append(
      't',
      ids.map((id) => ({ key: 'k', value: garbage, headers: { 'content-type': `avro/binary+${id}` } })),
    );
    const found = await topic.read();
    expect(found.map(({ corrupt }) => corrupt !== undefined)).toEqual([true, true, true, true]);
    for (const [index, one] of found.entries()) {
      expect(Buffer.from(one.value ?? [])).toEqual(garbage);
      expect(one.headers).toEqual({ 'content-type': `avro/binary+${ids[index]}` });
    }
  });

  it('check() holds a schema against the newest one, and register() returns its id', async () => {
    const registry = registryOf();
    expect(await registry.check(laterRemoval(false))).toEqual({ state: 'compatible', reasons: [] });
    const id = await registry.register(schemaOf('removal'));
    expect(await registry.check(schemaOf('removal'))).toEqual({ state: 'registered', id, reasons: [] });
    expect(await registry.check(laterRemoval(true))).toEqual({ state: 'compatible', reasons: [] });
    const verdict = await registry.check(laterRemoval(false));
    expect([verdict.state, verdict.reasons.length]).toEqual(['incompatible', 1]);
  });

  it('append() checks before it registers, and rejects with SCHEMA_INCOMPATIBLE', async () => {
    azure.put(
      group,
      'io.purviewstreams.Removal',
      '{"type":"record","name":"io.purviewstreams.Removal","fields":[]}',
    );
    const topic = await framed();
    await expect(topic.events.append('t', [record])).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' });
    expect(azure.server.seen.some(({ method }) => method === 'PUT')).toBe(false);
    expect(await topic.stored()).toEqual([]);
  });

  it('while the registry is down, reading waits and writing can be tried again; nothing is lost or corrupt', async () => {
    const topic = await framed();
    azure.down = 503;
    await expect(topic.events.append('t', [record])).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      retryable: true,
    });
    azure.down = undefined;
    await topic.events.append('t', [record]);
    azure.down = 429;
    const { found, waits } = await readWhileAway(topic.inner, openFraming(settings(), connect), () => {
      azure.down = undefined;
    });
    expect([found?.corrupt, Buffer.from(found?.value ?? []).equals(value)]).toEqual([undefined, true]);
    expect(waits).toEqual(Array.from({ length: 3 }, () => 'REGISTRY_UNAVAILABLE'));
  });

  it('a token that is refused shows in no error, and makes nothing corrupt', async () => {
    const topic = await framed();
    await topic.events.append('t', [record]);
    given = 'wrong-and-still-secret';
    const other = await framed();
    const thrown: unknown = await other.events.append('t', [record]).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(thrown instanceof StreamError ? thrown.message + String(thrown.stack) : given).not.toContain(
      given,
    );
  });
});
