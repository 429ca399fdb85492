import type { z } from 'zod';
import type { Additional } from '../../schemas/types.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { type JsonValue, writeJson } from '../../platform/json.ts';
import { isSecretName, redacted, redactText } from '../../platform/redact.ts';

/** A value of a JSON file with where it stands. */
export interface Located {
  readonly value: JsonValue;
  /** JSON path, such as `$.tables.orders`. */
  readonly path: string;
  readonly file: string;
}

/** Keys that the form does not know, by key and the kind of object that holds it: reported once each. */
export class UnknownKeys {
  readonly #found = new Map<string, { readonly key: string; readonly path: string; count: number }>();

  /** Notes one. `kind` is the kind of object, such as `column`. */
  add(kind: string, key: string, path: string): void {
    const id = JSON.stringify([kind, key]);
    const found = this.#found.get(id);
    if (found === undefined) this.#found.set(id, { key, path, count: 1 });
    else found.count += 1;
  }

  /** One entry a kind and key, in the order of their first occurrence. */
  list(): readonly { readonly key: string; readonly path: string; readonly count: number }[] {
    return [...this.#found.values()];
  }
}

/** A JSON path with one more key or index. */
export function pathTo(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** The value as an object. Throws SOURCE_INVALID naming file, path and value. */
export function asObject({ value, path, file }: Located): ReadonlyMap<string, JsonValue> {
  if (isObject(value)) return value;
  throw invalid({ value, path, file }, 'must be an object');
}

/** The value as an array. Throws SOURCE_INVALID naming file, path and value. */
export function asArray({ value, path, file }: Located): readonly JsonValue[] {
  if (Array.isArray(value)) return value;
  throw invalid({ value, path, file }, 'must be an array');
}

/**
 * Reads the fields of an object that `shape` declares, and keeps the others as they are. Throws SOURCE_INVALID naming file,
 * path and value.
 */
export function readFields<S extends z.ZodObject>(
  shape: S,
  at: Located,
  unknown: { readonly kind: string; readonly keys: UnknownKeys },
): { readonly fields: z.output<S>; readonly additional: readonly Additional[] } {
  const object = asObject(at);
  const known = new Set(Object.keys(shape.shape));
  const additional: Additional[] = [];
  for (const [key, value] of object) {
    if (known.has(key)) continue;
    additional.push({ key, json: writeJson(withoutSecrets(key, value)) });
    unknown.keys.add(unknown.kind, key, pathTo(at.path, key));
  }
  const result = shape.safeParse(Object.fromEntries([...object].filter(([key]) => known.has(key))));
  if (result.success) return { fields: result.data, additional };
  const [issue] = result.error.issues;
  const keys = (issue?.path ?? []).filter((key) => typeof key !== 'symbol');
  const value = keys.reduce<JsonValue | undefined>(child, at.value);
  throw invalid(
    { ...at, value, path: keys.reduce<string>(pathTo, at.path) },
    issue?.message ?? 'is not as documented',
  );
}

/** What is kept without being known may hold anything; secrets are taken out by the names of their keys and by their form. */
function withoutSecrets(key: string, value: JsonValue): JsonValue {
  if (isObject(value)) return new Map([...value].map(([name, item]) => [name, withoutSecrets(name, item)]));
  if (Array.isArray(value)) return value.map((item: JsonValue) => withoutSecrets(key, item));
  if (value !== null && isSecretName(key)) return redacted;
  return typeof value === 'string' ? redactText(value) : value;
}

function child(value: JsonValue | undefined, key: string | number): JsonValue | undefined {
  if (value instanceof Map) return value.get(String(key));
  return Array.isArray(value) ? value[Number(key)] : undefined;
}

function isObject(value: JsonValue): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}

function invalid(
  at: Omit<Located, 'value'> & { readonly value: JsonValue | undefined },
  why: string,
): StreamError {
  const text = at.value === undefined ? 'missing' : writeJson(withoutSecrets('', at.value));
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new StreamError('SOURCE_INVALID', `${at.file}: ${at.path} is ${short}: ${why}.`);
}
