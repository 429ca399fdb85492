import type { AttributeValue, EntityRef } from '../../schemas/types.ts';
import type { Place, Problems } from './problems.ts';

/** Targets of a relationship so far. */
export interface DraftReference {
  /** Becomes true as soon as one row gives a list. */
  many: boolean;
  readonly targets: EntityRef[];
  readonly guids: string[];
  /** Whether a row says that there are none. */
  isEmptied?: boolean;
}

/** A contact of an entity. */
export interface DraftContact {
  readonly id: string;
  readonly info: string | null;
}

/** An entity as the rows of a workbook make it: null where no row tells. */
export interface Draft extends EntityRef {
  /** Where it was first named. */
  readonly place: Place;
  readonly attributes: Map<string, AttributeValue>;
  readonly references: Map<string, DraftReference>;
  readonly classifications: Set<string>;
  readonly labels: Set<string>;
  readonly terms: Set<string>;
  readonly custom: Map<string, string>;
  readonly business: Map<string, Map<string, AttributeValue>>;
  readonly experts: Map<string, DraftContact>;
  readonly owners: Map<string, DraftContact>;
  /** Of the top level of the entity, as the workbook names it. */
  readonly root: Map<string, AttributeValue>;
  /** What an attribute was given by, to say so when another row gives another value. */
  readonly givenBy: Map<string, Place>;
  /** Whether a row of it is wrong, so that it must not be delivered. */
  isBroken: boolean;
}

/** Every entity of a workbook, whatever sheets speak of it, by type and qualifiedName. */
export class Drafts {
  readonly #drafts = new Map<string, Draft>();
  readonly #byName = new Map<string, Draft[]>();

  /** All, in the order in which they are named first. */
  get all(): readonly Draft[] {
    return [...this.#drafts.values()];
  }

  /** The entity of that type and name, begun if it is new. */
  at(typeName: string, qualifiedName: string, place: Place): Draft {
    const key = `${typeName}\n${qualifiedName}`;
    const known = this.#drafts.get(key);
    if (known !== undefined) return known;
    const draft: Draft = {
      typeName,
      qualifiedName,
      place,
      attributes: new Map(),
      references: new Map(),
      classifications: new Set(),
      labels: new Set(),
      terms: new Set(),
      custom: new Map(),
      business: new Map(),
      experts: new Map(),
      owners: new Map(),
      root: new Map(),
      givenBy: new Map(),
      isBroken: false,
    };
    this.#drafts.set(key, draft);
    const named = this.#byName.get(qualifiedName);
    if (named === undefined) this.#byName.set(qualifiedName, [draft]);
    else named.push(draft);
    return draft;
  }

  /** Those of a qualifiedName, of any type. */
  named(qualifiedName: string): readonly Draft[] {
    return this.#byName.get(qualifiedName) ?? [];
  }
}

/** Gives an attribute its value: the last row wins, and a warning says when that changes what an earlier row gave. */
export function setAttribute(
  draft: Draft,
  given: { readonly name: string; readonly value: AttributeValue; readonly place: Place },
  problems: Problems,
): void {
  const { name, value, place } = given;
  const before = draft.attributes.get(name);
  const by = draft.givenBy.get(name);
  if (before !== undefined && by !== undefined && JSON.stringify(before) !== JSON.stringify(value))
    problems.warn(
      place,
      'given-twice',
      `another value of ${name} than in ${by.sheet}, row ${by.row ?? '?'}, for the same ${draft.typeName} ${draft.qualifiedName}: this one counts.`,
    );
  draft.attributes.set(name, value);
  draft.givenBy.set(name, place);
}

/** The list or single reference of that name, begun if it is new; a list as soon as one row gives one. */
export function referenceOf(draft: Draft, attribute: string, many: boolean): DraftReference {
  const known = draft.references.get(attribute) ?? { many, targets: [], guids: [] };
  known.many ||= many;
  draft.references.set(attribute, known);
  return known;
}

/** Adds a target of a reference, once; a single reference takes the last. */
export function addTarget(reference: DraftReference, target: EntityRef): void {
  if (!reference.many) reference.targets.length = 0;
  const has = reference.targets.some(
    (one) => one.typeName === target.typeName && one.qualifiedName === target.qualifiedName,
  );
  if (!has) reference.targets.push({ typeName: target.typeName, qualifiedName: target.qualifiedName });
}

/** Its name; empty where no row has told it. */
export function nameOf({ attributes }: Draft): string {
  const name = attributes.get('name');
  return typeof name === 'string' ? name : '';
}
