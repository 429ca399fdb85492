import { randomUUID } from 'node:crypto';
import { coalesce, type CoalescedRoot } from '../../pipeline/coalesce.ts';
import { saidOf } from './applied-before.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { Precedence } from '../../pipeline/precedence.ts';
import type { SinkHost } from '../../pipeline/sink-component.ts';
import type { Delivery, Outcome, Sink } from '../../pipeline/sink.ts';
import type { StateWrite } from '../../pipeline/state.ts';
import { TypeModel } from '../../pipeline/type-model.ts';
import type { EntityRef } from '../../schemas/types.ts';
import { declareTypes } from '../../pipeline/typedef-plan.ts';
import { entityProblems } from '../../pipeline/what-if.ts';
import {
  type Applied,
  appliedWrite,
  deletedBy,
  droppedChildren,
  readApplied,
  renamedRecord,
  speakersOf,
} from './applied.ts';
import { mayHaveCome, overtakenIn, withOvertaken } from './begun.ts';
import { confirmed, hasSaid, unchangedBy } from './decision.ts';
import { entitiesToTell } from './hook-entities.ts';
import {
  deleteNotification,
  hookMessages,
  type HookNotification,
  renameNotification,
  writeNotification,
} from './hook-messages.ts';
import { newName } from './new-name.ts';
import { counted } from './outcomes.ts';
import { findFormer, type FormerRoot, renameOf, renameWrites, stalePairs, staleTargets } from './renames.ts';
import { type Item, planRoot, type RootWrite } from './unit.ts';
import { type Whereabouts, whereabouts } from './whereabouts.ts';

/** Messages of one key: they keep their order. */
export interface HookRecord {
  readonly key: string;
  readonly value: string;
}

/** The topic that Atlas listens to. */
export interface HookTopic {
  /** Connects, and looks whether the topic is there. */
  open(): Promise<void>;
  /** Resolves once all are durable. Rejects with a StreamError. */
  send(records: readonly HookRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** What a {@link HookSink} is made with. */
export interface HookSinkOptions {
  readonly topic: HookTopic;
  /** Whom Atlas calls the author. */
  readonly user: string;
  readonly host: Pick<SinkHost, 'state' | 'types' | 'producers' | 'precedence' | 'clock' | 'force'>;
}

/** What is to be told of one root, and what is known of it then. */
interface Told {
  readonly notifications: readonly HookNotification[];
  readonly after: Applied | undefined;
  readonly outcomes: ReadonlyMap<number, Outcome>;
  /** What is to be remembered of former names. */
  readonly writes?: readonly StateWrite[];
}

/**
 * Tells Atlas by its hooks' topic, where its REST interface cannot be reached. Nobody answers there: what is told counts as applied once it
 * is durable, and what Atlas refuses is in Atlas's own log. So what can be known to be wrong is held back here.
 */
export class HookSink implements Sink {
  readonly #options: HookSinkOptions;
  readonly #types: TypeModel;
  readonly #precedence: Precedence;

  /** Throws TYPE_CONFLICT when producers disagree about a type. */
  constructor(options: HookSinkOptions) {
    this.#options = options;
    this.#types = new TypeModel(declareTypes(options.host.types));
    const { producers, precedence = { producers: [...producers], attributes: {} } } = options.host;
    this.#precedence = new Precedence(precedence);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#options.topic.open();
  }

  async deliver(batch: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]> {
    signal.throwIfAborted();
    const { host, topic } = this.#options;
    const force = host.force === true ? { replayed: 'part' as const } : {};
    const items = batch.map((delivery, index) => ({ ...force, ...delivery, index }));
    const records = new Map<string, Applied | undefined>();
    for (const { change } of items) records.set(refKey(change), await readApplied(host.state, change));
    const roots: { readonly root: CoalescedRoot<Item>; readonly told: Told }[] = [];
    for (const left of coalesce<Item>(items, (root) => saidOf(records.get(refKey(root))))) {
      const record = records.get(refKey(left));
      const is = await this.#whereabouts(left, record);
      const root = is === 'back' ? { ...left, deletion: undefined } : left; // it has never left
      const waiting = await this.#waiting(root, typeof is === 'object' ? is : undefined);
      const told = waiting ?? this.#tell(root, record, await this.#former(root, record));
      roots.push({ root, told });
    }
    try {
      await topic.send(
        roots.flatMap(({ root, told }) => this.#records(root.qualifiedName, told.notifications)),
      );
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof StreamError) || !thrown.retryable) throw thrown;
      return batch.map(() => ({ kind: 'retry', error: thrown }));
    }
    const writes = roots.flatMap(({ root, told }) =>
      told.after === undefined ? [] : [appliedWrite(root, told.after), ...(told.writes ?? [])],
    );
    if (writes.length > 0) await host.state.write(writes);
    const outcomes = new Map(roots.flatMap(({ told }) => [...told.outcomes]));
    return items.map(({ index }) => outcomes.get(index) ?? { kind: 'superseded' });
  }

  async close(): Promise<void> {
    await this.#options.topic.close();
  }

  #records(key: string, notifications: readonly HookNotification[]): readonly HookRecord[] {
    const { user, host } = this.#options;
    return notifications.flatMap((notification) =>
      hookMessages(notification, { id: `${randomUUID()}_0`, user, now: host.clock.now() }).map((value) => ({
        key,
        value,
      })),
    );
  }

  /** What was told of a root under its former name, or of parts of it. */
  async #former(root: CoalescedRoot<Item>, record: Applied | undefined): Promise<FormerRoot | undefined> {
    const [item] = root.upserts;
    if (item?.change.renamed === undefined || root.upserts.length > 1) return undefined;
    const before = root.deletion === undefined ? record : undefined;
    return findFormer(this.#options.host.state, item.change, before);
  }

  /** What has become of what was renamed: its deletion goes by that. */
  async #whereabouts(
    { deletion }: CoalescedRoot<Item>,
    record: Applied | undefined,
  ): Promise<Whereabouts | undefined> {
    const pair = deletion && newName(deletion.change);
    if (pair === undefined || record?.deleted !== false) return undefined; // nothing of it was told
    return whereabouts(this.#options.host.state, pair, deletion?.change);
  }

  /** What was renamed goes, and what is tied to it by its old name is told again, only once it was told of by its new one. */
  async #waiting(
    { deletion, upserts }: CoalescedRoot<Item>,
    leaving: EntityRef | undefined,
  ): Promise<Told | undefined> {
    const items = deletion === undefined ? upserts : [deletion, ...upserts];
    if (items.some(({ hasWaited }) => hasWaited === true)) return undefined;
    const pairs = upserts.flatMap(({ change }) => stalePairs(change));
    const stale = await Promise.all(pairs.map((pair) => whereabouts(this.#options.host.state, pair)));
    const now = [leaving, ...stale].find((one) => typeof one === 'object');
    if (now === undefined) return undefined;
    const wanted = { refs: [now], types: [] };
    const error = new StreamError('CATALOG_MISSING_REFERENT', `${now.qualifiedName} was not told of yet.`);
    const waits: Outcome = { kind: 'missing', error, wanted };
    return {
      notifications: [],
      after: undefined,
      outcomes: new Map(items.map(({ index }) => [index, waits])),
    };
  }

  #tell(root: CoalescedRoot<Item>, record: Applied | undefined, former: FormerRoot | undefined): Told {
    const { user } = this.#options;
    const outcomes = new Map<number, Outcome>();
    const notifications: HookNotification[] = [];
    const writes: StateWrite[] = [];
    let after = record;
    if (root.deletion !== undefined) {
      const deleted = entitiesOf(record);
      if (mayBeThere(record, root)) notifications.push(deleteNotification(user, [root]));
      after = deletedBy(root.deletion);
      outcomes.set(root.deletion.index, counted({ created: 0, updated: 0, unchanged: 0, deleted }));
    }
    const overtaken = overtakenIn(root, record);
    const open: Item[] = [];
    for (const item of root.upserts) {
      if (overtaken.length > 0 || isNews(after, item, root)) open.push(item);
      else {
        after = after && (confirmed(after, item) ?? after);
        outcomes.set(item.index, unchangedBy(item.change));
      }
    }
    const [first, ...rest] = open;
    if (first !== undefined) {
      try {
        const written = this.#write(root, [first, ...rest], { before: after, former, overtaken });
        writes.push(...(written.writes ?? []));
        notifications.push(...written.notifications);
        after = written.after;
        for (const [index, outcome] of written.outcomes) outcomes.set(index, outcome);
      } catch (thrown) {
        if (!(thrown instanceof StreamError)) throw thrown;
        for (const { index } of open) outcomes.set(index, { kind: 'rejected', error: thrown });
      }
    }
    return { notifications, after: after === record ? undefined : after, outcomes, writes };
  }

  #write(
    root: CoalescedRoot<Item>,
    items: readonly [Item, ...Item[]],
    known: {
      readonly before: Applied | undefined;
      readonly former: FormerRoot | undefined;
      readonly overtaken: readonly Item[];
    },
  ): Told {
    const { user } = this.#options;
    const context = { types: this.#types, precedence: this.#precedence };
    const rename = known.former && renameOf(known.former, root, known.before);
    const record = known.former ? renamedRecord(known.former.record, known.former.names) : known.before;
    const isNew = record === undefined || record.deleted;
    const before = withOvertaken(record, known.overtaken, this.#types);
    const plan = { before, replayed: root.replayed, ...(rename === undefined ? {} : { rename }) };
    const planned = planRoot(root, items, plan, context);
    this.#guard(planned);
    const entities = entitiesToTell(planned, isNew);
    const dropped = droppedChildren(before, planned.after(), isNew);
    const notifications = [
      ...[...(rename?.formers ?? [])].map(([now, old]) =>
        renameNotification(user, old, { ...old, qualifiedName: now.slice(old.typeName.length + 1) }),
      ),
      ...(entities.length === 0 ? [] : [writeNotification(user, entities, isNew)]),
      ...(dropped.length === 0 ? [] : [deleteNotification(user, dropped)]),
    ];
    const outcomes = items.map(({ index, change }, at): [number, Outcome] => {
      const size = change.entities.length;
      const deleted = at === 0 ? dropped.length : 0;
      return [
        index,
        counted({ created: isNew ? size : 0, updated: isNew ? 0 : size, unchanged: 0, deleted }),
      ];
    });
    const writes = rename === undefined ? [] : renameWrites(rename);
    return { notifications, after: planned.after(), outcomes: new Map(outcomes), writes };
  }

  /** Nobody would say that it was refused. Throws CATALOG_BAD_ENTITY. */
  #guard({ writes }: RootWrite): void {
    for (const { body } of writes) {
      const problem = entityProblems(body, this.#types).find(
        ({ kind }) => kind === 'wrong-kind' || kind === 'missing-required',
      );
      if (problem !== undefined)
        throw new StreamError(
          'CATALOG_BAD_ENTITY',
          `${problem.detail} (${problem.qualifiedName}; not sent.)`,
        );
    }
  }
}

function isNews(record: Applied | undefined, { change }: Item, { replayed }: CoalescedRoot<Item>): boolean {
  if (staleTargets(change).size > 0) return true;
  return record === undefined || replayed !== undefined || !hasSaid(record, change);
}

/** Whether Atlas may have a root that is deleted. */
function mayBeThere(record: Applied | undefined, { superseded }: CoalescedRoot<Item>): boolean {
  return record === undefined || entitiesOf(record) > 0 || mayHaveCome(record, superseded).length > 0;
}

function entitiesOf(record: Applied | undefined): number {
  return Math.max(0, ...speakersOf(record).map(({ entities }) => entities));
}
