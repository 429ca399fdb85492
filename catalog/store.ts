/** The catalogue on disk: one LMDB environment. Everything that a request changes is written in one transaction. */
import { createHash } from 'node:crypto';
import type { Database, Key, RootDatabase } from 'lmdb';
import { closeLmdb, openDatabase, openLmdb, transact } from '../platform/lmdb.ts';
import type { StoredAudit, StoredEdge, StoredEntity } from './model.ts';
import type { StoredTypeDef } from './types/stored-type.ts';

/** All changes of one request. */
export interface ChangeSet {
  readonly types: ReadonlyMap<string, StoredTypeDef | undefined>;
  readonly entities: ReadonlyMap<string, StoredEntity | undefined>;
  readonly edges: ReadonlyMap<string, StoredEdge | undefined>;
  /** Lists of guids by the key of {@link uniqueKey}; an empty list removes the key. */
  readonly unique: ReadonlyMap<string, readonly string[]>;
  /** What was done, by guid. */
  readonly audit: readonly (readonly [guid: string, event: StoredAudit])[];
  readonly nextSeq: number;
}

/** How many records a store holds. */
export interface StoreCounts {
  readonly types: number;
  readonly entities: number;
  readonly relationships: number;
}

/** The key of a unique attribute's value: hashed, because a qualifiedName may be longer than LMDB's longest key. */
export function uniqueKey(attribute: string, value: string): string {
  return createHash('sha256').update(`${attribute}\u0000${value}`).digest('base64url');
}

/** Reads, and whole-request writes. All calls are synchronous, so one request is never between two reads of another. */
export class CatalogStore {
  readonly #root: RootDatabase<string, Buffer>;
  readonly #types: Database<StoredTypeDef, string>;
  readonly #entities: Database<StoredEntity, string>;
  readonly #edges: Database<StoredEdge, string>;
  readonly #adjacency: Database<string, [string, number]>;
  readonly #byType: Database<string, [string, number]>;
  readonly #unique: Database<string[], string>;
  readonly #audit: Database<StoredAudit, [string, number]>;
  readonly #meta: Database<number, string>;

  /** @throws StreamError STATE_UNAVAILABLE when the folder cannot be opened */
  constructor(path: string) {
    this.#root = openLmdb({
      folder: path,
      code: 'STATE_UNAVAILABLE',
      advice:
        'Move the folder of the catalogue away and start again: the next `run` finds an empty one, and writes everything to it.',
      maxDatabases: 8,
    });
    const database = <V, K extends Key>(name: string): Database<V, K> =>
      openDatabase(this.#root, { name, encoding: 'json' });
    this.#types = database('types');
    this.#entities = database('entities');
    this.#edges = database('edges');
    this.#adjacency = database('adjacency');
    this.#byType = database('by-type');
    this.#unique = database('unique');
    this.#audit = database('audit');
    this.#meta = database('meta');
  }

  /** The next number of {@link StoredEntity.seq} and {@link StoredEdge.seq}. */
  nextSeq(): number {
    return this.#meta.get('nextSeq') ?? 1;
  }

  /** Every type definition, in order of creation. */
  types(): StoredTypeDef[] {
    const all = [...this.#types.getRange()].map((entry) => entry.value);
    return all.sort((a, b) => a.seq - b.seq);
  }

  /** One entity, or undefined. */
  entity(guid: string): StoredEntity | undefined {
    return this.#entities.get(guid);
  }

  /** One relationship, or undefined. */
  edge(guid: string): StoredEdge | undefined {
    return this.#edges.get(guid);
  }

  /** The guids of the relationships of an entity, oldest first. */
  edgeGuids(entityGuid: string): string[] {
    return [...this.#adjacency.getRange({ start: [entityGuid, 0], end: [entityGuid, Infinity] })].map(
      (entry) => entry.value,
    );
  }

  /** The guids of live entities that have a value of a unique attribute, whatever their type. */
  byUnique(key: string): readonly string[] {
    return this.#unique.get(key) ?? [];
  }

  /** The guids of the entities of exactly this type, oldest first (or newest first), live and deleted. */
  *ofType(typeName: string, newestFirst = false): Generator<string> {
    const low: [string, number] = [typeName, 0];
    const high: [string, number] = [typeName, Infinity];
    const range = newestFirst ? { start: high, end: low, reverse: true } : { start: low, end: high };
    for (const entry of this.#byType.getRange(range)) yield entry.value;
  }

  /** What was done to an entity, oldest first. */
  *auditOf(guid: string): Generator<StoredAudit> {
    const range = { start: [guid, 0], end: [guid, Infinity] } satisfies Record<string, [string, number]>;
    for (const { value } of this.#audit.getRange(range)) yield value;
  }

  /** Whether any entity of exactly this type exists, live or deleted. */
  hasInstances(typeName: string): boolean {
    return this.ofType(typeName).next().done !== true;
  }

  /** The number of entities of exactly this type, live and deleted. */
  countOfType(typeName: string): number {
    return this.#byType.getCount({ start: [typeName, 0], end: [typeName, Infinity] });
  }

  /** The number of records of each kind, deleted ones included. */
  counts(): StoreCounts {
    return {
      types: this.#types.getCount(),
      entities: this.#entities.getCount(),
      relationships: this.#edges.getCount(),
    };
  }

  /** Writes all changes of a request, or none of them. */
  commit(changes: ChangeSet): void {
    transact(this.#root, () => this.#write(changes));
  }

  #write(changes: ChangeSet): void {
    for (const [name, def] of changes.types) {
      if (def === undefined) this.#types.removeSync(name);
      else this.#types.putSync(name, def);
    }
    for (const [guid, entity] of changes.entities) this.#writeEntity(guid, entity);
    for (const [guid, edge] of changes.edges) this.#writeEdge(guid, edge);
    for (const [key, guids] of changes.unique) {
      if (guids.length === 0) this.#unique.removeSync(key);
      else this.#unique.putSync(key, [...guids]);
    }
    for (const [guid, event] of changes.audit) this.#audit.putSync([guid, event.seq], event);
    this.#meta.putSync('nextSeq', changes.nextSeq);
  }

  #writeEntity(guid: string, entity: StoredEntity | undefined): void {
    if (entity !== undefined) {
      this.#entities.putSync(guid, entity);
      this.#byType.putSync([entity.typeName, entity.seq], guid);
      return;
    }
    const old = this.#entities.get(guid);
    if (old === undefined) return;
    this.#byType.removeSync([old.typeName, old.seq]);
    this.#entities.removeSync(guid);
  }

  #writeEdge(guid: string, edge: StoredEdge | undefined): void {
    const known = this.#edges.get(guid);
    if (edge !== undefined) {
      this.#edges.putSync(guid, edge);
      if (known !== undefined) return;
      this.#adjacency.putSync([edge.end1, edge.seq], guid);
      this.#adjacency.putSync([edge.end2, edge.seq], guid);
      return;
    }
    if (known === undefined) return;
    this.#adjacency.removeSync([known.end1, known.seq]);
    this.#adjacency.removeSync([known.end2, known.seq]);
    this.#edges.removeSync(guid);
  }

  /** Flushes and closes. */
  async close(): Promise<void> {
    await closeLmdb(this.#root);
  }
}
