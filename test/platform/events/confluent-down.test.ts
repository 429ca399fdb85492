import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFraming } from '../../../cli/open-registry.ts';
import { eventsSchema } from '../../../pipeline/events-config.ts';
import { createEventTransport } from '../../../platform/events/event-transport.ts';
import { encodeEvent } from '../../../schemas/codec.ts';
import { GroupMember, much, never } from '../../contracts/transport.ts';
import { type ConfluentDouble, startConfluentDouble } from '../../support/confluent-double.ts';
import { framedTopic, removal } from '../../support/framed.ts';

const value = encodeEvent('removal', removal);
const record = { key: 'k', value, headers: {} };

let registry: ConfluentDouble;
beforeEach(async () => {
  registry = await startConfluentDouble();
});
afterEach(() => registry.server.close());

it.each([500, 503, 429, 0])(
  'while the registry answers %i, reading waits and writing can be tried again',
  async (down) => {
    const framing = () =>
      openFraming(eventsSchema.parse({ framing: 'confluent', registry: { url: registry.server.url } }));
    const topic = await framedTopic({ framing: framing() });
    registry.down = down;
    await expect(topic.events.append('t', [record])).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
      retryable: true,
    });
    expect(await topic.stored()).toEqual([]);
    registry.down = undefined;
    await topic.events.append('t', [record]);
    registry.down = down;
    const waits: string[] = [];
    const reader = createEventTransport(topic.inner, {
      framing: framing(),
      retryDelayMs: 1,
      onWaiting: (_, { code }) => {
        waits.push(code);
        if (waits.length === 3) registry.down = undefined;
      },
    });
    const member = new GroupMember(reader, 't', 'g');
    const [found] = await (await member.nth(0)).pull(much, never);
    expect([found?.corrupt, Buffer.from(found?.value ?? []).equals(value)]).toEqual([undefined, true]);
    expect(waits).toEqual(Array.from({ length: 3 }, () => 'REGISTRY_UNAVAILABLE'));
    await reader.close();
    await member.ended;
  },
);
