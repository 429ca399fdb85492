/** What people do with topics when their events are larger than a record, or carry the ids of a registry: as the commands do it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openFraming } from '../../cli/open-registry.ts';
import { readDeadLetters } from '../../cli/read-dead-letters.ts';
import { redriveLetters } from '../../cli/redrive.ts';
import { recordsByTime, shownRecord } from '../../cli/topic-records.ts';
import { appendDeadLetters, deadLetterOf } from '../../pipeline/delivery/dead-letters.ts';
import { redrivenFrom } from '../../pipeline/delivery/redriven.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { eventsSchema } from '../../pipeline/events-config.ts';
import { planReading, replayGroup } from '../../pipeline/replay-plan.ts';
import { topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { createFolderClaims } from '../../platform/events/claim-store.ts';
import { createEventTransport, type EventTransportOptions } from '../../platform/events/event-transport.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { collect, GroupMember, much, never } from '../contracts/transport.ts';
import { startAzureSchemaRegistry } from '../support/azure-schema-registry.ts';
import { startConfluentDouble } from '../support/confluent-double.ts';
import { jobEvent } from '../support/small-world.ts';

/** Bytes that a record may have, as if the service had a limit. */
const recordLimit = 200_000;
const now = new Date('2026-03-01T12:00:00Z');

const ways: Readonly<Record<string, () => Promise<EventTransportOptions>>> = {
  'in parts': async () => ({}),
  'put aside': async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'claims-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return { claims: createFolderClaims(folder) };
  },
  'in parts, with ids of a registry like Confluent': async () => {
    const { server } = await startConfluentDouble();
    onTestFinished(() => server.close());
    const registry = { url: server.url };
    return { framing: openFraming(eventsSchema.parse({ framing: 'confluent', registry })) };
  },
  'in parts, with ids of Azure Schema Registry': async () => {
    const azure = await startAzureSchemaRegistry();
    azure.token = 'token';
    onTestFinished(() => azure.server.close());
    const config = eventsSchema.parse({ framing: 'azure', registry: { url: azure.server.url } });
    return { framing: openFraming(config, async () => ({ getToken: async () => ({ token: 'token' }) })) };
  },
};

async function open(options: EventTransportOptions): Promise<{
  readonly inner: Transport;
  readonly transport: Transport;
}> {
  const inner = Object.assign(createMemoryTransport(), { recordLimit: async () => recordLimit });
  const transport = createEventTransport(inner, options);
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
  onTestFinished(() => transport.close());
  return { inner, transport };
}

describe.each(Object.keys(ways))('events that stand %s', (way) => {
  it('are shown, kept as dead letters, redriven and replayed whole', async () => {
    const { inner, transport } = await open((await ways[way]?.()) ?? {});
    const name = randomBytes(300_000).toString('base64');
    const { type, value } = jobEvent({ producer: 'etl', job: 'j', sequence: 1, name, inputs: [] });
    const encoded = encodeEvent(type, value);
    await transport.append(topics.raw, [{ key: 'etl/job/j', value: encoded, headers: { h: '1' } }]);
    const isWhole = (one: { readonly value: Uint8Array | null } | undefined): boolean =>
      Buffer.compare(Buffer.from(one?.value ?? []), encoded) === 0;
    const [stored] = await collect(transport.read(topics.raw, 0, 0));
    if (stored === undefined) throw new Error('There is no event.');
    // What stands there is not the event as it is.
    const sizes = (await collect(inner.read(topics.raw, 0, 0))).map(({ value: bytes }) => bytes?.length);
    expect(Math.max(...sizes.map(Number))).toBeLessThanOrEqual(recordLimit);

    const from = new Map([[0, 0]]);
    const shown = await collect(recordsByTime(transport, topics.raw, from));
    expect(shown.map((record) => shownRecord(record))).toEqual([
      expect.objectContaining({ key: 'etl/job/j', type: 'job', value: expect.objectContaining({ name }) }),
    ]);

    const error = new StreamError('CATALOG_BAD_ENTITY', 'No.');
    const letter = deadLetterOf(stored, { stage: 'SINK', error, attempts: 1, producer: 'etl' }, now);
    await appendDeadLetters(transport, [letter]);
    const [read, ...others] = await readDeadLetters(transport);
    expect(others).toEqual([]);
    expect(isWhole(read)).toBe(true);

    expect(await redriveLetters(transport, await readDeadLetters(transport), now)).toMatchObject([
      { redriven: true },
    ]);
    expect(await readDeadLetters(transport)).toEqual([]);
    const [, back] = await collect(transport.read(topics.raw, 0, 0));
    expect(isWhole(back)).toBe(true);
    expect(redrivenFrom(back?.headers ?? {})).toEqual({ offset: stored.offset, attempts: 1 });

    const member = new GroupMember(transport, topics.raw, replayGroup);
    const held = await member.nth(0);
    const [next] = await held.pull(much, never);
    const range = { from: { 0: 0 }, to: { 0: (next?.offset ?? 0) + 1 } };
    const all = { asked: '', startedAt: '', producer: null, key: null, scope: 'whole' } as const;
    const reading = planReading({ ...all, ...range }, 0);
    expect(isWhole(next && reading(next))).toBe(true);
    await held.release();
    member.leave();
    await member.ended;
  });
});
