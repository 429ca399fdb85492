/** Creates and updates entities: the bulk write, and partial updates. */
import { AtlasError, AtlasFault, invalidInstance } from '../atlas-error.ts';
import { javaText, jsonObject, type JsonObject, type JsonValue, own } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import type { EntityType } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { mergeValue, readAttributes, type ValueContext } from '../values.ts';
import { MutationLog } from './changes.ts';
import { isUnchanged } from './equality.ts';
import { type Batch, type Incoming, makeBatch } from './incoming.ts';
import { entityTypeOf, findByUnique, isPlaceholder, ReferenceResolver, readReference } from './references.ts';
import {
  checkContacts,
  checkCustomAttributes,
  checkLabels,
  readCreateClassifications,
  takeCreateSections,
} from './sections.ts';
import { checkEnds, readEnds, writeEnd } from './write-ends.ts';

interface Job {
  readonly incoming: Incoming;
  /** The type that was sent; only its attributes are taken. */
  readonly type: EntityType;
  readonly entity: StoredEntity;
  readonly isNew: boolean;
}

/** Writes the entities of one request. */
class EntityWriter {
  readonly #unit: UnitOfWork;
  readonly #log: MutationLog;
  readonly #resolver: ReferenceResolver;
  readonly #isPartial: boolean;

  constructor(unit: UnitOfWork, batch: Batch, isPartial: boolean) {
    this.#unit = unit;
    this.#log = new MutationLog(unit);
    this.#resolver = new ReferenceResolver(unit, batch);
    this.#isPartial = isPartial;
  }

  write(): JsonObject {
    const jobs = this.#resolver.discover().map((incoming) => this.#prepare(incoming));
    const isWanted = (job: Job): boolean => job.isNew || !this.#isUnchanged(job);
    const changed = jobs.filter(isWanted);
    for (const job of changed) if (job.isNew) this.#apply(job);
    for (const job of changed) if (!job.isNew) this.#apply(job);
    for (const job of changed) {
      if (job.isNew)
        job.entity.classifications = readCreateClassifications(this.#unit, job.incoming.classifications);
    }
    const answer = this.#log.show(this.#isPartial ? 'PARTIAL_UPDATE' : 'UPDATE');
    answer['guidAssignments'] = this.#guidAssignments(jobs);
    return answer;
  }

  /** Finds or makes the entity and checks what was sent. */
  #prepare(incoming: Incoming): Job {
    const unit = this.#unit;
    const type = entityTypeOf(unit.registry, incoming.typeName);
    const stored = isPlaceholder(incoming.guid) ? undefined : unit.entity(incoming.guid);
    const known = stored ?? findByUnique(unit, type, incoming.attributes);
    const mandatory = !this.#isPartial;
    const attributes = this.#readAttributes(incoming, type, mandatory, () => null);
    checkEnds(incoming, type, mandatory);
    if (!this.#isPartial) {
      checkLabels(incoming.labels ?? []);
      checkCustomAttributes(incoming.customAttributes);
      if (unit.isPurview) checkContacts(incoming.contacts);
    }
    const entity = known ?? this.#create(type, attributes);
    this.#resolver.assigned.set(incoming.guid, entity.guid);
    return { incoming, type, entity, isNew: known === undefined };
  }

  #readAttributes(
    incoming: Incoming,
    type: EntityType,
    mandatory: boolean,
    reference: ValueContext['reference'],
  ): JsonObject {
    const context = { registry: this.#unit.registry, reference, problem: invalidInstance };
    return readAttributes(type.plainAttributes, incoming.attributes, {
      path: incoming.typeName,
      mandatory,
      context,
    });
  }

  /** Makes a new entity with its unique attributes, so that a second one of the batch with the same name finds it. */
  #create(type: EntityType, attributes: JsonObject): StoredEntity {
    const first = jsonObject();
    for (const [name, info] of type.attributes) {
      const { defaultValue } = info.def;
      if (defaultValue !== undefined && info.type.kind === 'primitive') first[name] = defaultValue;
    }
    const entity = this.#unit.createEntity({ typeName: type.name, attributes: first });
    for (const { def, type: valueType } of type.uniqueAttributes) {
      const sent = own(attributes, def.name);
      const isNumber =
        valueType.kind === 'primitive' && !['string', 'boolean', 'date'].includes(valueType.name);
      // An optional unique number that is left out is kept as 0, so a second entity without it is refused (as in Atlas).
      this.#setUnique(entity, def.name, sent ?? (isNumber ? 0 : undefined));
    }
    return entity;
  }

  #setUnique(entity: StoredEntity, name: string, value: JsonValue | undefined): void {
    const old = own(entity.attributes, name);
    if (value === undefined || (old !== undefined && javaText(old) === javaText(value))) return;
    if (value !== null) {
      const others = this.#unit
        .byUnique(name, javaText(value))
        .filter((other) => other.typeName === entity.typeName);
      if (others.some((other) => other.guid !== entity.guid)) {
        throw new AtlasFault(`the value of ${name} belongs to another entity`);
      }
    }
    if (old !== undefined && old !== null) this.#unit.removeUnique(name, javaText(old), entity.guid);
    if (value !== null && entity.status === 'ACTIVE')
      this.#unit.addUnique(name, javaText(value), entity.guid);
    entity.attributes[name] = value;
  }

  #resolved(job: Job): JsonObject {
    return this.#readAttributes(job.incoming, job.type, false, (value) =>
      this.#resolver.resolve(readReference(value)),
    );
  }

  #isUnchanged(job: Job): boolean {
    const ends = new Map<string, string | null | readonly string[]>();
    for (const [end, targets] of readEnds(this.#unit, job.incoming, job.type, this.#resolver)) {
      const guids = targets.map((target) => target.guid);
      ends.set(end.name, end.isSet ? guids : (guids[0] ?? null));
    }
    const type = this.#unit.registry.entityType(job.entity.typeName) ?? job.type;
    return isUnchanged(this.#unit, job.entity, type, {
      attributes: this.#resolved(job),
      ends,
      customAttributes: this.#isPartial ? undefined : job.incoming.customAttributes,
      contacts: this.#contacts(job),
    });
  }

  /** What is said of contacts; undefined where they are not to be touched. */
  #contacts({ incoming }: Job): JsonObject | undefined {
    return this.#unit.isPurview && !this.#isPartial ? incoming.contacts : undefined;
  }

  #apply(job: Job): void {
    const { entity, incoming, isNew } = job;
    const type = this.#unit.registry.entityType(entity.typeName) ?? job.type;
    this.#applyAttributes(entity, type, this.#resolved(job));
    for (const [end, targets] of readEnds(this.#unit, incoming, type, this.#resolver)) {
      writeEnd({ unit: this.#unit, log: this.#log }, entity, end, targets);
    }
    if (isNew) takeCreateSections(entity, incoming);
    else if (!this.#isPartial && incoming.customAttributes !== undefined) {
      entity.customAttributes = incoming.customAttributes;
    }
    const contacts = this.#contacts(job);
    if (contacts !== undefined) entity.contacts = contacts;
    if (!isNew) {
      entity.isIncomplete = false;
      entity.version += 1;
    }
    this.#unit.touchEntity(entity);
    this.#log.written(isNew ? 'CREATE' : this.#isPartial ? 'PARTIAL_UPDATE' : 'UPDATE', entity);
  }

  #applyAttributes(entity: StoredEntity, type: EntityType, given: JsonObject): void {
    for (const [name, info] of type.attributes) {
      const value = own(given, name);
      if (value === undefined || (value === null && info.type.kind === 'struct')) continue;
      const isCleared = value === null && info.type.kind === 'primitive' && info.type.name === 'string';
      // A mandatory string that a partial update sets to null becomes "" (seen on Atlas 2.4.0).
      const next = isCleared && !info.def.isOptional ? '' : value;
      if (info.def.isUnique) this.#setUnique(entity, name, next);
      else {
        const merged = next === null ? null : mergeValue(info.type, own(entity.attributes, name), next);
        this.#touchReferent(info.type.kind, own(entity.attributes, name), merged);
        entity.attributes[name] = merged;
      }
    }
  }

  /** The entity that a plain reference attribute newly names is listed as updated; those in a list are not (as in Atlas). */
  #touchReferent(kind: string, before: JsonValue | undefined, after: JsonValue): void {
    if (kind !== 'reference' || typeof after !== 'string' || before === after) return;
    const referent = this.#unit.entity(after);
    if (referent !== undefined) this.#log.touched(referent);
  }

  #guidAssignments(jobs: readonly Job[]): JsonObject {
    const assignments = jsonObject();
    for (const { incoming, entity } of jobs) {
      if (incoming.guid !== entity.guid) assignments[incoming.guid] = entity.guid;
    }
    return assignments;
  }
}

/** Creates or updates the entities of a batch. Either all of it takes effect or nothing does. */
export function createOrUpdate(unit: UnitOfWork, batch: Batch): JsonObject {
  return new EntityWriter(unit, batch, false).write();
}

/** Updates the given attributes of one stored entity; mandatory ones need not be there. */
export function updatePartially(
  unit: UnitOfWork,
  entity: StoredEntity,
  sent: Incoming,
  batch?: Batch,
): JsonObject {
  const incoming = { ...sent, guid: entity.guid, typeName: entity.typeName };
  return new EntityWriter(unit, makeBatch([incoming], batch?.byGuid ?? new Map()), true).write();
}

/** Only primitive attributes and single references can be set alone. */
function checkSettable(type: EntityType, name: string): void {
  const end = type.ends.get(name);
  const info = type.attributes.get(name);
  if (end?.isSet === false) return;
  if (end !== undefined)
    throw new AtlasError('ATTRIBUTE_UPDATE_NOT_SUPPORTED', name, `array<${end.otherType}>`);
  if (info === undefined) throw new AtlasError('UNKNOWN_ATTRIBUTE', name, type.name);
  if (info.type.kind !== 'primitive' && info.type.kind !== 'reference') {
    throw new AtlasError('ATTRIBUTE_UPDATE_NOT_SUPPORTED', name, info.def.typeName);
  }
}

/**
 * Sets one attribute of an entity by guid (`PUT /entity/guid/{guid}?name=`).
 * @throws AtlasError 404-00-005, 400-00-023, and 400-00-027 unless the attribute is primitive or a reference
 */
export function setAttribute(
  unit: UnitOfWork,
  guid: string,
  name: string | undefined,
  value: JsonValue,
): JsonObject {
  const entity = unit.entity(guid);
  if (entity === undefined) throw new AtlasError('INSTANCE_GUID_NOT_FOUND', guid);
  const type = entityTypeOf(unit.registry, entity.typeName);
  checkSettable(type, name ?? 'null');
  const attributes = jsonObject({ [name ?? '']: value });
  return updatePartially(unit, entity, {
    guid,
    typeName: type.name,
    attributes,
    relationshipAttributes: jsonObject(),
    customAttributes: undefined,
    businessAttributes: undefined,
    classifications: [],
    labels: undefined,
  });
}
