import { attributeValueOf, jsonOf } from '../../pipeline/attribute-value.ts';
import type { Json } from '../../pipeline/state.ts';
import type { AttributeValue } from '../../schemas/types.ts';

type Members = Readonly<Record<string, Json>>;

function membersOf(value: AttributeValue | undefined): Members | undefined {
  if (value === undefined) return undefined;
  const json = jsonOf(value);
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return undefined;
  const { attributes } = json as { readonly attributes?: Json };
  const isNamed = attributes !== null && typeof attributes === 'object' && !Array.isArray(attributes);
  return (isNamed ? attributes : json) as Members;
}

/** Whether a value may be one of a struct, by its form. */
export function isStructure(value: AttributeValue): boolean {
  return membersOf(value) !== undefined;
}

/**
 * A struct such that the catalogue ends up with what is said of it now: Atlas lays the members that are given over those that it has, and passes
 * over a null for the whole (seen on 2.1.0 and 2.4.0), so what is gone is cleared member by member.
 *
 * @param optional members that may be without a value
 */
export function withoutGoneMembers(
  before: AttributeValue,
  now: AttributeValue | undefined,
  optional: ReadonlySet<string>,
): AttributeValue {
  const said = membersOf(now) ?? {};
  const gone = Object.entries(membersOf(before) ?? {})
    .filter(([name, value]) => value !== null && optional.has(name) && !Object.hasOwn(said, name))
    .map(([name]) => [name, null] as const);
  return gone.length === 0 ? (now ?? null) : attributeValueOf({ ...said, ...Object.fromEntries(gone) });
}
