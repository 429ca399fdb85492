/** A producer that follows its source as `run` would, with its events in memory, and what they come to. */

import type { Producer } from '../../pipeline/producer.ts';
import { followChanges } from '../../pipeline/producer-loop.ts';
import { ProducerRunner } from '../../pipeline/producer-runner.ts';
import type { StateStore } from '../../pipeline/state.ts';
import { createTelemetry, type TelemetryEvents } from '../../pipeline/telemetry.ts';
import { topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { createMemoryState } from '../../platform/memory-state.ts';
import { decodeEvent } from '../../schemas/codec.ts';
import type { ObjectEventType, RawEvent, TypedEvent } from '../../schemas/types.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { scanAll } from '../contracts/producer.ts';

/** What a source says, by `type objectId`, without positions. */
export type Said = Readonly<Record<string, unknown>>;

/** A producer with its runner. */
export interface Follower {
  readonly transport: Transport;
  readonly state: StateStore;
  readonly scans: TelemetryEvents['scanCompleted'][];
  /** Changes that had anything in them. */
  readonly changes: TelemetryEvents['changeCompleted'][];
  readonly ways: string[];
  /** What the events come to: of each object the newest counts, and a removal takes it away. */
  said(): Promise<Said>;
  /** Ends as a killed process does: whatever was under way is lost. */
  stop(): Promise<void>;
}

/** What can be given to a follower. */
export interface FollowOptions {
  /** Goes on from what another one left. */
  readonly from?: Pick<Follower, 'transport' | 'state'>;
  /** Stands between the runner and its topics. */
  readonly through?: (transport: Transport) => Transport;
}

/** Topics of a process that ends, once `begin` was called, before what it appends is durable. */
export function dyingBeforeAppend(): {
  readonly through: (transport: Transport) => Transport;
  readonly begin: () => void;
  readonly wasReached: () => boolean;
} {
  let isDying = false;
  let wasReached = false;
  return {
    through: (transport) => ({
      ...transport,
      append: (topic, records) => {
        if (!isDying) return transport.append(topic, records);
        wasReached = true;
        return new Promise(() => undefined); // the process ended here
      },
    }),
    begin: () => {
      isDying = true;
    },
    wasReached: () => wasReached,
  };
}

/** Scans once and then follows changes until `stop`, which closes the producer. */
export async function followProducer(
  producer: Producer,
  { from, through = (transport) => transport }: FollowOptions = {},
): Promise<Follower> {
  const transport = from?.transport ?? createMemoryTransport();
  const state = from?.state ?? createMemoryState();
  await transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
  const telemetry = createTelemetry();
  const scans: TelemetryEvents['scanCompleted'][] = [];
  const changes: TelemetryEvents['changeCompleted'][] = [];
  const ways: string[] = [];
  telemetry.on('scanCompleted', (event) => scans.push(event));
  telemetry.on('changeCompleted', (event) => {
    if (event.objects + event.removed > 0) changes.push(event);
  });
  telemetry.on('following', ({ how }) => ways.push(how));
  const now = (): Date => new Date();
  const runner = new ProducerRunner({
    name: 'p',
    producer,
    transport: through(transport),
    state,
    telemetry,
    now,
  });
  const end = new AbortController();
  await runner.scan(end.signal, true);
  const following = followChanges({ name: 'p', producer, runner, telemetry, retryDelayMs: 20 }, end.signal);
  return {
    transport,
    state,
    scans,
    changes,
    ways,
    said: () => saidOf(transport),
    stop: async () => {
      end.abort();
      await following;
      await producer.close();
    },
  };
}

async function saidOf(transport: Transport): Promise<Said> {
  const newest = new Map<string, { readonly sequence: number; readonly value: unknown }>();
  for await (const record of transport.read(topics.raw, 0, 0)) {
    const event = decodeEvent(record.value ?? new Uint8Array()) as RawEvent;
    if (event.type === 'scan-started' || event.type === 'scan-completed') continue;
    const removed = event.type === 'removal';
    const key = `${removed ? event.value.removedType : event.type} ${decodeURIComponent(event.value.objectId)}`;
    const { sequence } = event.value.position;
    if (sequence < (newest.get(key)?.sequence ?? -1)) continue;
    newest.set(key, { sequence, value: removed ? undefined : plain(event) });
  }
  return sorted(
    [...newest].filter(([, { value }]) => value !== undefined).map(([key, { value }]) => [key, value]),
  );
}

/** By objectId: what an object that was published last was called before, or the names of what a removed one has become. */
export async function toldNames(transport: Transport): Promise<ReadonlyMap<string, unknown>> {
  const told = new Map<string, unknown>();
  for await (const record of transport.read(topics.raw, 0, 0)) {
    const { type, value } = decodeEvent(record.value ?? new Uint8Array()) as RawEvent;
    if (type === 'database-object') told.set(value.objectId, value.formerly);
    if (type === 'removal')
      told.set(
        value.objectId,
        value.becomes?.map(({ name }) => name),
      );
  }
  return told;
}

/** What a whole scan says now: what any way of following has to come to. Closes the producer. */
export async function saidByScan(producer: Producer): Promise<Said> {
  try {
    const { objects } = await scanAll(producer);
    return sorted(
      objects.map(({ type, objectId, value }) => [
        `${type} ${decodeURIComponent(objectId)}`,
        JSON.parse(JSON.stringify(value)) as unknown,
      ]),
    );
  } finally {
    await producer.close();
  }
}

function plain(event: TypedEvent<ObjectEventType>): unknown {
  const { producer: _producer, objectId: _objectId, position: _position, ...value } = event.value;
  // What it was called before is a matter of its history: a scan of today knows nothing of it.
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) => (key === 'formerly' ? undefined : one)),
  ) as unknown;
}

function sorted(entries: readonly (readonly [string, unknown])[]): Said {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
