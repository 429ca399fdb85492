import { refKey } from '../../pipeline/derive/keys.ts';
import type { Delivery } from '../../pipeline/sink.ts';
import type { EntityRef, Reference } from '../../schemas/types.ts';
import { type Applied, applied } from './applied.ts';
import { mergeBodies, without } from './merge.ts';
import { dependencyOrder } from './order.ts';
import { type EntityWrite, writeBytes } from './request.ts';
import type { TypeModel } from './type-model.ts';

/** A delivery with its place in the batch. */
export interface Item extends Delivery {
  readonly index: number;
}

/** How a reference of many reaches the catalogue after the bulk request. */
export interface ReferencePlan {
  readonly source: EntityRef;
  readonly attribute: string;
  /** All that the reference must have in the end. */
  readonly wanted: readonly EntityRef[];
  /** Undefined when nothing is known of what the catalogue has: then the list is in the request itself. */
  readonly known: { readonly add: readonly EntityRef[]; readonly remove: readonly EntityRef[] } | undefined;
}

/** One root that is to be written, for one or more producers. */
export interface RootWrite {
  readonly ref: EntityRef;
  readonly items: readonly Item[];
  /** What was applied of it before. */
  readonly before: Applied | undefined;
  /** The record of it once all this is confirmed. */
  readonly after: Applied;
  readonly writes: readonly EntityWrite[];
  readonly references: readonly ReferencePlan[];
  readonly bytes: number;
}

/** Roots that must be written together. */
export type Unit = readonly [RootWrite, ...RootWrite[]];

/** Plans the write of one root. Pure. Throws TYPE_UNKNOWN when a change calls a list complete that no relationship makes. */
export function planRoot(
  ref: EntityRef,
  items: readonly [Item, ...Item[]],
  before: Applied | undefined,
  types: TypeModel,
): RootWrite {
  const bodies = mergeBodies(items.map(({ change }) => change.entities)).map((body) =>
    withContainer(body, ref, types),
  );
  const producers = new Set(items.map(({ change }) => change.producer));
  const known = knownTargets(before, producers);
  const references = bodies.flatMap((source) =>
    source.references
      .filter(({ many }) => many)
      .map((reference) =>
        planReference(source, reference, known.get(referenceKey(source, reference.attribute))),
      ),
  );
  const omitted = new Set(
    references
      .filter((plan) => plan.known !== undefined)
      .map((plan) => referenceKey(plan.source, plan.attribute)),
  );
  const writes = bodies.map((body) => ({
    body,
    omit: new Set(
      body.references
        .map((r) => r.attribute)
        .filter((attribute) => omitted.has(referenceKey(body, attribute))),
    ),
  }));
  const bytes = writes.reduce((sum, write) => sum + writeBytes(write), 0);
  const [first, ...rest] = items;
  const after = rest.reduce(
    (record, { change }) => applied(record, change, types),
    applied(before, first.change, types),
  );
  return { ref, items, before, after, writes, references, bytes };
}

/** A COMPOSITION's child must name its container in every write (404-00-007 otherwise), also when nothing of that changed. */
function withContainer(body: EntityWrite['body'], root: EntityRef, types: TypeModel): EntityWrite['body'] {
  if (refKey(body) === refKey(root)) return body;
  const attribute = types.containerAttribute(body.typeName, root.typeName);
  if (attribute === undefined || body.references.some((reference) => reference.attribute === attribute))
    return body;
  const { typeName, qualifiedName } = root;
  const container = { attribute, many: false, targets: [{ typeName, qualifiedName }] };
  return { ...body, references: [...body.references, container] };
}

interface KnownTargets {
  readonly all: EntityRef[];
  /** Those of producers that the batch says nothing new of. */
  readonly others: EntityRef[];
}

function knownTargets(
  before: Applied | undefined,
  producers: ReadonlySet<string>,
): Map<string, KnownTargets> {
  const known = new Map<string, KnownTargets>();
  if (before === undefined || before.deleted) return known;
  for (const speaker of before.speakers) {
    for (const { source, attribute, targets } of speaker.references) {
      const key = referenceKey(source, attribute);
      const entry = known.get(key) ?? { all: [], others: [] };
      known.set(key, entry);
      entry.all.push(...targets);
      if (!producers.has(speaker.producer)) entry.others.push(...targets);
    }
  }
  return known;
}

function planReference(
  source: EntityRef,
  { attribute, targets }: Reference,
  known: KnownTargets | undefined,
): ReferencePlan {
  const at = { source: { typeName: source.typeName, qualifiedName: source.qualifiedName }, attribute };
  if (known === undefined) return { ...at, wanted: targets, known: undefined };
  const wanted = [...targets, ...without(known.others, targets)];
  return { ...at, wanted, known: { add: without(wanted, known.all), remove: without(known.all, wanted) } };
}

function referenceKey(source: EntityRef, attribute: string): string {
  return `${refKey(source)}\n${attribute}`;
}

/** Brings roots into the order in which they can be written: datasets before processes, and whatever a root refers to before it. */
export function orderUnits(roots: readonly RootWrite[], types: TypeModel): readonly Unit[] {
  const isProcess = ({ ref }: RootWrite): boolean => types.isA(ref.typeName, 'Process');
  const ranked = [...roots.filter((root) => !isProcess(root)), ...roots.filter(isProcess)];
  const groups = dependencyOrder(ranked, providedBy, neededBy);
  return groups.flatMap(([first, ...rest]): Unit[] => (first === undefined ? [] : [[first, ...rest]]));
}

function* providedBy({ writes }: RootWrite): Iterable<string> {
  for (const { body } of writes) yield refKey(body);
}

function* neededBy({ writes }: RootWrite): Iterable<string> {
  for (const { body } of writes) {
    for (const { targets } of body.references) for (const target of targets) yield refKey(target);
  }
}

/** How large a request may be. */
export interface RequestLimits {
  readonly entities: number;
  readonly bytes: number;
}

/** Packs units into requests, in order. A unit that is larger than a request stands alone, see {@link chunks}. */
export function pack(units: readonly Unit[], limits: RequestLimits): readonly (readonly Unit[])[] {
  const packs: Unit[][] = [];
  let entities = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (const unit of units) {
    const size = sizeOf(unit);
    entities += size.entities;
    bytes += size.bytes;
    if (entities > limits.entities || bytes > limits.bytes) {
      packs.push([]);
      ({ entities, bytes } = size);
    }
    packs.at(-1)?.push(unit);
  }
  return packs;
}

/** The entities of units, each once, in requests that keep the limits: more than one only when a single unit is too large. */
export function chunks(units: readonly Unit[], limits: RequestLimits): readonly (readonly EntityWrite[])[] {
  const writes = uniqueWrites(units.flat());
  const groups = dependencyOrder(
    writes,
    ({ body }) => [refKey(body)],
    ({ body }) => body.references.flatMap(({ targets }) => targets.map(refKey)),
  );
  const parts: EntityWrite[][] = [];
  let bytes = 0;
  for (const group of groups) {
    const size = group.reduce((sum, write) => sum + writeBytes(write), 0);
    const last = parts.at(-1);
    if (last === undefined || last.length + group.length > limits.entities || bytes + size > limits.bytes) {
      parts.push([...group]);
      bytes = size;
    } else {
      last.push(...group);
      bytes += size;
    }
  }
  return parts;
}

function sizeOf(unit: Unit): RequestLimits {
  return {
    entities: unit.reduce((sum, root) => sum + root.writes.length, 0),
    bytes: unit.reduce((sum, root) => sum + root.bytes, 0),
  };
}

/** Two roots may own the same entity: in a request it stands once, or Atlas would lose the second silently. */
function uniqueWrites(roots: readonly RootWrite[]): readonly EntityWrite[] {
  const omits = new Map<string, ReadonlySet<string>>();
  for (const { body, omit } of roots.flatMap((root) => root.writes)) {
    const known = omits.get(refKey(body));
    omits.set(refKey(body), known === undefined ? omit : new Set([...known, ...omit]));
  }
  const bodies = mergeBodies(roots.map((root) => root.writes.map((write) => write.body)));
  return bodies.map((body) => ({ body, omit: omits.get(refKey(body)) ?? new Set<string>() }));
}
