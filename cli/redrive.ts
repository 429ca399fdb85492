import { toHeaders } from '../schemas/cloud-events.ts';
import { schemaName } from '../schemas/codec.ts';
import type { DeadLetter } from '../schemas/types.ts';
import { redrivenFrom, redrivenHeaders } from '../pipeline/delivery/redriven.ts';
import { topics } from '../pipeline/topics.ts';
import type { NewRecord, Transport } from '../pipeline/transport.ts';

/** What became of a dead letter that was to be redriven. */
export type Redrive =
  | { readonly id: string; readonly redriven: true; readonly topic: string }
  | { readonly id: string; readonly redriven: false; readonly reason: string };

/** Letters that go back in one transaction. */
const batchSize = 200;

/**
 * Puts the events of dead letters back on the topics that they came from, with their bytes, key and headers, in the order in which
 * they stood there, and takes the letters back. Both are one transaction: a letter is there, or its event is. Events know where
 * they stood at first, so that what has come after them wins. A raw event stays a letter where its object has a newer one: compaction
 * keeps the last event of a key, and would keep the old one.
 */
export async function redriveLetters(
  transport: Transport,
  letters: readonly DeadLetter[],
  now: Date,
): Promise<readonly Redrive[]> {
  const results: Redrive[] = [];
  const placed = letters.flatMap((letter): Placed[] => {
    const { topic, partition, offset, key, value } = letter;
    if (topic !== null && partition !== null && offset !== null && key !== null && value !== null)
      return [{ letter, topic, partition, offset, key, value }];
    results.push({ id: letter.id, redriven: false, reason: reasonToKeep(letter) });
    return [];
  });
  const newer = await lastOffsets(transport, placed);
  const events = [...eventsOf(placed)].sort(byPlace).filter((letters) => {
    const [{ topic, key, offset }] = letters;
    if (topic !== topics.raw || (newer.get(key) ?? offset) <= offset) return true;
    for (const { letter } of letters) results.push({ id: letter.id, redriven: false, reason: newerReason });
    return false;
  });
  for (let at = 0; at < events.length; at += batchSize) {
    const batch = events.slice(at, at + batchSize);
    const names = [...new Set(batch.map(([{ topic }]) => topic))];
    const appends = names.map((topic) => ({
      topic,
      records: batch.flatMap(([event]) => (event.topic === topic ? [recordOf(event)] : [])),
    }));
    const taken = batch.flat().map(({ letter }) => takenBack(letter, 'redriven', now));
    await transport.transactions.run({
      appends: [...appends, { topic: topics.deadLetters, records: taken }],
      state: [],
      commits: [],
    });
    for (const { letter, topic } of batch.flat()) results.push({ id: letter.id, redriven: true, topic });
  }
  return results;
}

/** Takes dead letters back for good. */
export async function dropLetters(
  transport: Transport,
  letters: readonly DeadLetter[],
  now: Date,
): Promise<void> {
  if (letters.length === 0) return;
  await transport.append(
    topics.deadLetters,
    letters.map((letter) => takenBack(letter, 'dropped', now)),
  );
}

/** A letter whose event can go back. */
interface Placed {
  readonly letter: DeadLetter;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: Uint8Array;
}

const newerReason = 'Its object has a newer event, which counts. Drop the letter.';

/** Where the last event of each key of the raw topic stands among those that letters name, as far as it came after them. */
async function lastOffsets(
  transport: Transport,
  placed: readonly Placed[],
): Promise<ReadonlyMap<string, number>> {
  const raw = placed.filter(({ topic }) => topic === topics.raw);
  const keys = new Set(raw.map(({ key }) => key));
  const last = new Map<string, number>();
  for (const partition of new Set(raw.map((one) => one.partition))) {
    const from = Math.min(...raw.flatMap((one) => (one.partition === partition ? [one.offset] : [])));
    for await (const record of transport.read(topics.raw, partition, from)) {
      const offset = redrivenFrom(record.headers)?.offset ?? record.offset;
      if (keys.has(record.key)) last.set(record.key, Math.max(offset, last.get(record.key) ?? 0));
    }
  }
  return last;
}

/** Letters by event: one event may have cost several letters, and goes back once. */
function eventsOf(placed: readonly Placed[]): Iterable<readonly [Placed, ...Placed[]]> {
  const events = new Map<string, [Placed, ...Placed[]]>();
  for (const one of placed) {
    const { topic, partition, offset, key, value } = one;
    const at = JSON.stringify([topic, partition, offset, key, Buffer.from(value).toString('base64')]);
    const before = events.get(at);
    if (before === undefined) events.set(at, [one]);
    else before.push(one);
  }
  return events.values();
}

function byPlace([a]: readonly [Placed, ...Placed[]], [b]: readonly [Placed, ...Placed[]]): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition || a.offset - b.offset;
}

function recordOf({ letter, key, value, offset }: Placed): NewRecord {
  return { key, value, headers: redrivenHeaders(letter, offset) };
}

/** A tombstone: the letter is gone, and later the compaction removes it. Its headers say what became of it. */
function takenBack(letter: DeadLetter, how: 'redriven' | 'dropped', now: Date): NewRecord {
  return {
    key: letter.id,
    value: null,
    headers: toHeaders({
      id: `${letter.id}/${how}`,
      source: '/commands/dead-letters',
      type: `io.purviewstreams.dead-letter.${how}`,
      subject: letter.key ?? letter.id,
      time: now.toISOString(),
      dataschema: schemaName('dead-letter'),
    }),
  };
}

function reasonToKeep({ stage, producer, key }: DeadLetter): string {
  if (stage !== 'PRODUCE') return 'It has no bytes that could go back.';
  const name = producer ?? 'NAME';
  return `${key ?? 'The object'} never became an event: it is read again by the next scan of ${name} (\`produce ${name} --once\`, or a \`run\`). Drop the letter when its cause is mended.`;
}
