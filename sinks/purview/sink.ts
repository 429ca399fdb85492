import { contentHash } from '../../pipeline/content-hash.ts';
import { coalesce, type CoalescedRoot, isOlder } from '../../pipeline/coalesce.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type { SinkHost } from '../../pipeline/sink-component.ts';
import type { Delivery, Outcome, Sink } from '../../pipeline/sink.ts';
import { declareTypes, type DeclaredTypes } from '../../pipeline/typedef-plan.ts';
import type { EntityRef } from '../../schemas/types.ts';
import { type Applied, appliedWrite, deletedBy, readApplied, speakerOf } from './applied.ts';
import { BatchWriter, type BatchContext, ofOneChange } from './batch.ts';
import type { CatalogClient } from './client.ts';
import { deleteRoot } from './delete-root.ts';
import { ensureTypes } from './ensure-types.ts';
import { counted, failedOutcome, rejectedOutcome } from './outcomes.ts';
import { Suspects } from './suspects.ts';
import { TypeModel } from './type-model.ts';
import { type Item, orderUnits, planRoot, type RequestLimits, type RootWrite } from './unit.ts';

/** What a {@link CatalogSink} is made with. */
export interface CatalogSinkOptions {
  readonly client: CatalogClient;
  readonly limits: RequestLimits;
  readonly host: Pick<SinkHost, 'state' | 'types'>;
}

/**
 * The sink for Apache Atlas, Microsoft Purview and the local catalogue. For each batch: coalesce → drop what is older or
 * equal to what was applied → delete → write in the order of dependencies → relationships, dropped children, record. The
 * record of what was applied (`applied/` in the state) is written only after the catalogue has confirmed all of it.
 */
export class CatalogSink implements Sink {
  readonly #options: CatalogSinkOptions;
  readonly #declared: DeclaredTypes;
  readonly #types: TypeModel;
  readonly #suspects = new Suspects();

  /** Throws TYPE_CONFLICT when producers disagree about a type. */
  constructor(options: CatalogSinkOptions) {
    this.#options = options;
    this.#declared = declareTypes(options.host.types);
    this.#types = new TypeModel(this.#declared);
  }

  open(signal: AbortSignal): Promise<void> {
    return ensureTypes(this.#options.client, this.#declared, signal);
  }

  async deliver(batch: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]> {
    signal.throwIfAborted();
    const { client, limits, host } = this.#options;
    const context: BatchContext = {
      client,
      limits,
      signal,
      state: host.state,
      types: this.#types,
      suspects: this.#suspects,
      renewTypes: () => this.open(signal),
    };
    const outcomes = new Map<number, Outcome>();
    const settle = (item: Item, outcome: Outcome): void => void outcomes.set(item.index, outcome);
    const items = batch.map((delivery, index) => ({ ...delivery, index }));
    const planned: RootWrite[] = [];
    for (const root of coalesce<Item>(items)) {
      const plan = await new RootDecision(context, root, settle).decide();
      if (plan !== undefined) planned.push(plan);
    }
    await new BatchWriter(context, settle).write(orderUnits(planned, this.#types));
    return items.map((item) => {
      const outcome = outcomes.get(item.index);
      if (outcome !== undefined) return outcome;
      const { typeName, qualifiedName } = item.change;
      throw new StreamError(
        'CATALOG_UNEXPECTED',
        `The change of ${typeName} ${qualifiedName} was left without an outcome.`,
      );
    });
  }

  async close(): Promise<void> {
    // Connections belong to the process; the state store to the host.
  }
}

/** Decides what is to be done for one root, given what was applied of it. */
class RootDecision {
  readonly #context: BatchContext;
  readonly #root: CoalescedRoot<Item>;
  readonly #ref: EntityRef;
  readonly #settle: (item: Item, outcome: Outcome) => void;
  #record: Applied | undefined;

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

  /** Does the deletion, and returns the plan of what is to be written then; undefined when that is nothing. */
  async decide(): Promise<RootWrite | undefined> {
    const { deletion, upserts, superseded } = this.#root;
    for (const item of superseded) this.#settle(item, { kind: 'superseded' });
    this.#record = await readApplied(this.#context.state, this.#ref);
    if (deletion !== undefined && !(await this.#delete(deletion))) return undefined;
    const open: Item[] = [];
    for (const item of upserts) if (await this.#isNews(item)) open.push(item);
    const [first, ...rest] = open;
    if (first === undefined) return undefined;
    try {
      return planRoot(this.#ref, [first, ...rest], this.#record, this.#context.types);
    } catch (thrown) {
      const error = ofOneChange(thrown, this.#context.signal);
      for (const item of open) this.#settle(item, rejectedOutcome(this.#ref, error));
      return undefined;
    }
  }

  /** False when it failed: then the upserts after it wait along. */
  async #delete(item: Item): Promise<boolean> {
    const before = this.#record;
    if (before !== undefined && isOutdated(item, before)) {
      this.#settle(item, { kind: 'superseded' });
      return true;
    }
    try {
      const { deleted } =
        before?.deleted === true ? { deleted: 0 } : await deleteRoot(this.#context, this.#ref);
      await this.#keep(deletedBy(item.change));
      this.#settle(item, counted({ created: 0, updated: 0, unchanged: 0, deleted }));
      return true;
    } catch (thrown) {
      const error = ofOneChange(thrown, this.#context.signal);
      const outcome = failedOutcome(this.#ref, error);
      for (const waiting of [item, ...this.#root.upserts]) this.#settle(waiting, outcome);
      return false;
    }
  }

  /** Whether an upsert says something that the catalogue does not have from its producer yet; settles it when not. */
  async #isNews(item: Item): Promise<boolean> {
    const { change } = item;
    const record = this.#record;
    if (record === undefined) return true;
    const isReal = !record.deleted && record.speakers.some((speaker) => !speaker.placeholder);
    if ((change.placeholder && isReal) || isOutdated(item, record)) {
      this.#settle(item, { kind: 'superseded' });
      return false;
    }
    if (speakerOf(record, change.producer)?.hash !== contentHash(change)) return true;
    // Nothing to write; but what is older than this must not be applied any more.
    const { producer, objectId, position } = change;
    const speakers = record.speakers.map((speaker) =>
      speaker.producer === producer ? { ...speaker, objectId, position } : speaker,
    );
    await this.#keep({ ...record, speakers });
    this.#settle(item, counted({ created: 0, updated: 0, unchanged: change.entities.length, deleted: 0 }));
    return false;
  }

  async #keep(record: Applied): Promise<void> {
    await this.#context.state.write([appliedWrite(this.#ref, record)]);
    this.#record = record;
  }
}

function isOutdated(item: Item, before: Applied): boolean {
  return before.speakers.some((speaker) => isOlder(item.change, speaker));
}
