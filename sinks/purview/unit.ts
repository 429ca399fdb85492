import { canonicalJson } from '../../pipeline/canonical-json.ts';
import { refKey } from '../../pipeline/derive/keys.ts';
import type { ReplayScope } from '../../pipeline/delivery/replayed.ts';
import type { Precedence } from '../../pipeline/precedence.ts';
import type { Delivery } from '../../pipeline/sink.ts';
import type { EntityBody, EntityRef } from '../../schemas/types.ts';
import { type AnnotationPlan, planAnnotations, withoutTerms } from './annotation-plan.ts';
import { type Applied, applied, type AppliedSpeaker, isConfirmed, saidBy, speakersOf } from './applied.ts';
import { mergeBodies, mergeSaid, type Said } from './merge.ts';
import { dependencyOrder } from './order.ts';
import { begunTargets, knownTargets, planReferences, type ReferencePlan } from './reference-plan.ts';
import { type EntityWrite, writeBytes } from './request.ts';
import { type RootRename, staleTargets } from './renames.ts';
import { withoutGoneMembers } from './structs.ts';
import type { TypeModel } from '../../pipeline/type-model.ts';

/** A delivery with its place in the batch. */
export interface Item extends Delivery {
  readonly index: number;
}

/** One root that is to be written, for one or more producers. */
export interface RootWrite {
  readonly ref: EntityRef;
  readonly items: readonly Item[];
  /** What was applied of it before. */
  readonly before: Applied | undefined;
  /** How much is replayed, where this is part of a replay. */
  readonly replayed: ReplayScope | undefined;
  /** The record of it once all this is confirmed: made when it is asked for, and once. */
  readonly after: () => Applied;
  readonly writes: readonly EntityWrite[];
  readonly references: readonly ReferencePlan[];
  /** What entities are to have beside attributes and references, where that may differ. */
  readonly annotations: readonly AnnotationPlan[];
  readonly bytes: number;
  /** Present where entities of it are in the catalogue under other names. */
  readonly rename?: RootRename;
}

/** Roots that must be written together. */
export type Unit = readonly [RootWrite, ...RootWrite[]];

/** What the planning of a write goes by. */
export interface PlanContext {
  readonly types: TypeModel;
  readonly precedence: Precedence;
}

/**
 * Plans the write of one root. Where several producers speak of an entity, each attribute is that of the first of them, in the order
 * of precedence, who gives it a value; so it does not matter who came last. Entities of the root that stay as they were confirmed
 * are not written again, but by a replay, and where some of them got other names. Pure. Throws TYPE_UNKNOWN when a change calls a list complete that no relationship makes.
 */
export function planRoot(
  ref: EntityRef,
  items: readonly [Item, ...Item[]],
  { before, replayed, rename }: Pick<RootWrite, 'before' | 'replayed' | 'rename'>,
  context: PlanContext,
): RootWrite {
  const { types } = context;
  const [first, ...rest] = items;
  const after = recordAfter([first, ...rest], before, types);
  const stale = new Map(items.flatMap(({ change }) => [...staleTargets(change)]));
  const isWhole = replayed !== undefined || rename !== undefined || stale.size > 0;
  const confirmed = isWhole ? new Map<string, EntityBody>() : confirmedBodies(before, context);
  const isDoubted = replayed !== undefined || (before !== undefined && !isConfirmed(before));
  const changed = bodiesOf(items, before, after, context).filter((body) => {
    const known = confirmed.get(refKey(body));
    return known === undefined || canonicalJson(known) !== canonicalJson(body);
  });
  const annotations = planAnnotations(changed, { before, confirmed, isDoubted });
  const bodies = changed.map((body) => withContainer(withoutTerms(body), ref, types));
  const known = knownTargets(before);
  const begun = begunTargets(before);
  const planned = bodies.map((body) => planReferences(body, { known, begun, isDoubted, types, stale }));
  const references = planned.flatMap(({ plans }) => plans);
  const writes = planned.map(({ write }) => write);
  const bytes = writes.reduce((sum, write) => sum + writeBytes(write), 0);
  const write = { ref, items, before, replayed, after, writes, references, annotations, bytes };
  return rename === undefined ? write : { ...write, rename };
}

/**
 * The record of a root after some changes. What is told for the first time is planned without it, so that it can be made while the
 * request is in flight. Throws TYPE_UNKNOWN, as {@link applied} does.
 */
function recordAfter(
  [first, ...rest]: readonly [Item, ...Item[]],
  before: Applied | undefined,
  types: TypeModel,
): () => Applied {
  let known: Applied | undefined;
  const record = (): Applied =>
    (known ??= rest.reduce((made, item) => applied(made, item, types), applied(before, first, types)));
  const { typeName, complete } = first.change;
  const isRight = complete.every((attribute) => types.relation(typeName, attribute) !== undefined);
  if (before !== undefined || rest.length > 0 || !isRight) record();
  return record;
}

/** What the catalogue has of a root, by the record. */
function confirmedBodies(
  before: Applied | undefined,
  { precedence }: PlanContext,
): ReadonlyMap<string, EntityBody> {
  if (before === undefined || before.deleted || !isConfirmed(before)) return new Map();
  const merged = mergeSaid(before.speakers.map(spokenBy), precedence);
  return new Map(merged.map((body) => [refKey(body), body]));
}

function spokenBy(speaker: AppliedSpeaker): Said {
  return { producer: speaker.producer, entities: saidBy(speaker) };
}

/**
 * The entities that the changes describe, joined with what other producers have said of them; and those that the changes no longer
 * describe while others do.
 */
function bodiesOf(
  items: readonly Item[],
  before: Applied | undefined,
  after: () => Applied,
  { types, precedence }: PlanContext,
): readonly EntityBody[] {
  const [first, second] = items;
  // The most frequent case, in which there is nothing to join.
  if (before === undefined && first !== undefined && second === undefined)
    return mergeBodies([first.change.entities]);
  const { speakers } = after();
  const spoken = new Map(items.map(({ change }) => [change.producer, change.entities]));
  const others = new Set(speakers.filter((one) => !spoken.has(one.producer)).map((one) => one.producer));
  const replaced = speakersOf(before).filter((one) => !others.has(one.producer));
  const gone = [...replaced, ...(before?.begun ?? [])].map(spokenBy);
  const earlier = new Map(mergeSaid(gone, precedence).map((body) => [refKey(body), body]));
  const affected = new Set([...[...spoken.values()].flat().map(refKey), ...earlier.keys()]);
  const said = speakers.map((one): Said => {
    const entities = spoken.get(one.producer);
    return entities === undefined ? spokenBy(one) : { producer: one.producer, entities };
  });
  return mergeSaid(said, precedence)
    .filter((body) => affected.has(refKey(body)))
    .map((body) => withdrawn(body, earlier.get(refKey(body)), types));
}

/**
 * Clears what was said before and is said by nobody any more: a replay into an empty catalogue would not have it either. Attributes that
 * none of our producers ever gave are left alone. A container is never cleared: the catalogue would refuse the child.
 */
function withdrawn(body: EntityBody, earlier: EntityBody | undefined, types: TypeModel): EntityBody {
  if (earlier === undefined) return body;
  const cleared = Object.entries(earlier.attributes)
    .filter(([name, value]) => value !== null && !Object.hasOwn(body.attributes, name))
    .map(([name]) => [name, null] as const);
  const named = new Set(body.references.map(({ attribute }) => attribute));
  const dropped = earlier.references
    .filter(({ attribute }) => !named.has(attribute) && !isContainer(body, attribute, types))
    .map((reference) => ({ ...reference, targets: [] }));
  const structs = Object.entries(earlier.attributes).flatMap(([name, value]) => {
    const optional = types.struct(body.typeName, name);
    return optional === undefined
      ? []
      : [[name, withoutGoneMembers(value, body.attributes[name], optional)] as const];
  });
  if (cleared.length + dropped.length + structs.length === 0) return body;
  return {
    ...body,
    attributes: { ...body.attributes, ...Object.fromEntries([...cleared, ...structs]) },
    references: [...body.references, ...dropped],
  };
}

function isContainer(body: EntityBody, attribute: string, types: TypeModel): boolean {
  const relation = types.relation(body.typeName, attribute);
  return relation?.category === 'COMPOSITION' && relation.end === 2;
}

/** A COMPOSITION's child must name its container in every write (404-00-007 otherwise), also when nothing of that changed. */
function withContainer(body: EntityBody, root: EntityRef, types: TypeModel): EntityBody {
  if (refKey(body) === refKey(root)) return body;
  const attribute = types.containerAttribute(body.typeName, root.typeName);
  if (attribute === undefined || body.references.some((reference) => reference.attribute === attribute))
    return body;
  const { typeName, qualifiedName } = root;
  const container = { attribute, many: false, targets: [{ typeName, qualifiedName }] };
  return { ...body, references: [...body.references, container] };
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

/** Packs units into requests, in order; the limits are asked for before each. A unit that is larger than a request stands alone, see {@link chunks}. */
export function* pack(
  units: readonly Unit[],
  limits: () => RequestLimits,
): Generator<readonly [Unit, ...Unit[]]> {
  for (let at = 0; ; ) {
    const part = partAt(units, at, limits());
    if (part === undefined) return;
    at += part.length;
    yield part;
  }
}

/** The units from one on that go into one request; undefined when there is none. */
export function partAt(
  units: readonly Unit[],
  from: number,
  allowed: RequestLimits,
): readonly [Unit, ...Unit[]] | undefined {
  const first = units[from];
  if (first === undefined) return undefined;
  const part: [Unit, ...Unit[]] = [first];
  let { entities, bytes } = sizeOf(first);
  for (let at = from + 1, unit = units[at]; unit !== undefined; unit = units[(at += 1)]) {
    const size = sizeOf(unit);
    entities += size.entities;
    bytes += size.bytes;
    if (entities > allowed.entities || bytes > allowed.bytes) break;
    part.push(unit);
  }
  return part;
}

/** The entities of units, each once, in requests that keep the limits: more than one only when a single unit is too large. */
export function chunks(units: readonly Unit[], limits: RequestLimits): readonly (readonly EntityWrite[])[] {
  const roots = units.flat();
  const writes = uniqueWrites(roots);
  const groups = inOrder(writes);
  // As a rule all of it fits, and need not be measured once more: what two roots say of one entity is no more than what both say.
  const mostBytes = roots.reduce((sum, root) => sum + root.bytes, 0);
  if (writes.length > 0 && writes.length <= limits.entities && mostBytes <= limits.bytes)
    return [groups.flat()];
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

/** Whether the entities of a request can be sent in more than one: those that need each other stay together. */
export function canSplit(writes: readonly EntityWrite[]): boolean {
  return writes.length > 1 && inOrder(writes).length > 1;
}

function inOrder(writes: readonly EntityWrite[]): readonly (readonly EntityWrite[])[] {
  return dependencyOrder(
    writes,
    ({ body }) => [refKey(body)],
    ({ body }) => body.references.flatMap(({ targets }) => targets.map(refKey)),
  );
}

function sizeOf(unit: Unit): RequestLimits {
  return {
    entities: unit.reduce((sum, root) => sum + root.writes.length, 0),
    bytes: unit.reduce((sum, root) => sum + root.bytes, 0),
  };
}

/** Two roots may own the same entity: in a request it stands once, or Atlas would lose the second silently. */
function uniqueWrites(roots: readonly RootWrite[]): readonly EntityWrite[] {
  const known = new Map<string, Omit<EntityWrite, 'body'>>();
  for (const { body, omit, plain = new Set<string>() } of roots.flatMap((root) => root.writes)) {
    const key = refKey(body);
    const before = known.get(key);
    known.set(
      key,
      before === undefined
        ? { omit, plain }
        : { omit: new Set([...before.omit, ...omit]), plain: new Set([...(before.plain ?? []), ...plain]) },
    );
  }
  const bodies = mergeBodies(roots.map((root) => root.writes.map((write) => write.body)));
  return bodies.map((body) => ({ body, ...(known.get(refKey(body)) ?? { omit: new Set<string>() }) }));
}
