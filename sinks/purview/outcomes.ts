import { StreamError } from '../../pipeline/errors.ts';
import type { AppliedCounts, Outcome } from '../../pipeline/sink.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { EntityRef } from '../../schemas/types.ts';
import type { Applied } from './applied.ts';
import type { MutationResponse } from './client.ts';
import type { Item, RootWrite } from './unit.ts';

/** What the answers to the requests of one root say of each entity, by {@link refKey}. */
export class Mutations {
  readonly #guids = new Map<string, string>();
  readonly #created = new Set<string>();
  readonly #updated = new Set<string>();

  /** Takes in one answer; `guids` are those of its request: placeholders, or what the catalogue has already. */
  add(answer: MutationResponse, guids: ReadonlyMap<string, string>): void {
    for (const [key, placeholder] of guids) {
      const guid = placeholder.startsWith('-') ? answer.guidAssignments?.[placeholder] : placeholder;
      if (guid !== undefined) this.#guids.set(key, guid);
    }
    const { CREATE = [], UPDATE = [], PARTIAL_UPDATE = [] } = answer.mutatedEntities ?? {};
    for (const { guid } of CREATE) this.#created.add(guid);
    for (const { guid } of [...UPDATE, ...PARTIAL_UPDATE]) this.#updated.add(guid);
  }

  /** The guid that the catalogue has for the entity; undefined where no request wrote it. */
  guid(ref: EntityRef): string | undefined {
    return this.#guids.get(refKey(ref));
  }

  /** Whether a request created the entity. */
  created(ref: EntityRef): boolean {
    return this.#created.has(this.#guids.get(refKey(ref)) ?? '');
  }

  /** Whether a request changed the entity. Absence from the answer means that it was equal, not that it failed. */
  updated(ref: EntityRef): boolean {
    return !this.created(ref) && this.#updated.has(this.#guids.get(refKey(ref)) ?? '');
  }
}

/** What was done for a root beside the request itself. */
interface Extra {
  readonly deleted: number;
  readonly related: number;
}

const nothingElse: Extra = { deleted: 0, related: 0 };

/** What came of a root. */
export interface SettledRoot {
  readonly extra: Extra;
  /** The record of it. */
  readonly after: Applied;
}

/** The outcome of one change that was written. */
export function writtenOutcome(item: Item, mutations: Mutations, extra: Extra = nothingElse): Outcome {
  const { entities } = item.change;
  const created = entities.filter((entity) => mutations.created(entity)).length;
  const changed = entities.filter((entity) => mutations.updated(entity)).length;
  // Relationships of an entity that is equal otherwise are a change of it all the same.
  const updated = changed === 0 && created === 0 && extra.related > 0 ? 1 : changed;
  const unchanged = Math.max(entities.length - created - updated, 0);
  return counted({ created, updated, unchanged, deleted: extra.deleted });
}

/** `delivered` when something was changed in the catalogue, else `unchanged`. */
export function counted(counts: AppliedCounts): Outcome {
  const changed = counts.created + counts.updated + counts.deleted > 0;
  return { kind: changed ? 'delivered' : 'unchanged', counts };
}

/** An error that names the root which it is of. */
export function named(ref: EntityRef, error: StreamError): StreamError {
  const { retryAfterMs } = error;
  return new StreamError(error.code, `${ref.typeName} ${ref.qualifiedName}: ${error.message}`, {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** An error that may pass, made one that does not: what it is of failed alone, after something else was accepted. */
export function permanent(error: StreamError): StreamError {
  if (!error.retryable) return error;
  return new StreamError(
    'CATALOG_BAD_ENTITY',
    `${error.message} It was tried alone and again, while others were written: the entity itself is at fault.`,
    { cause: error },
  );
}

/** Whether what others say of a root has to be tied to it again: it was deleted, by us, or as a replay finds, by somebody else. */
export function isRevived({ before, replayed, ref, rename }: RootWrite, mutations: Mutations): boolean {
  if (rename?.instead?.deleted === true) return true;
  if (before === undefined) return false;
  return before.deleted || (replayed === 'part' && mutations.created(ref));
}

/** Whether nothing is left to be asked of the catalogue once it has the entities of a root: it is told for the first time, and by attributes and single references alone. */
export function isDoneWith({ before, references, annotations, rename }: RootWrite): boolean {
  return before === undefined && references.length + annotations.length === 0 && rename === undefined;
}
