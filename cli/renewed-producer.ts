import { StreamError } from '../pipeline/errors.ts';
import type { ProducerSetup } from '../pipeline/component.ts';
import type { Backlog, FoundObject, PartialChange, Producer, ScanContext } from '../pipeline/producer.ts';
import type { Json } from '../pipeline/state.ts';

/** How a producer is configured with what files and vaults hold now; undefined where that is nothing new. What vaults gave a moment ago is good enough unless it has to be `fresh`. */
export type RenewSetup = (fresh: boolean) => Promise<ProducerSetup | undefined>;

/**
 * Opens a producer whose passwords may change while it runs: where the source refuses them, `renew` is asked, and the producer is opened
 * anew with what it gives. Throws what the producer's `open` throws.
 */
export async function openRenewed(setup: ProducerSetup, renew: RenewSetup): Promise<Producer> {
  const renewed = new RenewedProducer(setup, renew);
  const inner = await renewed.open();
  return {
    incarnation: () => renewed.incarnation(),
    scan: (context) => renewed.scan(context),
    changes: (signal, mark) => renewed.changes(signal, mark),
    close: () => renewed.close(),
    ...(inner.tellsOnly === undefined ? {} : { tellsOnly: inner.tellsOnly }),
    ...(inner.describeChanges === undefined ? {} : { describeChanges: () => renewed.describeChanges() }),
    ...(inner.backlog === undefined ? {} : { backlog: () => renewed.backlog() }),
  };
}

class RenewedProducer implements Producer {
  readonly #renew: RenewSetup;
  #setup: ProducerSetup;
  #inner: Producer | undefined;

  constructor(setup: ProducerSetup, renew: RenewSetup) {
    this.#setup = setup;
    this.#renew = renew;
  }

  open(): Promise<Producer> {
    return this.#renewing(async (producer) => producer);
  }

  incarnation(): Promise<string> {
    return this.#renewing((producer) => producer.incarnation());
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    const inner = await this.#current();
    try {
      yield* inner.scan(context);
    } catch (thrown) {
      throw await this.#faultOf(thrown);
    }
  }

  async *changes(signal: AbortSignal, mark?: Json): AsyncIterable<PartialChange | undefined> {
    const inner = await this.#current();
    try {
      yield* inner.changes(signal, mark);
    } catch (thrown) {
      throw await this.#faultOf(thrown);
    }
  }

  async describeChanges(): Promise<string> {
    return (await (await this.#current()).describeChanges?.()) ?? '';
  }

  async backlog(): Promise<readonly Backlog[]> {
    return (await (await this.#current()).backlog?.()) ?? [];
  }

  async close(): Promise<void> {
    const inner = this.#inner;
    this.#inner = undefined;
    await inner?.close();
  }

  async #current(): Promise<Producer> {
    this.#inner ??= await this.#setup.open();
    return this.#inner;
  }

  async #renewing<T>(work: (producer: Producer) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#current());
    } catch (thrown) {
      if (!(await this.#isRenewed(thrown))) throw thrown;
      return work(await this.#current());
    }
  }

  /** What to throw once something may have been yielded: it has to begin anew, with the new passwords. */
  async #faultOf(thrown: unknown): Promise<unknown> {
    if (!(await this.#isRenewed(thrown))) return thrown;
    return new StreamError('SOURCE_UNAVAILABLE', 'The source refused the password, and there is a new one.', {
      cause: thrown,
    });
  }

  /** After a refusal, whether there is something new to open the producer with. */
  async #isRenewed(thrown: unknown): Promise<boolean> {
    if (!(thrown instanceof StreamError) || thrown.code !== 'SOURCE_REFUSED') return false;
    const setup = await this.#renew(true);
    if (setup === undefined) return false;
    await this.close();
    this.#setup = setup;
    return true;
  }
}
