/**
 * Values of attributes: what is accepted, how it is kept, how it is shown. The rules are those of Atlas 2.4.0 as recorded: numbers
 * may be text, decimals for whole numbers are cut, anything is accepted for a string, enums ignore case.
 */
import { AtlasError } from './atlas-error.ts';
import {
  isObject,
  JavaDouble,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownObject,
} from './json.ts';
import type { AttributeInfo, TypeRegistry, ValueType } from './types/registry.ts';

/** What reading a value needs to know. */
export interface ValueContext {
  readonly registry: TypeRegistry;
  /** Turns a reference into what is kept of it. */
  readonly reference: (value: JsonValue) => JsonValue;
  /** Makes the error of an unacceptable value from a message. */
  readonly problem: (message: string) => Error;
}

/** What showing a value needs to know: `reference` turns what is kept of a reference into what is shown. */
export type ShowContext = Pick<ValueContext, 'registry' | 'reference'>;

const wholeRanges: Readonly<Record<string, bigint>> = {
  byte: 2n ** 7n,
  short: 2n ** 15n,
  int: 2n ** 31n,
  long: 2n ** 63n,
};
const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}Z$/;

function wholeNumber(value: JsonValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(Math.trunc(value));
  if (typeof value === 'string' && /^[+-]?\d{1,400}$/.test(value)) return BigInt(value);
  return undefined;
}

/** Kept as a number where that is exact, else as its digits. */
function keepWhole(value: bigint): JsonValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function readWhole(value: JsonValue, name: string): JsonValue | undefined {
  const whole = wholeNumber(value);
  if (whole === undefined) return undefined;
  const limit = wholeRanges[name];
  if (limit !== undefined && (whole >= limit || whole < -limit)) return undefined;
  return keepWhole(whole);
}

function readDecimal(value: JsonValue): JsonValue | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value)) return undefined;
  return Number(value);
}

function readDate(value: JsonValue): JsonValue | undefined {
  if (value === '') return null;
  if (typeof value === 'string' && isoInstant.test(value)) {
    const time = Date.parse(value);
    return Number.isNaN(time) ? undefined : time;
  }
  return readWhole(value, 'long');
}

/** Undefined where the value is not acceptable. */
function readPrimitive(name: string, value: JsonValue): JsonValue | undefined {
  switch (name) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      return value === 'true' ? true : value === 'false' ? false : undefined;
    case 'string':
      return javaText(value);
    case 'date':
      return readDate(value);
    case 'float':
    case 'double':
    case 'bigdecimal':
      return readDecimal(value);
    default:
      return readWhole(value, name);
  }
}

/**
 * Reads a value that is not null.
 * @param path the name of the place, for the message: `type.attribute`, with `[0]` or `.key` for a part
 * @returns what is to be kept
 */
export function readValue(type: ValueType, value: JsonValue, path: string, context: ValueContext): JsonValue {
  const refuse = (typeName: string): Error =>
    context.problem(`${path}=${javaText(value)}: invalid value for type ${typeName}`);
  switch (type.kind) {
    case 'primitive': {
      const read = readPrimitive(type.name, value);
      if (read === undefined) throw refuse(type.name);
      return read;
    }
    case 'enum': {
      const text = javaText(value).toLowerCase();
      const element = type.def.elementDefs.find((candidate) => candidate.value.toLowerCase() === text);
      if (element === undefined) throw refuse(type.def.name);
      return element.value;
    }
    case 'struct':
      return readStruct(type, value, path, context);
    case 'reference':
      return context.reference(value);
    case 'array':
      if (!Array.isArray(value))
        throw refuse(type.element.kind === 'reference' ? 'array<objectid>' : type.name);
      return value.map((item, index) =>
        item === null ? null : readValue(type.element, item, `${path}[${index}]`, context),
      );
    case 'map':
      if (!isObject(value)) throw refuse(type.name);
      return readMap(type, value, path, context);
  }
}

function readMap(
  type: Extract<ValueType, { kind: 'map' }>,
  value: JsonObject,
  path: string,
  context: ValueContext,
): JsonObject {
  const read = jsonObject();
  for (const [key, item] of Object.entries(value)) {
    read[key] =
      item === null || item === undefined ? null : readValue(type.value, item, `${path}.${key}`, context);
  }
  return read;
}

/** A struct is `{typeName, attributes}` or a plain map of its attributes. */
function readStruct(
  type: Extract<ValueType, { kind: 'struct' }>,
  value: JsonValue,
  path: string,
  context: ValueContext,
): JsonObject {
  if (!isObject(value)) throw new AtlasError('INVALID_STRUCT_VALUE', javaText(value));
  const attributes = ownObject(value, 'attributes') ?? value;
  const defined = context.registry.structAttributes(type.def);
  return jsonObject({
    typeName: type.def.name,
    attributes: readAttributes(defined, attributes, { path, mandatory: true, context }),
  });
}

/** How {@link readAttributes} treats a set of attributes. */
export interface AttributeRules {
  /** The name of the whole, for messages. */
  readonly path: string;
  /** Whether attributes that are not optional must be there. */
  readonly mandatory: boolean;
  readonly context: ValueContext;
}

/** Reads the attributes that are given and known; others are dropped. A given null stays null. */
export function readAttributes(
  defined: ReadonlyMap<string, AttributeInfo>,
  given: JsonObject,
  rules: AttributeRules,
): JsonObject {
  const read = jsonObject();
  for (const [name, info] of defined) {
    const value = own(given, name);
    if (value === undefined || value === null) {
      if (rules.mandatory && !info.def.isOptional) {
        throw rules.context.problem(
          `${rules.path}.${name}: mandatory attribute value missing in type ${info.owner}`,
        );
      }
      if (value === null) read[name] = null;
    } else {
      read[name] = readValue(info.type, value, `${rules.path}.${name}`, rules.context);
    }
  }
  return read;
}

function unset(type: ValueType): JsonValue {
  if (type.kind === 'array')
    return type.element.kind === 'reference' || type.element.kind === 'struct' ? [] : null;
  if (type.kind !== 'primitive') return null;
  if (type.name === 'boolean') return false;
  if (type.name === 'float' || type.name === 'double') return new JavaDouble(0);
  return type.name === 'string' ? null : 0;
}

/** Whether an attribute keeps its references to itself (`isSoftReference`), so that an unset list of them is null. */
function isSoft(info: AttributeInfo): boolean {
  return info.def.options?.['isSoftReference'] === 'true';
}

/** What an attribute shows: the value as kept, or what Atlas answers for an unset one (0, false, null, or an empty list). */
export function showAttribute(
  info: AttributeInfo,
  kept: JsonValue | undefined,
  context: ShowContext,
): JsonValue {
  if (kept === undefined || kept === null) return isSoft(info) ? null : unset(info.type);
  return showValue(info.type, kept, context);
}

function showValue(type: ValueType, kept: JsonValue, context: ShowContext): JsonValue {
  switch (type.kind) {
    case 'primitive':
      return showPrimitive(type.name, kept);
    case 'enum':
      return kept;
    case 'struct':
      return showStruct(type, kept, context);
    case 'reference':
      return context.reference(kept);
    case 'array':
      return Array.isArray(kept) ? kept.map((item) => showValue(type.element, item, context)) : kept;
    case 'map': {
      const shown = jsonObject();
      for (const [key, item] of Object.entries(isObject(kept) ? kept : {})) {
        shown[key] = showValue(type.value, item ?? null, context);
      }
      return shown;
    }
  }
}

function showStruct(
  type: Extract<ValueType, { kind: 'struct' }>,
  kept: JsonValue,
  context: ShowContext,
): JsonObject {
  const attributes = isObject(kept) ? ownObject(kept, 'attributes') : undefined;
  const shown = jsonObject();
  for (const [name, info] of context.registry.structAttributes(type.def)) {
    shown[name] = showAttribute(info, own(attributes, name), context);
  }
  return jsonObject({ typeName: type.def.name, attributes: shown });
}

function showPrimitive(name: string, kept: JsonValue): JsonValue {
  if ((name === 'float' || name === 'double') && typeof kept === 'number') return new JavaDouble(kept);
  return typeof kept === 'string' && (name === 'long' || name === 'biginteger') ? BigInt(kept) : kept;
}

/** Lays the given attributes of a struct over the kept ones: structs are merged, everything else is replaced. */
export function mergeValue(type: ValueType, kept: JsonValue | undefined, given: JsonValue): JsonValue {
  if (type.kind !== 'struct' || !isObject(given)) return given;
  const before = isObject(kept) ? ownObject(kept, 'attributes') : undefined;
  return jsonObject({
    typeName: type.def.name,
    attributes: jsonObject({ ...before, ...ownObject(given, 'attributes') }),
  });
}
