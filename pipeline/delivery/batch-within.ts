import {
  asyncScheduler,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscription,
} from 'rxjs';

/** When a batch is full. */
export interface BatchLimits<T> {
  /** Items in a batch at the most. */
  readonly count: number;
  /** Sum of `sizeOf` at the most; one larger item is a batch of its own. */
  readonly bytes: number;
  /** Milliseconds since the first item of the batch. */
  readonly withinMs: number;
  /** Whether more is about to arrive: then the time is as long again. @default never */
  readonly isMore?: () => boolean;
  /** Whether nothing is likely to follow the first item of a batch: then the time is a tenth. @default never */
  readonly isCalm?: () => boolean;
  readonly sizeOf: (item: T) => number;
}

/**
 * Groups items into batches by count, bytes, and time since the first item of the batch (not since the last batch: no
 * timer runs while nothing arrives). Completion flushes what is left; an error does not.
 */
export function batchWithin<T>(
  limits: BatchLimits<T>,
  scheduler: SchedulerLike = asyncScheduler,
): OperatorFunction<T, readonly T[]> {
  return (source) =>
    new Observable((subscriber) => {
      let batch: T[] = [];
      let bytes = 0;
      let timer: Subscription | undefined;
      const flush = (): void => {
        timer?.unsubscribe();
        timer = undefined;
        if (batch.length === 0) return;
        const full = batch;
        batch = [];
        bytes = 0;
        subscriber.next(full);
      };
      const waitMs = (): number => (limits.isCalm?.() === true ? limits.withinMs / 10 : limits.withinMs);
      const due = (): void => {
        if (limits.isMore?.() === true) timer = scheduler.schedule(due, waitMs());
        else flush();
      };
      const subscription = source.subscribe({
        next: (item) => {
          let size: number;
          try {
            size = limits.sizeOf(item);
          } catch (thrown) {
            return subscriber.error(thrown);
          }
          if (batch.length > 0 && bytes + size > limits.bytes) flush();
          if (subscriber.closed) return; // who took that batch wants no more: no timer may start
          batch.push(item);
          bytes += size;
          if (batch.length >= limits.count || bytes >= limits.bytes) flush();
          else timer ??= scheduler.schedule(due, waitMs());
        },
        error: (thrown) => subscriber.error(thrown),
        complete: () => {
          flush();
          subscriber.complete();
        },
      });
      return () => {
        timer?.unsubscribe();
        subscription.unsubscribe();
      };
    });
}
