import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { deleteNotification, hookMessages, writeNotification } from '../../../sinks/purview/hook-messages.ts';

const origin = { id: 'an-id_0', user: 'us', now: 1_700_000_000_000 };
const limit = 1_000_000;
const partSchema = z.object({
  version: z.object({ version: z.literal('1.0.0') }),
  msgId: z.string(),
  msgCompressionKind: z.literal('GZIP'),
  msgSplitIdx: z.number(),
  msgSplitCount: z.number(),
  message: z.string(),
});

/** What Atlas makes of messages: parts are put together, then decompressed (AtlasNotificationMessageDeserializer in its source). */
function received(messages: readonly string[]): unknown {
  const [first = '', ...others] = messages;
  if (others.length === 0 && !first.includes('"GZIP"')) return JSON.parse(first);
  const parts = messages.map((text) => partSchema.parse(JSON.parse(text)));
  const packed = parts.map(({ message }) => message).join('');
  return JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString());
}

const shop = (name: string, text: string) => ({ typeName: 'shop', guid: '-1', attributes: { name, text } });

describe('hookMessages()', () => {
  it("writes a small notification as one message in the envelope of Atlas's own hooks", () => {
    const [message, ...others] = hookMessages(writeNotification('us', [shop('a', '')], true), origin);
    expect(others).toEqual([]);
    expect(JSON.parse(message ?? '')).toEqual({
      version: { version: '1.0.0', versionParts: [1] },
      msgCompressionKind: 'NONE',
      msgSplitIdx: 1,
      msgSplitCount: 1,
      msgSourceIP: '127.0.0.1',
      msgCreatedBy: 'us',
      msgCreationTime: 1_700_000_000_000,
      message: {
        type: 'ENTITY_CREATE_V2',
        user: 'us',
        entities: { entities: [shop('a', '')], referredEntities: {} },
      },
    });
  });

  it('deletes by type and unique name, as Atlas reads no guids there', () => {
    const [message] = hookMessages(
      deleteNotification('us', [{ typeName: 'shop', qualifiedName: 'shop://a' }]),
      origin,
    );
    expect(JSON.parse(message ?? '')).toMatchObject({
      message: {
        type: 'ENTITY_DELETE_V2',
        user: 'us',
        entities: [{ typeName: 'shop', uniqueAttributes: { qualifiedName: 'shop://a' } }],
      },
    });
  });

  it('compresses what is over 1,000,000 bytes', () => {
    const large = writeNotification('us', [shop('a', 'ä'.repeat(600_000))], false);
    const messages = hookMessages(large, origin);
    expect(messages).toHaveLength(1);
    expect(partSchema.parse(JSON.parse(messages[0] ?? ''))).toMatchObject({
      msgSplitIdx: 1,
      msgSplitCount: 1,
      msgId: origin.id,
    });
    expect(received(messages)).toMatchObject({ message: large });
  });

  it('splits what is too large even so, in parts that begin at 0 and keep the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (seed) => {
        // Text that hardly compresses.
        let state = seed;
        const noise = Array.from({ length: 250_000 }, () => {
          state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
          return String.fromCodePoint(33 + (state % 20_000)).toWellFormed();
        }).join('');
        const huge = writeNotification('us', [shop('a', noise + noise)], false);
        const messages = hookMessages(huge, origin);
        const parts = messages.map((text) => partSchema.parse(JSON.parse(text)));
        expect(parts.length).toBeGreaterThan(0);
        expect(parts.length === 1 ? [0] : parts.map(({ msgSplitIdx }) => msgSplitIdx)).toEqual(
          parts.map((_, at) => at),
        );
        expect(
          parts.every(({ msgSplitCount, msgId }) => msgSplitCount === parts.length && msgId === origin.id),
        ).toBe(true);
        expect(messages.every((text) => Buffer.byteLength(text) <= limit)).toBe(true);
        expect(received(messages)).toMatchObject({ message: huge });
      }),
      { numRuns: 2 },
    );
  });
});
