import avro from 'avsc';
import { StreamError } from '../pipeline/errors.ts';
import { eventSchema } from './codec.ts';
import type { ObjectEventType } from './types.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Brings what a mapping gives into the form of an event: a list that is left out is empty, one value in place of a list is a list of it, numbers and
 * booleans in place of a text are written out, and what has no line is on line 1. Throws EVENT_INVALID for a field that the event does not have: its
 * value would be lost without a word.
 */
export function completeEvent(type: ObjectEventType, fields: Fields): Fields {
  const completed = complete(eventSchema(type), fields, type);
  return isFields(completed) ? completed : {};
}

function complete(type: avro.Type, value: unknown, place: string): unknown {
  if (avro.Type.isType(type, 'array')) {
    const { itemsType } = type as avro.types.ArrayType;
    if (value === undefined || value === null) return [];
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.map((item, index) => complete(itemsType, item, `${place}[${index}]`));
  }
  if (avro.Type.isType(type, 'record') && isFields(value))
    return completeRecord(type as avro.types.RecordType, value, place);
  if (avro.Type.isType(type, 'string') && (typeof value === 'number' || typeof value === 'boolean'))
    return String(value);
  if (avro.Type.isType(type, 'union:unwrapped') && value !== undefined && value !== null) {
    const others = (type as avro.types.UnwrappedUnionType).types.filter(
      (member) => !avro.Type.isType(member, 'null'),
    );
    const [only] = others;
    return only === undefined || others.length > 1 ? value : complete(only, value, place);
  }
  return value;
}

function completeRecord({ fields }: avro.types.RecordType, given: Fields, place: string): Fields {
  const names = fields.map(({ name }) => name);
  const unknown = Object.keys(given).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    throw new StreamError('EVENT_INVALID', `${place} has no field ${JSON.stringify(unknown)}.`, {
      advice: `Its fields are ${names.join(', ')}.`,
    });
  }
  const completed = fields.flatMap((field) => {
    const { name, type } = field;
    const value = given[name];
    if (value === undefined && field.defaultValue() !== undefined) return [];
    const isLine = value === undefined && name === 'line' && avro.Type.isType(type, 'int');
    return [[name, isLine ? 1 : complete(type, value, `${place}.${name}`)] as const];
  });
  return Object.fromEntries(completed);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
