import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFraming } from '../../../cli/open-registry.ts';
import { eventsSchema } from '../../../pipeline/events-config.ts';
import { encodeEvent } from '../../../schemas/codec.ts';
import { type ConfluentDouble, startConfluentDouble } from '../../support/confluent-double.ts';
import { framedTopic, readWhileAway, removal } from '../../support/framed.ts';

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
    const { found, waits } = await readWhileAway(topic.inner, framing(), () => {
      registry.down = undefined;
    });
    expect([found?.corrupt, Buffer.from(found?.value ?? []).equals(value)]).toEqual([undefined, true]);
    expect(waits).toEqual(Array.from({ length: 3 }, () => 'REGISTRY_UNAVAILABLE'));
  },
);
