/** Writes the relationship ends of an entity: a set end is replaced whole, a single end is re-pointed or cleared. */
import { invalidInstance } from '../atlas-error.ts';
import { isObject, javaText, jsonObject, type JsonObject, type JsonValue, ownObject } from '../json.ts';
import type { StoredEdge, StoredEntity } from '../model.ts';
import type { EntityType, RelationEnd } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { readAttributes } from '../values.ts';
import type { MutationLog } from './changes.ts';
import { deleteSoftly } from './delete.ts';
import { connect, endEdge, endEdges, otherEnd } from './edges.ts';
import { endValues, type Incoming } from './incoming.ts';
import { type ReferenceResolver, readReference } from './references.ts';

/** One entity that an end is to hold, with attributes for the relationship where some were sent. */
interface Target {
  readonly guid: string;
  readonly attributes: JsonObject | undefined;
}

/** What an end is to hold afterwards. */
export type EndValue = readonly Target[];

/** Checks the form of the ends of an entity. @throws AtlasError 404-00-007 for one object where a list belongs, or a missing container */
export function checkEnds(entity: Incoming, type: EntityType, mandatory: boolean): void {
  const values = endValues(entity, type);
  for (const [name, end] of type.ends) {
    const value = values.get(name);
    if (mandatory && end.isOwned && (value === undefined || value === null)) {
      throw invalidInstance(
        `${entity.typeName}.${name}: mandatory attribute value missing in type ${end.owner}`,
      );
    }
    if (end.isSet && value !== undefined && value !== null && !Array.isArray(value)) {
      throw invalidInstance(
        `${entity.typeName}.${name}=${javaText(value)}: invalid value for type array<objectid>`,
      );
    }
  }
}

function readTarget(
  unit: UnitOfWork,
  end: RelationEnd,
  value: JsonValue,
  resolver: ReferenceResolver,
): Target {
  const sent = isObject(value) ? ownObject(value, 'relationshipAttributes') : undefined;
  const attributes =
    sent === undefined
      ? undefined
      : readAttributes(
          unit.registry.structAttributes(end.relationship),
          ownObject(sent, 'attributes') ?? sent,
          {
            path: end.relationship.name,
            mandatory: false,
            context: { registry: unit.registry, reference: () => null, problem: invalidInstance },
          },
        );
  return { guid: resolver.resolve(readReference(value)), attributes };
}

/** The ends that an entity sends, with every reference resolved; a reference that is there twice counts once. */
export function readEnds(
  unit: UnitOfWork,
  entity: Incoming,
  type: EntityType,
  resolver: ReferenceResolver,
): Map<RelationEnd, EndValue> {
  const ends = new Map<RelationEnd, EndValue>();
  for (const [name, value] of endValues(entity, type)) {
    const end = type.ends.get(name);
    if (end === undefined) continue;
    const list = value === null ? [] : Array.isArray(value) ? value : [value];
    const targets = new Map<string, Target>();
    for (const item of list) {
      const target = readTarget(unit, end, item, resolver);
      if (!targets.has(target.guid)) targets.set(target.guid, target);
    }
    ends.set(end, [...targets.values()]);
  }
  return ends;
}

/** What writing an end needs beside the end and its value. */
export interface WriteContext {
  readonly unit: UnitOfWork;
  readonly log: MutationLog;
}

/** Writes one end of an entity. */
export function writeEnd(
  context: WriteContext,
  entity: StoredEntity,
  end: RelationEnd,
  wanted: EndValue,
): void {
  const { unit, log } = context;
  // With what was deleted softly: Atlas compares by position in that list (see below).
  const before = [...endEdges(unit, entity.guid, end)];
  const kept = new Set<StoredEdge>();
  for (const [index, target] of wanted.entries()) {
    const other = unit.entity(target.guid);
    if (other === undefined) continue;
    const edge = before.find(
      (known) => known.status === 'ACTIVE' && otherEnd(known, entity.guid) === target.guid,
    );
    if (edge === undefined) {
      connect({ unit, log, end }, entity, other, target.attributes);
      continue;
    }
    kept.add(edge);
    if (target.attributes !== undefined) {
      edge.attributes = jsonObject({ ...edge.attributes, ...target.attributes });
      unit.touchEdge(edge);
    }
    // An element that stays, but where another one was, is listed as updated (seen on Atlas 2.4.0).
    const there = before[index];
    if (end.isSet && there !== undefined && otherEnd(there, entity.guid) !== target.guid) log.touched(other);
  }
  const gone = before.filter((edge) => edge.status === 'ACTIVE' && !kept.has(edge));
  removeFromEnd(context, entity, end, gone);
}

function removeFromEnd(
  { unit, log }: WriteContext,
  entity: StoredEntity,
  end: RelationEnd,
  gone: readonly StoredEdge[],
): void {
  for (const edge of gone) {
    const other = unit.entity(otherEnd(edge, entity.guid));
    if (end.owns) {
      if (other !== undefined) deleteSoftly(unit, log, [other]);
    } else {
      endEdge(unit, edge);
      // What leaves a legacy end (inputs, outputs) is not listed as updated (seen on Atlas 2.4.0).
      if (other !== undefined && !end.isLegacy) log.touched(other);
    }
  }
}
