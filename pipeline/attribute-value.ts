import type { Attributes, AttributeValue } from '../schemas/types.ts';
import type { Json } from './state.ts';

/** A value as the events hold it: what is no text, number, boolean or list of texts becomes a structure. */
export function attributeValueOf(value: Json): AttributeValue {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const texts = value.filter((one): one is string => typeof one === 'string');
    if (texts.length === value.length) return texts;
  }
  return { json: JSON.stringify(value) };
}

/** A value as the catalogue takes it. Throws a SyntaxError for a structure that is no JSON. */
export function jsonOf(value: AttributeValue): Json {
  return isStructure(value) ? JSON.parse(value.json) : value;
}

function isStructure(value: AttributeValue): value is { readonly json: string } {
  return value !== null && typeof value === 'object' && 'json' in value;
}

/** Attributes as the catalogue takes them. Throws as {@link jsonOf}. */
export function jsonAttributes(attributes: Attributes): Readonly<Record<string, Json>> {
  if (!Object.values(attributes).some(isStructure)) return attributes as Readonly<Record<string, Json>>; // as a rule
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, jsonOf(value)]));
}
