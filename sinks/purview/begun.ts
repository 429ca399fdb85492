/** What a write has brought, or may have brought, that did not come to its end. */
import { type CoalescedRoot, isOlder, isOvertaken } from '../../pipeline/coalesce.ts';
import { contentHash } from '../../pipeline/content-hash.ts';
import { isDerivedBefore } from '../../pipeline/derive/sequence.ts';
import type { Delivery } from '../../pipeline/sink.ts';
import type { StateStore, StateWrite } from '../../pipeline/state.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';
import {
  type Applied,
  applied,
  type AppliedSpeaker,
  appliedWrite,
  mayHold,
  readApplied,
  speakerOf,
} from './applied.ts';
import type { PlacedChange } from './placed-change.ts';
import type { RootWrite } from './unit.ts';

/** Writes without an end that are remembered of a root. */
const mostBegun = 10;

/** The record after changes were written in part, or may have been: what is said next is news, and takes back what they have brought. */
function begunBy(record: Applied | undefined, speakers: readonly AppliedSpeaker[]): Applied {
  const before = record ?? { deleted: false, speakers: [] };
  const { begun = [] } = before;
  const isKnown = (speaker: AppliedSpeaker): boolean =>
    begun.some(({ producer, hash }) => producer === speaker.producer && hash === speaker.hash);
  return { ...before, begun: [...begun, ...speakers.filter((one) => !isKnown(one))].slice(-mostBegun) };
}

/** Of changes that nothing is done for, those that may have been delivered all the same, and after what is recorded. */
export function mayHaveCome<T extends Delivery>(
  record: Applied | undefined,
  superseded: readonly T[],
): readonly T[] {
  const said = record?.speakers.map((one) => ({ ...one, deleted: record.deleted })) ?? [];
  const isBefore = (delivery: T): boolean =>
    isDerivedBefore(delivery.sequence, record?.deletedAt) ||
    isOvertaken(delivery, said) ||
    said.some((one) => isOlder(delivery.change, one));
  return superseded.filter(
    (one) => one.isUncertain === true && one.change.operation === 'UPSERT' && !isBefore(one),
  );
}

/** Changes that are overtaken by upserts, and may have been delivered before that: they say something that is neither recorded nor said now. */
export function overtakenIn<T extends Delivery>(
  { deletion, superseded, upserts }: CoalescedRoot<T>,
  record: Applied | undefined,
): readonly T[] {
  const uncertain = deletion === undefined ? mayHaveCome(record, superseded) : [];
  if (uncertain.length === 0) return uncertain;
  const said = new Set([
    ...(record?.begun === undefined ? mayHold(record).map(({ hash }) => hash) : []),
    ...upserts.map(({ change }) => contentHash(change)),
  ]);
  return uncertain.filter(({ change }) => !said.has(contentHash(change)));
}

/** The record with what changes may have brought before others overtook them. */
export function withOvertaken(
  record: Applied | undefined,
  overtaken: readonly PlacedChange[],
  types: TypeModel,
): Applied | undefined {
  const speakers = overtaken.flatMap((delivery): AppliedSpeaker[] => {
    const { typeName, complete, producer } = delivery.change;
    // It was never sent where it calls a list complete that no relationship makes.
    const isRight = complete.every((attribute) => types.relation(typeName, attribute) !== undefined);
    const own = isRight ? speakerOf(applied(record, delivery, types), producer) : undefined;
    return own === undefined ? [] : [own];
  });
  return speakers.length === 0 ? record : begunBy(record, speakers);
}

/** The record of what is written, and is not sure to have the ties that it says: the same said once more is news. */
export function unsettled(before: Applied | undefined, after: Applied): Applied {
  return { ...after, begun: [...mayHold(before), ...after.speakers].slice(-mostBegun) };
}

/** The write that remembers what a root has got that was written in part: under the name by which it is recorded. */
export async function begunWrite(
  state: StateStore,
  { ref, rename, items, after }: Pick<RootWrite, 'ref' | 'rename' | 'items' | 'after'>,
): Promise<StateWrite> {
  const recorded = rename?.from ?? ref;
  const producers = new Set(items.map(({ change }) => change.producer));
  const own = after().speakers.filter(({ producer }) => producers.has(producer));
  return appliedWrite(recorded, begunBy(await readApplied(state, recorded), own));
}
