import { isTooLarge, type StreamError, toStreamError } from './errors.ts';
import type { FoundObject, Rejection } from './producer.ts';
import type { Scan } from './producer-scan.ts';
import type { StateWrite } from './state.ts';
import type { NewRecord } from './transport.ts';

/** Appends events, and then writes what is to be remembered of their objects, and what these are called. */
export type Publish = (
  records: readonly NewRecord[],
  writes: readonly StateWrite[],
  names: readonly StateWrite[],
) => Promise<void>;

/** Publishes what a scan has found so far. An event that is too large for the transport is rejected alone; any other fault rejects. */
export async function publishFound(
  scan: Scan,
  publish: Publish,
  reject: (rejection: Rejection) => void,
): Promise<void> {
  const records = scan.records.splice(0);
  const [writes, names] = [scan.writes.splice(0), scan.names.splice(0)];
  try {
    await publish(records, writes, names);
  } catch (thrown) {
    if (!isTooLarge(thrown)) throw thrown;
    for (const record of records) {
      const error = await refusalOf(record, publish);
      if (error === undefined) continue;
      const objectId = scan.takeBack(record, writes, names);
      reject({ objectId, error, ...(record.value !== null && { bytes: record.value }) });
    }
    await publish([], writes, names);
  }
}

async function refusalOf(record: NewRecord, publish: Publish): Promise<StreamError | undefined> {
  try {
    await publish([record], [], []);
    return undefined;
  } catch (thrown) {
    if (isTooLarge(thrown)) return thrown;
    throw thrown;
  }
}

/** The rejection of an object that does not fit its schema. */
export function unfit({ objectId }: Pick<FoundObject, 'objectId'>, thrown: unknown): Rejection {
  return { objectId, error: toStreamError(thrown, 'EVENT_INVALID', objectId) };
}
