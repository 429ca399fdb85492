import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Rejection } from '../../pipeline/producer.ts';
import type { Ask } from '../../platform/ask.ts';
import { compileMapping, type JsonMapping } from '../../platform/json-mapping.ts';
import { mappedObjects, type ObjectMapping } from '../../platform/mapped-objects.ts';
import { withoutSecrets } from '../../platform/redact.ts';

/** One item of a list. */
export interface ListedItem {
  readonly value: unknown;
  /** Names it in errors. */
  readonly where: string;
}

/** What an item came to. */
export type ReadItem =
  | { readonly kind: 'found'; readonly objects: readonly FoundObject[]; readonly removed: readonly string[] }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

/** A path with expressions in braces: fixed text and expressions in turn. */
export type PathTemplate = readonly (string | JsonMapping)[];

/** What items are read with. */
export interface ItemSource {
  readonly ask: Ask;
  readonly mapping: ObjectMapping;
  readonly detail: PathTemplate | undefined;
  /** Whether the list still answers. Where it does, a detail without an answer is the fault of its item. */
  readonly listAnswers: (signal: AbortSignal) => Promise<boolean>;
}

/** Compiles `flows/{id}`. Throws CONFIG_INVALID. */
export function compilePath(text: string): PathTemplate {
  return text
    .replace(/^\//, '')
    .split(/(\{[^{}]*\})/)
    .map((part) =>
      part.startsWith('{') ? compileMapping(part.slice(1, -1), { option: 'detail.path' }) : part,
    );
}

/** Names an item by its place, and by its id or name where it has one. */
export function itemName(value: unknown, index: number): string {
  const fields: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  const name = [fields['id'], fields['key'], fields['name']].find(
    (one) => typeof one === 'string' || typeof one === 'number',
  );
  return name === undefined ? `item ${index}` : `item ${JSON.stringify(String(name).slice(0, 100))}`;
}

/** Reads one item: its detail where there is one, then its mapping. What cannot be read of it is a rejection; what says nothing of the whole is an error. */
export async function readItem(source: ItemSource, item: ListedItem, signal: AbortSignal): Promise<ReadItem> {
  const seen = withoutSecrets(item.value);
  let bytes = Buffer.from(JSON.stringify(seen) ?? '');
  try {
    let input = seen;
    if (source.detail !== undefined) {
      input = withoutSecrets(
        await askDetail(source, source.detail, { value: seen, where: item.where }, signal),
      );
      bytes = Buffer.from(JSON.stringify(input) ?? '');
    }
    const mapped = { value: input, where: item.where, bindings: { item: seen } };
    const { found, removed } = await mappedObjects(source.mapping, mapped);
    return { kind: 'found', objects: found, removed };
  } catch (thrown) {
    if (!(thrown instanceof StreamError) || !(await isOfItem(source, thrown, signal))) throw thrown;
    return { kind: 'rejected', rejection: { objectId: item.where, error: thrown, bytes } };
  }
}

async function askDetail(
  { ask }: ItemSource,
  template: PathTemplate,
  { value, where }: ListedItem,
  signal: AbortSignal,
): Promise<unknown> {
  const parts: string[] = [];
  for (const part of template)
    parts.push(typeof part === 'string' ? part : segmentOf(await part.evaluate(value, where), where));
  const address = ask.resolve(parts.join(''));
  const answer = await ask.get(address, signal);
  if (answer.kind === 'json') return answer.json;
  throw answer.kind === 'denied'
    ? new StreamError('SOURCE_INVALID', `${where}: the API denies the right to read ${address} (403).`)
    : new StreamError('SOURCE_INVALID', `${where} is listed, but ${address} is not there (404).`);
}

/** `.` and `..` would lead elsewhere, and nothing would lead to the list. */
function segmentOf(value: unknown, where: string): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && !['', '.', '..'].includes(text) && text.isWellFormed())
    return encodeURIComponent(text);
  throw new StreamError(
    'SOURCE_INVALID',
    `${where} has no usable value for detail.path: ${JSON.stringify(value)}.`,
  );
}

async function isOfItem(
  source: ItemSource,
  { code, retryAfterMs }: StreamError,
  signal: AbortSignal,
): Promise<boolean> {
  if (code === 'SOURCE_INVALID' || code === 'SOURCE_LIMIT' || code === 'EVENT_INVALID') return true;
  return code === 'SOURCE_UNAVAILABLE' && retryAfterMs === undefined && source.listAnswers(signal);
}
