import { z } from 'zod';
import type { Relation, TypeModel } from '../../pipeline/type-model.ts';
import type { RelationshipType } from '../../pipeline/types.ts';
import type { CatalogClient } from './client.ts';

/** An attribute of a type. */
export interface TypeAttribute {
  readonly typeName: string;
  readonly attribute: string;
}

type HeldType = NonNullable<Awaited<ReturnType<CatalogClient['entityType']>>>;
type HeldRelationship = NonNullable<Awaited<ReturnType<CatalogClient['relationshipType']>>>;

const categorySchema = z.enum(['ASSOCIATION', 'AGGREGATION', 'COMPOSITION']).catch('ASSOCIATION');

/**
 * Asks the catalogue which relationship an attribute stands for, where no declaration tells: a type that only the catalogue has. Each
 * definition is read once; a type that is missing is asked for again, since it may come.
 */
export class TypeLearner {
  readonly #client: CatalogClient;
  readonly #types: TypeModel;
  readonly #held = new Map<string, HeldType>();
  readonly #relationships = new Map<string, RelationshipType>();

  constructor(client: CatalogClient, types: TypeModel) {
    this.#client = client;
    this.#types = types;
  }

  /** Makes the model know some attributes that it does not know. Rejects as the requests of the client do. */
  async learn(attributes: Iterable<TypeAttribute>, signal: AbortSignal): Promise<void> {
    for (const at of attributes) {
      const { typeName, attribute } = at;
      if (this.#types.relation(typeName, attribute) !== undefined) continue;
      if (!this.#types.isPlain(typeName, attribute)) await this.#learn(at, signal);
    }
  }

  /** Makes the model know which of some attributes hold structs. Rejects as the requests of the client do. */
  async learnStructs(attributes: Iterable<TypeAttribute>, signal: AbortSignal): Promise<void> {
    for (const { typeName, attribute } of attributes) {
      if (this.#types.knowsStruct(typeName, attribute)) continue;
      const of = await this.#typeOf({ typeName, attribute }, signal);
      const isNamed = of !== undefined && !of.includes('<');
      const struct = isNamed ? await this.#client.structType(of, signal) : undefined;
      const optional = struct?.attributeDefs.filter((one) => one.isOptional).map(({ name }) => name);
      this.#types.learnStruct(typeName, attribute, optional && new Set(optional));
    }
  }

  /** The name of an attribute's type, be it inherited. */
  async #typeOf({ typeName, attribute }: TypeAttribute, signal: AbortSignal): Promise<string | undefined> {
    const names = new Set([typeName]); // grows while it is gone through
    for (const name of names) {
      const held = await this.#type(name, signal);
      const def = held?.attributeDefs.find((one) => one.name === attribute);
      if (def !== undefined) return def.typeName;
      for (const parent of held?.superTypes ?? []) names.add(parent);
    }
    return undefined;
  }

  async #learn({ typeName, attribute }: TypeAttribute, signal: AbortSignal): Promise<void> {
    const names = new Set([typeName]); // grows while it is gone through: Atlas tells what is inherited, others may not
    for (const name of names) {
      const held = await this.#type(name, signal);
      if (held === undefined) return;
      const def = held.relationshipAttributeDefs?.find((one) => one.name === attribute);
      if (def?.relationshipTypeName !== undefined) {
        const type = await this.#relationship(def.relationshipTypeName, signal);
        if (type !== undefined)
          this.#types.learnRelation(typeName, attribute, this.#relation(type, name, attribute));
        return;
      }
      // A relationship that is declared, or of the base model, may be inherited.
      if (this.#types.relation(typeName, attribute) !== undefined) return;
      for (const parent of held.superTypes) names.add(parent);
    }
    this.#types.learnRelation(typeName, attribute, undefined);
  }

  async #type(name: string, signal: AbortSignal): Promise<HeldType | undefined> {
    const known = this.#held.get(name);
    if (known !== undefined) return known;
    const held = await this.#client.entityType(name, signal);
    if (held === undefined) return undefined;
    this.#held.set(name, held);
    this.#types.learnParents(name, held.superTypes);
    return held;
  }

  async #relationship(name: string, signal: AbortSignal): Promise<RelationshipType | undefined> {
    const known = this.#types.relationship(name) ?? this.#relationships.get(name);
    if (known !== undefined) return known;
    const held = await this.#client.relationshipType(name, signal);
    if (held === undefined) return undefined;
    const type = heldRelationship(held);
    this.#relationships.set(name, type);
    return type;
  }

  /** Both ends may have the same name: then the type decides. */
  #relation({ name, category, end1, end2 }: RelationshipType, typeName: string, attribute: string): Relation {
    const isSecond =
      end2.attribute === attribute &&
      (end1.attribute !== attribute ||
        (this.#types.isA(typeName, end2.typeName) && !this.#types.isA(typeName, end1.typeName)));
    return isSecond ? { name, category, end: 2, other: end1 } : { name, category, end: 1, other: end2 };
  }
}

function heldRelationship({
  name,
  relationshipCategory,
  endDef1,
  endDef2,
}: HeldRelationship): RelationshipType {
  const end = ({
    type,
    name: attribute,
    cardinality,
  }: HeldRelationship['endDef1']): RelationshipType['end1'] => ({
    typeName: type,
    attribute,
    many: cardinality === 'SET' || cardinality === 'LIST',
  });
  const category = categorySchema.parse(relationshipCategory);
  return { name, description: '', category, end1: end(endDef1), end2: end(endDef2) };
}
