import type { RootDatabase } from 'lmdb';
import { z } from 'zod';
import type { LogTopic } from './log.ts';
import { emptyGroup, type GroupState, groupShape } from './group-state.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { openDatabase } from '../../platform/lmdb.ts';
import { getSealed, putSealed, readingPages, type Sealed, unseal } from './sealed.ts';

const namesShape = z.array(z.string());
const offsetShape = z.number();

/** Consumer groups in LMDB: members and holders of partitions, and committed offsets. */
export class Groups {
  readonly #database: Sealed;

  constructor(environment: RootDatabase<string, Buffer>) {
    this.#database = openDatabase(environment, {
      name: 'groups',
      encoding: 'string',
      keyEncoding: 'ordered-binary',
    });
  }

  /** Names of the groups that a topic has or had. */
  names(topic: LogTopic): readonly string[] {
    return namesShape.parse(getSealed(this.#database, ['names', topic.id]) ?? []);
  }

  /** A group as it is stored, for comparing; undefined before its first member. */
  text(topic: LogTopic, group: string): string | undefined {
    return readingPages(() => this.#database.get(['group', topic.id, group]));
  }

  /** What {@link text} says. */
  parse(text: string | undefined, topic: LogTopic, group: string): GroupState {
    if (text === undefined) return emptyGroup(topic.partitions);
    return groupShape.parse(unseal(text, ['group', topic.id, group]));
  }

  /** The state of a group. */
  read(topic: LogTopic, group: string): GroupState {
    return this.parse(this.text(topic, group), topic, group);
  }

  /** Stores the state of a group; called within a transaction. */
  write(topic: LogTopic, group: string, state: GroupState): void {
    const names = this.names(topic);
    if (!names.includes(group)) putSealed(this.#database, ['names', topic.id], [...names, group]);
    putSealed(this.#database, ['group', topic.id, group], state);
  }

  /**
   * Where a group goes on in a partition that holds offsets from `earliest` up to `next`: its committed offset, or the earliest.
   * Throws TRANSPORT_DAMAGED for an offset that the log does not have yet.
   */
  position(
    topic: LogTopic,
    group: string,
    partition: number,
    { earliest, next }: { readonly earliest: number; readonly next: number },
  ): number {
    const position = Math.max(this.committed(topic, group, partition) ?? earliest, earliest);
    if (position <= next) return position;
    throw new StreamError(
      'TRANSPORT_DAMAGED',
      `The group ${group} has committed offset ${position} of ${topic.name}-${partition}, which ends at ${next}.`,
      { advice: 'The log is older than its offsets: restore both together, or start with a new folder.' },
    );
  }

  /** The committed offset of a partition; undefined where there is none. */
  committed(topic: LogTopic, group: string, partition: number): number | undefined {
    const found = getSealed(this.#database, ['committed', topic.id, group, partition]);
    return found === undefined ? undefined : offsetShape.parse(found);
  }

  /** Commits an offset, which never falls; called within a transaction. */
  commit(topic: LogTopic, group: string, partition: number, offset: number): void {
    const before = this.committed(topic, group, partition);
    if (before !== undefined && before >= offset) return;
    putSealed(this.#database, ['committed', topic.id, group, partition], offset);
  }

  /** Sets the committed offset, also to a lower one; called within a transaction. */
  reset(topic: LogTopic, group: string, partition: number, offset: number): void {
    const names = this.names(topic);
    if (!names.includes(group)) putSealed(this.#database, ['names', topic.id], [...names, group]);
    putSealed(this.#database, ['committed', topic.id, group, partition], offset);
  }

  /** Removes a group and its offsets; called within a transaction. */
  forget(topic: LogTopic, group: string): void {
    const names = this.names(topic).filter((name) => name !== group);
    putSealed(this.#database, ['names', topic.id], names);
    this.#database.removeSync(['group', topic.id, group]);
    for (let partition = 0; partition < topic.partitions; partition += 1) {
      this.#database.removeSync(['committed', topic.id, group, partition]);
    }
  }

  /** The lowest offset that a group has still to read of a partition; undefined where there is no group. */
  lowestCommitted(topic: LogTopic, partition: number): number | undefined {
    const offsets = this.names(topic).map((group) => this.committed(topic, group, partition) ?? 0);
    return offsets.length === 0 ? undefined : Math.min(...offsets);
  }
}
