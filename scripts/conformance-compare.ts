/**
 * How an answer is held against a recorded one: guids, times, the run's token and the order of lists do not count, kinds of numbers do.
 * The recorder's own comparison has the same rules, so both come to the same verdict.
 */
import {
  isObject,
  JavaDouble,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  toJson,
} from '../catalog/json.ts';

const ignored = new Set([
  'createTime',
  'updateTime',
  'createdBy',
  'updatedBy',
  'requestId',
  'lastModifiedTS',
  'version',
  'approximateCount',
  'searchParameters',
]);
const timeKeys = new Set(['createTime', 'updateTime', 'timestamp', 'lastModifiedTS', 'eventTime']);
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const longText = 1500;

/** Replaces what differs from run to run by the recorder's placeholders. */
export class Normalizer {
  readonly #token: string;
  readonly #guids = new Map<string, string>();

  /** @param token the text that is unique to this run and is part of every name it made */
  constructor(token: string) {
    this.#token = token;
  }

  #guid(guid: string): string {
    const known = this.#guids.get(guid) ?? `<guid#${this.#guids.size + 1}>`;
    this.#guids.set(guid, known);
    return known;
  }

  /** Normalizes text. */
  text(text: string): string {
    return text
      .replace(uuid, (guid) => this.#guid(guid))
      .replaceAll(this.#token, 'RUN')
      .replaceAll(this.#token.charAt(0).toUpperCase() + this.#token.slice(1), 'RUN')
      .replace(/\(ID [0-9a-f]{8,16}\)/g, '(ID <logid>)')
      .replace(/(?<![\w-])-\d{9,}/g, '<negid>')
      .replace(/\bat \[Source: [^\]]*\]/g, 'at [Source: <src>]')
      .replace(/(?<!\d)1[6-9]\d{11}(?!\d)/g, '<ts>')
      .replace(/127\.0\.0\.1:\d+|localhost:\d+/g, '<host>');
  }

  /** Normalizes a value; `key` is the property that holds it. */
  value(value: JsonValue, key?: string): JsonValue {
    if (typeof value === 'string') return clip(this.text(value));
    if (typeof value === 'number' || value instanceof JavaDouble) return normalNumber(value, key);
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (!isObject(value)) return value;
    const copy = jsonObject();
    for (const [name, item] of Object.entries(value))
      copy[clip(this.text(name))] = this.value(item ?? null, name);
    return copy;
  }
}

function normalNumber(value: number | JavaDouble, key: string | undefined): JsonValue {
  const number = value instanceof JavaDouble ? value.value : value;
  if (key !== undefined && timeKeys.has(key) && number > 1e11) return '<ts>';
  if (!(value instanceof JavaDouble) && number > 1.6e12 && number < 2e12) return '<ts>';
  return value;
}

function clip(text: string): string {
  const points = Array.from(text);
  return points.length > longText ? `${points.slice(0, 60).join('')}...<length ${points.length}>` : text;
}

/** The text by which elements of unordered lists are sorted. */
function sortKey(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(sortKey).join(',')}]`;
  if (!isObject(value)) return toJson(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sortKey(value[key] ?? null)}`).join(',')}}`;
}

function sorted(values: readonly JsonValue[]): JsonValue[] {
  const keyed = values.map((value) => ({ key: sortKey(value), value }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ value }) => value);
}

/** The form in which two answers are compared. */
export function canonicalAnswer(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.replace(/<guid[#:][^>]*>/g, '<guid>');
  if (Array.isArray(value)) return sorted(value.map(canonicalAnswer));
  if (!isObject(value)) return value;
  const copy = jsonObject();
  for (const [key, item] of Object.entries(value))
    if (!ignored.has(key)) copy[key] = canonicalAnswer(item ?? null);
  const keys = Object.keys(copy);
  if (keys.length === 0 || !keys.every((key) => key.startsWith('<guid'))) return copy;
  // A map by guid: only its values can be compared.
  return jsonObject({ '<by guid>': sorted(keys.map((key) => copy[key] ?? null)) });
}

function short(value: JsonValue): string {
  const text = toJson(value);
  return text.length < 160 ? text : `${text.slice(0, 157)}...`;
}

function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof JavaDouble) return 'decimal';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function diffObjects(recorded: JsonObject, ours: JsonObject, path: string): string[] {
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].sort();
  return keys.flatMap((key) => {
    const [want, got] = [own(recorded, key), own(ours, key)];
    if (want === undefined) return [`${path}/${key}: only in ours: ${short(got ?? null)}`];
    if (got === undefined) return [`${path}/${key}: missing (Atlas has ${short(want)})`];
    return diffAnswers(want, got, `${path}/${key}`);
  });
}

/** Where two answers in canonical form differ; empty when they agree. */
export function diffAnswers(recorded: JsonValue, ours: JsonValue, path = ''): string[] {
  const here = path === '' ? '/' : path;
  if (kindOf(recorded) !== kindOf(ours)) return [`${here}: ${short(recorded)} != ${short(ours)}`];
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    if (recorded.length !== ours.length) return [`${path}: ${recorded.length} elements != ${ours.length}`];
    return recorded.flatMap((item, index) => diffAnswers(item, ours[index] ?? null, `${path}/${index}`));
  }
  if (isObject(recorded) && isObject(ours)) return diffObjects(recorded, ours, path);
  return toJson(recorded) === toJson(ours) ? [] : [`${here}: ${short(recorded)} != ${short(ours)}`];
}
