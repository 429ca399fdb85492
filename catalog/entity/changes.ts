/** What a write did, collected on the way and shown as Atlas's mutation answer. */
import type { EntityOperation } from '../../pipeline/atlas/wire.ts';
import { jsonObject, type JsonObject } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { showHeader } from './show.ts';

/** Collects the headers of one request. Each guid is listed once for an operation, and as created or updated but not both. */
export class MutationLog {
  readonly #unit: UnitOfWork;
  readonly #lists = new Map<EntityOperation, Map<string, JsonObject>>();
  readonly #touched = new Map<string, StoredEntity>();

  constructor(unit: UnitOfWork) {
    this.#unit = unit;
  }

  #has(operation: EntityOperation, guid: string): boolean {
    return this.#lists.get(operation)?.has(guid) === true;
  }

  /** The list of an operation; it is there, if empty, also when all that was written is deleted (as in Atlas). */
  #list(operation: EntityOperation): Map<string, JsonObject> {
    const list = this.#lists.get(operation) ?? new Map<string, JsonObject>();
    this.#lists.set(operation, list);
    return list;
  }

  #add(operation: EntityOperation, guid: string, header: JsonObject): void {
    const list = this.#list(operation);
    if (!list.has(guid)) list.set(guid, header);
  }

  /** Lists an entity that was written itself; its header shows the state at this moment. Only live ones are listed. */
  written(operation: 'CREATE' | 'UPDATE' | 'PARTIAL_UPDATE', entity: StoredEntity): void {
    if (this.#has('CREATE', entity.guid)) return;
    this.#list(operation);
    if (entity.status !== 'ACTIVE') return;
    this.#add(operation, entity.guid, showHeader(this.#unit, entity, { withClassifications: true }));
  }

  /** Notes an entity at the other end of a relationship that came or went. */
  touched(entity: StoredEntity): void {
    this.#touched.set(entity.guid, entity);
  }

  /** Lists an entity that is about to be deleted or purged, as it was before. */
  removed(operation: 'DELETE' | 'PURGE', entity: StoredEntity): void {
    const withClassifications = operation === 'PURGE';
    this.#add(operation, entity.guid, showHeader(this.#unit, entity, { withClassifications }));
  }

  /**
   * The answer. Without any change it has no `mutatedEntities`.
   * @param updates under which operation the touched entities are listed
   */
  show(updates: 'UPDATE' | 'PARTIAL_UPDATE' = 'UPDATE'): JsonObject {
    for (const [guid, entity] of this.#touched) {
      const listed = this.#has('CREATE', guid) || this.#has(updates, guid) || this.#has('DELETE', guid);
      if (listed) continue;
      this.#list(updates);
      if (entity.status !== 'ACTIVE') continue;
      this.#unit.touchEntity(entity);
      this.#add(updates, guid, showHeader(this.#unit, entity, { withClassifications: false }));
    }
    const answer = jsonObject();
    if (this.#lists.size === 0) return answer;
    const mutated = jsonObject();
    for (const [operation, list] of this.#lists) mutated[operation] = [...list.values()];
    answer['mutatedEntities'] = mutated;
    const partial = mutated['PARTIAL_UPDATE'];
    if (partial !== undefined) answer['partialUpdatedEntities'] = partial;
    return answer;
  }
}
