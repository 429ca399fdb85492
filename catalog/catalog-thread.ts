/** The catalogue in a thread of its own, so that what writes to it from the same process has a core for itself. */
import type { EventEmitter } from 'node:events';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { startThread, type ThreadAnswer, thrownIn } from '../platform/worker.ts';
import type { CatalogCounters } from './catalog.ts';
import type { CatalogQuestion, CatalogThreadOptions } from './catalog-thread-work.ts';

/** A catalogue that listens, in another thread. */
export interface CatalogThread {
  /** As of `OpenCatalog`. */
  readonly url: string;
  /** Rejects with CATALOG_ENDED when the thread ends before it is closed; it never resolves. */
  readonly ended: Promise<never>;
  /** Rejects with CATALOG_ENDED when there is no thread any more. */
  counters(): Promise<CatalogCounters>;
  /** Stops listening, closes the store and ends the thread. May be called twice, and after the thread has ended. */
  close(): Promise<void>;
}

/**
 * Opens a catalogue in a thread of its own.
 * @throws StreamError what `openCatalog` throws, and CATALOG_ENDED when the thread ends while it opens
 */
export async function openCatalogThread(options: CatalogThreadOptions): Promise<CatalogThread> {
  const isSource = import.meta.url.endsWith('.ts');
  const module = new URL(isSource ? './catalog-thread-work.ts' : './catalog-thread-work.js', import.meta.url);
  const worker = startThread({ module, input: options });
  const answers = answersOf(worker);
  const ask = (question: CatalogQuestion): Promise<unknown> => {
    worker.postMessage(question, []);
    return answers.next();
  };
  let closing: Promise<void> | undefined;
  let hasEnded = false;
  answers.ended.catch(() => {
    hasEnded = true;
  });
  const shut = async (): Promise<void> => {
    try {
      if (!hasEnded) await ask('close');
    } finally {
      await worker.terminate();
    }
  };
  const close = (): Promise<void> => (closing ??= shut());
  try {
    const url = String(await answers.next());
    return {
      url,
      ended: answers.ended,
      counters: async () => (await ask('counters')) as CatalogCounters,
      close,
    };
  } catch (thrown) {
    await worker.terminate();
    throw thrown;
  }
}

/** What a thread answers. */
interface Answers {
  readonly ended: Promise<never>;
  /** The next answer, for whoever asked first. */
  next(): Promise<unknown>;
}

/** The answers of a thread, in the order in which it was asked. */
export function answersOf(worker: EventEmitter): Answers {
  const waiting: ((answer: ThreadAnswer) => void)[] = [];
  worker.on('message', (answer: ThreadAnswer) => waiting.shift()?.(answer));
  let cause: unknown;
  worker.on('error', (thrown) => {
    cause = thrown;
  });
  const ended = new Promise<never>((_resolve, reject) => {
    worker.on('exit', () => reject(endedEarly(cause)));
  });
  return {
    ended,
    // The last answer and the end of the thread may come in one turn: then the answer, which says why it ended, is the first to settle.
    next: () =>
      new Promise((resolve, reject) => {
        waiting.push((answer) => {
          if ('result' in answer) resolve(answer.result);
          else reject(thrownIn(answer.failure));
        });
        ended.catch(reject);
      }),
  };
}

function endedEarly(cause: unknown): StreamError {
  const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
  return new StreamError('CATALOG_ENDED', `The thread of the local catalogue ended by itself${why}.`, {
    cause,
    advice: 'What it had confirmed is on disk: start again.',
  });
}
