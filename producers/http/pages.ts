import { StreamError } from '../../pipeline/errors.ts';
import type { Answer, Ask } from '../../platform/ask.ts';
import type { JsonMapping } from '../../platform/json-mapping.ts';
import type { Paging } from './options.ts';

/** One answer of a list. */
export interface ListPage {
  readonly address: string;
  readonly items: readonly unknown[];
}

/** How a list is read. */
export interface ListSource {
  readonly ask: Ask;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** The items of an answer. */
  readonly items: JsonMapping;
  /** The text of `items`. */
  readonly itemsText: string;
  readonly paging: Paging;
  /** The next cursor or link of an answer; undefined for other kinds of paging. */
  readonly next: JsonMapping | undefined;
}

/** Bounds of a list, against an API that never ends it. */
const mostPages = 10_000;
const mostItems = 1_000_000;

type JsonAnswer = Extract<Answer, { kind: 'json' }>;

/** What the way to the next page may depend on. */
interface Turn {
  readonly source: ListSource;
  readonly first: string;
  readonly address: string;
  readonly answer: JsonAnswer;
  readonly items: number;
  /** Items and pages so far, this one included. */
  readonly total: number;
  readonly pages: number;
}

/**
 * Reads a list page by page, one at a time. `more` is added to the query. Throws SOURCE_INVALID for an answer without a list, a page that comes twice and a
 * link that leads in a circle or elsewhere, SOURCE_REFUSED and SOURCE_NOT_FOUND by status, SOURCE_LIMIT for a list without end.
 */
export async function* readPages(
  source: ListSource,
  signal: AbortSignal,
  more: Readonly<Record<string, string>> = {},
): AsyncGenerator<ListPage> {
  const first = firstAddress(source, more);
  const followed = new Set<string>();
  let total = 0;
  let before = '';
  for (let address: string | undefined = first; address !== undefined; ) {
    if (followed.has(address)) throw circle(address);
    followed.add(address);
    const answer: JsonAnswer = await askJson(source.ask, address, signal);
    const given = await itemsOf(source, answer, address);
    // Only the first answer of a whole list: some APIs leave an empty list out behind the last page, or where nothing has changed.
    if (given === undefined && followed.size === 1 && Object.keys(more).length === 0)
      checkPath(source, answer, address);
    const items = given ?? [];
    const text = JSON.stringify(items);
    if (items.length > 0 && text === before) throw repeated(address);
    before = text;
    total += items.length;
    const pages = followed.size;
    if (pages > mostPages || total > mostItems) {
      const what = `The list has more than ${mostPages} pages or ${mostItems} items at ${address}.`;
      throw new StreamError('SOURCE_LIMIT', what, { advice: 'Ask for larger pages, or narrow the query.' });
    }
    yield { address, items };
    address = await nextAddress({ source, first, address, answer, items: items.length, total, pages });
  }
}

/** Asks for JSON; what is denied or missing is an error here. */
async function askJson(ask: Ask, address: string, signal: AbortSignal): Promise<JsonAnswer> {
  const answer = await ask.get(address, signal);
  if (answer.kind === 'json') return answer;
  throw answer.kind === 'denied'
    ? new StreamError('SOURCE_REFUSED', `The API denies the right to read ${address} (403).`, {
        advice: 'Let the account of this producer read it.',
      })
    : new StreamError('SOURCE_NOT_FOUND', `The API has nothing at ${address} (404).`, {
        advice: 'Correct url and list.path in the configuration.',
      });
}

async function itemsOf(
  source: ListSource,
  { json }: JsonAnswer,
  address: string,
): Promise<readonly unknown[] | undefined> {
  const items = await source.items.evaluate(json, address);
  if (items === undefined) return undefined;
  if (items === null) return [];
  if (Array.isArray(items)) return items;
  if (typeof items === 'object') return [items]; // JSONata gives a list of one as the one
  throw new StreamError('SOURCE_INVALID', `${address}: list.items gives no list.`);
}

/** A path of names that leads nowhere is misspelt; any other expression, such as a filter, may give nothing. */
function checkPath({ itemsText }: ListSource, { json }: JsonAnswer, address: string): void {
  if (!/^[\w.]+$/.test(itemsText)) return;
  const fields = typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.keys(json) : [];
  const has = fields.length === 0 ? 'It has no fields.' : `Its fields are ${fields.slice(0, 20).join(', ')}.`;
  throw new StreamError(
    'SOURCE_INVALID',
    `${address}: the answer has nothing at list.items (${itemsText}). ${has}`,
    { advice: `Correct list.items. Where the API leaves an empty list out, write [${itemsText}].` },
  );
}

function firstAddress(
  { ask, path, query, paging }: ListSource,
  more: Readonly<Record<string, string>>,
): string {
  const url = new URL(ask.resolve(path.replace(/^\//, '')));
  for (const [name, value] of Object.entries({ ...query, ...more })) url.searchParams.set(name, value);
  if (paging?.kind === 'page') url.searchParams.set(paging.parameter, String(paging.first));
  if (paging?.kind === 'offset') url.searchParams.set(paging.parameter, '0');
  if (
    paging !== undefined &&
    'size' in paging &&
    paging.size !== undefined &&
    paging.sizeParameter !== undefined
  )
    url.searchParams.set(paging.sizeParameter, String(paging.size));
  return url.href;
}

async function nextAddress(turn: Turn): Promise<string | undefined> {
  const { source, first, address, answer } = turn;
  const { paging, ask } = source;
  switch (paging?.kind) {
    case undefined:
      return undefined;
    case 'page':
      return isLast(paging.size, turn)
        ? undefined
        : withParameter(first, paging.parameter, paging.first + turn.pages);
    case 'offset':
      return isLast(paging.size, turn) ? undefined : withParameter(first, paging.parameter, turn.total);
    case 'cursor': {
      const next = await given(turn);
      return next === undefined ? undefined : withParameter(first, paging.parameter, next);
    }
    case 'link': {
      const next = await given(turn);
      return next === undefined ? undefined : ask.resolve(next, address);
    }
    case 'link-header': {
      const next = nextLink(answer.headers.get('link') ?? '');
      return next === undefined ? undefined : ask.resolve(next, address);
    }
  }
}

/** An empty page is the last one, and so is one that is not full. */
function isLast(size: number | undefined, { items }: Turn): boolean {
  return items === 0 || (size !== undefined && items < size);
}

/** What `next` gives. APIs end their lists with null, an empty text, false, or nothing at all. */
async function given({ source, answer, address }: Turn): Promise<string | undefined> {
  const next = await source.next?.evaluate(answer.json, address);
  if (next === undefined || next === null || next === '' || next === false) return undefined;
  if (typeof next === 'string') return next;
  if (typeof next === 'number') return String(next);
  throw new StreamError('SOURCE_INVALID', `${address}: list.paging.next gives neither a text nor a number.`);
}

/** The target of `rel="next"` in a Link header (RFC 8288). */
function nextLink(header: string): string | undefined {
  for (const [, target = '', parameters = ''] of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next[\s"]|next\b)/i.test(parameters)) return target;
  }
  return undefined;
}

function withParameter(address: string, name: string, value: string | number): string {
  const url = new URL(address);
  url.searchParams.set(name, String(value));
  return url.href;
}

function circle(address: string): StreamError {
  return new StreamError('SOURCE_INVALID', `The list goes in a circle: it leads to ${address} twice.`, {
    advice: 'Correct list.paging; nothing was removed by this scan.',
  });
}

function repeated(address: string): StreamError {
  return new StreamError('SOURCE_INVALID', `${address} answers the same page as the one before.`, {
    advice: 'The API does not take the parameter of list.paging: correct its name or kind.',
  });
}
