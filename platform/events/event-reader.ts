import { StreamError } from '../../pipeline/errors.ts';
import type { PullLimit, StoredRecord, Transport } from '../../pipeline/transport.ts';
import { takeWithin } from '../take-within.ts';
import { addPart, Assembler, type AssemblerLimits, type OpenEvent } from './assembler.ts';
import type { Incoming } from './incoming.ts';
import { marks, parsePart } from './marks.ts';

/** How many offsets before a part the first ones of its event are looked for. */
const lookBack = 5000;

/** Which partition is read, from where, and how. */
export interface EventReaderOptions {
  readonly transport: Transport;
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly incoming: Incoming;
  readonly limits: AssemblerLimits;
}

/** Makes events of the records of one partition: puts parts together, and opens what was compressed, put aside or wrapped. */
export class EventReader {
  readonly #options: EventReaderOptions;
  readonly #assembler: Assembler;
  /** Whole, but not opened yet. */
  #whole: StoredRecord[] = [];

  constructor(options: EventReaderOptions) {
    this.#options = options;
    this.#assembler = new Assembler(options.start, options.limits);
  }

  /** Whether nothing waits to be opened or for its parts. */
  get isIdle(): boolean {
    return this.#whole.length === 0 && this.#assembler.isIdle;
  }

  /** See `Assembler`. */
  dueIn(): number | undefined {
    return this.#assembler.dueIn(performance.now());
  }

  /** See `Assembler`. */
  settled(offset: number): number {
    return this.#assembler.settled(offset);
  }

  /** Takes records of the partition, by rising offset; none, where only the time has passed. `isEnd`: nothing comes behind them. */
  async add(records: readonly StoredRecord[], isEnd = false): Promise<void> {
    this.#assembler.add(records, performance.now());
    for (const event of this.#assembler.over(isEnd ? Number.POSITIVE_INFINITY : performance.now())) {
      await this.#lookBack(event);
      this.#assembler.close(event);
    }
    this.#whole.push(...this.#assembler.take());
  }

  /**
   * Opened events within a limit. Rejects with a passing fault of the store or the registry, if there is none before it: the event that met it is opened
   * again at the next call.
   */
  async take(limit: PullLimit): Promise<readonly StoredRecord[]> {
    const wanted = takeWithin(this.#whole, limit);
    const opened: StoredRecord[] = [];
    for (const [index, record] of wanted.entries()) {
      try {
        const event = this.#options.incoming.open(record);
        opened.push(event instanceof Promise ? await event : event);
      } catch (thrown) {
        this.#whole = [...wanted.slice(index), ...this.#whole];
        if (opened.length > 0 && thrown instanceof StreamError && thrown.retryable) return opened;
        throw thrown;
      }
    }
    return opened;
  }

  /** Reading may have begun between the parts of an event: the first ones are looked for where nobody has read. */
  async #lookBack(event: OpenEvent): Promise<void> {
    const { transport, topic, partition, start } = this.#options;
    if (start === 0 || event.parts.has(0)) return;
    for await (const record of transport.read(topic, partition, Math.max(0, event.first - lookBack))) {
      if (record.offset >= event.first) return;
      const part = parsePart(record.headers[marks.part] ?? '');
      if (part?.id === event.id && part.count === event.count && record.value !== null)
        addPart(event, part, record.value);
    }
  }
}
