import { type ErrorCode, StreamError } from '../../pipeline/errors.ts';
import type { Outcome } from '../../pipeline/sink.ts';
import type { StateStore, StateWrite } from '../../pipeline/state.ts';
import { appliedWrite, droppedChildren, readApplied } from './applied.ts';
import type { CatalogClient } from './client.ts';
import { isTooMuch } from './fault.ts';
import { deleteRoot } from './delete-root.ts';
import { Mutations, failedOutcome, rejectedOutcome, writtenOutcome } from './outcomes.ts';
import { restoreReferences, settleReference } from './relationships.ts';
import { bulkRequest, type EntityWrite, writeBytes } from './request.ts';
import type { RequestSize } from './request-size.ts';
import type { Suspects } from './suspects.ts';
import {
  canSplit,
  chunks,
  type Item,
  pack,
  type PlanContext,
  planRoot,
  type RequestLimits,
  type RootWrite,
  type Unit,
} from './unit.ts';

/** What the writing of a batch works with. */
export interface BatchContext extends PlanContext {
  readonly client: CatalogClient;
  readonly state: StateStore;
  readonly size: RequestSize;
  readonly suspects: Suspects;
  readonly signal: AbortSignal;
  /** Makes sure of the types once more, after the catalogue said that one is missing. */
  readonly renewTypes: () => Promise<void>;
}

/** Codes that concern the sink as a whole: nothing of the batch can be settled. */
const fatal: ReadonlySet<ErrorCode> = new Set([
  'CATALOG_REFUSED',
  'CATALOG_FORBIDDEN',
  'CONFIG_INVALID',
  'STATE_UNAVAILABLE',
  'TYPE_CONFLICT',
]);
/** Codes that may be the fault of one entity among many. */
const isolated: ReadonlySet<ErrorCode> = new Set([
  'CATALOG_BAD_ENTITY',
  'CATALOG_MISSING_REFERENT',
  'CATALOG_MISSING_TYPE',
  'CATALOG_FAULT',
  'CATALOG_CONFLICT',
]);

/** Returns what was thrown when it concerns some changes only; throws it when it concerns all. */
export function ofOneChange(thrown: unknown, signal: AbortSignal): StreamError {
  if (signal.aborted) throw signal.reason;
  if (!(thrown instanceof StreamError) || fatal.has(thrown.code)) throw thrown;
  return thrown;
}

/** Writes the units of one batch, such that what is wrong with one costs no other. */
export class BatchWriter {
  readonly #context: BatchContext;
  readonly #outcomes: (item: Item, outcome: Outcome) => void;
  #renewedTypes = false;
  /** Records of what the catalogue has confirmed, to be written together: a batch costs one write of the state. */
  #records: StateWrite[] = [];

  constructor(context: BatchContext, outcomes: (item: Item, outcome: Outcome) => void) {
    this.#context = context;
    this.#outcomes = outcomes;
  }

  /** Writes units in their order; every item gets its outcome. */
  async write(units: readonly Unit[]): Promise<void> {
    try {
      for (const part of pack(units, () => this.#context.size.limits)) {
        await this.#send(part, { writesBefore: this.#context.suspects.writes, attempts: undefined });
      }
    } finally {
      await this.#keepRecords();
    }
  }

  /** Before the outcomes are known, and before anything reads the state. Killed before it, the batch comes again and is equal. */
  async #keepRecords(): Promise<void> {
    if (this.#records.length === 0) return;
    await this.#context.state.write(this.#records); // where it fails, they are still to be written
    this.#records = [];
  }

  /** Sends units in one request; when that fails because of one of them, looks for it by halving. */
  async #send(
    units: readonly Unit[],
    search: { readonly writesBefore: number; readonly attempts: number | undefined },
  ): Promise<void> {
    try {
      const mutations = await this.#upsert(units, search.attempts);
      await this.#settle(units.flat(), mutations);
    } catch (thrown) {
      if (thrown instanceof TooMuch) {
        // The limits have shrunk: the units go in more requests then, and so do the entities of a single one.
        for (const part of pack(units, () => this.#context.size.limits)) await this.#send(part, search);
        return;
      }
      const error = ofOneChange(thrown, this.#context.signal);
      if (error.code === 'CATALOG_MISSING_TYPE' && !this.#renewedTypes) {
        this.#renewedTypes = true;
        await this.#keepRecords();
        await this.#context.renewTypes();
        return this.#send(units, search);
      }
      if (!isolated.has(error.code)) return this.#fail(units.flat(), error);
      const narrower = { ...search, attempts: 2 };
      if (error.code === 'CATALOG_MISSING_REFERENT') {
        const waiting = new Set(units.filter((unit) => refersToMissing(unit, error)));
        if (waiting.size > 0) {
          this.#fail([...waiting].flat(), error);
          const others = units.filter((unit) => !waiting.has(unit));
          return others.length === 0 ? undefined : this.#send(others, search);
        }
      }
      if (units.length > 1) {
        for (const part of halves(units)) await this.#send(part, narrower);
        return;
      }
      const [root, ...others] = units.flat();
      if (root !== undefined && others.length === 0 && root.items.length > 1) {
        return this.#sendApart(root, narrower);
      }
      this.#refuse(units.flat(), error, search.writesBefore);
    }
  }

  async #upsert(units: readonly Unit[], attempts: number | undefined): Promise<Mutations> {
    const { client, size, signal, suspects } = this.#context;
    const mutations = new Mutations();
    for (const writes of chunks(units, size.limits)) {
      const { body, guids } = bulkRequest(writes);
      const canShrink = (): boolean => canSplit(writes);
      try {
        const tries = attempts === undefined ? { canShrink } : { canShrink, attempts };
        mutations.add(await client.upsert(body, signal, tries), guids);
      } catch (thrown) {
        if (!isTooMuch(thrown) || !canShrink()) throw thrown;
        size.tooMuch(sizeOf(writes), thrown.status === 413 ? 'bytes' : 'work');
        throw new TooMuch();
      }
      size.passed();
      suspects.written();
    }
    return mutations;
  }

  /** What two producers say of one root is written one after the other, so that one of them cannot spoil the other. */
  async #sendApart(
    { ref, items, replayed }: RootWrite,
    search: { readonly writesBefore: number; readonly attempts: number | undefined },
  ): Promise<void> {
    const { state } = this.#context;
    for (const item of items) {
      await this.#keepRecords();
      const before = await readApplied(state, ref);
      await this.#send([[planRoot(ref, [item], { before, replayed }, this.#context)]], search);
    }
  }

  /** After the catalogue has the entities: relationships, children that are gone, then the record. */
  async #settle(roots: readonly RootWrite[], mutations: Mutations): Promise<void> {
    const revived = roots.filter((root) => isRevived(root, mutations));
    const settled = new Set(roots);
    if (revived.length > 0) await this.#keepRecords();
    try {
      await restoreReferences(
        this.#context,
        this.#context.state,
        revived.map((root) => root.ref),
      );
    } catch (thrown) {
      this.#fail(revived, ofOneChange(thrown, this.#context.signal));
      for (const root of revived) settled.delete(root);
    }
    for (const root of settled) {
      let extra: Extra;
      try {
        extra = await this.#settleRoot(root, mutations);
      } catch (thrown) {
        this.#fail([root], ofOneChange(thrown, this.#context.signal));
        continue;
      }
      this.#records.push(appliedWrite(root.ref, root.after));
      this.#context.suspects.forget(root.ref);
      for (const [index, item] of root.items.entries()) {
        this.#outcomes(item, writtenOutcome(item, mutations, index === 0 ? extra : nothingElse));
      }
    }
  }

  async #settleRoot(root: RootWrite, mutations: Mutations): Promise<Extra> {
    let related = 0;
    for (const plan of root.references) {
      related += await settleReference(this.#context, plan, mutations.created(plan.source));
    }
    let deleted = 0;
    const dropped = droppedChildren(root.before, root.after);
    if (dropped.length > 0) await this.#keepRecords();
    for (const child of dropped) {
      deleted += (await deleteRoot(this.#context, child)).deleted;
    }
    return { deleted, related };
  }

  #refuse(roots: readonly RootWrite[], error: StreamError, writesBefore: number): void {
    const { suspects } = this.#context;
    for (const root of roots) {
      const isUnclear = error.code === 'CATALOG_FAULT' || error.code === 'CATALOG_CONFLICT';
      if (isUnclear && suspects.failedAlone(root.ref, writesBefore)) {
        suspects.forget(root.ref);
        for (const item of root.items) this.#outcomes(item, rejectedOutcome(root.ref, permanent(error)));
      } else this.#fail([root], error);
    }
  }

  #fail(roots: readonly RootWrite[], error: StreamError): void {
    for (const { ref, items } of roots) {
      for (const item of items) this.#outcomes(item, failedOutcome(ref, item.change, error));
    }
  }
}

/** A request was too much for the catalogue, and can be sent as smaller ones. */
class TooMuch extends Error {}

function sizeOf(writes: readonly EntityWrite[]): RequestLimits {
  return { entities: writes.length, bytes: writes.reduce((sum, write) => sum + writeBytes(write), 0) };
}

/** What was done beside the request itself. */
interface Extra {
  readonly deleted: number;
  readonly related: number;
}

const nothingElse: Extra = { deleted: 0, related: 0 };

function permanent(error: StreamError): StreamError {
  if (!error.retryable) return error;
  return new StreamError(
    'CATALOG_BAD_ENTITY',
    `${error.message} It was tried alone and again, while others were written: the entity itself is at fault.`,
    { cause: error },
  );
}

/** Whether what others say of a root has to be tied to it again: it was deleted, by us, or as a replay finds, by somebody else. */
function isRevived({ before, replayed, ref }: RootWrite, mutations: Mutations): boolean {
  if (before === undefined) return false;
  return before.deleted || (replayed === 'part' && mutations.created(ref));
}

/** Parts a request that failed, in its order. */
function halves(units: readonly Unit[]): readonly (readonly Unit[])[] {
  const middle = Math.ceil(units.length / 2);
  return [units.slice(0, middle), units.slice(middle)];
}

/** Whether a unit refers to the entity that an error calls missing, so that it cannot be written either. */
function refersToMissing(unit: Unit, error: StreamError): boolean {
  return unit.every(({ items, writes }) => {
    const targets = writes.flatMap(({ body, omit }) =>
      body.references.flatMap((reference) => (omit.has(reference.attribute) ? [] : reference.targets)),
    );
    const isNamed = targets.some((target) =>
      error.message.includes(`{qualifiedName:${target.qualifiedName}}`),
    );
    // What two producers say of one root is looked at apart: only one of them may refer to it.
    return isNamed && items.length === 1;
  });
}
