import { StreamError } from '../errors.ts';
import { schedulesTopic } from '../topics.ts';
import { takenOver } from '../producer-state.ts';
import type { FencedStateStore, StateStore } from '../state.ts';
import type { Assignment, Transport } from '../transport.ts';

/** The right to do something that one process at a time may do, on any number of machines. */
export interface Lease {
  /** Fires when the right ends: another process takes over, this one stops, the transport closes. */
  readonly signal: AbortSignal;
  /** Writes are refused with LEASE_LOST once another process has the right, however long this one was stopped in between. */
  readonly state: StateStore;
  /** Appends are refused in the same way. */
  readonly transport: Pick<Transport, 'append'>;
}

/**
 * Does work while this process has the right of that name, again whenever it gets it, until `signal` fires; other processes that ask for it
 * stand by. It is a consumer group on a topic of its own with one partition: whoever has that has the right, and every write is a transaction of its assignment, or, in a store beside
 * the transport, goes by the generation that it has taken there. Rejects with what the work rejects with, except LEASE_LOST.
 */
export async function whileLeased(
  {
    transport,
    store,
    name,
    signal,
  }: {
    readonly transport: Transport;
    /** Where the state is that the right is about. @default with the transport */
    readonly store?: FencedStateStore | undefined;
    readonly name: string;
    readonly signal: AbortSignal;
  },
  work: (lease: Lease) => Promise<void>,
): Promise<void> {
  const leaving = new AbortController();
  const stop = AbortSignal.any([signal, leaving.signal]);
  try {
    const group = leaseGroup(name);
    for await (const assignment of transport.subscribe({ topic: schedulesTopic, group, signal: stop })) {
      if (assignment.partition !== 0) {
        // Somebody has made the topic with more partitions than the one that is the right.
        giveBack(assignment);
        continue;
      }
      try {
        const lease = leaseOf(transport, assignment, AbortSignal.any([signal, assignment.revoking]));
        await work(store === undefined ? lease : { ...lease, state: takenOver(store, name) });
      } catch (thrown) {
        if (!(thrown instanceof StreamError && thrown.code === 'LEASE_LOST')) throw thrown;
      } finally {
        await assignment.release();
      }
    }
  } finally {
    leaving.abort();
  }
}

/** Name of the right to read the source of a producer, by its schedule or not. */
export function producerLease(producer: string): string {
  return `schedule.${producer}`;
}

/** The consumer group of a right. */
function leaseGroup(name: string): string {
  return `purview-streams.${name}`;
}

/** How many processes ask for a right: one of them has it, the others stand by. One that died counts until its session is over. */
export async function askersOf({ admin }: Pick<Transport, 'admin'>, name: string): Promise<number> {
  if (!(await admin.topics()).includes(schedulesTopic)) return 0;
  return admin.members(schedulesTopic, leaseGroup(name));
}

function giveBack(assignment: Assignment): void {
  const release = (): void => void assignment.release();
  if (assignment.revoking.aborted) release();
  else assignment.revoking.addEventListener('abort', release, { once: true });
}

function leaseOf(transport: Transport, assignment: Assignment, signal: AbortSignal): Lease {
  const { transactions } = transport;
  const run: typeof transactions.run = async (work) => {
    const commits = [{ assignment, offset: assignment.start }];
    if (await transactions.run({ ...work, commits })) return true;
    throw new StreamError('LEASE_LOST', `Another process has ${assignment.topic} by now.`);
  };
  return {
    signal,
    state: {
      get: (key) => transactions.state.get(key),
      scan: (prefix) => transactions.state.scan(prefix),
      write: async (writes) => void (await run({ appends: [], state: writes, commits: [] })),
      close: async () => undefined,
    },
    transport: {
      append: async (topic, records) => {
        await run({ appends: [{ topic, records }], state: [], commits: [] });
        return [];
      },
    },
  };
}
