import { setImmediate as turn } from 'node:timers/promises';
import type { BatchContext } from './batch.ts';
import { isTooMuch } from './fault.ts';
import { Mutations } from './outcomes.ts';
import { type EncodedRequest, encodedRequest, type EntityExtras, type EntityWrite } from './request.ts';
import type { ReadyPart } from './request-queue.ts';
import { sizeOfWrites } from './request-size.ts';
import { canSplit, chunks, type Unit } from './unit.ts';

/** How units are sent. */
export interface Sending {
  /** Tries of each request, where it is not the configured number. */
  readonly attempts: number | undefined;
  /** The request, as far as it is made already. */
  readonly ready: ReadyPart | undefined;
  /** What they are given beside attributes and references, by `refKey`. */
  readonly extras: ReadonlyMap<string, EntityExtras>;
  /** Told when some of it is written, and some is not yet. */
  readonly isBegun: () => void;
  /** What to do while a request is in flight. */
  readonly inFlight: () => Promise<void>;
}

/** A request was too much for the catalogue, and can be sent as smaller ones. */
export class TooMuch extends Error {}

/**
 * Sends units in one request, or in more where a single one is too large. Rejects as the client does; with {@link TooMuch}, after it was noted,
 * where smaller requests may pass.
 */
export async function upsertUnits(
  units: readonly Unit[],
  context: BatchContext,
  { attempts, ready, extras, isBegun, inFlight }: Sending,
): Promise<Mutations> {
  const mutations = new Mutations();
  const roots = units.flat();
  const tries = {
    // A request has one trace: of a batch, that of its first change.
    traceparent: roots.flatMap(({ items }) => items)[0]?.traceparent,
    ...(attempts === undefined ? {} : { attempts }),
  };
  const assigned = new Map(roots.flatMap(({ rename }) => [...(rename?.guids ?? [])]));
  const { chunks: parts, first } = ready ?? { chunks: chunks(units, context.size.limits) };
  for (const [index, writes] of parts.entries()) {
    const isMade = index === 0 && first !== undefined;
    const request = isMade ? first : encodedRequest(writes, extras, assigned);
    if (index > 0) isBegun();
    await upsertOnce(writes, context, { request, tries, inFlight, mutations });
  }
  return mutations;
}

async function upsertOnce(
  writes: readonly EntityWrite[],
  { client, size, signal, suspects }: BatchContext,
  {
    request: { body, json, guids },
    tries,
    inFlight,
    mutations,
  }: {
    readonly request: EncodedRequest;
    readonly tries: { readonly traceparent: string | undefined; readonly attempts?: number };
    readonly inFlight: () => Promise<void>;
    readonly mutations: Mutations;
  },
): Promise<void> {
  const canShrink = (): boolean => canSplit(writes);
  try {
    const sent = suspects.now();
    const answer = client.upsert(body, signal, { ...tries, json, canShrink });
    answer.catch((thrown: unknown) => thrown); // thrown where it is waited for
    await turn(); // it is sent before anything else is done
    await inFlight();
    mutations.add(await answer, guids);
    suspects.written(sent);
  } catch (thrown) {
    if (!isTooMuch(thrown) || !canShrink()) throw thrown;
    size.tooMuch(sizeOfWrites(writes), thrown.status === 413 ? 'bytes' : 'work');
    throw new TooMuch();
  }
  size.passed();
}
