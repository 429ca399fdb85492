import { type ResourceLimits, Worker } from 'node:worker_threads';
import { type ErrorCode, errorCatalogue, StreamError } from '../pipeline/errors.ts';

/** What {@link runInWorker} is to run, and what it may cost. */
export interface WorkerTask {
  /** Address of a module that exports `work(input)`, as `import.meta.url` of its neighbour gives it. */
  readonly module: URL;
  /** Given to `work` as a structured clone. */
  readonly input: unknown;
  /** What is worked on, for errors. */
  readonly what: string;
  /** Memory that JavaScript may take in the worker, in MB. */
  readonly heapMb: number;
  readonly timeoutMs: number;
}

/** What was thrown in a thread, as it comes out of it. */
export interface ThreadFailure {
  /** Of a StreamError, or of Node. */
  readonly code: unknown;
  readonly message: string;
  /** What was thrown below. */
  readonly cause?: ThreadFailure | undefined;
}

/** What `work` gave or threw: the first message of a thread that {@link startThread} started. */
export type ThreadAnswer = { readonly result: unknown } | { readonly failure: ThreadFailure };

/** Sources are TypeScript, which a worker of Node 20 cannot load by itself; what is built is JavaScript, and needs nothing. */
const bootstrap = `
const { parentPort, workerData } = require('node:worker_threads');
const told = (error) => ({
  code: error.code,
  message: error.message,
  cause: error.cause instanceof Error ? told(error.cause) : undefined,
});
const run = async () => {
  if (workerData.loader !== undefined) (await import(workerData.loader)).register();
  const { work } = await import(workerData.module);
  try {
    parentPort.postMessage({ result: await work(workerData.input) });
  } catch (error) {
    parentPort.postMessage({ failure: told(error) });
  }
};
run();
`;

/** Starts a thread that calls `work(input)` of a module, and posts what comes of it as a {@link ThreadAnswer}. It lives for as long as `work` has something open. */
export function startThread(
  { module, input }: Pick<WorkerTask, 'module' | 'input'>,
  resourceLimits: ResourceLimits = {},
): Worker {
  const loader = module.pathname.endsWith('.ts') ? import.meta.resolve('tsx/esm/api') : undefined;
  return new Worker(bootstrap, {
    eval: true,
    // The loader of the main thread would be taken over, and cannot load the bootstrap's module.
    execArgv: [],
    workerData: { module: module.href, input, loader },
    resourceLimits,
  });
}

/**
 * Runs a module's `work` in a thread of its own, so that input which somebody made to do harm can block and exhaust nothing but that
 * thread. Rejects with the StreamError that `work` threw, and with SOURCE_LIMIT when it takes too much memory or time.
 */
export async function runInWorker(task: WorkerTask, signal?: AbortSignal): Promise<unknown> {
  const { module, input, what, heapMb, timeoutMs } = task;
  const worker = startThread({ module, input }, { maxOldGenerationSizeMb: heapMb });
  const answered = new Promise<unknown>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(limit(`${what} takes longer to read than ${timeoutMs / 1000} seconds.`)),
      timeoutMs,
    );
    const stop = (): void => reject(new StreamError('SOURCE_UNAVAILABLE', `Reading ${what} was stopped.`));
    signal?.addEventListener('abort', stop, { once: true });
    worker.on('message', (answer: ThreadAnswer) => {
      if ('result' in answer) resolve(answer.result);
      else reject(failureOf(answer.failure, what));
    });
    worker.on('error', (thrown: Error & { readonly code?: unknown }) => {
      const isMemory = thrown.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const text = `${what} needs more than ${heapMb} MB of memory to be read.`;
      reject(isMemory ? limit(text) : failureOf({ code: undefined, message: thrown.message }, what));
    });
    worker.on('exit', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      reject(new StreamError('SOURCE_UNAVAILABLE', `The thread that reads ${what} ended without an answer.`));
    });
    if (signal?.aborted === true) stop();
  });
  try {
    return await answered;
  } finally {
    await worker.terminate();
  }
}

function limit(message: string): StreamError {
  return new StreamError('SOURCE_LIMIT', message);
}

/** A failure of `work` itself, with its code where it is one of ours. */
function failureOf(failure: ThreadFailure, what: string): Error {
  const thrown = thrownIn(failure);
  return thrown instanceof StreamError
    ? thrown
    : new StreamError('SOURCE_INVALID', `${what} cannot be read: ${failure.message}`);
}

/** What was thrown in a thread, made anew in this one: a StreamError of the same code, text and causes, or an Error. */
export function thrownIn({ code, message, cause }: ThreadFailure): Error {
  const below = cause === undefined ? {} : { cause: thrownIn(cause) };
  return isCode(code) ? new StreamError(code, message, below) : new Error(message, below);
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCatalogue, code);
}
