import { Observable } from 'rxjs';
import type { Assignment, StoredRecord } from '../transport.ts';
import type { Credits } from './credits.ts';

/**
 * The records of an assignment as an Observable that pulls only what it has credits for. It completes when the
 * partition is to be given up or `stop` fires (drain); unsubscribing stops the pull as well. `onPulled` sees each batch before its
 * records are emitted. (RxJS's own `from(asyncIterable)` has no back-pressure.)
 */
export function gated(
  assignment: Assignment,
  credits: Credits,
  options: { readonly stop: AbortSignal; readonly onPulled: (records: readonly StoredRecord[]) => void },
): Observable<StoredRecord> {
  return new Observable((subscriber) => {
    const unsubscribed = new AbortController();
    const signal = AbortSignal.any([options.stop, unsubscribed.signal]);
    const waiting = AbortSignal.any([signal, assignment.revoking]);
    const pump = async (): Promise<void> => {
      for (;;) {
        const limit = await credits.available(waiting);
        if (limit === undefined) return;
        const records = await assignment.pull(limit, signal);
        if (records.length === 0) return;
        credits.take(records.length, sizeOf(records));
        options.onPulled(records);
        for (const record of records) subscriber.next(record);
      }
    };
    pump().then(
      () => subscriber.complete(),
      (thrown: unknown) => subscriber.error(thrown),
    );
    return () => unsubscribed.abort();
  });
}

/** Bytes of a record that its credit is for. */
export function recordBytes(record: StoredRecord): number {
  return record.value?.length ?? 0;
}

function sizeOf(records: readonly StoredRecord[]): number {
  return records.reduce((sum, record) => sum + recordBytes(record), 0);
}
