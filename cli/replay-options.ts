import { StreamError } from '../pipeline/errors.ts';
import type { ReplayPlan } from '../pipeline/replay-plan.ts';
import { topics } from '../pipeline/topics.ts';
import type { Transport } from '../pipeline/transport.ts';
import { parsePosition, resolvePosition } from './topic-positions.ts';

/** What `replay` is told, beside which configuration. */
export interface ReplayOptions {
  readonly config: string;
  readonly state?: string;
  readonly from?: string;
  readonly to?: string;
  readonly producer?: string;
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly export?: string;
  readonly inPlace?: boolean;
  readonly restart?: boolean;
  readonly cancel?: boolean;
  readonly json?: boolean;
  readonly host?: string;
  readonly port?: number;
}

/** Which events of the raw topic are meant. */
export type ReplayRange = Pick<ReplayPlan, 'producer' | 'key' | 'scope' | 'from' | 'to'>;

/** The offsets that the options mean now. Throws USAGE for an option that is none, or when nothing says where to begin. */
export async function rangeOf(transport: Transport, options: ReplayOptions): Promise<ReplayRange> {
  const { from: first, to: last = 'end', producer = null, key = null } = options;
  if (first === undefined) {
    throw new StreamError('USAGE', 'Say where the replay begins: --from beginning, an offset, or a time.', {
      advice: 'There is no unfinished replay to go on with.',
    });
  }
  const start = parsePosition('--from', first);
  const end = parsePosition('--to', last);
  const from = await resolvePosition(transport, topics.raw, start);
  const to = await resolvePosition(transport, topics.raw, end);
  const isWhole = start.kind === 'beginning' && end.kind === 'end' && producer === null && key === null;
  return {
    producer,
    key,
    scope: isWhole ? 'whole' : 'part',
    from: Object.fromEntries(from),
    to: Object.fromEntries(
      [...to].map(([partition, offset]) => [partition, Math.max(offset, from.get(partition) ?? 0)]),
    ),
  };
}

/** The options that say which events are meant, as text: the same text is the same replay. */
export function askedText({ from, to, producer, key }: ReplayOptions): string {
  const parts = { '--from': from, '--to': to, '--producer': producer, '--key': key };
  return Object.entries(parts)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join(' ');
}

/** Offsets between the first and the last of a range. */
export function sizeOfRange({ from, to }: Pick<ReplayRange, 'from' | 'to'>): number {
  return Object.entries(to).reduce((sum, [partition, end]) => sum + end - (from[partition] ?? 0), 0);
}
