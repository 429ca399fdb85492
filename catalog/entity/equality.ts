/** Whether a write would change anything. Atlas skips an entity that is unchanged and does not list it. */
import { isObject, JavaDouble, javaText, type JsonObject, type JsonValue, own } from '../json.ts';
import type { StoredEntity } from '../model.ts';
import type { EntityType } from '../types/registry.ts';
import type { UnitOfWork } from '../unit-of-work.ts';
import { mergeValue, showAttribute } from '../values.ts';
import { activeEdges, otherEnd } from './edges.ts';

/** Deep equality; the order of a list counts, that of keys does not, 1 and 1.0 are the same. */
function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  const left = a instanceof JavaDouble ? a.value : (a ?? null);
  const right = b instanceof JavaDouble ? b.value : (b ?? null);
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, i) => sameJson(item, right[i]))
    );
  }
  if (isObject(left)) {
    if (!isObject(right)) return false;
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length && keys.every((key) => sameJson(left[key], own(right, key)))
    );
  }
  if (typeof left === 'bigint' || typeof right === 'bigint') return javaText(left) === javaText(right);
  return left === right;
}

/** What a write says of an entity, already read and resolved. */
export interface Wanted {
  readonly attributes: JsonObject;
  /** The guids at each end; null or a guid for a single end. */
  readonly ends: ReadonlyMap<string, string | null | readonly string[]>;
  readonly customAttributes: JsonObject | undefined;
  readonly contacts: JsonObject | undefined;
}

/** Whether everything that is wanted is so already. */
export function isUnchanged(
  unit: UnitOfWork,
  entity: StoredEntity,
  type: EntityType,
  wanted: Wanted,
): boolean {
  const view = { registry: unit.registry, reference: (kept: JsonValue) => kept };
  for (const [name, info] of type.attributes) {
    const value = own(wanted.attributes, name);
    if (value === undefined) continue;
    // A null does not clear a struct (seen on Atlas 2.4.0), so it is no change.
    if (value === null && info.type.kind === 'struct') continue;
    const kept = own(entity.attributes, name);
    const next = value === null ? null : mergeValue(info.type, kept, value);
    if (!sameJson(showAttribute(info, kept, view), showAttribute(info, next, view))) return false;
  }
  for (const [name, value] of wanted.ends) {
    const end = type.ends.get(name);
    if (end === undefined) continue;
    const now = activeEdges(unit, entity.guid, end).map((edge) => otherEnd(edge, entity.guid));
    const next = value === null ? [] : typeof value === 'string' ? [value] : value;
    if (!sameJson([...now], [...next])) return false;
  }
  return (
    (wanted.customAttributes === undefined || sameJson(entity.customAttributes, wanted.customAttributes)) &&
    (wanted.contacts === undefined || sameJson(entity.contacts, wanted.contacts))
  );
}
