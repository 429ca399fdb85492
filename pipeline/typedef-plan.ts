/**
 * Plans the types of a catalogue: our declarations against what is there. Rules of Apache Atlas (AtlasStructDefStoreV2,
 * AtlasTypeDefGraphStoreV2, AtlasRelationshipDefStoreV2; seen on 2.4.0): a PUT replaces a definition and may add optional
 * attributes, supertypes and options, but takes nothing away and changes no attribute's type; a relationship's category and
 * ends never change; an attribute that a supertype has may not be declared again.
 */
import { StreamError } from './errors.ts';
import type { EntityDef, RelationshipDef, TypesDef } from './atlas/wire.ts';
import { attributeDef, entityDef, relationshipDef } from './typedefs.ts';
import type { AttributeType, EntityType, RelationshipEnd, RelationshipType, SourceTypes } from './types.ts';

/** An entity type as a catalogue holds it, with every field that it answered. */
export interface HeldEntityType {
  readonly name: string;
  readonly superTypes: readonly string[];
  readonly attributeDefs: readonly {
    readonly name: string;
    readonly typeName: string;
    readonly isOptional: boolean;
    readonly [field: string]: unknown;
  }[];
  readonly [field: string]: unknown;
}

/** A relationship type as a catalogue holds it. */
export interface HeldRelationshipType {
  readonly name: string;
  readonly relationshipCategory: string;
  readonly endDef1: HeldEnd;
  readonly endDef2: HeldEnd;
}

interface HeldEnd {
  readonly type: string;
  readonly name: string;
  readonly cardinality?: string | undefined;
}

/** What a catalogue holds of the declared types and their supertypes, by name. */
export interface HeldTypes {
  readonly entityTypes: ReadonlyMap<string, HeldEntityType>;
  readonly relationshipTypes: ReadonlyMap<string, HeldRelationshipType>;
}

/** The declarations of all sources, each type once. */
export interface DeclaredTypes {
  readonly entityTypes: ReadonlyMap<string, EntityType>;
  readonly relationshipTypes: ReadonlyMap<string, RelationshipType>;
}

/** What has to be done: POST `create`, then PUT `update`. Lists are sorted by name; both are empty when all is there. */
export interface TypePlan {
  readonly create: Required<Pick<TypesDef, 'entityDefs' | 'relationshipDefs'>>;
  readonly update: Readonly<Record<string, unknown>>[];
  /** Why a type that the catalogue holds cannot take ours, one sentence each. */
  readonly conflicts: readonly string[];
}

/**
 * Joins the declarations of several sources. A type that two of them declare gets the attributes of both. Throws
 * TYPE_CONFLICT when they disagree about an attribute's type or about a relationship.
 */
export function declareTypes(sources: readonly SourceTypes[]): DeclaredTypes {
  const entityTypes = new Map<string, EntityType>();
  for (const type of sources.flatMap((source) => source.entityTypes)) {
    const known = entityTypes.get(type.name);
    entityTypes.set(type.name, known === undefined ? type : joined(known, type));
  }
  const relationshipTypes = new Map<string, RelationshipType>();
  for (const type of sources.flatMap((source) => source.relationshipTypes)) {
    const known = relationshipTypes.get(type.name);
    if (known !== undefined && shapeOf(known) !== shapeOf(type)) throw disagreement(type.name, 'its ends');
    relationshipTypes.set(type.name, type);
  }
  return { entityTypes, relationshipTypes };
}

function joined(a: EntityType, b: EntityType): EntityType {
  const attributes = new Map(Object.entries(a.attributes));
  for (const [name, attribute] of Object.entries(b.attributes)) {
    const known = attributes.get(name);
    if (known !== undefined && known.typeName !== attribute.typeName) {
      throw disagreement(a.name, `the type of ${name} (${known.typeName}, ${attribute.typeName})`);
    }
    attributes.set(name, known ?? attribute);
  }
  return {
    ...a,
    superTypes: [...new Set([...a.superTypes, ...b.superTypes])],
    attributes: Object.fromEntries(attributes),
    ...(a.options === undefined && b.options === undefined
      ? {}
      : { options: { ...b.options, ...a.options } }),
  };
}

function disagreement(name: string, what: string): StreamError {
  return new StreamError(
    'TYPE_CONFLICT',
    `Two producers declare the type ${name}, but disagree about ${what}.`,
  );
}

/** Compares declarations with what the catalogue holds. Pure; never throws. */
export function planTypes(declared: DeclaredTypes, held: HeldTypes): TypePlan {
  const conflicts: string[] = [];
  const create: { entityDefs: EntityDef[]; relationshipDefs: RelationshipDef[] } = {
    entityDefs: [],
    relationshipDefs: [],
  };
  const update: Readonly<Record<string, unknown>>[] = [];
  for (const type of sorted(declared.entityTypes)) {
    const own = ownAttributes(type, declared, held);
    conflicts.push(...own.conflicts);
    const existing = held.entityTypes.get(type.name);
    if (existing === undefined) create.entityDefs.push(entityDef(type, own.attributes));
    else if (type.builtIn !== true) {
      const extension = extend(type, own.attributes, existing);
      conflicts.push(...extension.conflicts);
      if (extension.def !== undefined) update.push(extension.def);
    }
  }
  for (const type of sorted(declared.relationshipTypes)) {
    const existing = held.relationshipTypes.get(type.name);
    if (existing === undefined) {
      if (!isKnownByAnotherName(type, held)) create.relationshipDefs.push(relationshipDef(type));
    } else if (type.builtIn !== true && shapeOf(type) !== shapeOfHeld(existing)) {
      conflicts.push(
        `The catalogue holds the relationship ${type.name} as ${shapeOfHeld(existing)}, not as ${shapeOf(type)}.`,
      );
    }
  }
  return { create, update, conflicts };
}

/** Names of the entity types that a plan needs to know of: the declared ones and every ancestor that is known so far. */
export function entityTypesToRead(
  declared: DeclaredTypes,
  held: ReadonlyMap<string, HeldEntityType>,
): readonly string[] {
  const names = new Set<string>();
  const add = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    for (const parent of superTypesOf(name, declared.entityTypes, held)) add(parent);
  };
  for (const name of declared.entityTypes.keys()) add(name);
  return [...names].sort();
}

function superTypesOf(
  name: string,
  declared: ReadonlyMap<string, EntityType>,
  held: ReadonlyMap<string, HeldEntityType>,
): readonly string[] {
  return [...(declared.get(name)?.superTypes ?? []), ...(held.get(name)?.superTypes ?? [])];
}

/** What a type adds to what it inherits. */
export interface OwnAttributes {
  /** Those that no ancestor has already. */
  readonly attributes: readonly (readonly [string, AttributeType])[];
  readonly conflicts: readonly string[];
}

/** Attributes of a type that no ancestor has, declared or held. */
export function ownAttributes(type: EntityType, declared: DeclaredTypes, held: HeldTypes): OwnAttributes {
  const inherited = new Map<string, { readonly typeName: string; readonly from: string }>();
  const seen = new Set([type.name]);
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const declaredHere = Object.entries(declared.entityTypes.get(name)?.attributes ?? {});
    for (const [attribute, { typeName }] of declaredHere) inherited.set(attribute, { typeName, from: name });
    for (const attribute of held.entityTypes.get(name)?.attributeDefs ?? []) {
      inherited.set(attribute.name, { typeName: attribute.typeName, from: name });
    }
    for (const parent of superTypesOf(name, declared.entityTypes, held.entityTypes)) visit(parent);
  };
  for (const parent of superTypesOf(type.name, declared.entityTypes, held.entityTypes)) visit(parent);
  const conflicts: string[] = [];
  const attributes = Object.entries(type.attributes).filter(([name, attribute]) => {
    const parent = inherited.get(name);
    if (parent !== undefined && parent.typeName !== attribute.typeName) {
      conflicts.push(
        `${type.name}.${name} is declared as ${attribute.typeName}, but its supertype ${parent.from} has it as ${parent.typeName}.`,
      );
    }
    return parent === undefined;
  });
  return { attributes, conflicts };
}

/** Fields that a catalogue computes: they are in its answers, but are not part of a definition that is sent. */
const computed = ['relationshipAttributeDefs', 'businessAttributeDefs', 'subTypes'];

function extend(
  type: EntityType,
  attributes: OwnAttributes['attributes'],
  held: HeldEntityType,
): { readonly def: Readonly<Record<string, unknown>> | undefined; readonly conflicts: readonly string[] } {
  const known = new Map(held.attributeDefs.map((attribute) => [attribute.name, attribute]));
  const conflicts = attributes.flatMap(([name, { typeName }]) => {
    const existing = known.get(name);
    if (existing === undefined || existing.typeName === typeName) return [];
    return [`The catalogue holds ${type.name}.${name} as ${existing.typeName}, not as ${typeName}.`];
  });
  for (const attribute of held.attributeDefs) {
    if (attribute.isOptional || Object.hasOwn(type.attributes, attribute.name)) continue;
    conflicts.push(`The catalogue demands ${type.name}.${attribute.name}, which we do not know.`);
  }
  // An attribute that is added later must be optional (400-00-00C), whatever ours says: we always give it.
  const missing = attributes
    .filter(([name]) => !known.has(name))
    .map(([name, attribute]) => attributeDef(name, { ...attribute, required: false }));
  const superTypes = [...new Set([...held.superTypes, ...type.superTypes])];
  const options = { ...type.options, ...optionsOf(held) };
  const isExtended =
    missing.length > 0 ||
    superTypes.length > held.superTypes.length ||
    Object.keys(options).length > Object.keys(optionsOf(held)).length;
  if (!isExtended || conflicts.length > 0) return { def: undefined, conflicts };
  const rest = Object.fromEntries(Object.entries(held).filter(([field]) => !computed.includes(field)));
  return {
    def: { ...rest, superTypes, options, attributeDefs: [...held.attributeDefs, ...missing] },
    conflicts,
  };
}

function optionsOf(held: HeldEntityType): Readonly<Record<string, unknown>> {
  const options = held['options'];
  return typeof options === 'object' && options !== null ? { ...options } : {};
}

/** A built-in relationship may have another name in an account: then the end's type already has the attribute. */
function isKnownByAnotherName(type: RelationshipType, held: HeldTypes): boolean {
  const defs = held.entityTypes.get(type.end2.typeName)?.['relationshipAttributeDefs'];
  if (type.builtIn !== true || !Array.isArray(defs)) return false;
  return defs.some((def: unknown) => {
    return typeof def === 'object' && def !== null && 'name' in def && def.name === type.end2.attribute;
  });
}

/** The ends of a relationship as text. */
export function shapeOf({ category, end1, end2 }: RelationshipType): string {
  const end = ({ typeName, attribute, many }: RelationshipEnd): string =>
    `${typeName}.${attribute}:${many ? 'SET' : 'SINGLE'}`;
  return `${category} ${end(end1)} ${end(end2)}`;
}

/** The ends of a relationship that a catalogue holds, as text. */
export function shapeOfHeld({ relationshipCategory, endDef1, endDef2 }: HeldRelationshipType): string {
  const end = ({ type, name, cardinality }: HeldEnd): string => `${type}.${name}:${cardinality ?? 'SINGLE'}`;
  return `${relationshipCategory} ${end(endDef1)} ${end(endDef2)}`;
}

function sorted<T>(types: ReadonlyMap<string, T>): readonly T[] {
  return [...types].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, type]) => type);
}
