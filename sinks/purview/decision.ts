import type { CoalescedRoot } from '../../pipeline/coalesce.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { entityProblems } from '../../pipeline/what-if.ts';
import { contentHash } from '../../pipeline/content-hash.ts';
import type { Outcome } from '../../pipeline/sink.ts';
import type { StateWrite } from '../../pipeline/state.ts';
import type { EntityChange, EntityRef, Renamed } from '../../schemas/types.ts';
import { type Applied, appliedWrite, deletedBy, mayHold, readApplied, saidBy, speakerOf } from './applied.ts';
import { mayHaveCome, overtakenIn, withOvertaken } from './begun.ts';
import { type PlacedChange, placeOf } from './placed-change.ts';
import type { BatchContext } from './batch.ts';
import { ofOneChange } from './one-change.ts';
import type { Removals } from './dangling.ts';
import { deleteRoot, deleteStrays } from './delete-root.ts';
import { CatalogFault } from './fault.ts';
import { newName } from './new-name.ts';
import { counted } from './outcomes.ts';
import { findFormer, nowCalled, planRename, type RootRename, stalePairs, staleTargets } from './renames.ts';
import { isStructure } from './structs.ts';
import type { TypeAttribute } from './type-learner.ts';
import { type Item, planRoot, type RootWrite } from './unit.ts';
import { type Whereabouts, whereabouts } from './whereabouts.ts';

/** Decides what is to be done for one root of a batch, given what was applied of it: first {@link delete}, then {@link plan}. */
export class RootDecision {
  readonly #context: BatchContext;
  readonly #root: CoalescedRoot<Item>;
  readonly #ref: EntityRef;
  readonly #settle: (item: Item, outcome: Outcome) => void;
  /** What is known to be applied after what this has done; undefined until it is read. */
  #record: { readonly value: Applied | undefined; readonly isWritten: boolean } | undefined;
  /** The record of what may have come of changes that were overtaken, whatever becomes of what is done now. */
  #remembered: readonly StateWrite[] = [];
  #failed = false;

  constructor(
    context: BatchContext,
    root: CoalescedRoot<Item>,
    settle: (item: Item, outcome: Outcome) => void,
  ) {
    this.#context = context;
    this.#root = root;
    this.#ref = { typeName: root.typeName, qualifiedName: root.qualifiedName };
    this.#settle = settle;
  }

  /** Goes by a record that was read already: nothing is deleted before it is planned. */
  knows(record: Applied | undefined): this {
    this.#record = { value: record, isWritten: true };
    return this;
  }

  /** The record to keep of what was decided without the catalogue, or confirmed by it. */
  get writes(): readonly StateWrite[] {
    const record = this.#record;
    if (record?.value === undefined || record.isWritten) return this.#remembered;
    return [appliedWrite(this.#ref, record.value)];
  }

  /** What it deletes; nothing, where it does not. */
  get deletes(): readonly EntityRef[] {
    return this.#root.deletion === undefined ? [] : [this.#ref];
  }

  /** Does the deletion, where there is one, after it was said what it leaves behind. When it fails, the upserts after it wait along. */
  async delete(removals: Removals): Promise<void> {
    const item = this.#root.deletion;
    if (item === undefined) return;
    const before = await readApplied(this.#context.state, this.#ref);
    try {
      const pair = newName(item.change);
      if (pair !== undefined && item.hasWaited !== true) {
        const is = await this.#whereabouts(pair, item.change, before);
        if (is === 'back') return this.#settle(item, { kind: 'superseded' }); // it has never left
        if (typeof is === 'object') return this.#wait(item, is);
      }
      // What was renamed may have been written under its old name once more meanwhile, by this writer of that name.
      const isGone = pair === undefined && (await this.#isGone(before));
      if (!isGone) await removals.report(this.#ref, item.change);
      const { deleted } = isGone ? { deleted: 0 } : await deleteRoot(this.#context, this.#ref);
      if (pair !== undefined) await deleteStrays(this.#context, this.#ref, item.change, before);
      this.#keep(deletedBy(item));
      this.#settle(item, counted({ created: 0, updated: 0, unchanged: 0, deleted }));
    } catch (thrown) {
      const error = ofOneChange(thrown, this.#context.signal);
      this.#failed = true;
      const { policy, doubts, suspects } = this.#context;
      for (const waiting of [item, ...this.#root.upserts]) {
        const outcome = policy.outcome(this.#ref, waiting.change, error);
        if (outcome.kind === 'rejected') doubts.set(waiting.index, suspects.now());
        this.#settle(waiting, outcome);
      }
    }
  }

  /** Whether it was deleted already, and nothing may have been written since. */
  async #isGone(before: Applied | undefined): Promise<boolean> {
    if (before?.deleted !== true) return false;
    const come = mayHaveCome(before, this.#root.superseded);
    await this.#remember(come, this.#ref);
    return before.begun === undefined && come.length === 0;
  }

  /** Whether the catalogue has an asset, as far as was applied or else by asking it. */
  async #isThere(ref: EntityRef): Promise<boolean> {
    const { client, state, signal } = this.#context;
    const record = await readApplied(state, ref);
    if (record !== undefined && !record.deleted) return true;
    return (await client.existing(ref.typeName, [ref.qualifiedName], signal)).has(ref.qualifiedName);
  }

  /**
   * What has become of what was renamed. The catalogue may have it under its new name while its writer, in another process, is not at its end:
   * that says so in what is recorded, of both names at once.
   */
  async #whereabouts(pair: Renamed, by: EntityChange, before: Applied | undefined): Promise<Whereabouts> {
    const { state } = this.#context;
    if (before?.deleted !== false) {
      const becomes = { typeName: pair.typeName, qualifiedName: pair.to };
      if ((await nowCalled(state, this.#ref)).length > 0 || (await this.#isThere(becomes))) return 'there';
      if (!(await this.#isThere(this.#ref))) return 'gone'; // nothing that anybody could take to another name
    }
    return whereabouts(state, pair, by);
  }

  /** Whether changes wait until what they call by an old name is there under its new one: then their ties to it can be told from others. */
  async #waitForNames(items: readonly Item[]): Promise<boolean> {
    const pairs = items.flatMap(({ change, hasWaited }) => (hasWaited === true ? [] : stalePairs(change)));
    for (const pair of pairs) {
      if (await this.#isThere({ typeName: pair.typeName, qualifiedName: pair.to })) continue;
      const is = await whereabouts(this.#context.state, pair);
      if (typeof is !== 'object') continue;
      for (const item of items) this.#settle(item, this.#missing(is));
      return true;
    }
    return false;
  }

  #missing(becomes: EntityRef): Outcome {
    const error = new StreamError(
      'CATALOG_MISSING_REFERENT',
      `${this.#ref.typeName} ${this.#ref.qualifiedName} has to do with what was renamed to ${becomes.qualifiedName}, which is not there yet.`,
    );
    return { kind: 'missing', error, wanted: { refs: [becomes], types: [] } };
  }

  /** What was renamed goes only once it is there under its new name: it is the writer of that one which renames it. */
  #wait(item: Item, becomes: EntityRef): void {
    this.#failed = true;
    for (const waiting of [item, ...this.#root.upserts]) this.#settle(waiting, this.#missing(becomes));
  }

  /** The plan of what is to be written; none when that is nothing. */
  async plan(): Promise<readonly RootWrite[]> {
    for (const item of this.#root.superseded) this.#settle(item, { kind: 'superseded' });
    if (this.#failed || this.#root.upserts.length === 0) return [];
    this.#record ??= { value: await readApplied(this.#context.state, this.#ref), isWritten: true };
    const overtaken = overtakenIn(this.#root, this.#record.value);
    const open = this.#root.upserts.filter((item) => overtaken.length > 0 || this.#isNews(item));
    const [first, ...rest] = open;
    if (first === undefined) return [];
    // A record under a new name would say that what is renamed is there already.
    if (!open.some(({ change }) => isRenamed(change))) await this.#remember(overtaken, this.#ref);
    if (await this.#waitForNames(open)) return [];
    try {
      const { before: record, rename } = await this.#former(open, this.#record.value);
      const { learner, signal, types } = this.#context;
      await learner.learn(attributesIn([...open, ...overtaken], record), signal);
      await this.#remember(overtaken, rename?.from ?? this.#ref);
      const before = withOvertaken(record, overtaken, types);
      await learner.learnStructs(structuresIn(before), signal);
      const { replayed } = this.#root;
      const known = { before, replayed, ...(rename === undefined ? {} : { rename }) };
      const planned = planRoot(this.#ref, [first, ...rest], known, this.#context);
      // What several say is written apart when it is refused: only one of them may be wrong.
      if (rest.length === 0) this.#guard(planned);
      return [planned];
    } catch (thrown) {
      this.#failPlan(open, ofOneChange(thrown, this.#context.signal));
      return [];
    }
  }

  #failPlan(open: readonly Item[], error: StreamError): void {
    const { policy, doubts, suspects } = this.#context;
    for (const item of open) {
      const outcome = policy.outcome(this.#ref, item.change, error);
      if (outcome.kind === 'rejected' && error instanceof CatalogFault)
        doubts.set(item.index, suspects.now());
      this.#settle(item, outcome);
    }
  }

  /** What the catalogue has of the root, be it under other names. */
  async #former(
    items: readonly Item[],
    record: Applied | undefined,
  ): Promise<{ readonly before: Applied | undefined; readonly rename?: RootRename }> {
    const [item] = items;
    if (item?.change.renamed === undefined || items.length > 1) return { before: record };
    const former = await findFormer(this.#context.state, item.change, record);
    return (former && (await planRename(this.#context, former, record))) ?? { before: record };
  }

  /** Throws CATALOG_BAD_ENTITY for what Atlas would refuse: it costs no call, and its batch no search. */
  #guard({ writes }: RootWrite): void {
    for (const { body } of writes) {
      const problem = entityProblems(body, this.#context.types).find(
        ({ kind }) => kind === 'wrong-kind' || kind === 'missing-required',
      );
      if (problem !== undefined)
        throw new StreamError(
          'CATALOG_BAD_ENTITY',
          `${problem.detail} (${problem.qualifiedName}; not sent.)`,
        );
    }
  }

  /** Whether an upsert says something that the catalogue does not have from its producer yet; settles it when not. */
  #isNews(item: Item): boolean {
    const { change } = item;
    const record = this.#record?.value;
    if (record === undefined || staleTargets(change).size > 0) return true;
    if (this.#root.replayed !== undefined || !hasSaid(record, change)) return true;
    const moved = confirmed(record, item);
    if (moved !== undefined) this.#keep(moved);
    this.#settle(item, unchangedBy(change));
    return false;
  }

  async #remember(overtaken: readonly Item[], recorded: EntityRef): Promise<void> {
    if (overtaken.length === 0) return;
    const { state, types } = this.#context;
    const record = withOvertaken(await readApplied(state, recorded), overtaken, types);
    if (record !== undefined) this.#remembered = [appliedWrite(recorded, record)];
  }

  #keep(record: Applied): void {
    this.#record = { value: record, isWritten: false };
  }
}

/** Whether a change says what its root was called before. */
function isRenamed({ typeName, qualifiedName, renamed = [] }: EntityChange): boolean {
  return renamed.some((pair) => pair.typeName === typeName && pair.to === qualifiedName);
}

/** Every attribute that changes speak of, or spoke of before, which may stand for a relationship. */
function* attributesIn(items: readonly Item[], before: Applied | undefined): Iterable<TypeAttribute> {
  for (const { change } of items) {
    for (const attribute of change.complete) yield { typeName: change.typeName, attribute };
    for (const { typeName, references } of change.entities)
      for (const { attribute } of references) yield { typeName, attribute };
  }
  for (const { references } of mayHold(before))
    for (const { source, attribute } of references) yield { typeName: source.typeName, attribute };
}

/** Attributes that may hold a struct, of what was said before. */
function* structuresIn(before: Applied | undefined): Iterable<TypeAttribute> {
  for (const { typeName, attributes } of mayHold(before).flatMap(saidBy))
    for (const [attribute, value] of Object.entries(attributes))
      if (isStructure(value)) yield { typeName, attribute };
}

/** Whether a producer has said just that last, as far as the catalogue has confirmed it. */
export function hasSaid(record: Applied, change: EntityChange): boolean {
  return record.begun === undefined && speakerOf(record, change.producer)?.hash === contentHash(change);
}

/**
 * The record after a change that says once more what was applied; undefined when it stays as it is. Nothing is to be written to the
 * catalogue; but what is older than this must not be applied any more.
 */
export function confirmed(record: Applied, delivery: PlacedChange): Applied | undefined {
  const own = speakerOf(record, delivery.change.producer);
  const moved = own && { ...own, ...placeOf(delivery) };
  if (moved === undefined || JSON.stringify(moved) === JSON.stringify(own)) return undefined;
  return { ...record, speakers: record.speakers.map((speaker) => (speaker === own ? moved : speaker)) };
}

/** The outcome of a change that the catalogue has already. */
export function unchangedBy({ entities }: EntityChange): Outcome {
  return counted({ created: 0, updated: 0, unchanged: entities.length, deleted: 0 });
}
