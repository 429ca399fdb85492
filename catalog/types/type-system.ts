/** The types of a catalogue: create, update, delete. Each request takes effect whole or not at all. */
import { randomUUID } from 'node:crypto';
import type { TypeCategory } from '../../pipeline/atlas/wire.ts';
import { AtlasError, AtlasFault } from '../atlas-error.ts';
import { isObject, type JsonValue, ownList, ownText } from '../json.ts';
import type { CatalogStore } from '../store.ts';
import { attributesOf, checkChange, checkTypeDefs } from './check-typedefs.ts';
import { readTypeDef, type TypeDraft } from './read-typedef.ts';
import { TypeRegistry } from './registry.ts';
import { applicableTypes } from './show-typedef.ts';
import { namedTypes, parseTypeName } from '../../pipeline/atlas/typedef-rules.ts';
import { categories, listOfCategory, type StoredTypeDef } from './stored-type.ts';

interface Sent {
  readonly draft: TypeDraft;
  readonly guid: string | undefined;
}

function readRequest(body: JsonValue, checkNames = true): Sent[] {
  if (!isObject(body)) throw new AtlasFault('a types request that is not an object');
  return categories.flatMap((category: TypeCategory) =>
    ownList(body, listOfCategory[category]).map((raw) => ({
      draft: readTypeDef(raw, category, checkNames),
      guid: isObject(raw) ? ownText(raw, 'guid') : undefined,
    })),
  );
}

/** Holds the registry and writes its changes to the store. */
export class TypeSystem {
  readonly #store: CatalogStore;
  #registry: TypeRegistry;

  constructor(store: CatalogStore) {
    this.#store = store;
    this.#registry = new TypeRegistry(store.types());
  }

  /** The types as they are now. */
  get registry(): TypeRegistry {
    return this.#registry;
  }

  /** Whether the store holds no type yet, so that the base model has to be loaded. */
  get isEmpty(): boolean {
    return this.#registry.all().next().done === true;
  }

  /** The names that a request would create or change, for authorization messages. */
  static namesIn(body: JsonValue): { category: TypeCategory; name: string }[] {
    if (!isObject(body)) return [];
    return categories.flatMap((category) =>
      ownList(body, listOfCategory[category]).flatMap((raw) => {
        const name = isObject(raw) ? ownText(raw, 'name') : undefined;
        return name === undefined ? [] : [{ category, name }];
      }),
    );
  }

  /**
   * Creates types (POST).
   * @throws AtlasError 409-00-001 when one exists; then none is created
   */
  create(body: JsonValue, user: string, now: number): StoredTypeDef[] {
    return this.#create(readRequest(body), user, now);
  }

  /** Loads Atlas's own types, whose names need not follow the rules. */
  loadModel(model: JsonValue, now: number): void {
    this.#create(readRequest(model, false), 'root', now);
  }

  #create(sent: readonly Sent[], user: string, now: number): StoredTypeDef[] {
    const seq = this.#store.nextSeq();
    const fresh = sent.map(
      ({ draft }, index): StoredTypeDef => ({
        ...draft,
        guid: randomUUID(),
        seq: seq + index,
        createdBy: user,
        updatedBy: user,
        createTime: now,
        updateTime: now,
        version: 1,
      }),
    );
    this.#refuseExisting(fresh);
    const next = new TypeRegistry([...this.#registry.all(), ...fresh]);
    checkTypeDefs(fresh, next);
    this.#write(fresh, [], seq + fresh.length);
    return fresh;
  }

  #refuseExisting(fresh: readonly StoredTypeDef[]): void {
    const names = new Set<string>();
    for (const def of fresh) {
      const known = this.#registry.get(def.name);
      if (names.has(def.name) || known?.category === def.category)
        throw new AtlasError('TYPE_ALREADY_EXISTS', def.name);
      names.add(def.name);
    }
    const other = fresh.find((def) => this.#registry.get(def.name) !== undefined);
    if (other === undefined) return;
    // The name belongs to a type of another category: what refers to that type is what Atlas complains of first.
    checkTypeDefs([other], new TypeRegistry([...this.#registry.all(), other]));
    throw new AtlasError('TYPE_ALREADY_EXISTS', other.name);
  }

  /**
   * Replaces the definitions of types (PUT), matched by guid or name.
   * @throws AtlasError 404-00-001 when one is unknown; then none is changed
   */
  update(body: JsonValue, user: string, now: number): StoredTypeDef[] {
    const pairs = readRequest(body).map(({ draft, guid }) => {
      const old =
        (guid === undefined ? undefined : this.#registry.byGuid(guid)) ?? this.#registry.get(draft.name);
      if (old === undefined) throw new AtlasError('TYPE_NAME_NOT_FOUND', draft.name);
      const next: StoredTypeDef = {
        ...draft,
        guid: old.guid,
        seq: old.seq,
        createdBy: old.createdBy,
        createTime: old.createTime,
        updatedBy: user,
        updateTime: now,
        version: old.version + 1,
      };
      return { old, next };
    });
    const changed = pairs.map(({ next }) => next);
    const byName = new Map([...this.#registry.all()].map((def) => [def.name, def]));
    for (const def of changed) byName.set(def.name, def);
    checkTypeDefs(changed, new TypeRegistry(byName.values()));
    for (const { old, next } of pairs) {
      if (old.category !== next.category || old.name !== next.name) {
        throw new AtlasError('TYPE_NAME_NOT_FOUND', next.name);
      }
      checkChange(old, next);
    }
    this.#write(changed, [], this.#store.nextSeq());
    return changed;
  }

  /** Deletes a type by name. @throws AtlasError 404-00-001, or 409-00-002 or -005 while it is in use */
  deleteByName(name: string): void {
    const def = this.#registry.get(name);
    if (def === undefined) throw new AtlasError('TYPE_NAME_NOT_FOUND', name);
    this.#refuseInUse(def, new Set([name]));
    this.#write([], [name], this.#store.nextSeq());
  }

  /** Deletes the types that a request names. */
  deleteAll(body: JsonValue): void {
    const names = TypeSystem.namesIn(body).map(({ name }) => name);
    const defs = names.map((name) => {
      const def = this.#registry.get(name);
      if (def === undefined) throw new AtlasError('TYPE_NAME_NOT_FOUND', name);
      return def;
    });
    for (const def of defs) this.#refuseInUse(def, new Set(names));
    this.#write([], names, this.#store.nextSeq());
  }

  #refuseInUse(def: StoredTypeDef, leaving: ReadonlySet<string>): void {
    const others = [...this.#registry.all()].filter((other) => !leaving.has(other.name));
    for (const other of others) {
      if (other.category === 'RELATIONSHIP' && [other.endDef1.type, other.endDef2.type].includes(def.name)) {
        throw new AtlasError('TYPE_HAS_RELATIONSHIPS', def.name);
      }
    }
    const isNamed = others.some((other) =>
      attributesOf(other).some((attribute) =>
        namedTypes(parseTypeName(attribute.typeName)).includes(def.name),
      ),
    );
    const hasChildren = this.#registry.directSubtypes(def.name).some((child) => !leaving.has(child));
    if (isNamed || hasChildren || this.#store.hasInstances(def.name)) {
      throw new AtlasError('TYPE_HAS_REFERENCES', def.name);
    }
    const applies = others.some(
      (other) =>
        other.category === 'BUSINESS_METADATA' &&
        other.attributeDefs.some((attribute) => applicableTypes(attribute).includes(def.name)),
    );
    if (applies) throw new AtlasError('TYPE_NAME_NOT_FOUND', def.name);
  }

  #write(changed: readonly StoredTypeDef[], removed: readonly string[], nextSeq: number): void {
    const types = new Map<string, StoredTypeDef | undefined>();
    for (const def of changed) types.set(def.name, def);
    for (const name of removed) types.set(name, undefined);
    const nothing = { entities: new Map(), edges: new Map(), unique: new Map(), audit: [] };
    this.#store.commit({ types, ...nothing, nextSeq });
    this.#registry = new TypeRegistry(this.#store.types());
  }
}
