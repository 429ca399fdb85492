import { StreamError } from '../../pipeline/errors.ts';
import { Precedence } from '../../pipeline/precedence.ts';
import type { SinkHost } from '../../pipeline/sink-component.ts';
import type { BatchTurn, Delivery, Drift, Outcome, Sink, Wanted } from '../../pipeline/sink.ts';
import type { StateWrite } from '../../pipeline/state.ts';
import type { EntityRef } from '../../schemas/types.ts';
import { type TypeDifference, typeDifferences } from '../../pipeline/typedef-diff.ts';
import { declareTypes, type DeclaredTypes, planTypes } from '../../pipeline/typedef-plan.ts';
import { appliedWrite, forgetApplied, hasApplied, readApplied } from './applied.ts';
import { confirming } from './applied-before.ts';
import type { CatalogClient } from './client.ts';
import { confirmed, unchangedBy } from './decision.ts';
import { type DeliverContext, deliverBatch, deliverForeseen, foresee } from './deliver-batch.ts';
import { ensureTypes, readHeldTypes, writeTypes } from './ensure-types.ts';
import type { ErrorRules } from './options.ts';
import { ErrorPolicy } from './policy.ts';
import { NamesInHand, namesOf } from './names-in-hand.ts';
import { reconcile } from './reconcile.ts';
import { type RejectionLimits, Rejections } from './rejections.ts';
import { RequestSize } from './request-size.ts';
import type { RetryPolicy } from './retry.ts';
import { Revivals } from './revivals.ts';
import { Suspects } from './suspects.ts';
import { TypeLearner } from './type-learner.ts';
import { TypeModel } from '../../pipeline/type-model.ts';
import type { RequestLimits } from './unit.ts';
import { Unrecorded } from './unrecorded.ts';
import { WatchedState } from './watched-state.ts';

/** What a {@link CatalogSink} is made with. */
export interface CatalogSinkOptions {
  readonly client: CatalogClient;
  readonly limits: RequestLimits;
  readonly rejections: RejectionLimits;
  readonly onError: ErrorRules;
  /** How often, and after which pauses, a change is tried that is refused while nothing is accepted. */
  readonly retry: Pick<RetryPolicy, 'attempts' | 'delayMs' | 'maxDelayMs'>;
  readonly host: Pick<
    SinkHost,
    'state' | 'types' | 'producers' | 'precedence' | 'force' | 'clock' | 'telemetry'
  >;
  /** What to do when nobody answers at the start. */
  readonly advice: string | undefined;
}

/** How long a batch goes by what it was planned with, in milliseconds: nobody tells what another process has written meanwhile. */
const freshForMs = 10_000;

/**
 * The sink for Apache Atlas, Microsoft Purview and the local catalogue. For each batch: coalesce → drop what is older or
 * equal to what was applied → delete → write in the order of dependencies → relationships, dropped children, record. The
 * record of what was applied (`applied/` in the state) is written only after the catalogue has confirmed all of it.
 */
export class CatalogSink implements Sink {
  readonly plansAhead = true;
  readonly #options: CatalogSinkOptions;
  readonly #state: WatchedState;
  readonly #declared: DeclaredTypes;
  readonly #types: TypeModel;
  readonly #learner: TypeLearner;
  readonly #suspects = new Suspects();
  readonly #unrecorded = new Unrecorded();
  readonly #revivals = new Revivals(this.#unrecorded);
  readonly #size: RequestSize;
  readonly #precedence: Precedence;
  readonly #rejections: Rejections;
  readonly #policy: ErrorPolicy;
  readonly #names = new NamesInHand();
  #readsFirst = false;
  /** How often types were found missing. */
  #losses = 0;

  /** Throws TYPE_CONFLICT when producers disagree about a type. */
  constructor(options: CatalogSinkOptions) {
    this.#options = options;
    this.#state = new WatchedState(options.host.state);
    this.#declared = declareTypes(options.host.types);
    this.#types = new TypeModel(this.#declared);
    this.#learner = new TypeLearner(options.client, this.#types);
    const { producers, precedence = { producers: [...producers], attributes: {} } } = options.host;
    this.#precedence = new Precedence(precedence);
    const { rejections, retry, onError } = options;
    this.#policy = new ErrorPolicy(onError);
    const suspects = this.#suspects;
    this.#rejections = new Rejections({ ...rejections, suspects, attempts: retry.attempts });
    this.#size = new RequestSize(options.limits);
  }

  async open(signal: AbortSignal): Promise<void> {
    try {
      const isNew = await this.#ensureTypes(signal);
      // The catalogue has our types, and nothing is known of what it was told: the state was lost.
      this.#readsFirst = !isNew && !(await hasApplied(this.#state));
    } catch (thrown) {
      const { advice } = this.#options;
      const isAway = thrown instanceof StreamError && thrown.code === 'CATALOG_UNAVAILABLE';
      if (!isAway || advice === undefined) throw this.#policy.ofSink(thrown);
      throw new StreamError(thrown.code, thrown.message, { cause: thrown, advice });
    }
  }

  /** Resolves with whether any type was missing. */
  #ensureTypes(signal: AbortSignal): Promise<boolean> {
    const { client } = this.#options;
    return ensureTypes({
      client,
      declared: this.#declared,
      // The catalogue is a new one, or was emptied: what was applied to an earlier one says nothing of it.
      onMissing: (typeNames) => {
        this.#losses += 1;
        return forgetApplied(this.#state, typeNames);
      },
      signal,
    });
  }

  async deliver(
    batch: readonly Delivery[],
    signal: AbortSignal,
    turn?: BatchTurn,
  ): Promise<readonly Outcome[]> {
    signal.throwIfAborted();
    const { host, retry } = this.#options;
    const isEarly = turn?.hasCome === false;
    const plannedAt = host.clock.now();
    const ahead = isEarly ? await foresee(batch, this.#contextOf(batch, signal), this.#state) : undefined;
    const pause = (attempt: number): Promise<void> =>
      host.clock.sleep(Math.min(retry.delayMs * 2 ** (attempt - 1), retry.maxDelayMs), signal);
    let isFirst = true;
    try {
      await turn?.come();
      return await this.#rejections.guard(batch, {
        deliver: (some, doubts) =>
          this.#names.with(namesOf(some), signal, () => {
            const isWhole = some.length === batch.length;
            const accepted = (): void => (isWhole ? turn?.pass() : undefined);
            const now = { ...this.#contextOf(some, signal), doubts, accepted };
            const isFresh = host.clock.now() - plannedAt < freshForMs;
            const isForeseen = isFirst && isWhole && isFresh && ahead !== undefined && !ahead.view.isStale;
            isFirst = false;
            return isForeseen ? deliverForeseen(ahead, now) : deliverBatch(some, now);
          }),
        pause,
      });
    } catch (thrown) {
      throw this.#policy.ofSink(thrown);
    } finally {
      await ahead?.view.close();
    }
  }

  #contextOf(batch: readonly Delivery[], signal: AbortSignal): DeliverContext {
    const { client, host } = this.#options;
    return {
      client: this.#isUrgent(batch) ? client : client.patient(),
      size: this.#size,
      signal,
      state: this.#state,
      types: this.#types,
      learner: this.#learner,
      precedence: this.#precedence,
      suspects: this.#suspects,
      unrecorded: this.#unrecorded,
      revivals: this.#revivals,
      policy: this.#policy,
      doubts: new Map(),
      adopts: this.#readsFirst,
      telemetry: host.telemetry,
      producers: host.producers,
      force: host.force === true,
      accepted: () => undefined,
      renewTypes: async () => void (await this.#ensureTypes(signal)),
      losses: { planned: this.#losses, now: () => this.#losses },
    };
  }

  /** A scan of everything fills its batches, and a replay has time; what changes now comes in ones and twos, with its lineage. */
  #isUrgent(batch: readonly Delivery[]): boolean {
    return (
      batch.length * 2 < this.#options.limits.entities &&
      batch.every(({ replayed }) => replayed === undefined)
    );
  }

  known(changes: readonly Delivery[]): Promise<readonly (Outcome | undefined)[]> {
    if (this.#options.host.force === true) return Promise.resolve(changes.map(() => undefined));
    // What a rename has in hand is not what was applied, for the moment.
    const free = new Set(changes.filter((one) => !this.#names.isWanted(namesOf([one]))));
    return this.#names.with(namesOf([...free]), never, () => this.#known(changes, free));
  }

  async #known(
    changes: readonly Delivery[],
    free: ReadonlySet<Delivery>,
  ): Promise<readonly (Outcome | undefined)[]> {
    const state = this.#state;
    const writes: StateWrite[] = [];
    const outcomes: (Outcome | undefined)[] = [];
    for (const delivery of changes) {
      const record = free.has(delivery) ? await confirming(state, delivery) : undefined;
      outcomes.push(record && unchangedBy(delivery.change));
      const moved = record && confirmed(record, delivery);
      if (moved !== undefined) writes.push(appliedWrite(delivery.change, moved));
    }
    if (writes.length > 0) await state.write(writes);
    return outcomes;
  }

  async find({ refs, types }: Wanted, signal: AbortSignal): Promise<Wanted> {
    const { client } = this.#options;
    const there: EntityRef[] = [];
    for (const typeName of new Set(refs.map((ref) => ref.typeName))) {
      const own = refs.filter((ref) => ref.typeName === typeName);
      const names = await client.existing(
        typeName,
        own.map(({ qualifiedName }) => qualifiedName),
        signal,
      );
      for (const ref of own) if (names.has(ref.qualifiedName) || (await this.#wentOn(ref))) there.push(ref);
    }
    const known: string[] = [];
    for (const type of types) if (await client.hasType(type, signal)) known.push(type);
    return { refs: there, types: known };
  }

  /** Whether something was renamed once more: who waits for this name looks for another one then. */
  async #wentOn(ref: EntityRef): Promise<boolean> {
    const record = await readApplied(this.#state, ref);
    return record?.deleted === true && record.becomes !== undefined;
  }

  reconcile(repair: boolean, signal: AbortSignal): AsyncIterable<Drift> {
    const { client } = this.#options;
    const context = { client: client.patient(), state: this.#state, types: this.#types };
    return reconcile({ ...context, precedence: this.#precedence, signal }, repair);
  }

  async planTypes(signal: AbortSignal): Promise<readonly TypeDifference[]> {
    return typeDifferences(this.#declared, await readHeldTypes(this.#options.client, this.#declared, signal));
  }

  async applyTypes(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const plan = planTypes(this.#declared, await readHeldTypes(client, this.#declared, signal));
    await writeTypes(client, plan, signal);
  }

  canPlace(typeName: string): boolean {
    return this.#types.needsOnlyName(typeName);
  }

  async close(): Promise<void> {
    // Connections belong to the process; the state store to the host.
  }
}

const { signal: never } = new AbortController();
