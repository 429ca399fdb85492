import { assert, array, asyncProperty, integer, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDeadLetters } from '../../cli/read-dead-letters.ts';
import { dropLetters, redriveLetters } from '../../cli/redrive.ts';
import { appendDeadLetters, deadLetterOf } from '../../pipeline/delivery/dead-letters.ts';
import { redrivenFrom } from '../../pipeline/delivery/redriven.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { topics } from '../../pipeline/topics.ts';
import type { StoredRecord, Transport } from '../../pipeline/transport.ts';
import type { DeadLetter } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { collect } from '../contracts/transport.ts';

const now = new Date('2026-03-01T12:00:00Z');
const error = new StreamError('CATALOG_BAD_ENTITY', 'No.');

async function open(): Promise<Transport> {
  const transport = createMemoryTransport();
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 2 })));
  return transport;
}

async function all(transport: Transport, topic: string): Promise<readonly StoredRecord[]> {
  const partitions = await transport.describe(topic);
  const records = await Promise.all(
    partitions.map(({ partition }) => collect(transport.read(topic, partition, 0))),
  );
  return records.flat();
}

function letterOf(stored: StoredRecord, attempts = 3): DeadLetter {
  return deadLetterOf(stored, { stage: 'SINK', error, attempts, producer: 'p' }, now);
}

describe('redriveLetters()', () => {
  it('puts back bytes, key and headers in the order of each key, whatever the order of the letters', async () => {
    await assert(
      asyncProperty(
        // The same event twice is one letter.
        uniqueArray(record({ key: integer({ min: 0, max: 3 }), value: integer({ min: 0, max: 255 }) }), {
          maxLength: 30,
          selector: ({ key, value }) => `${key} ${value}`,
        }),
        array(integer({ min: 0, max: 1000 }), { minLength: 30, maxLength: 30 }),
        async (events, order) => {
          const transport = await open();
          const sent = events.map(({ key, value }) => ({
            key: `k${key}`,
            value: Uint8Array.of(value),
            headers: { h: String(value) },
          }));
          await transport.append(topics.entities, sent);
          const before = await all(transport, topics.entities);
          const letters = before.map((one) => letterOf(one));
          const shuffled = letters
            .map((letter, index) => ({ letter, rank: order[index] ?? 0 }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ letter }) => letter);
          await appendDeadLetters(transport, [...shuffled, ...shuffled]);
          expect(await readDeadLetters(transport)).toHaveLength(letters.length);
          const results = await redriveLetters(transport, shuffled, now);
          expect(results.every(({ redriven }) => redriven)).toBe(true);
          expect(await readDeadLetters(transport)).toEqual([]);
          const after = (await all(transport, topics.entities)).filter((one) => redrivenFrom(one.headers));
          const content = ({ key, value, headers }: StoredRecord) => ({ key, value, h: headers['h'] });
          for (const key of ['k0', 'k1', 'k2', 'k3']) {
            const of = (records: readonly StoredRecord[]) =>
              records.filter((one) => one.key === key).map(content);
            expect(of(after)).toEqual(of(before));
          }
          await transport.close();
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps the first offset and adds up the attempts when a letter is redriven again', async () => {
    const transport = await open();
    await transport.append(topics.entities, [
      { key: 'other', value: Uint8Array.of(1), headers: {} },
      { key: 'k', value: Uint8Array.of(2), headers: {} },
      { key: 'k', value: Uint8Array.of(3), headers: {} },
    ]);
    const of = async () => (await all(transport, topics.entities)).filter(({ key }) => key === 'k');
    const second = (await of())[1];
    if (second === undefined) throw new Error('There is no second record.');
    await redriveLetters(transport, [letterOf(second, 3)], now);
    const back = (await of())[2];
    if (back === undefined) throw new Error('Nothing came back.');
    expect(redrivenFrom(back.headers)).toEqual({ offset: second.offset, attempts: 3 });
    const again = letterOf(back, 2);
    expect(again.attempts).toBe(5);
    await redriveLetters(transport, [again], now);
    expect(redrivenFrom((await of())[3]?.headers ?? {})).toEqual({ offset: second.offset, attempts: 5 });
  });

  it('puts an event back once when it cost several letters, and takes all of them back', async () => {
    const transport = await open();
    await transport.append(topics.raw, [{ key: 'k', value: Uint8Array.of(1), headers: {} }]);
    const [stored] = await all(transport, topics.raw);
    if (stored === undefined) throw new Error('There is no record.');
    const letter = letterOf(stored);
    const letters = [letter, { ...letter, id: `${letter.id}/about` }];
    await appendDeadLetters(transport, letters);
    expect(await redriveLetters(transport, letters, now)).toHaveLength(2);
    expect(await all(transport, topics.raw)).toHaveLength(2);
    expect(await readDeadLetters(transport)).toEqual([]);
  });

  it('puts no raw event behind a newer one of its object, which compaction would remove', async () => {
    const transport = await open();
    const events = [1, 2].flatMap((value) =>
      ['k', 'l'].map((key) => ({ key, value: Uint8Array.of(value), headers: {} })),
    );
    await transport.append(topics.raw, events.slice(0, 3)); // of l there is only one
    const stored = await all(transport, topics.raw);
    const letters = stored.map((one) => letterOf(one));
    await appendDeadLetters(transport, letters);
    const results = await redriveLetters(transport, letters, now);
    expect(results.filter(({ redriven }) => !redriven)).toMatchObject([
      { reason: expect.stringContaining('newer') },
    ]);
    const last = new Map((await all(transport, topics.raw)).map(({ key, value }) => [key, value?.[0]]));
    expect(last).toEqual(new Map([...last.keys()].map((key) => [key, key === 'k' ? 2 : 1])));
    expect((await readDeadLetters(transport)).map(({ key, value }) => [key, value?.[0]])).toEqual([['k', 1]]);
  });

  it('keeps a letter that never was an event, and says what reads it again', async () => {
    const transport = await open();
    const letter: DeadLetter = {
      id: 'erp-orders-1',
      stage: 'PRODUCE',
      code: 'SOURCE_INVALID',
      message: 'No.',
      time: now.toISOString(),
      attempts: 1,
      topic: null,
      partition: null,
      offset: null,
      producer: 'erp',
      key: 'orders',
      headers: {},
      value: null,
    };
    await appendDeadLetters(transport, [letter]);
    const [result] = await redriveLetters(transport, [letter], now);
    expect(result).toMatchObject({ redriven: false, reason: expect.stringContaining('produce erp --once') });
    expect(await readDeadLetters(transport)).toHaveLength(1);
    await dropLetters(transport, [letter], now);
    expect(await readDeadLetters(transport)).toEqual([]);
  });
});

it('readDeadLetters() shows a letter that cannot be read, instead of failing', async () => {
  const transport = await open();
  await transport.append(topics.deadLetters, [{ key: 'x', value: Uint8Array.of(1, 2), headers: {} }]);
  const letters = await readDeadLetters(transport);
  expect(letters).toMatchObject([{ id: 'x', code: 'EVENT_UNDECODABLE' }]);
  expect(await redriveLetters(transport, letters, now)).toMatchObject([{ redriven: false }]);
});
