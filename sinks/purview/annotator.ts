import { jsonAttributes } from '../../pipeline/attribute-value.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { StateStore } from '../../pipeline/state.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';
import type { Classification, EntityRef } from '../../schemas/types.ts';
import { type AnnotationPlan, joinGiven } from './annotation-plan.ts';
import { type AnnotationChanges, decideAnnotations } from './decide-annotations.ts';
import { type Applied, appliedWrite } from './applied.ts';
import type { ClassificationBody } from './annotation-client.ts';
import type { CatalogClient } from './client.ts';
import { readHeld } from './held.ts';
import { heldAnnotations } from './held-annotations.ts';
import type { Mutations } from './outcomes.ts';
import { settleReference } from './relationships.ts';
import type { EntityExtras } from './request.ts';
import type { Given } from './said-schema.ts';
import type { RootWrite } from './unit.ts';

/** What an {@link Annotator} works with. */
export interface AnnotatorContext {
  readonly client: CatalogClient;
  readonly state: StateStore;
  readonly types: TypeModel;
  readonly signal: AbortSignal;
  /** Whether what a catalogue holds as it is said counts as given by us: the state of what it was told was lost. */
  readonly adopts: boolean;
}

interface Decided {
  readonly entity: EntityRef;
  readonly changes: AnnotationChanges;
  readonly ours: Given | undefined;
  /** Undefined for an entity that was not there. */
  readonly guid: string | undefined;
}

/**
 * Brings what is said of entities beside their attributes and references into the catalogue: a bulk request ignores most of it for an entity
 * that is there (atlas.md, 1.7: classifications, labels, business metadata), replaces the rest whole (custom attributes, contacts), and knows
 * nothing of collections. Before the bulk request {@link prepare} reads what is held, and after it {@link settle} does what differs.
 */
export class Annotator {
  readonly #context: AnnotatorContext;
  readonly #decided = new WeakMap<RootWrite, readonly Decided[]>();

  constructor(context: AnnotatorContext) {
    this.#context = context;
  }

  /**
   * Decides what is to be done for some roots, and writes down what they are about to be given: killed after that, it is known as ours when the
   * batch comes again. No call where nothing is to be given or taken away.
   */
  async prepare(roots: readonly RootWrite[]): Promise<void> {
    const { client, state, signal } = this.#context;
    const open = roots.filter((root) => root.annotations.length > 0 && !this.#decided.has(root));
    if (open.length === 0) return;
    const heldAs = ({ rename }: RootWrite, { entity }: AnnotationPlan): EntityRef =>
      rename?.formers.get(refKey(entity)) ?? entity;
    const entities = open.flatMap((root) => root.annotations.map((plan) => heldAs(root, plan)));
    const held = await readHeld(client, entities, signal);
    const decide = (root: RootWrite, plan: AnnotationPlan): Decided => {
      const entity = held.get(refKey(heldAs(root, plan)));
      const terms = [...(plan.wanted?.terms ?? []), ...(plan.ours?.terms ?? [])];
      const known = entity && heldAnnotations(entity, terms);
      const adopts = this.#context.adopts && root.before === undefined;
      const changes = decideAnnotations(plan, known, adopts);
      return { entity: plan.entity, changes, ours: plan.ours, guid: entity?.guid };
    };
    for (const root of open) {
      this.#decided.set(
        root,
        root.annotations.map((plan) => decide(root, plan)),
      );
    }
    // A record under a new name would say that what is renamed is there already.
    const claims = open
      .filter(({ rename }) => rename === undefined)
      .map((root) => appliedWrite(root.ref, this.#claimed(root)));
    if (claims.length > 0) await state.write(claims);
  }

  /** What the bulk request is to say of entities of some roots beside attributes and references, by {@link refKey}. */
  extras(roots: readonly RootWrite[]): ReadonlyMap<string, EntityExtras> {
    const extras = new Map<string, EntityExtras>();
    for (const { entity, changes } of roots.flatMap((root) => this.#decided.get(root) ?? [])) {
      const { customAttributes } = changes;
      const contacts = this.#context.client.annotations.hasCollections ? changes.contacts : undefined;
      if (customAttributes === undefined && contacts === undefined) continue;
      extras.set(refKey(entity), {
        ...(customAttributes === undefined ? {} : { customAttributes }),
        ...(contacts === undefined ? {} : { contacts }),
      });
    }
    return extras;
  }

  /** Moves entities of some roots to their collections: one request for each collection. Resolves with the roots of those that failed, and why. */
  async move(
    roots: readonly RootWrite[],
    mutations: Mutations,
  ): Promise<readonly { readonly roots: readonly RootWrite[]; readonly thrown: unknown }[]> {
    const { client, signal } = this.#context;
    if (!client.annotations.hasCollections) return [];
    const moves = new Map<string, { readonly guids: string[]; readonly roots: Set<RootWrite> }>();
    for (const root of roots) {
      for (const { entity, changes, guid: known } of this.#decided.get(root) ?? []) {
        const guid = mutations.guid(entity) ?? known;
        if (changes.collection === undefined || guid === undefined) continue;
        const move = moves.get(changes.collection) ?? { guids: [], roots: new Set() };
        move.guids.push(guid);
        move.roots.add(root);
        moves.set(changes.collection, move);
      }
    }
    const failed: { readonly roots: readonly RootWrite[]; readonly thrown: unknown }[] = [];
    for (const [collection, move] of moves) {
      try {
        await client.annotations.moveTo(collection, move.guids, signal);
      } catch (thrown) {
        failed.push({ roots: [...move.roots], thrown });
      }
    }
    return failed;
  }

  /** Does for one root what the bulk request did not. Resolves with the number of requests, and with the record of it. */
  async settle(
    root: RootWrite,
    mutations: Mutations,
  ): Promise<{ readonly changed: number; readonly after: Applied }> {
    const decided = this.#decided.get(root) ?? [];
    let changed = 0;
    for (const one of decided) {
      const guid = mutations.guid(one.entity) ?? one.guid;
      if (guid !== undefined) changed += await this.#annotate(one, guid);
    }
    return {
      changed,
      after: withGiven(
        root.after(),
        decided.map(({ changes }) => changes.given),
      ),
    };
  }

  async #annotate({ entity, changes }: Decided, guid: string): Promise<number> {
    const { client, signal, types } = this.#context;
    const { annotations } = client;
    const { classifications, labels, terms, business } = changes;
    const requests: (() => Promise<unknown>)[] = [];
    const when = (isWanted: boolean, request: () => Promise<unknown>): void => {
      if (isWanted) requests.push(request);
    };
    for (const name of classifications.remove)
      requests.push(() => annotations.removeClassification(guid, name, signal));
    when(classifications.add.length > 0, () =>
      annotations.writeClassifications('POST', guid, classifications.add.map(added), signal),
    );
    when(classifications.update.length > 0, () =>
      annotations.writeClassifications('PUT', guid, classifications.update.map(updated), signal),
    );
    when(labels.add.length > 0, () => annotations.writeLabels('PUT', guid, labels.add, signal));
    when(labels.remove.length > 0, () => annotations.writeLabels('DELETE', guid, labels.remove, signal));
    when(Object.keys(business.set).length > 0, () => annotations.setBusiness(guid, business.set, signal));
    when(Object.keys(business.remove).length > 0, () =>
      annotations.removeBusiness(guid, business.remove, signal),
    );
    when(terms.add.length + terms.remove.length > 0, () =>
      settleReference(
        { client, signal, types },
        {
          source: entity,
          attribute: 'meanings',
          wanted: [],
          isDoubted: false,
          carried: [],
          known: { add: terms.add.map(termRef), remove: terms.remove.map(termRef) },
        },
        false,
      ),
    );
    for (const request of requests) await request();
    return requests.length;
  }

  #claimed(root: RootWrite): Applied {
    const before = root.before ?? { deleted: false, speakers: [] };
    const decided = this.#decided.get(root) ?? [];
    const own = new Set(decided.map(({ entity }) => refKey(entity)));
    const claimed = decided.map(({ ours, changes }) => joinGiven(ours, changes.given)).filter(isAnything);
    const others = (before.claimed ?? []).filter(({ entity }) => !own.has(refKey(entity)));
    return { ...before, claimed: [...others, ...claimed] };
  }
}

/** The record of a root once its entities were given what was decided; of others it stays as it was. */
function withGiven({ given: before = [], ...after }: Applied, given: readonly Given[]): Applied {
  const decided = new Set(given.map(({ entity }) => refKey(entity)));
  const kept = before.filter(({ entity }) => !decided.has(refKey(entity)));
  const all = [...kept, ...given.filter(isAnything)];
  return all.length === 0 ? after : { ...after, given: all };
}

function isAnything({ entity: _entity, collection, ...lists }: Given): boolean {
  return collection !== null || Object.values(lists).some((list) => Object.keys(list).length > 0);
}

function termRef(qualifiedName: string): EntityRef {
  return { typeName: 'AtlasGlossaryTerm', qualifiedName };
}

/** What is cleared is not there yet: a mandatory attribute must not be given as null. */
function added(one: Classification): ClassificationBody {
  const attributes = Object.entries(one.attributes).filter(([, value]) => value !== null);
  return updated({ ...one, attributes: Object.fromEntries(attributes) });
}

function updated(one: Classification): ClassificationBody {
  const { typeName, attributes, propagate, removePropagationsOnEntityDelete, validityPeriods } = one;
  return {
    typeName,
    attributes: jsonAttributes(attributes),
    ...(propagate === null ? {} : { propagate }),
    ...(removePropagationsOnEntityDelete === null ? {} : { removePropagationsOnEntityDelete }),
    ...(validityPeriods.length === 0 ? {} : { validityPeriods: validityPeriods.map(period) }),
  };
}

function period(one: Classification['validityPeriods'][number]): Readonly<Record<string, string>> {
  const members = Object.entries({ ...one }).filter(
    (member): member is [string, string] => member[1] !== null,
  );
  return Object.fromEntries(members);
}
