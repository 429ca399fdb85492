/**
 * What is different between the declared types and those that a catalogue holds, in words, with what Atlas lets be done about it
 * (AtlasStructDefStoreV2, AtlasTypeDefGraphStoreV2, AtlasRelationshipDefStoreV2; seen on 2.4.0); and the rules that a declaration must
 * keep whatever the catalogue holds.
 */
import { isTypeName } from './atlas/typedef-rules.ts';
import {
  type DeclaredTypes,
  type HeldEntityType,
  type HeldTypes,
  ownAttributes,
  shapeOf,
  shapeOfHeld,
} from './typedef-plan.ts';
import { TypeModel } from './type-model.ts';
import type { EntityType, RelationshipType } from './types.ts';
import { baseAttributes } from './what-if.ts';

/**
 * One difference.
 * - `create`: the type is not there, and is made.
 * - `safe`: an addition that leaves what is there as it is.
 * - `unsafe`: what Atlas refuses; `way` says how to get there all the same.
 * - `kept`: the catalogue has more than is declared; nothing is taken away.
 */
export interface TypeDifference {
  readonly type: string;
  readonly verdict: 'create' | 'safe' | 'unsafe' | 'kept';
  readonly detail: string;
  readonly way?: string;
}

const moveOver =
  'Declare it under another name, let the sources fill that, and stop using the old one; or delete the type with its entities and let everything be written again.';

/** Compares declarations with what the catalogue holds, sorted by type. Pure. */
export function typeDifferences(declared: DeclaredTypes, held: HeldTypes): readonly TypeDifference[] {
  const entities = [...declared.entityTypes.values()].flatMap((type) => {
    const existing = held.entityTypes.get(type.name);
    const known = { declared, held };
    if (existing === undefined) return [creation(type.name, `entity type: ${type.description}`)];
    return type.builtIn === true ? [] : entityDifferences(type, existing, known);
  });
  const relationships = [...declared.relationshipTypes.values()].flatMap((type) =>
    relationshipDifferences(type, held),
  );
  return [...entities, ...relationships].sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
}

function creation(type: string, detail: string): TypeDifference {
  return { type, verdict: 'create', detail };
}

function entityDifferences(
  type: EntityType,
  existing: HeldEntityType,
  { declared, held }: { readonly declared: DeclaredTypes; readonly held: HeldTypes },
): readonly TypeDifference[] {
  const found: TypeDifference[] = [];
  const say = (verdict: TypeDifference['verdict'], detail: string, way?: string): void =>
    void found.push({ type: type.name, verdict, detail, ...(way === undefined ? {} : { way }) });
  const own = ownAttributes(type, declared, held);
  for (const conflict of own.conflicts) say('unsafe', conflict, moveOver);
  const known = new Map(existing.attributeDefs.map((attribute) => [attribute.name, attribute]));
  for (const [name, { typeName, required }] of own.attributes) {
    const there = known.get(name);
    if (there === undefined) {
      const note =
        required === true
          ? ' It is declared mandatory, and becomes optional: Atlas adds no mandatory attribute to a type that is there (400-00-00C).'
          : '';
      say('safe', `attribute ${name} (${typeName}) is added.${note}`);
    } else if (there.typeName !== typeName) {
      const why = `attribute ${name} is ${there.typeName} there, and ${typeName} here: Atlas changes no attribute's type (400-00-029).`;
      say('unsafe', why, moveOver);
    }
  }
  for (const { name, isOptional } of existing.attributeDefs) {
    if (Object.hasOwn(type.attributes, name)) continue;
    if (isOptional) say('kept', `attribute ${name} stays: Atlas removes none (400-00-00D).`);
    else {
      const way = `Declare ${name} and let the source give it, or delete the type with its entities and let it be created anew.`;
      say(
        'unsafe',
        `attribute ${name} is mandatory there, and not declared here: every write would be refused.`,
        way,
      );
    }
  }
  for (const name of type.superTypes)
    if (!existing.superTypes.includes(name)) say('safe', `supertype ${name} is added.`);
  for (const name of existing.superTypes)
    if (!type.superTypes.includes(name))
      say('kept', `supertype ${name} stays: Atlas removes none (400-00-00E).`);
  return found;
}

function relationshipDifferences(type: RelationshipType, held: HeldTypes): readonly TypeDifference[] {
  const existing = held.relationshipTypes.get(type.name);
  if (type.builtIn === true) return [];
  if (existing === undefined) return [creation(type.name, `relationship: ${type.description}`)];
  const [here, there] = [shapeOf(type), shapeOfHeld(existing)];
  if (here === there) return [];
  const detail = `the relationship is ${there} there, and ${here} here: Atlas changes neither ends nor category (400-00-037 to 040).`;
  return [{ type: type.name, verdict: 'unsafe', detail, way: moveOver }];
}

/** What is wrong with declarations by themselves, a sentence each: names, ends of compositions, and Purview's options for the schema tab. */
export function declarationProblems({ entityTypes, relationshipTypes }: DeclaredTypes): readonly string[] {
  const problems: string[] = [];
  for (const type of entityTypes.values()) {
    if (!isTypeName(type.name))
      problems.push(
        `${type.name}: a type's name is a letter, and then letters, digits, _ and spaces (400-00-019).`,
      );
    for (const name of Object.keys(type.attributes))
      if (!/^[A-Za-z][A-Za-z0-9_]*$/u.test(name))
        problems.push(
          `${type.name}.${name}: an attribute's name is a letter, and then letters, digits and _ (400-00-09A).`,
        );
    problems.push(...schemaTabProblems(type, { entityTypes, relationshipTypes }));
  }
  for (const { name, category, end1, end2 } of relationshipTypes.values()) {
    if (!isTypeName(name)) problems.push(`${name}: not a name for a relationship (400-00-019).`);
    if (category === 'COMPOSITION' && end2.many)
      problems.push(
        `${name}: what a COMPOSITION owns has one container, so ${end2.typeName}.${end2.attribute} cannot be many (400-00-033).`,
      );
    for (const end of [end1, end2])
      if (entityTypes.get(end.typeName)?.attributes[end.attribute] !== undefined)
        problems.push(
          `${name}: ${end.typeName} has an attribute ${end.attribute} beside the relationship of that name.`,
        );
  }
  return problems;
}

function schemaTabProblems(type: EntityType, declared: DeclaredTypes): readonly string[] {
  const relationships = [...declared.relationshipTypes.values()];
  const elements = type.options?.['schemaElementsAttribute'];
  const problems: string[] = [];
  if (elements !== undefined && elements !== '') {
    const isList = relationships.some(
      ({ end1, end2 }) =>
        (end1.typeName === type.name && end1.attribute === elements && end1.many) ||
        (end2.typeName === type.name && end2.attribute === elements && end2.many),
    );
    if (!isList)
      problems.push(
        `${type.name}: the option schemaElementsAttribute names ${elements}, which no relationship makes a list of it.`,
      );
  }
  const shown = schemaAttributes(type.options?.['schemaAttributes']);
  if (shown === undefined) problems.push(`${type.name}: the option schemaAttributes is no list as JSON.`);
  const known = new TypeModel(declared).attributes(type.name);
  for (const name of shown ?? []) {
    if (known?.has(name) !== true && !baseAttributes.has(name))
      problems.push(`${type.name}: the option schemaAttributes names ${name}, which is no attribute of it.`);
  }
  return problems;
}

/** A JSON list, or the name of one attribute; undefined for a list that is none. */
function schemaAttributes(option: string | undefined): readonly string[] | undefined {
  if (option === undefined || option === '') return [];
  if (!option.startsWith('[')) return [option];
  try {
    const names: unknown = JSON.parse(option);
    return Array.isArray(names) ? names.map(String) : undefined;
  } catch {
    return undefined;
  }
}
