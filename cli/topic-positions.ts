import { StreamError } from '../pipeline/errors.ts';
import type { Transport } from '../pipeline/transport.ts';

/** A place in a topic, as people name it: its beginning, its end, an offset of every partition, or a time. */
export type TopicPosition =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly timestamp: number };

/** Reads `beginning`, `end`, an offset, or a time as ISO 8601. Throws USAGE. */
export function parsePosition(option: string, text: string): TopicPosition {
  if (text === 'beginning' || text === 'end') return { kind: text };
  if (/^\d+$/u.test(text)) return { kind: 'offset', offset: Number(text) };
  const timestamp = Date.parse(text);
  if (/^\d{4}-/u.test(text) && !Number.isNaN(timestamp)) return { kind: 'time', timestamp };
  throw new StreamError('USAGE', `${option} cannot be ${JSON.stringify(text)}.`, {
    advice: 'It is beginning, end, an offset (17) or a time (2026-03-01 or 2026-03-01T12:00:00Z).',
  });
}

/** The offset that a position means on each partition of a topic, within what the partition holds. */
export async function resolvePosition(
  transport: Transport,
  topic: string,
  position: TopicPosition,
): Promise<ReadonlyMap<number, number>> {
  const offsets = new Map<number, number>();
  for (const { partition, earliest, next } of await transport.describe(topic)) {
    const offset = await offsetOf(position, { earliest, next }, (timestamp) =>
      transport.admin.offsetAt(topic, partition, timestamp),
    );
    offsets.set(partition, Math.min(Math.max(offset, earliest), next));
  }
  return offsets;
}

async function offsetOf(
  position: TopicPosition,
  { earliest, next }: { readonly earliest: number; readonly next: number },
  at: (timestamp: number) => Promise<number>,
): Promise<number> {
  switch (position.kind) {
    case 'beginning':
      return earliest;
    case 'end':
      return next;
    case 'offset':
      return position.offset;
    case 'time':
      return at(position.timestamp);
  }
}
