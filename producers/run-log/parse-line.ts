import { StreamError } from '../../pipeline/errors.ts';
import { type JsonValue, parseJson } from '../../platform/json.ts';
import type { LinearRegExp } from '../../platform/linear-regexp.ts';

/** Fields of a line, as far as it has any. */
export type LineFields = (name: string) => JsonValue | undefined;

/** How lines are read. */
export interface LineFormat {
  readonly format: 'pattern' | 'key-value' | 'json-lines';
  readonly patterns: readonly LinearRegExp[];
}

/** Reads a line; undefined for one that is none of the format's. Throws SOURCE_INVALID, with the place, for what is no JSON object. */
export function parseLine(
  text: string,
  { format, patterns }: LineFormat,
  place: string,
): LineFields | undefined {
  switch (format) {
    case 'json-lines': {
      const value = parseJson(text, { file: place });
      if (!(value instanceof Map)) throw new StreamError('SOURCE_INVALID', `${place} is not a JSON object.`);
      return (name) => memberOf(value, name);
    }
    case 'key-value': {
      const pairs = keyValues(text);
      return pairs.size === 0 ? undefined : (name) => pairs.get(name);
    }
    case 'pattern':
      for (const pattern of patterns) {
        const found = pattern.match(text);
        if (found !== undefined) return (name) => found.named.get(name);
      }
      return undefined;
  }
}

/** The member of that name, or below by dots. */
function memberOf(value: JsonValue, name: string): JsonValue | undefined {
  if (!(value instanceof Map)) return undefined;
  const own: JsonValue | undefined = value.get(name);
  const dot = name.indexOf('.');
  if (own !== undefined || dot < 0) return own;
  const inner: JsonValue | undefined = value.get(name.slice(0, dot));
  return inner === undefined ? undefined : memberOf(inner, name.slice(dot + 1));
}

const pair = /(?:^|[\s,;])([A-Za-z_][\w.-]{0,100})=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]\S*)?)/g;

/** `key=value` and `key="a value"`, wherever they stand in a line; a value without quotes ends with a space. */
function keyValues(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const [, key = '', quoted, plain = ''] of text.matchAll(pair))
    pairs.set(key, quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1'));
  return pairs;
}
