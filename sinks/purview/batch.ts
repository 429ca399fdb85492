import { setImmediate as turn } from 'node:timers/promises';
import type { StreamError } from '../../pipeline/errors.ts';
import type { Outcome } from '../../pipeline/sink.ts';
import type { StateStore } from '../../pipeline/state.ts';
import type { Telemetry } from '../../pipeline/telemetry.ts';
import { Annotator, type AnnotatorContext } from './annotator.ts';
import { type Applied, appliedWrite, droppedChildren, readApplied } from './applied.ts';
import { BatchRecords } from './batch-records.ts';
import { unsettled } from './begun.ts';
import type { CatalogClient } from './client.ts';
import { deleteRoot } from './delete-root.ts';
import { type FailureContext, Failures } from './failures.ts';
import { isolated, Lost, ofOneChange } from './one-change.ts';
import { isDoneWith, isRevived, type Mutations, type SettledRoot, writtenOutcome } from './outcomes.ts';
import { restoreReferences, settleReference, settleTies } from './relationships.ts';
import { renameWrites } from './renames.ts';
import { hasRename, ignored, unnamed, withoutRename } from './rename-refused.ts';
import type { ReadyPart, RequestQueue } from './request-queue.ts';
import { halves, type RequestSize } from './request-size.ts';
import type { Revivals, Revived } from './revivals.ts';
import { acceptedBetween, type Moment } from './suspects.ts';
import type { TypeLearner } from './type-learner.ts';
import { type Item, pack, type PlanContext, planRoot, type RootWrite, type Unit } from './unit.ts';
import type { Unrecorded } from './unrecorded.ts';
import { TooMuch, upsertUnits } from './upsert.ts';
import { refersToMissing } from './wanted.ts';

/** What the writing of a batch works with. */
export interface BatchContext extends PlanContext, AnnotatorContext, FailureContext {
  readonly client: CatalogClient;
  readonly state: StateStore;
  readonly size: RequestSize;
  readonly unrecorded: Unrecorded;
  readonly revivals: Revivals;
  readonly signal: AbortSignal;
  /** Knows the types that only the catalogue has. */
  readonly learner: TypeLearner;
  readonly telemetry: Pick<Telemetry, 'emit'> | undefined;
  /** Makes sure of the types once more, after the catalogue said that one is missing. */
  readonly renewTypes: () => Promise<void>;
  /** How often the catalogue has lost types, and what it held of them: when this was planned, and now. */
  readonly losses: { readonly planned: number; readonly now: () => number };
  /** Told when nothing is left to be asked of the catalogue, and only the records are left to be written. */
  readonly accepted: () => void;
}

/** How far the search for what is wrong with a request has come. */
interface Search {
  /** When the first request was refused that is searched. */
  readonly refused: Moment | undefined;
  /** Tries of each request, where it is not the configured number. */
  readonly attempts: number | undefined;
}

/** A request that is to be sent as it was packed. */
interface Packed {
  readonly ready?: ReadyPart | undefined;
  /** What to do while it is in flight. */
  readonly meanwhile?: (() => void) | undefined;
}

/** Writes the units of one batch, such that what is wrong with one costs no other. */
export class BatchWriter {
  readonly #context: BatchContext;
  readonly #outcomes: (item: Item, outcome: Outcome) => void;
  readonly #annotator: Annotator;
  #renewedTypes = false;
  /** How often the catalogue had lost something when the first of what is not recorded yet was sent. */
  #losses: number;
  readonly #records: BatchRecords;
  readonly #failures: Failures;
  /** What other batches make anew meanwhile. */
  readonly #revived: Revived;
  /** What is written and refers to others, with its record. */
  readonly #settled: (readonly [RootWrite, Applied])[] = [];
  /** What is left to be done of a request that was answered, and asks nothing of the catalogue: it is done while the next one is in flight. */
  #left: (() => Promise<void>) | undefined;

  constructor(context: BatchContext, outcomes: (item: Item, outcome: Outcome) => void) {
    this.#context = context;
    this.#outcomes = outcomes;
    this.#losses = context.losses.planned;
    this.#annotator = new Annotator(context);
    this.#records = new BatchRecords(context.state);
    this.#failures = new Failures(context, this.#records, outcomes);
    this.#revived = context.revivals.watch();
  }

  /** Writes what is in a queue, in its order; every item gets its outcome. */
  async write(queue: RequestQueue): Promise<void> {
    let recorded = (): void => undefined;
    try {
      for (let ready = queue.next(); ready !== undefined; ready = queue.next()) {
        const whole = { refused: undefined, attempts: undefined };
        await this.#send(ready.units, { ...whole, ready, meanwhile: () => queue.prepare() });
      }
      recorded = this.#context.unrecorded.begin();
      if (this.#revived.refs.size > 0) await this.#settleTies();
      this.#context.accepted();
      await turn(); // whoever waited for that sends its request before this goes on
    } finally {
      this.#revived.close();
      await this.#keepRecords().finally(recorded);
    }
  }

  /** Those of what is written to what others have made anew meanwhile. */
  async #settleTies(): Promise<void> {
    await Promise.all([this.#revived.tied(), this.#doLeft()]);
    const keep = (root: RootWrite, after: Applied): void =>
      this.#records.replace(appliedWrite(root.ref, after));
    // Where it ends before all are looked at, what comes again is to be news.
    for (const [root, after] of this.#settled) keep(root, unsettled(root.before, after));
    for (const [root, after] of this.#settled) {
      try {
        await settleTies(this.#context, { after, given: root.references }, this.#revived.refs);
        keep(root, after);
      } catch (thrown) {
        this.#failures.fail([root], ofOneChange(thrown, this.#context.signal));
      }
    }
  }

  /** Throws when another batch has found that the catalogue has lost something since this one began: nobody knows what it still has of it. */
  #guardLoss(): void {
    if (this.#context.losses.now() > this.#losses) throw new Lost();
  }

  async #doLeft(): Promise<void> {
    const left = this.#left;
    this.#left = undefined;
    await left?.();
  }

  /** Before the outcomes are known, and before anything reads the state. Killed before it, the batch comes again and is equal. */
  async #keepRecords(): Promise<void> {
    this.#guardLoss();
    await this.#doLeft();
    await this.#records.keep();
  }

  /** Before anything goes by what is recorded of others. */
  async #awaitRecords(): Promise<void> {
    await this.#keepRecords();
    await this.#context.unrecorded.none();
  }

  /** Sends units in one request; when that fails because of one of them, looks for it by halving. */
  async #send(units: readonly Unit[], { ready, meanwhile, ...search }: Search & Packed): Promise<void> {
    const sent = this.#context.suspects.now();
    const isOfLost = this.#losses > this.#context.losses.planned;
    if (isOfLost && units.flat().some(({ before }) => before !== undefined)) throw new Lost();
    try {
      await this.#annotator.prepare(units.flat());
      const { attempts } = search;
      const mutations = await this.#upsert(units, { attempts, ready, meanwhile });
      this.#guardLoss();
      const lost = await unnamed(this.#context, units);
      const written = units.filter((unit) => !lost.includes(unit)).flat();
      await this.#doLeft(); // where nothing had to be sent
      this.#left = () => this.#settle(written, mutations);
      if (!written.every(isDoneWith)) await this.#doLeft();
      if (lost.length > 0) await this.#send(withoutRename(this.#context, lost, ignored), search);
    } catch (thrown) {
      if (thrown instanceof TooMuch) {
        // The limits have shrunk: the units go in more requests then, and so do the entities of a single one.
        for (const part of pack(units, () => this.#context.size.limits)) await this.#send(part, search);
        return;
      }
      const error = ofOneChange(thrown, this.#context.signal);
      if (error.code === 'CATALOG_MISSING_TYPE' && !this.#renewedTypes) {
        this.#renewedTypes = true;
        await this.#awaitRecords();
        await this.#context.renewTypes();
        this.#losses = this.#context.losses.now();
        return this.#send(units, search);
      }
      if (!isolated.has(error.code)) return this.#failures.fail(units.flat(), error);
      await this.#search(units, error, { ...search, sent });
    }
  }

  /** Looks for the one of some units whose request failed that is wrong. */
  async #search(
    units: readonly Unit[],
    error: StreamError,
    { sent, ...search }: Search & { readonly sent: Moment },
  ): Promise<void> {
    const { refused = this.#context.suspects.now() } = search;
    const narrower = { refused, attempts: 2 };
    if (error.code === 'CATALOG_MISSING_REFERENT') {
      const waiting = new Set(units.filter((unit) => refersToMissing(unit, error)));
      if (waiting.size > 0) {
        this.#failures.fail([...waiting].flat(), error);
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
      this.#records.left(root);
      return this.#sendApart(root, narrower);
    }
    if (units.some(hasRename))
      return this.#send(withoutRename(this.#context, units, error.message), narrower);
    this.#failures.refuse(units.flat(), error, { refused, isSure: acceptedBetween(refused, sent) });
  }

  #upsert(
    units: readonly Unit[],
    { attempts, ready, meanwhile }: Pick<Search, 'attempts'> & Packed,
  ): Promise<Mutations> {
    const extras = this.#annotator.extras(units.flat());
    return upsertUnits(units, this.#context, {
      attempts,
      ready,
      extras,
      isBegun: () => this.#records.begun(units.flat()),
      inFlight: async () => {
        await this.#doLeft();
        meanwhile?.();
      },
    });
  }

  /** What two producers say of one root is written one after the other, so that one of them cannot spoil the other. */
  async #sendApart({ ref, items, replayed }: RootWrite, search: Search): Promise<void> {
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
    this.#records.begun(roots);
    const refs = revived.map((root) => root.ref);
    if (refs.length > 0) await this.#keepRecords();
    try {
      const { revivals } = this.#context;
      await revivals.tie(refs, () => restoreReferences(this.#context, refs), this.#revived);
    } catch (thrown) {
      this.#failures.fail(revived, ofOneChange(thrown, this.#context.signal));
      for (const root of revived) settled.delete(root);
    }
    for (const { roots: unmoved, thrown } of await this.#annotator.move([...settled], mutations)) {
      this.#failures.fail(unmoved, ofOneChange(thrown, this.#context.signal));
      for (const root of unmoved) settled.delete(root);
    }
    for (const root of settled) {
      let settledRoot: SettledRoot;
      try {
        settledRoot = await this.#settleRoot(root, mutations);
      } catch (thrown) {
        this.#failures.fail([root], ofOneChange(thrown, this.#context.signal));
        continue;
      }
      const { extra, after } = settledRoot;
      this.#records.add(appliedWrite(root.ref, after));
      if (root.rename !== undefined) this.#records.add(...renameWrites(root.rename));
      if (after.speakers.some(({ references }) => references.length > 0)) this.#settled.push([root, after]);
      this.#context.suspects.forget(root.ref);
      for (const [index, item] of root.items.entries()) {
        this.#outcomes(item, writtenOutcome(item, mutations, index === 0 ? extra : undefined));
      }
    }
  }

  async #settleRoot(root: RootWrite, mutations: Mutations): Promise<SettledRoot> {
    let related = 0;
    for (const plan of root.references) {
      related += await settleReference(this.#context, plan, mutations.created(plan.source));
    }
    const { changed, after } = await this.#annotator.settle(root, mutations);
    let deleted = 0;
    const dropped = droppedChildren(root.before, root.after(), mutations.created(root.ref));
    if (dropped.length > 0) await this.#awaitRecords();
    for (const child of dropped) {
      deleted += (await deleteRoot(this.#context, child)).deleted;
    }
    return { extra: { deleted, related: related + changed }, after };
  }
}
