import { StreamError } from '../../pipeline/errors.ts';
import {
  type DeclaredTypes,
  entityTypesToRead,
  type HeldEntityType,
  type HeldRelationshipType,
  planTypes,
  type TypePlan,
} from '../../pipeline/typedef-plan.ts';
import type { CatalogClient } from './client.ts';

const rounds = 3;

/** What {@link ensureTypes} works with. */
export interface EnsureTypesOptions {
  readonly client: CatalogClient;
  readonly declared: DeclaredTypes;
  /** Called before entity types are created, with their names: the catalogue holds no entity of them. */
  readonly onMissing: (names: ReadonlySet<string>) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Makes the catalogue hold every declared type: reads what is there, creates what is missing, extends what lacks attributes.
 * Another process may do the same at the same time: then what it made is read again. Rejects with TYPE_CONFLICT,
 * naming every conflict, before anything is written. Resolves with whether any entity type was missing.
 */
export async function ensureTypes(options: EnsureTypesOptions): Promise<boolean> {
  const { client, declared, onMissing, signal } = options;
  let wasMissing = false;
  for (let round = 1; ; round += 1) {
    const plan = planTypes(declared, await readHeldTypes(client, declared, signal));
    if (plan.conflicts.length > 0) {
      throw new StreamError('TYPE_CONFLICT', plan.conflicts.join(' '), {
        advice: 'Rename the type in the configuration, or delete it in the catalogue when nothing uses it.',
      });
    }
    if (isEmpty(plan)) return wasMissing;
    const missing = new Set(plan.create.entityDefs.map(({ name }) => name));
    wasMissing ||= missing.size > 0;
    if (missing.size > 0) await onMissing(missing);
    try {
      await writeTypes(client, plan, signal);
      return wasMissing;
    } catch (thrown) {
      const raced = thrown instanceof StreamError && thrown.code === 'CATALOG_CONFLICT';
      if (!raced || round >= rounds) throw thrown;
    }
  }
}

function isEmpty({ create, update }: TypePlan): boolean {
  return create.entityDefs.length + create.relationshipDefs.length + update.length === 0;
}

/** Creates and extends types: each request all or none. Types of one request may refer to each other; an extension may refer to what was created. */
export async function writeTypes(
  client: CatalogClient,
  plan: Pick<TypePlan, 'create' | 'update'>,
  signal: AbortSignal,
): Promise<void> {
  const { entityDefs, relationshipDefs } = plan.create;
  if (entityDefs.length + relationshipDefs.length > 0) {
    await client.writeTypes(
      'POST',
      {
        enumDefs: [],
        structDefs: [],
        classificationDefs: [],
        entityDefs,
        relationshipDefs,
      },
      signal,
    );
  }
  if (plan.update.length > 0) await client.writeTypes('PUT', { entityDefs: plan.update }, signal);
}

/** What the catalogue holds of the declared types and their ancestors. */
export async function readHeldTypes(client: CatalogClient, declared: DeclaredTypes, signal: AbortSignal) {
  const entityTypes = new Map<string, HeldEntityType>();
  const asked = new Set<string>();
  for (;;) {
    const names = entityTypesToRead(declared, entityTypes).filter((name) => !asked.has(name));
    if (names.length === 0) break;
    for (const name of names) {
      asked.add(name);
      const held = await client.entityType(name, signal);
      if (held !== undefined) entityTypes.set(name, held);
    }
  }
  const relationshipTypes = new Map<string, HeldRelationshipType>();
  for (const name of declared.relationshipTypes.keys()) {
    const held = await client.relationshipType(name, signal);
    if (held !== undefined) relationshipTypes.set(name, held);
  }
  return { entityTypes, relationshipTypes };
}
