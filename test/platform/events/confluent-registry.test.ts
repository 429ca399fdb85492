import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFraming } from '../../../cli/open-registry.ts';
import { eventsSchema } from '../../../pipeline/events-config.ts';
import { createConfluentRegistry } from '../../../platform/events/confluent-registry.ts';
import { decodeEvent, encodeEvent } from '../../../schemas/codec.ts';
import { type AvroSchema, schemaFingerprint } from '../../../schemas/fingerprint.ts';
import { jsonLines } from '../../support/by-hand.ts';
import { firstBody, framedTopic, laterBody, laterRemoval, removal, schemaOf } from '../../support/framed.ts';
import { hasRegistry, howToGetRegistry, startRegistry, type TestRegistry } from '../../support/registry.ts';
import { runHere } from '../../support/run-here.ts';
import { z } from 'zod';

if (!hasRegistry)
  process.stderr.write(`The suite of a real schema registry does not run: ${howToGetRegistry}.\n`);

describe.skipIf(!hasRegistry)('a real registry with the interface of Confluent', { timeout: 120_000 }, () => {
  let server: TestRegistry;
  beforeAll(async () => {
    server = await startRegistry();
  }, 600_000);
  afterAll(() => server.stop());

  /** Subjects that nobody else has, which take only what the schema before can be read by. */
  const subjects = async () => {
    const prefix = `${randomUUID()}.`;
    const registry = createConfluentRegistry({ url: server.url, timeoutMs: 60_000, prefix });
    for (const type of ['removal', 'entity-change'])
      await setCompatibility(server.url, registry.subjectOf(schemaOf(type)));
    return { prefix, registry };
  };
  const framingOf = (prefix: string, register = true) =>
    openFraming(
      eventsSchema.parse({
        framing: 'confluent',
        registry: { url: server.url, prefix, register, timeoutMs: 60_000 },
      }),
    );

  it('check() and register() tell what is there, what may be, and what may not', async () => {
    const { registry } = await subjects();
    const schema = schemaOf('removal');
    expect(await registry.check(schema)).toEqual({ state: 'compatible', reasons: [] });
    const id = await registry.register(schema);
    expect(await registry.register(schema)).toBe(id);
    expect(await registry.check(schema)).toEqual({ state: 'registered', id, reasons: [] });
    const fingerprint = Buffer.alloc(8);
    fingerprint.writeBigUInt64LE(schemaFingerprint((await registry.schemaOf(id)) as AvroSchema));
    expect(fingerprint).toEqual(schema.fingerprint);
    expect(await registry.schemaOf('2000000000')).toBeUndefined();
    expect(await registry.check(laterRemoval(true))).toMatchObject({ state: 'compatible' });
    expect(await registry.check(laterRemoval(false))).toMatchObject({ state: 'incompatible' });
    await expect(registry.register(laterRemoval(false))).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
    });
    expect(await registry.register(laterRemoval(true))).not.toBe(id);
  });

  it('events travel with the id of their schema, and are read by it', async () => {
    const { prefix, registry } = await subjects();
    const topic = await framedTopic({ framing: framingOf(prefix) });
    const value = encodeEvent('removal', removal);
    await topic.events.append('t', [{ key: 'k', value, headers: {} }]);
    const [stored] = await topic.stored();
    const { id } = await registry.check(schemaOf('removal'));
    const head = Buffer.alloc(5);
    head.writeUInt32BE(Number(id), 1);
    expect(Buffer.from(stored?.value ?? [])).toEqual(Buffer.concat([head, value.subarray(10)]));
    expect((await topic.read()).map((record) => Buffer.from(record.value ?? []))).toEqual([value]);
  });

  it('an old reader reads the events of a new producer, and a new one those of an old', async () => {
    const { prefix, registry } = await subjects();
    const old = await registry.register(schemaOf('entity-change', 1));
    await registry.register(schemaOf('removal'));
    const later = await registry.register(laterRemoval(true));
    const topic = await framedTopic({ framing: framingOf(prefix, false) });
    const framed = (id: string, body: Buffer) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(Number(id), 1);
      return { key: 'k', value: Buffer.concat([head, body]), headers: {} };
    };
    await topic.inner.append('t', [framed(later, laterBody()), framed(old, firstBody('entity-change'))]);
    const [ofNew, ofOld] = (await topic.read()).map((record) => decodeEvent(record.value ?? Buffer.alloc(0)));
    expect(ofNew).toEqual({ type: 'removal', value: expect.objectContaining(removal) });
    expect(ofOld?.type).toBe('entity-change');
    expect(ofOld?.value).toHaveProperty('qualifiedName');
  });

  it('an id that the registry does not have, and bytes that are no event, are corrupt with their bytes', async () => {
    const { prefix, registry } = await subjects();
    const id = Number(await registry.register(schemaOf('removal')));
    const topic = await framedTopic({ framing: framingOf(prefix, false) });
    const unknown = Buffer.from([0, 0x77, 0x35, 0x94, 0, 1, 2]);
    const garbage = Buffer.from([0, 0, 0, id >> 8, id & 255, 255, 255]);
    const plain = encodeEvent('removal', removal);
    const values = [unknown, garbage, plain, Buffer.from('no event')];
    await topic.inner.append(
      't',
      values.map((value) => ({ key: 'k', value, headers: { h: '1' } })),
    );
    const found = await topic.read();
    expect(found.map(({ value }) => Buffer.from(value ?? []))).toEqual(values);
    expect(found.map(({ corrupt }) => corrupt)).toEqual([
      'the registry has no schema 2000000000',
      expect.stringMatching(/bytes/u),
      undefined,
      undefined,
    ]);
    expect(found[0]?.headers).toEqual({ h: '1' });
  });

  it('append() registers nothing where it may not', async () => {
    const { prefix, registry } = await subjects();
    const topic = await framedTopic({ framing: framingOf(prefix, false) });
    const record = { key: 'k', value: encodeEvent('removal', removal), headers: {} };
    await expect(topic.events.append('t', [record])).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(await registry.check(schemaOf('removal'))).toMatchObject({ state: 'compatible' });
    expect(await topic.stored()).toEqual([]);
  });

  it('`schemas check` and `register` show and register every schema, or none', {
    timeout: 120_000,
  }, async () => {
    const { prefix, registry } = await subjects();
    const folder = await mkdtemp(path.join(tmpdir(), 'schemas-'));
    const config = path.join(folder, 'c.yaml');
    await writeFile(
      config,
      `events: { framing: confluent, registry: { url: '${server.url}', prefix: '${prefix}', timeoutMs: 60000 } }
sink: { kind: memory }
producers: {}
`,
    );
    const row = z.object({ subject: z.string(), state: z.string(), id: z.string().optional() });
    const shown = async (command: string) => {
      const { code, stdout, stderr } = await runHere(['schemas', command, '--json', '--config', config]);
      expect(stderr).toBe('');
      return { code, rows: jsonLines(row, stdout) };
    };
    // What is there is of a later program, which cannot be read without its own default.
    await registry.register({ ...laterRemoval(false), name: schemaOf('job').name });
    await setCompatibility(server.url, registry.subjectOf(schemaOf('job')));
    const before = await shown('register');
    expect(before.code).toBe(3);
    expect(before.rows.filter(({ state }) => state === 'incompatible').map(({ subject }) => subject)).toEqual(
      [registry.subjectOf(schemaOf('job'))],
    );
    expect(before.rows.some(({ state }) => state === 'registered')).toBe(false);
    await setCompatibility(server.url, registry.subjectOf(schemaOf('job')), 'NONE');
    const after = await shown('register');
    expect([after.code, new Set(after.rows.map(({ state }) => state))]).toEqual([0, new Set(['registered'])]);
    expect((await shown('check')).rows).toEqual(after.rows);
    await rm(folder, { recursive: true });
  });
});

async function setCompatibility(url: string, subject: string, compatibility = 'BACKWARD'): Promise<void> {
  const response = await fetch(`${url}/config/${encodeURIComponent(subject)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ compatibility }),
  });
  await response.text();
}
