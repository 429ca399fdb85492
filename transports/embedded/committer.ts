import { statfsSync } from 'node:fs';
import type { RootDatabase } from 'lmdb';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { transact } from '../../platform/lmdb.ts';

interface Job {
  readonly bytes: number;
  readonly work: () => void;
  readonly succeed: () => void;
  readonly fail: (error: unknown) => void;
}

/** A transaction is closed when it has taken on this many bytes, so that one burst does not hold the event loop for long. */
const transactionBytes = 32 * 1024 * 1024;
/** Less free space than this makes a failed write a full disk. */
const scarceBytes = 64 * 1024 * 1024;

/**
 * Group commit: what is handed in during one turn of the event loop shares one transaction and one fsync. A job that throws
 * takes nothing along: the others are then run on their own. Transactions are synchronous: the asynchronous ones
 * of lmdb-js 3.5.6 never settle when their callback throws or the disk is full (measured).
 */
export class Committer {
  readonly #environment: RootDatabase<string, Buffer>;
  readonly #folder: string;
  readonly #onEnd: (isCommitted: boolean) => void;
  #jobs: Job[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #closed = false;

  /** `onEnd` is called after each transaction: whether it became durable, or was given up. */
  constructor(
    environment: RootDatabase<string, Buffer>,
    folder: string,
    onEnd: (isCommitted: boolean) => void,
  ) {
    this.#environment = environment;
    this.#folder = folder;
    this.#onEnd = onEnd;
  }

  /** Runs `work` in a transaction; resolves with its result when that is on disk. `work` may run twice, the first time without effect. */
  run<T>(work: () => T, bytes = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) throw new StreamError('TRANSPORT_CLOSED', 'The transport is closed.');
      let result: { readonly value: T } | undefined;
      this.#jobs.push({
        bytes,
        work: () => {
          result = { value: work() };
        },
        succeed: () => {
          if (result !== undefined) resolve(result.value);
        },
        fail: reject,
      });
      this.#scheduled ??= setImmediate(() => this.flush());
    });
  }

  /** Commits everything that was handed in, now. */
  flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    while (this.#jobs.length > 0) this.#commitTogether(this.#nextGroup());
  }

  /** Commits everything that was handed in, and takes no more: {@link run} rejects with TRANSPORT_CLOSED. */
  close(): void {
    this.flush();
    this.#closed = true;
  }

  #nextGroup(): readonly Job[] {
    let bytes = 0;
    let count = 0;
    for (const job of this.#jobs) {
      bytes += job.bytes;
      if (count > 0 && bytes > transactionBytes) break;
      count += 1;
    }
    return this.#jobs.splice(0, count);
  }

  #commitTogether(jobs: readonly Job[]): void {
    const error = this.#commit(jobs);
    if (error === undefined) return;
    const [only] = jobs;
    if (jobs.length === 1) only?.fail(error);
    else for (const job of jobs) this.#commitTogether([job]);
  }

  /** The error that kept the jobs from being committed, all of them; undefined when they are. */
  #commit(jobs: readonly Job[]): Error | undefined {
    try {
      transact(this.#environment, () => {
        for (const job of jobs) job.work();
      });
    } catch (thrown) {
      this.#onEnd(false);
      return this.#errorOf(thrown);
    }
    for (const job of jobs) job.succeed();
    this.#onEnd(true);
    return undefined;
  }

  #errorOf(thrown: unknown): StreamError {
    if (thrown instanceof StreamError) return thrown;
    const message = messageOf(thrown);
    const advice = { cause: thrown };
    if (/MDB_MAP_FULL|No space left|File too large|Disk quota/iu.test(message) || this.#isScarce()) {
      return new StreamError('TRANSPORT_FULL', `The log in ${this.#folder} cannot grow: ${message}.`, {
        ...advice,
        advice: 'Free space on its disk; readers go on meanwhile.',
      });
    }
    return new StreamError(
      'TRANSPORT_DAMAGED',
      `The log in ${this.#folder} cannot be written: ${message}.`,
      advice,
    );
  }

  #isScarce(): boolean {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize < scarceBytes;
  }
}
