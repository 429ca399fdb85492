import type { DeclaredTypes } from './typedef-plan.ts';
import type { EntityRef } from '../schemas/types.ts';
import type { AttributeType, RelationshipEnd, RelationshipType } from './types.ts';

/** A relationship as one of its ends sees it. */
export interface Relation {
  readonly name: string;
  readonly category: RelationshipType['category'];
  /** Which end of the relationship the entity is that has the attribute. */
  readonly end: 1 | 2;
  readonly other: RelationshipEnd;
}

/** Atlas's base model: relationships that are there without a declaration of ours (0010-base_model, 0011-glossary_model). */
const baseRelationships: readonly RelationshipType[] = [
  {
    name: 'dataset_process_inputs',
    description: 'What a process reads.',
    category: 'AGGREGATION',
    end1: { typeName: 'Process', attribute: 'inputs', many: true },
    end2: { typeName: 'DataSet', attribute: 'inputToProcesses', many: true },
  },
  {
    name: 'process_dataset_outputs',
    description: 'What a process writes.',
    category: 'AGGREGATION',
    end1: { typeName: 'Process', attribute: 'outputs', many: true },
    end2: { typeName: 'DataSet', attribute: 'outputFromProcesses', many: true },
  },
  {
    name: 'AtlasGlossarySemanticAssignment',
    description: 'What a glossary term means.',
    category: 'ASSOCIATION',
    end1: { typeName: 'AtlasGlossaryTerm', attribute: 'assignedEntities', many: true },
    end2: { typeName: 'Referenceable', attribute: 'meanings', many: true },
  },
];

/**
 * What the sink needs to know of types: who inherits from whom, and which relationship an attribute belongs to. By the declarations, and
 * beyond them by what was learned from the catalogue.
 */
export class TypeModel {
  readonly #declared: DeclaredTypes;
  readonly #relationships: readonly RelationshipType[];
  readonly #learnedParents = new Map<string, readonly string[]>();
  /** By type and attribute; undefined for one that is no relationship. */
  readonly #learnedRelations = new Map<string, Map<string, Relation | undefined>>();

  /** By type and attribute: members of its struct that may be without a value; undefined for an attribute that holds none. */
  readonly #learnedStructs = new Map<string, Map<string, ReadonlySet<string> | undefined>>();

  constructor(declared: DeclaredTypes) {
    this.#declared = declared;
    this.#relationships = [...baseRelationships, ...declared.relationshipTypes.values()];
  }

  /** Takes in what the catalogue says that a type inherits from. */
  learnParents(typeName: string, superTypes: readonly string[]): void {
    this.#learnedParents.set(typeName, superTypes);
  }

  /** Takes in what the catalogue says of an attribute: the relationship that it stands for, or undefined for a plain attribute. */
  learnRelation(typeName: string, attribute: string, relation: Relation | undefined): void {
    const known = this.#learnedRelations.get(typeName) ?? new Map<string, Relation | undefined>();
    this.#learnedRelations.set(typeName, known.set(attribute, relation));
  }

  /** Takes in what the catalogue says of an attribute: which members of its struct may be without a value, or undefined for one that holds none. */
  learnStruct(typeName: string, attribute: string, optional: ReadonlySet<string> | undefined): void {
    const known = this.#learnedStructs.get(typeName) ?? new Map<string, ReadonlySet<string> | undefined>();
    this.#learnedStructs.set(typeName, known.set(attribute, optional));
  }

  /** Members of an attribute's struct that may be without a value; undefined for an attribute that holds none, as far as is known. */
  struct(typeName: string, attribute: string): ReadonlySet<string> | undefined {
    return this.#learnedStructs.get(typeName)?.get(attribute);
  }

  /** Whether it was learned what an attribute holds. */
  knowsStruct(typeName: string, attribute: string): boolean {
    return this.#learnedStructs.get(typeName)?.has(attribute) === true;
  }

  /** A declared relationship, or one of the base model, by its name. */
  relationship(name: string): RelationshipType | undefined {
    return this.#relationships.find((one) => one.name === name);
  }

  /** Whether a type is another one or inherits from it. */
  isA(typeName: string, ancestor: string): boolean {
    if (ancestor === 'Referenceable') return true; // every type of an asset inherits from it
    const seen = new Set<string>();
    const visit = (name: string): boolean => {
      if (name === ancestor) return true;
      if (seen.has(name)) return false;
      seen.add(name);
      return this.#superTypes(name).some(visit);
    };
    return visit(typeName);
  }

  /**
   * Whether an entity can be written with nothing but its name: its type is declared, requires no attribute, and is not part of
   * another one.
   */
  needsOnlyName(typeName: string): boolean {
    const seen = new Set<string>();
    const isFree = (name: string): boolean => {
      if (seen.has(name)) return true;
      seen.add(name);
      const type = this.#declared.entityTypes.get(name);
      const required = Object.values(type?.attributes ?? {}).some((attribute) => attribute.required === true);
      return !required && (type?.superTypes ?? []).every(isFree);
    };
    const isPart = this.#relationships.some(
      ({ category, end2 }) => category === 'COMPOSITION' && this.isA(typeName, end2.typeName),
    );
    return this.#declared.entityTypes.has(typeName) && !isPart && isFree(typeName);
  }

  /** A declared type with everything that it inherits from declared ones; undefined for one that is not declared. */
  attributes(typeName: string): ReadonlyMap<string, AttributeType> | undefined {
    const own = this.#declared.entityTypes.get(typeName);
    if (own === undefined) return undefined;
    const all = new Map(Object.entries(own.attributes));
    for (const parent of own.superTypes) {
      for (const [name, attribute] of this.attributes(parent) ?? [])
        if (!all.has(name)) all.set(name, attribute);
    }
    return all;
  }

  /** Whether a type, or one that it inherits from, is one of the catalogue's own, of which not every attribute is declared. */
  isPartly(typeName: string): boolean {
    const own = this.#declared.entityTypes.get(typeName);
    return (
      own !== undefined && (own.builtIn === true || own.superTypes.some((parent) => this.isPartly(parent)))
    );
  }

  /** The relationship that an attribute of a type stands for, or undefined. */
  relation(typeName: string, attribute: string): Relation | undefined {
    const learned = this.#learnedRelations.get(typeName)?.get(attribute);
    if (learned !== undefined) return learned;
    for (const { name, category, end1, end2 } of this.#relationships) {
      if (end1.attribute === attribute && this.isA(typeName, end1.typeName))
        return { name, category, end: 1, other: end2 };
      if (end2.attribute === attribute && this.isA(typeName, end2.typeName))
        return { name, category, end: 2, other: end1 };
    }
    return undefined;
  }

  /** Whether an attribute is known to be no relationship, by the catalogue: references stand in it as its value. */
  isPlain(typeName: string, attribute: string): boolean {
    const learned = this.#learnedRelations.get(typeName);
    return learned?.has(attribute) === true && learned.get(attribute) === undefined;
  }

  #superTypes(typeName: string): readonly string[] {
    return [
      ...(this.#declared.entityTypes.get(typeName)?.superTypes ?? []),
      ...(this.#learnedParents.get(typeName) ?? []),
    ];
  }

  /** The attribute by which a child names its container, when a COMPOSITION ties the two types. */
  containerAttribute(child: string, container: string): string | undefined {
    return this.#relationships.find(
      ({ category, end1, end2 }) =>
        category === 'COMPOSITION' && this.isA(child, end2.typeName) && this.isA(container, end1.typeName),
    )?.end2.attribute;
  }

  /** The body of a relationship between an entity and what its attribute refers to. */
  ends(
    relation: Relation,
    source: EntityRef,
    target: EntityRef,
  ): { readonly end1: EntityRef; readonly end2: EntityRef } {
    return relation.end === 1 ? { end1: source, end2: target } : { end1: target, end2: source };
  }
}
