import { attributeValueOf } from '../pipeline/attribute-value.ts';
import type { Json } from '../pipeline/state.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * An entity as people write it, with structs, maps and lists as plain JSON, in the form of its schema. What has not the form of the
 * schema stays as it is: the schema says what is wrong with it.
 */
export function withValues(fields: Fields): Fields {
  const { attributes, classifications, businessAttributes } = fields;
  return {
    ...fields,
    ...(attributes === undefined ? {} : { attributes: mapValues(attributes, valueOf) }),
    ...(Array.isArray(classifications) ? { classifications: classifications.map(classificationOf) } : {}),
    ...(businessAttributes === undefined
      ? {}
      : { businessAttributes: mapValues(businessAttributes, (own) => mapValues(own, valueOf)) }),
  };
}

function classificationOf(given: unknown): unknown {
  if (!isFields(given) || given['attributes'] === undefined) return given;
  return { ...given, attributes: mapValues(given['attributes'], valueOf) };
}

function mapValues(given: unknown, change: (value: unknown) => unknown): unknown {
  if (!isFields(given)) return given;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, change(value)]));
}

/** `{"json": "…"}` is the form of the schema already. The value comes from JSON.parse. */
function valueOf(value: unknown): unknown {
  const isStructure = isFields(value) && Object.keys(value).length === 1 && typeof value['json'] === 'string';
  return isStructure ? value : attributeValueOf(value as Json);
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
