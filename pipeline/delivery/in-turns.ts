import { setImmediate as turn } from 'node:timers/promises';
import { Observable, type OperatorFunction } from 'rxjs';

/**
 * Hands items to asynchronous work, one turn at a time: a turn takes what has arrived while the one before was at work, `atMost`
 * at a time. Emits what the work resolves with, in order; errors with what it rejects with. Completes after the last turn.
 */
export function inTurns<T, R>(
  work: (items: readonly T[]) => Promise<readonly R[]>,
  atMost: number,
): OperatorFunction<T, R> {
  return (source) =>
    new Observable((subscriber) => {
      const waiting: T[] = [];
      let isWorking = false;
      let isComplete = false;
      const take = async (): Promise<void> => {
        await Promise.resolve(); // what arrives at once goes together
        while (waiting.length > 0 && !subscriber.closed) {
          for (const result of await work(waiting.splice(0, atMost))) subscriber.next(result);
          await turn(); // work that never waits must not keep others from their turn
        }
      };
      const begin = (): void => {
        if (isWorking) return;
        isWorking = true;
        take().then(
          () => {
            isWorking = false;
            if (waiting.length > 0) begin();
            else if (isComplete) subscriber.complete();
          },
          (thrown: unknown) => subscriber.error(thrown),
        );
      };
      return source.subscribe({
        next: (item) => {
          waiting.push(item);
          begin();
        },
        error: (thrown) => subscriber.error(thrown),
        complete: () => {
          isComplete = true;
          if (!isWorking) subscriber.complete();
        },
      });
    });
}
