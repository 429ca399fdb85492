import { type StreamError, toStreamError } from '../../pipeline/errors.ts';
import { compactPartition } from './compaction.ts';
import { trimPartition, type Upkeep } from './retention.ts';

/** Trims and compacts the topics of a log from time to time. */
export class UpkeepLoop {
  readonly #upkeep: Upkeep;
  readonly #timer: NodeJS.Timeout;
  #isRunning = false;
  #stopped = false;
  #fault: StreamError | undefined;

  constructor(upkeep: Upkeep, everyMs: number) {
    this.#upkeep = upkeep;
    this.#timer = setInterval(() => this.#start(), everyMs).unref();
  }

  /** What ended a round that nobody waited for. A full disk passes and is none. */
  get fault(): StreamError | undefined {
    return this.#fault;
  }

  /** One round over every topic. With `force`, topics are compacted however little there is to gain. */
  async run(force: boolean): Promise<void> {
    const { log } = this.#upkeep;
    log.refresh();
    for (const name of log.topicNames()) {
      const topic = log.topic(name);
      for (let partition = 0; partition < topic.partitions; partition += 1) {
        if (this.#stopped) return;
        await trimPartition(this.#upkeep, topic, partition);
        await compactPartition(this.#upkeep, topic, partition, force);
      }
    }
  }

  /** Starts no more rounds. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.run(false)
      .catch((thrown: unknown) => {
        const error = toStreamError(thrown, 'TRANSPORT_DAMAGED', 'The upkeep of the log failed');
        if (!error.retryable) this.#fault ??= error;
      })
      .finally(() => {
        this.#isRunning = false;
      });
  }
}
