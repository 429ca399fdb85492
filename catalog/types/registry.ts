/** Type definitions with what follows from them: inherited attributes, relationship ends, subtypes. A snapshot that never changes. */
import { parseTypeName, primitiveTypes, type TypeExpression } from '../../pipeline/atlas/typedef-rules.ts';
import type {
  StoredAttribute,
  StoredClassificationDef,
  StoredEntityDef,
  StoredEnum,
  StoredRelationshipDef,
  StoredStruct,
  StoredTypeDef,
} from './stored-type.ts';

/** What a value of an attribute has to be. */
export type ValueType =
  | { readonly kind: 'primitive'; readonly name: string }
  | { readonly kind: 'enum'; readonly def: StoredEnum }
  | { readonly kind: 'struct'; readonly def: StoredStruct }
  | { readonly kind: 'reference'; readonly name: string }
  | { readonly kind: 'array'; readonly name: string; readonly element: ValueType }
  | { readonly kind: 'map'; readonly name: string; readonly key: ValueType; readonly value: ValueType };

/** An attribute and the type that defines it. */
export interface AttributeInfo {
  readonly def: StoredAttribute;
  readonly owner: string;
  readonly type: ValueType;
}

/** The attribute that one end of a relationship type gives to an entity type. */
export interface RelationEnd {
  readonly name: string;
  readonly relationship: StoredRelationshipDef;
  /** The end at which an entity with this attribute stands. */
  readonly at: 1 | 2;
  /** The type that the end names; the attribute is inherited by its subtypes. */
  readonly owner: string;
  readonly otherType: string;
  readonly isSet: boolean;
  /** The other entities belong to this one and are deleted with it. */
  readonly owns: boolean;
  /** This entity belongs to the other one and must name it. */
  readonly isOwned: boolean;
  /** Also shown under `attributes`. */
  readonly isLegacy: boolean;
  /** The other end of the relationship holds a single entity. */
  readonly otherIsSingle: boolean;
  /** Both ends have this name on this type: the direction does not matter. */
  readonly isSymmetric: boolean;
}

/** An entity type with everything that it inherits. */
export interface EntityType {
  readonly def: StoredEntityDef;
  readonly name: string;
  /** This type and all its supertypes. */
  readonly lineage: ReadonlySet<string>;
  /** Own and inherited attributes, the ones of the highest supertype first. */
  readonly attributes: ReadonlyMap<string, AttributeInfo>;
  /** The attributes that no relationship end takes over. */
  readonly plainAttributes: ReadonlyMap<string, AttributeInfo>;
  readonly ends: ReadonlyMap<string, RelationEnd>;
  readonly uniqueAttributes: readonly AttributeInfo[];
  /** The attributes in headers: the unique ones, name, description and owner. */
  readonly headerAttributes: readonly string[];
}

/** A classification type with its inherited attributes. */
export interface ClassificationType {
  readonly def: StoredClassificationDef;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, AttributeInfo>;
  /** The entity types it may be attached to, with inherited restrictions; empty: to all. */
  readonly entityTypes: readonly string[];
}

const namesInHeaders = ['name', 'description', 'owner'];

/** All types of a catalogue at one moment. */
export class TypeRegistry {
  readonly #byName = new Map<string, StoredTypeDef>();
  readonly #byGuid = new Map<string, StoredTypeDef>();
  readonly #direct = new Map<string, string[]>();
  readonly #entityTypes = new Map<string, EntityType>();
  #hasClassificationTypes: boolean | undefined;
  readonly #classificationTypes = new Map<string, ClassificationType>();

  constructor(defs: Iterable<StoredTypeDef>) {
    for (const def of defs) {
      this.#byName.set(def.name, def);
      this.#byGuid.set(def.guid, def);
    }
    for (const def of this.#byName.values()) {
      for (const parent of superTypesOf(def))
        this.#direct.set(parent, [...this.directSubtypes(parent), def.name]);
    }
  }

  /** Every definition, in order of creation. */
  all(): IterableIterator<StoredTypeDef> {
    return this.#byName.values();
  }

  /** The definition with a name. */
  get(name: string): StoredTypeDef | undefined {
    return this.#byName.get(name);
  }

  /** The definition with a guid. */
  byGuid(guid: string): StoredTypeDef | undefined {
    return this.#byGuid.get(guid);
  }

  /** The names of the types that name this one as supertype. */
  directSubtypes(name: string): readonly string[] {
    return this.#direct.get(name) ?? [];
  }

  /** A type and all types below it. */
  withSubtypes(name: string, found = new Set<string>()): ReadonlySet<string> {
    if (found.has(name)) return found;
    found.add(name);
    for (const child of this.directSubtypes(name)) this.withSubtypes(child, found);
    return found;
  }

  /** Every relationship type. */
  relationships(): StoredRelationshipDef[] {
    return [...this.#byName.values()].filter((def) => def.category === 'RELATIONSHIP');
  }

  /** A relationship type by name. */
  relationship(name: string): StoredRelationshipDef | undefined {
    const def = this.#byName.get(name);
    return def?.category === 'RELATIONSHIP' ? def : undefined;
  }

  /** An entity type by name. */
  entityType(name: string): EntityType | undefined {
    const known = this.#entityTypes.get(name);
    if (known !== undefined) return known;
    const def = this.#byName.get(name);
    if (def?.category !== 'ENTITY') return undefined;
    const made = this.#makeEntityType(def);
    this.#entityTypes.set(name, made);
    return made;
  }

  /** Whether there is any classification type: without one nothing is classified. */
  get hasClassificationTypes(): boolean {
    this.#hasClassificationTypes ??= [...this.all()].some((def) => def.category === 'CLASSIFICATION');
    return this.#hasClassificationTypes;
  }

  /** A classification type by name. */
  classificationType(name: string): ClassificationType | undefined {
    const known = this.#classificationTypes.get(name);
    if (known !== undefined) return known;
    const def = this.#byName.get(name);
    if (def?.category !== 'CLASSIFICATION') return undefined;
    const entityTypes = new Set(def.entityTypes);
    for (const parent of this.#ancestors(def)) {
      const above = this.#byName.get(parent);
      if (above?.category === 'CLASSIFICATION') for (const type of above.entityTypes) entityTypes.add(type);
    }
    const made = { def, name, attributes: this.#attributes(def), entityTypes: [...entityTypes] };
    this.#classificationTypes.set(name, made);
    return made;
  }

  /** Whether the type `name` is `ancestor` or one of its subtypes. */
  isA(name: string, ancestor: string): boolean {
    return this.entityType(name)?.lineage.has(ancestor) === true;
  }

  /** The attributes of a struct, relationship or business metadata type. */
  structAttributes(def: StoredStruct | StoredRelationshipDef): ReadonlyMap<string, AttributeInfo> {
    return new Map(
      def.attributeDefs.map((attribute) => [attribute.name, this.#attributeInfo(attribute, def.name)]),
    );
  }

  /** What a type name means; a name that is nowhere defined counts as a reference to an entity of that type. */
  valueType(typeName: string): ValueType {
    return this.#valueType(parseTypeName(typeName), typeName);
  }

  #valueType(expression: TypeExpression, text: string): ValueType {
    if (expression.kind === 'array') {
      return {
        kind: 'array',
        name: text,
        element: this.#valueType(expression.element, expressionText(expression.element)),
      };
    }
    if (expression.kind === 'map') {
      return {
        kind: 'map',
        name: text,
        key: this.#valueType(expression.key, expressionText(expression.key)),
        value: this.#valueType(expression.value, expressionText(expression.value)),
      };
    }
    const { name } = expression;
    if (primitiveTypes.has(name) && name !== 'objectid') return { kind: 'primitive', name };
    const def = this.#byName.get(name);
    if (def?.category === 'ENUM') return { kind: 'enum', def };
    if (def?.category === 'STRUCT') return { kind: 'struct', def };
    return { kind: 'reference', name };
  }

  #attributeInfo(def: StoredAttribute, owner: string): AttributeInfo {
    return { def, owner, type: this.valueType(def.typeName) };
  }

  /** Supertypes, the highest first; a type that is reached twice counts once. */
  #ancestors(def: StoredTypeDef, found = new Set<string>(), open = new Set<string>()): ReadonlySet<string> {
    if (open.has(def.name)) return found;
    open.add(def.name);
    for (const parent of superTypesOf(def)) {
      const above = this.#byName.get(parent);
      if (above !== undefined) this.#ancestors(above, found, open);
      found.add(parent);
    }
    return found;
  }

  #attributes(def: StoredEntityDef | StoredClassificationDef): ReadonlyMap<string, AttributeInfo> {
    const attributes = new Map<string, AttributeInfo>();
    for (const name of [...this.#ancestors(def), def.name]) {
      const from = name === def.name ? def : this.#byName.get(name);
      if (from?.category !== def.category) continue;
      for (const attribute of from.attributeDefs)
        attributes.set(attribute.name, this.#attributeInfo(attribute, name));
    }
    return attributes;
  }

  #makeEntityType(def: StoredEntityDef): EntityType {
    const lineage = new Set([...this.#ancestors(def), def.name]);
    const attributes = this.#attributes(def);
    const uniqueAttributes = [...attributes.values()].filter((attribute) => attribute.def.isUnique);
    const headerAttributes = new Set(uniqueAttributes.map((attribute) => attribute.def.name));
    for (const name of namesInHeaders) if (attributes.has(name)) headerAttributes.add(name);
    const ends = this.#ends(lineage);
    return {
      def,
      name: def.name,
      lineage,
      attributes,
      plainAttributes: new Map([...attributes].filter(([name]) => !ends.has(name))),
      ends,
      uniqueAttributes,
      headerAttributes: [...headerAttributes],
    };
  }

  #ends(lineage: ReadonlySet<string>): ReadonlyMap<string, RelationEnd> {
    const ends = new Map<string, RelationEnd>();
    for (const relationship of this.relationships()) {
      if (lineage.has(relationship.endDef1.type))
        ends.set(relationship.endDef1.name, relationEnd(relationship, 1));
      if (lineage.has(relationship.endDef2.type) && !ends.get(relationship.endDef2.name)?.isSymmetric) {
        ends.set(relationship.endDef2.name, relationEnd(relationship, 2));
      }
    }
    return ends;
  }
}

function expressionText(expression: TypeExpression): string {
  switch (expression.kind) {
    case 'named':
      return expression.name;
    case 'array':
      return `array<${expressionText(expression.element)}>`;
    case 'map':
      return `map<${expressionText(expression.key)},${expressionText(expression.value)}>`;
  }
}

function relationEnd(relationship: StoredRelationshipDef, at: 1 | 2): RelationEnd {
  const [here, there] =
    at === 1 ? [relationship.endDef1, relationship.endDef2] : [relationship.endDef2, relationship.endDef1];
  const isComposition = relationship.relationshipCategory === 'COMPOSITION';
  return {
    name: here.name,
    relationship,
    at,
    owner: here.type,
    otherType: there.type,
    isSet: here.cardinality === 'SET',
    owns: isComposition && here.isContainer,
    isOwned: isComposition && there.isContainer,
    isLegacy: here.isLegacyAttribute,
    otherIsSingle: there.cardinality === 'SINGLE',
    isSymmetric: here.type === there.type && here.name === there.name,
  };
}

/** The supertypes that a definition names. */
export function superTypesOf(def: StoredTypeDef): readonly string[] {
  return def.category === 'ENTITY' || def.category === 'CLASSIFICATION' ? def.superTypes : [];
}
