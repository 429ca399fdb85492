/** What a piece of work came to. */
type Outcome<R> = { readonly done: R } | { readonly failed: unknown };

/** How {@link mapInOrder} works. */
export interface MapInOrderOptions {
  /** How many may run at once. */
  readonly limit: number;
  /** Stops everything. */
  readonly signal: AbortSignal;
}

/**
 * Runs work over items with bounded concurrency and yields the results in the order of the items. The first failure, and a
 * consumer that stops early, abort what still runs and wait for its end.
 */
export async function* mapInOrder<T, R>(
  items: Iterable<T>,
  options: MapInOrderOptions,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R> {
  // AbortSignal.any keeps every signal that it made alive as long as the caller's lives, on Node 20.
  const stop = new AbortController();
  const forward = (): void => stop.abort(options.signal.reason);
  options.signal.addEventListener('abort', forward, { once: true });
  const running: Promise<Outcome<R>>[] = [];
  try {
    options.signal.throwIfAborted();
    for (const item of items) {
      running.push(outcomeOf(work(item, stop.signal)));
      if (running.length >= options.limit) yield await next(running);
    }
    while (running.length > 0) yield await next(running);
  } finally {
    options.signal.removeEventListener('abort', forward);
    stop.abort();
    await Promise.all(running);
  }
}

async function outcomeOf<R>(work: Promise<R>): Promise<Outcome<R>> {
  try {
    return { done: await work };
  } catch (failed) {
    return { failed };
  }
}

async function next<R>(running: Promise<Outcome<R>>[]): Promise<R> {
  const outcome = await running.shift();
  if (outcome === undefined) throw new RangeError('Nothing is running.');
  if ('failed' in outcome) throw outcome.failed;
  return outcome.done;
}
