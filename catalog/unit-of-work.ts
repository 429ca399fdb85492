/** What one request reads and changes. Nothing reaches the store before {@link UnitOfWork.commit}; a request that fails is dropped whole. */
import { randomUUID } from 'node:crypto';
import { auditOf } from './audit.ts';
import type { StoredAudit, StoredEdge, StoredEntity } from './model.ts';
import { type CatalogStore, uniqueKey } from './store.ts';
import type { TypeRegistry } from './types/registry.ts';

/** A view of the store with the changes of one request on top. */
export class UnitOfWork {
  readonly user: string;
  /** The types as they were when the request began. */
  readonly registry: TypeRegistry;
  /** The one time of this request, in milliseconds. */
  readonly now: number;
  /** How long ago something must have been written for a search to find it, in milliseconds. */
  readonly searchLagMs: number;
  /** Whether entities have what only Purview's have: contacts and a collection. */
  readonly isPurview: boolean;
  readonly #store: CatalogStore;
  readonly #entities = new Map<string, StoredEntity | undefined>();
  readonly #edges = new Map<string, StoredEdge | undefined>();
  readonly #adjacency = new Map<string, string[]>();
  /** New relationships of entities whose stored ones were not needed so far. */
  readonly #pending = new Map<string, string[]>();
  readonly #created = new Set<string>();
  readonly #newTypes = new Set<string>();
  readonly #unique = new Map<string, readonly string[]>();
  readonly #dirtyEntities = new Set<string>();
  readonly #dirtyEdges = new Set<string>();
  #nextSeq: number;

  constructor(
    store: CatalogStore,
    registry: TypeRegistry,
    by: {
      readonly user: string;
      readonly now: number;
      readonly searchLagMs?: number;
      readonly isPurview?: boolean;
    },
  ) {
    this.#store = store;
    this.registry = registry;
    this.user = by.user;
    this.now = by.now;
    this.searchLagMs = by.searchLagMs ?? 0;
    this.isPurview = by.isPurview ?? false;
    this.#nextSeq = store.nextSeq();
  }

  /** Whether a type is another one or below it. */
  isA(typeName: string, ancestor: string): boolean {
    return this.registry.isA(typeName, ancestor);
  }

  /** One entity as this request sees it. */
  entity(guid: string): StoredEntity | undefined {
    if (!this.#entities.has(guid)) this.#entities.set(guid, this.#store.entity(guid));
    return this.#entities.get(guid);
  }

  /** One relationship as this request sees it. */
  edge(guid: string): StoredEdge | undefined {
    if (!this.#edges.has(guid)) this.#edges.set(guid, this.#store.edge(guid));
    return this.#edges.get(guid);
  }

  /** The relationships of an entity, oldest first, live and deleted. */
  edgesOf(guid: string): StoredEdge[] {
    const edges: StoredEdge[] = [];
    for (const id of this.#edgeGuids(guid)) {
      const edge = this.edge(id);
      if (edge !== undefined) edges.push(edge);
    }
    return edges;
  }

  #edgeGuids(guid: string): string[] {
    let guids = this.#adjacency.get(guid);
    if (guids === undefined) {
      guids = [...this.#store.edgeGuids(guid), ...(this.#pending.get(guid) ?? [])];
      this.#adjacency.set(guid, guids);
    }
    return guids;
  }

  /** An entity may have very many relationships (a table that all jobs read): a new one does not load the others. */
  #addEdgeGuid(guid: string, edgeGuid: string): void {
    const loaded = this.#adjacency.get(guid);
    if (loaded !== undefined) loaded.push(edgeGuid);
    else this.#pending.set(guid, [...(this.#pending.get(guid) ?? []), edgeGuid]);
  }

  /** Whether there is an entity of exactly this type, live or deleted. */
  hasInstances(typeName: string): boolean {
    return this.#newTypes.has(typeName) || this.#store.hasInstances(typeName);
  }

  /** Adds an entity that is not stored yet. */
  createEntity(fields: Pick<StoredEntity, 'typeName' | 'attributes'>): StoredEntity {
    const entity: StoredEntity = {
      ...this.#audit(),
      ...fields,
      guid: randomUUID(),
      seq: this.#takeSeq(),
      status: 'ACTIVE',
      isIncomplete: false,
      customAttributes: undefined,
      businessAttributes: undefined,
      labels: [],
      classifications: [],
    };
    this.#entities.set(entity.guid, entity);
    this.#adjacency.set(entity.guid, []);
    this.#created.add(entity.guid);
    this.#newTypes.add(entity.typeName);
    this.#dirtyEntities.add(entity.guid);
    return entity;
  }

  /** Adds a relationship. */
  createEdge(
    fields: Pick<StoredEdge, 'typeName' | 'end1' | 'end2' | 'propagateTags' | 'attributes'>,
  ): StoredEdge {
    const edge: StoredEdge = {
      ...this.#audit(),
      ...fields,
      guid: randomUUID(),
      seq: this.#takeSeq(),
      status: 'ACTIVE',
    };
    this.#edges.set(edge.guid, edge);
    this.#dirtyEdges.add(edge.guid);
    this.#addEdgeGuid(edge.end1, edge.guid);
    if (edge.end2 !== edge.end1) this.#addEdgeGuid(edge.end2, edge.guid);
    return edge;
  }

  #audit(): Pick<StoredEntity, 'createdBy' | 'updatedBy' | 'createTime' | 'updateTime' | 'version'> {
    return {
      createdBy: this.user,
      updatedBy: this.user,
      createTime: this.now,
      updateTime: this.now,
      version: 0,
    };
  }

  #takeSeq(): number {
    this.#nextSeq += 1;
    return this.#nextSeq - 1;
  }

  /** Marks an entity whose fields were changed. */
  touchEntity(entity: StoredEntity): void {
    entity.updateTime = this.now;
    entity.updatedBy = this.user;
    this.#dirtyEntities.add(entity.guid);
  }

  /** Marks a relationship whose fields were changed. */
  touchEdge(edge: StoredEdge): void {
    edge.updateTime = this.now;
    edge.updatedBy = this.user;
    this.#dirtyEdges.add(edge.guid);
  }

  /** Removes an entity and its relationships for good. */
  purgeEntity(guid: string): void {
    for (const edge of this.edgesOf(guid)) {
      this.#edges.set(edge.guid, undefined);
      this.#dirtyEdges.add(edge.guid);
    }
    this.#entities.set(guid, undefined);
    this.#dirtyEntities.add(guid);
  }

  /** The live entities with a value of a unique attribute. */
  byUnique(attribute: string, value: string): StoredEntity[] {
    const found: StoredEntity[] = [];
    for (const guid of this.#uniqueGuids(uniqueKey(attribute, value))) {
      const entity = this.entity(guid);
      if (entity?.status === 'ACTIVE') found.push(entity);
    }
    return found;
  }

  #uniqueGuids(key: string): readonly string[] {
    let guids = this.#unique.get(key);
    if (guids === undefined) {
      guids = this.#store.byUnique(key);
      this.#unique.set(key, guids);
    }
    return guids;
  }

  /** Makes an entity findable by a value of a unique attribute. */
  addUnique(attribute: string, value: string, guid: string): void {
    const key = uniqueKey(attribute, value);
    const guids = this.#uniqueGuids(key);
    if (!guids.includes(guid)) this.#unique.set(key, [...guids, guid]);
  }

  /** Undoes {@link addUnique}. */
  removeUnique(attribute: string, value: string, guid: string): void {
    const key = uniqueKey(attribute, value);
    this.#unique.set(
      key,
      this.#uniqueGuids(key).filter((other) => other !== guid),
    );
  }

  #events(): [guid: string, event: StoredAudit][] {
    return [...this.#dirtyEntities].flatMap((guid) => {
      const before = this.#created.has(guid) ? undefined : this.#store.entity(guid);
      const made = { user: this.user, timestamp: this.now };
      return auditOf(before, this.#entities.get(guid)).map((change): [string, StoredAudit] => [
        guid,
        { ...change, ...made, seq: this.#takeSeq() },
      ]);
    });
  }

  /** Writes everything in one transaction; without changes it does nothing. */
  commit(): void {
    if (this.#dirtyEntities.size === 0 && this.#dirtyEdges.size === 0) return;
    this.#store.commit({
      types: new Map(),
      entities: new Map([...this.#dirtyEntities].map((guid) => [guid, this.#entities.get(guid)])),
      edges: new Map([...this.#dirtyEdges].map((guid) => [guid, this.#edges.get(guid)])),
      unique: this.#unique,
      audit: this.#events(),
      nextSeq: this.#nextSeq,
    });
  }
}
