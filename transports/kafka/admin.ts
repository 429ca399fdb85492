import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { StreamError } from '../../pipeline/errors.ts';
import { refuseActive, settableOffset } from '../../pipeline/group-offsets.ts';
import type { Retention, TopicSpec, TransportAdmin } from '../../pipeline/transport.ts';
import type { KafkaClient } from './client.ts';
import { faultOf, isPassing } from './faults.ts';
import { answerOf, commitOffsets, ends, listOffsets } from './offsets.ts';
import { type Shared, stateTopics } from './shared.ts';
import { topicId } from './topic-id.ts';

/** Bytes that a batch may have: what comes of an event may be larger than the event, and a dead letter is. */
const messageBytes = 16 * 1024 ** 2;
const weekMs = 7 * 24 * 3600 * 1000;
const ownTopics: ReadonlySet<string> = new Set(Object.values(stateTopics));

/** The topics of state: of each key the last record stays. */
export const stateSpecs: readonly TopicSpec[] = Object.values(stateTopics).map((name) => ({
  name,
  partitions: 1,
  retention: { compact: { tombstoneMs: weekMs } },
}));

/** Settings of a topic of Kafka that keep what is to be kept. */
export function topicSettings({ ms, bytes, compact }: Retention = {}): Readonly<Record<string, string>> {
  const policies = [
    ...(compact === undefined ? [] : ['compact']),
    ...(ms === undefined && bytes === undefined && compact !== undefined ? [] : ['delete']),
  ];
  return {
    'cleanup.policy': policies.join(','),
    'retention.ms': String(ms ?? -1),
    'retention.bytes': String(bytes ?? -1),
    'max.message.bytes': String(messageBytes),
    // The broker's clock: Kafka 4 refuses what comes from one that is an hour ahead (message.timestamp.after.max.ms).
    'message.timestamp.type': 'LogAppendTime',
    ...(compact === undefined ? {} : { 'delete.retention.ms': String(compact.tombstoneMs) }),
  };
}

/** Does some work with the client's admin part; passing faults are waited out for a while. The work may be done twice. */
export async function withAdmin<T>(
  { kafka, patienceMs }: KafkaClient,
  what: string,
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  for (const until = Date.now() + patienceMs; ; ) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (thrown) {
      if (!isPassing(thrown) || Date.now() > until) throw faultOf(thrown, what);
    } finally {
      await admin.disconnect();
    }
    await delay(200);
  }
}

/** Creates the topics that are missing, and those of state. Rejects with CONFIG_INVALID for one without partitions, and with TOPIC_UNKNOWN where `creates` is false. */
export async function ensureTopics(
  client: KafkaClient,
  shared: Shared,
  topics: readonly TopicSpec[],
  { creates }: { readonly creates: boolean },
): Promise<void> {
  const missing: TopicSpec[] = [];
  for (const spec of [...stateSpecs, ...topics]) if (!(await isThere(shared, spec.name))) missing.push(spec);
  for (const { name, partitions } of missing)
    if (!Number.isInteger(partitions) || partitions < 1)
      throw new StreamError('CONFIG_INVALID', `The topic ${name} cannot have ${partitions} partitions.`);
  if (missing.length === 0) return;
  if (!creates)
    throw new StreamError(
      'TOPIC_UNKNOWN',
      `There is no ${missing.map(({ name, partitions }) => `${shared.wire(name)} (${partitions} partitions)`).join(', ')}.`,
      { advice: 'Make them where the service has them made: docs/event-hubs.md.' },
    );
  await withAdmin(client, 'The topics cannot be created', async (admin) => {
    await admin.createTopics({
      waitForLeaders: false, // a broker may not have heard of it yet
      topics: missing.map(({ name, partitions, retention }) => ({
        topic: shared.wire(name),
        numPartitions: partitions,
        configEntries: Object.entries(topicSettings(retention)).map(([key, value]) => ({ name: key, value })),
      })),
    });
  });
  for (const { name } of missing) await appears(shared, name);
}

/** Whether the brokers know a topic, and each partition has a leader. */
async function isThere(shared: Shared, name: string): Promise<boolean> {
  try {
    await listOffsets(shared.session, shared.wire(name), { timestamp: ends.latest });
    return true;
  } catch (thrown) {
    if (thrown instanceof StreamError && thrown.code === 'TOPIC_UNKNOWN') return false;
    throw thrown;
  }
}

/** Resolves when the brokers know a topic that was created. */
async function appears(shared: Shared, name: string): Promise<void> {
  for (const until = Date.now() + shared.options.patienceMs; !(await isThere(shared, name)); ) {
    if (Date.now() > until)
      throw new StreamError('TRANSPORT_UNAVAILABLE', `The topic ${name} was created, and does not appear.`);
    await delay(20);
  }
}

/** What people do with the topics and groups of a cluster. */
export class KafkaAdmin implements TransportAdmin {
  readonly #client: KafkaClient;
  readonly #shared: Shared;
  readonly #open: () => void;

  /** `open` throws when the transport is closed. */
  constructor(client: KafkaClient, shared: Shared, open: () => void) {
    this.#client = client;
    this.#shared = shared;
    this.#open = open;
  }

  async topics(): Promise<readonly string[]> {
    this.#open();
    const names = await withAdmin(this.#client, 'The topics cannot be listed', (admin) => admin.listTopics());
    const { prefix } = this.#shared.options;
    return names
      .filter((name) => name.startsWith(prefix) && !name.startsWith('__'))
      .map((name) => name.slice(prefix.length))
      .filter((name) => !ownTopics.has(name))
      .sort();
  }

  async offsetAt(topic: string, partition: number, timestamp: number): Promise<number> {
    this.#open();
    const { session } = this.#shared;
    const wire = this.#shared.wire(topic);
    const partitions = [partition];
    const found = await listOffsets(session, wire, { partitions, timestamp });
    const offset = found.get(partition) ?? -1;
    if (offset >= 0) return offset;
    return (await listOffsets(session, wire, { partitions, timestamp: ends.latest })).get(partition) ?? 0;
  }

  async members(topic: string, group: string): Promise<number> {
    this.#open();
    const shared = this.#shared;
    await listOffsets(shared.session, shared.wire(topic), { timestamp: ends.latest }); // it must be there
    return membersOf(shared, shared.wire(topic), shared.wire(group));
  }

  async resetOffsets(topic: string, group: string, offsets: ReadonlyMap<number, number>): Promise<void> {
    refuseActive(topic, group, await this.members(topic, group));
    const settable = await this.#settable(topic, offsets);
    if (settable.size === 0) return;
    const { session } = this.#shared;
    const [groupId, wire] = [this.#shared.wire(group), this.#shared.wire(topic)];
    const id = await topicId(session, wire);
    try {
      await commitOffsets(session, { groupId, topic: wire, id, offsets: settable });
    } catch (thrown) {
      // Somebody has joined since it was asked.
      if (answerOf(thrown) !== 'UNKNOWN_MEMBER_ID') throw thrown;
      refuseActive(topic, group, 1);
    }
  }

  async #settable(topic: string, offsets: ReadonlyMap<number, number>): Promise<ReadonlyMap<number, number>> {
    const { session } = this.#shared;
    const wire = this.#shared.wire(topic);
    const [earliest, next] = await Promise.all([
      listOffsets(session, wire, { timestamp: ends.earliest }),
      listOffsets(session, wire, { timestamp: ends.latest }),
    ]);
    return new Map(
      Array.from(offsets, ([partition, offset]) => {
        const end = next.get(partition);
        if (end === undefined)
          throw new StreamError('TOPIC_UNKNOWN', `The topic ${topic} has no partition ${partition}.`);
        const of = { partition, earliest: earliest.get(partition) ?? 0, next: end };
        return [partition, settableOffset(topic, of, offset)];
      }),
    );
  }

  async forgetGroup(topic: string, group: string): Promise<void> {
    refuseActive(topic, group, await this.members(topic, group));
    const groupId = this.#shared.wire(group);
    const what = 'A group cannot be forgotten';
    try {
      await this.#shared.session.onCoordinator(what, { id: groupId, type: 0 }, (broker) =>
        broker.deleteGroups([groupId]),
      );
    } catch (thrown) {
      if (!/GROUP_ID_NOT_FOUND/.test(answersOf(thrown))) throw thrown;
    }
  }
}

/** All that a chain of errors says of itself. */
function answersOf(thrown: unknown): string {
  return thrown instanceof Error ? `${JSON.stringify(thrown)} ${answersOf(thrown.cause)}` : '';
}

/** Members of a group that are there for a topic. */
async function membersOf({ session }: Shared, topic: string, groupId: string): Promise<number> {
  const { groups } = await session.onCoordinator(
    'A group cannot be described',
    { id: groupId, type: 0 },
    (broker) => broker.describeGroups({ groupIds: [groupId] }),
  );
  return groups
    .flatMap(({ members }) => members)
    .filter(({ memberMetadata }) => {
      // While the group is shared anew, nothing is said of its members.
      if (memberMetadata.length === 0) return true;
      return kafkajs.AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics.includes(topic) === true;
    }).length;
}
