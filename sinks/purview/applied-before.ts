import { isOlder, type SaidBefore } from '../../pipeline/coalesce.ts';
import { isDerivedBefore } from '../../pipeline/derive/sequence.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { SinkHost } from '../../pipeline/sink-component.ts';
import type { Delivery } from '../../pipeline/sink.ts';
import type { StateStore } from '../../pipeline/state.ts';
import { type Applied, appliedWrite, readApplied, speakerOf } from './applied.ts';
import type { EntityChange } from '../../schemas/types.ts';
import { hasSaid } from './decision.ts';
import { staleTargets } from './renames.ts';

/** What was applied of each root of a batch; what a producer had said under an earlier name is under its new one then. */
export async function readRecords(
  { state, producers }: Pick<SinkHost, 'state' | 'producers'>,
  batch: readonly Delivery[],
): Promise<ReadonlyMap<string, Applied | undefined>> {
  const records = new Map<string, Applied | undefined>();
  for (const { change } of batch) {
    const key = refKey(change);
    const record = records.get(key) ?? (await readApplied(state, change));
    const renamed = record && adopted(record, change, producers);
    if (renamed !== undefined) await state.write([appliedWrite(change, renamed)]);
    records.set(key, renamed ?? record);
  }
  return records;
}

/** The record that confirms a change; undefined when there is none, or more is to be looked at than what was applied of its root. */
export async function confirming(
  state: StateStore,
  { change, sequence, isLate, replayed }: Delivery,
): Promise<Applied | undefined> {
  if (change.operation === 'DELETE' || isLate === true || replayed !== undefined) return undefined;
  if (staleTargets(change).size > 0) return undefined;
  const record = await readApplied(state, change);
  const own = speakerOf(record, change.producer);
  if (record === undefined || own === undefined || isOlder(change, own)) return undefined;
  if (isDerivedBefore(sequence, own.sequence)) return undefined;
  return hasSaid(record, change) ? record : undefined;
}

/** What was said of a root, by its record. */
export function saidOf(record: Applied | undefined): SaidBefore {
  if (record === undefined) return { said: [] };
  const { deleted, deletedAt, speakers } = record;
  return { said: speakers.map((speaker) => ({ ...speaker, deleted })), deletedAt };
}

/**
 * The record with what a producer had said under a name that is not configured any more put under its new name; undefined when
 * there is nothing of that. It is the same producer when it speaks of the same object in the same incarnation of the source. Its
 * positions start anew with the name.
 */
function adopted(
  record: Applied,
  { producer, objectId, position }: EntityChange,
  producers: ReadonlySet<string>,
): Applied | undefined {
  if (record.deleted || record.speakers.some((speaker) => speaker.producer === producer)) return undefined;
  const former = record.speakers.find(
    (speaker) =>
      !producers.has(speaker.producer) &&
      speaker.objectId === objectId &&
      speaker.position.incarnation === position.incarnation,
  );
  if (former === undefined) return undefined;
  const speakers = record.speakers.map((speaker) =>
    speaker === former ? { ...speaker, producer, position: { ...position } } : speaker,
  );
  return { ...record, speakers: speakers.sort((a, b) => (a.producer < b.producer ? -1 : 1)) };
}
