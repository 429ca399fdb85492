import { toHeaders, traceparentOf } from '../../schemas/cloud-events.ts';
import { decodeEvent, schemaName } from '../../schemas/codec.ts';
import { type DeadLetter, type EntityChange, objectEventTypes, type RawEvent } from '../../schemas/types.ts';
import { deadLetterOf } from '../delivery/dead-letters.ts';
import { redrivenFrom } from '../delivery/redriven.ts';
import { replayedHeaders, replayScopeOf } from '../delivery/replayed.ts';
import { intactValue } from '../delivery/intact-value.ts';
import { StreamError, toStreamError } from '../errors.ts';
import type { Settlement } from '../telemetry.ts';
import { topics } from '../topics.ts';
import type { NewRecord, StoredRecord } from '../transport.ts';
import type { ReceivedEvent } from './derived.ts';
import type { Applied } from './deriver.ts';
import { encodeChange } from './encode-change.ts';

/** What came of one record of the raw topic. */
export interface SettledRecord {
  readonly outputs: readonly NewRecord[];
  /** Those of the outputs that the object of the event says, whenever the event comes: not what is marked as replayed or tells of a new name, which others must not overtake. */
  readonly own: ReadonlySet<NewRecord>;
  readonly letters: readonly DeadLetter[];
  readonly as: Settlement;
  readonly producer: string | undefined;
}

/** A record of the raw topic, read as far as it can be without the state. */
export type ReadRecord =
  | { readonly record: StoredRecord; readonly event: RawEvent; readonly received: ReceivedEvent }
  | { readonly record: StoredRecord; readonly settled: SettledRecord };

const rawTypes: ReadonlySet<string> = new Set([
  ...objectEventTypes,
  'removal',
  'scan-started',
  'scan-completed',
]);

const nothing = { outputs: [], own: new Set<NewRecord>(), letters: [] };

/** A record that is not to be read. */
export function leftOut(record: StoredRecord): ReadRecord {
  return { record, settled: { ...nothing, as: 'filtered', producer: undefined } };
}

/** Decodes a record. What cannot be decoded is a dead letter, a tombstone is filtered. */
export function readRaw(record: StoredRecord, now: Date): ReadRecord {
  if (record.value === null) return leftOut(record);
  try {
    const encoded = intactValue(record, record.value);
    const { partition } = record;
    const offset = redrivenFrom(record.headers)?.offset ?? record.offset;
    return { record, event: decodeRaw(encoded), received: { encoded, partition, offset } };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const letter = deadLetterOf(record, { stage: 'DECODE', error, attempts: 1, producer: null }, now);
    return { record, settled: { ...nothing, letters: [letter], as: 'dead-lettered', producer: undefined } };
  }
}

/** An event of which nothing can be made durable but its dead letter. */
export function refused(
  { record, event }: Exclude<ReadRecord, { readonly settled: SettledRecord }>,
  error: StreamError,
  now: Date,
): ReadRecord {
  const { producer } = event.value;
  const letter = deadLetterOf(record, { stage: 'TRANSFORM', error, attempts: 1, producer }, now);
  return { record, settled: { ...nothing, letters: [letter], as: 'dead-lettered', producer } };
}

/** Turns what was derived of a record into outputs, each with the number that `sequence` gives, and dead letters. `time` is `now` as RFC 3339 has it. */
export function settleApplied(
  record: StoredRecord,
  producer: string,
  applied: Applied,
  { now, time, sequence }: { readonly now: Date; readonly time: string; readonly sequence: () => string },
): SettledRecord {
  if (applied.kind === 'superseded' || applied.kind === 'filtered')
    return { ...nothing, as: applied.kind, producer };
  const letterOf = (error: Error, of: string): DeadLetter =>
    deadLetterOf(record, { stage: 'TRANSFORM', error, attempts: 1, producer: of }, now);
  if (applied.kind === 'failed') {
    return { ...nothing, letters: [letterOf(applied.error, producer)], as: 'dead-lettered', producer };
  }
  const about = (error: Error, of: string, what: string): DeadLetter => {
    const letter = letterOf(error, of);
    return { ...letter, id: `${letter.id}/${what}` };
  };
  const { outputs, own, faults } = encodeChanges(applied, (change) =>
    changeRecord(change, { cause: record, time, sequence: sequence() }),
  );
  const letters = [
    // The event that has to be tried again is that of the object which failed, not the one that set it off.
    ...applied.failures.map(({ producer: of, key, event, error }) => ({
      ...about(error, of, key),
      ...event,
      headers: {}, // those of the record say where that one stood
    })),
    ...faults.map(({ change, error }) =>
      about(error, change.producer, `${change.typeName}/${change.qualifiedName}`),
    ),
  ];
  const as = applied.kind === 'derived' ? 'delivered' : 'unchanged';
  return { outputs, own, letters, as, producer };
}

function decodeRaw(value: Uint8Array): RawEvent {
  const { type, value: decoded } = decodeEvent(value);
  if (!rawTypes.has(type))
    throw new StreamError('EVENT_UNDECODABLE', `An event of type ${type} does not belong on ${topics.raw}.`);
  return { type, value: decoded } as RawEvent;
}

/** A change that does not fit its schema costs a dead letter, and not the stage (invariant 6). */
function encodeChanges(
  { changes, own }: { readonly changes: readonly EntityChange[]; readonly own: ReadonlySet<EntityChange> },
  encode: (change: EntityChange) => NewRecord,
): Pick<SettledRecord, 'outputs' | 'own'> & {
  readonly faults: readonly { readonly change: EntityChange; readonly error: StreamError }[];
} {
  const outputs: NewRecord[] = [];
  const ownRecords = new Set<NewRecord>();
  const faults: { readonly change: EntityChange; readonly error: StreamError }[] = [];
  for (const change of changes) {
    try {
      const record = encode(change);
      outputs.push(record);
      if (own.has(change) && change.renamed === undefined && replayScopeOf(record.headers) === undefined)
        ownRecords.add(record);
    } catch (thrown) {
      faults.push({ change, error: toStreamError(thrown, 'EVENT_INVALID', change.qualifiedName) });
    }
  }
  return { outputs, own: ownRecords, faults };
}

function changeRecord(
  change: EntityChange,
  {
    cause,
    time,
    sequence,
  }: { readonly cause: StoredRecord; readonly time: string; readonly sequence: string },
): NewRecord {
  const scope = replayScopeOf(cause.headers);
  const headers = toHeaders({
    id: `${cause.topic}-${cause.partition}-${cause.offset}/${change.typeName}/${change.qualifiedName}`,
    source: '/stages/transform',
    type: 'io.purviewstreams.entity-change',
    subject: change.qualifiedName,
    time,
    dataschema: schemaName('entity-change'),
    traceparent: traceparentOf(cause.headers),
    sequence,
  });
  return {
    key: change.qualifiedName,
    value: encodeChange(change),
    headers: scope === undefined ? headers : replayedHeaders(headers, scope),
  };
}
