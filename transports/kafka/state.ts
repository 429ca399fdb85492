import { StreamError } from '../../pipeline/errors.ts';
import type { StateStore, StateWrite } from '../../pipeline/state.ts';
import type { NewRecord } from '../../pipeline/transport.ts';
import type { Shared } from './shared.ts';

/** The records that keep writes of the state. Throws when a value is not JSON or a key is empty. */
export function stateRecords(writes: readonly StateWrite[]): readonly NewRecord[] {
  return writes.map(({ key, value }) => {
    if (key === '') throw new StreamError('STATE_UNAVAILABLE', 'A key of the state store must not be empty.');
    return { key, value: value === undefined ? null : Buffer.from(JSON.stringify(value)), headers: {} };
  });
}

/** What the state is made with. */
export interface StateHost {
  readonly shared: Shared;
  readonly isClosed: () => boolean;
  /** Appends in a transaction of this process: all or nothing, however much it is. */
  readonly writeTogether: (records: readonly NewRecord[]) => Promise<void>;
  /** Bytes that one batch may have. */
  readonly batchBytes: number;
}

/**
 * The state in a compacted topic, which every process reads whole. What was written is durable, and seen by this process, when the write
 * resolves; other processes see it a moment later, and whoever takes over a partition sees all of it first.
 */
export function createState({ shared, isClosed, writeTogether, batchBytes }: StateHost): StateStore {
  let isOver = false;
  const refuse = (): void => {
    if (isOver || isClosed())
      throw new StreamError('STATE_UNAVAILABLE', 'The state was used after it had been closed.');
  };
  return {
    get: async (key) => {
      refuse();
      return (await shared.loaded('state')).getState(key);
    },
    write: async (writes) => {
      refuse();
      const records = stateRecords(writes);
      if (records.length === 0) return;
      const bytes = records.reduce(
        (sum, { key, value }) => sum + key.length * 3 + (value?.length ?? 0) + 32,
        0,
      );
      if (bytes > batchBytes) return writeTogether(records);
      const places = await shared.producer.append(shared.topicRecords('state', records));
      await shared.log('state').waitFor((places.at(-1)?.offset ?? -1) + 1);
    },
    scan: async function* scan(prefix) {
      refuse();
      yield* (await shared.loaded('state')).scanStates(prefix);
    },
    close: async () => {
      isOver = true;
    },
  };
}
