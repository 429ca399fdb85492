/** The types that a workbook defines, against those that a catalogue holds. */
import { z } from 'zod';
import { entityDefSchema } from '../../pipeline/atlas/replies.ts';
import type { TypesDef } from '../../pipeline/atlas/wire.ts';
import type { TypeDifference } from '../../pipeline/typedef-diff.ts';
import type { WorkbookTypes } from '../../producers/excel/type-defs.ts';
import type { CatalogReader } from '../catalog-reader.ts';

const classificationDefSchema = z.looseObject({
  name: z.string(),
  superTypes: z.array(z.string()).default([]),
  entityTypes: z.array(z.string()).default([]),
});

/** What is to be done: POST `create`, then PUT `update`. Nothing of it is done while a difference is unsafe. */
export interface WorkbookTypePlan {
  readonly differences: readonly TypeDifference[];
  readonly create: WorkbookTypes;
  readonly update: WorkbookTypes;
}

type EntityDef = WorkbookTypes['entityDefs'][number];
type ClassificationDef = WorkbookTypes['classificationDefs'][number];

/** Compares every type of the workbook with the one of that name in the catalogue. */
export async function planWorkbookTypes(
  types: WorkbookTypes,
  catalog: CatalogReader,
): Promise<WorkbookTypePlan> {
  const plan = {
    differences: [] as TypeDifference[],
    create: { entityDefs: [] as EntityDef[], classificationDefs: [] as ClassificationDef[] },
    update: { entityDefs: [] as EntityDef[], classificationDefs: [] as ClassificationDef[] },
  };
  for (const type of types.entityDefs) {
    const held = await catalog.type('entitydef', type.name, entityDefSchema);
    if (held === undefined) {
      plan.create.entityDefs.push(type);
      plan.differences.push({ type: type.name, verdict: 'create', detail: 'entity type' });
      continue;
    }
    const differences = entityDifferences(type, held);
    plan.differences.push(...differences);
    if (differences.length > 0) plan.update.entityDefs.push(extended(type, held));
  }
  for (const type of types.classificationDefs) {
    const held = await catalog.type('classificationdef', type.name, classificationDefSchema);
    if (held === undefined) {
      plan.create.classificationDefs.push(type);
      plan.differences.push({ type: type.name, verdict: 'create', detail: 'classification' });
      continue;
    }
    const added = [...additions(type, held, 'entityTypes'), ...additions(type, held, 'superTypes')];
    plan.differences.push(
      ...added.map((detail): TypeDifference => ({ type: type.name, verdict: 'safe', detail })),
    );
    if (added.length > 0) plan.update.classificationDefs.push({ ...held, ...lists(type, held) });
  }
  return plan;
}

type HeldEntityDef = z.output<typeof entityDefSchema>;

/** Atlas adds optional attributes and supertypes to a type that is there, and changes no attribute's type (AtlasStructDefStoreV2). */
function entityDifferences(type: EntityDef, held: HeldEntityDef): readonly TypeDifference[] {
  const found: TypeDifference[] = [];
  const say = (verdict: TypeDifference['verdict'], detail: string): void =>
    void found.push({ type: type.name, verdict, detail });
  const known = new Map(held.attributeDefs.map((attribute) => [attribute.name, attribute]));
  for (const { name, typeName, isOptional } of type.attributeDefs ?? []) {
    const there = known.get(name);
    if (there === undefined)
      say(
        'safe',
        `attribute ${name} (${typeName}) is added${isOptional === false ? ', as optional: a mandatory one cannot be added' : ''}`,
      );
    else if (there.typeName !== typeName)
      say(
        'unsafe',
        `attribute ${name} is ${there.typeName} there, and ${typeName} in the workbook: no catalogue changes that; choose another name`,
      );
  }
  for (const name of type.superTypes ?? [])
    if (!held.superTypes.includes(name)) say('safe', `supertype ${name} is added`);
  return found;
}

/** The type as the catalogue holds it, with what the workbook adds. */
function extended(type: EntityDef, held: HeldEntityDef): EntityDef {
  const known = new Set(held.attributeDefs.map(({ name }) => name));
  const added = (type.attributeDefs ?? [])
    .filter(({ name }) => !known.has(name))
    .map((attribute) => ({ ...attribute, isOptional: true, valuesMinCount: 0 }));
  const whole: Record<string, unknown> = {
    ...held,
    superTypes: [...new Set([...held.superTypes, ...(type.superTypes ?? [])])],
    attributeDefs: [...held.attributeDefs, ...added],
  };
  return whole as unknown as EntityDef; // what the catalogue answered, in its own form
}

type HeldClassificationDef = z.output<typeof classificationDefSchema>;

function additions(
  type: ClassificationDef,
  held: HeldClassificationDef,
  list: 'entityTypes' | 'superTypes',
): readonly string[] {
  const what = list === 'entityTypes' ? 'entity type' : 'supertype';
  return (type[list] ?? [])
    .filter((name) => !held[list].includes(name))
    .map((name) => `${what} ${name} is added`);
}

function lists(type: ClassificationDef, held: HeldClassificationDef) {
  return {
    entityTypes: [...new Set([...held.entityTypes, ...(type.entityTypes ?? [])])],
    superTypes: [...new Set([...held.superTypes, ...(type.superTypes ?? [])])],
  };
}

/** Creates and extends types in the catalogue. */
export async function applyWorkbookTypes(plan: WorkbookTypePlan, catalog: CatalogReader): Promise<void> {
  const body = ({ entityDefs, classificationDefs }: WorkbookTypes): TypesDef => ({
    enumDefs: [],
    structDefs: [],
    relationshipDefs: [],
    entityDefs,
    classificationDefs,
  });
  const isEmpty = (types: WorkbookTypes) => types.entityDefs.length + types.classificationDefs.length === 0;
  if (!isEmpty(plan.create)) await catalog.writeTypes('POST', body(plan.create));
  if (!isEmpty(plan.update)) await catalog.writeTypes('PUT', body(plan.update));
}
