import { createHash } from 'node:crypto';
import { pause } from '../../pipeline/delivery/backoff.ts';
import { StreamError } from '../../pipeline/errors.ts';
import type {
  FoundObject,
  PartialChange,
  Producer,
  Rejection,
  ScanContext,
} from '../../pipeline/producer.ts';
import type { Json } from '../../pipeline/state.ts';
import type { JsonMapping } from '../../platform/json-mapping.ts';
import { mapInOrder } from '../../platform/map-in-order.ts';
import { withoutSecrets } from '../../platform/redact.ts';
import { type ItemSource, itemName, type ListedItem, readItem } from './item-reader.ts';
import { laterOf, type Mark, markOf } from './marks.ts';
import { type ListSource, readPages } from './pages.ts';

/** What the producer works with. */
export interface HttpProducerOptions {
  readonly list: ListSource;
  readonly items: ItemSource;
  /** How to ask only for what changed. */
  readonly changes: { readonly parameter: string; readonly value: JsonMapping } | undefined;
  readonly intervalMs: number;
  readonly rescanMs: number;
  readonly concurrency: number;
  readonly now: () => number;
}

/** Readings after which a list that brings something new each time is given up until the next scan. */
const mostReadings = 6;
/** Items of a look that are taken as changes; more are a reason for a scan, which holds one page at a time. */
const mostChanges = 1_000;

/** What a scan has seen so far. */
class Seen {
  /** Hashes of the items. */
  readonly items = new Set<string>();
  /** Objects, each with the hash of its item. */
  readonly objects = new Map<string, string>();
  mark: Mark | undefined;
}

/** Reads what an HTTP API lists, each item by a mapping, and between two scans only what changed, where the API can tell. */
export class HttpProducer implements Producer {
  readonly #options: HttpProducerOptions;
  /** What the last complete scan saw: its newest mark, and its items as one hash. */
  #last: { readonly mark: Mark | undefined; readonly items: string; readonly at: number } | undefined;

  constructor(options: HttpProducerOptions) {
    this.#options = options;
  }

  /** Always the same: HTTP does not tell one life of the API from another. */
  incarnation(): Promise<string> {
    return Promise.resolve('1');
  }

  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    try {
      yield* this.#scan(context);
    } catch (thrown) {
      if (thrown instanceof StreamError || !context.signal.aborted) throw thrown;
      throw new StreamError('SOURCE_UNAVAILABLE', 'The scan was stopped before its end.', { cause: thrown });
    }
  }

  async *changes(signal: AbortSignal, from?: Json): AsyncIterable<PartialChange | undefined> {
    if (signal.aborted) return;
    const started = this.#options.now();
    let mark = yield* this.#begin(markOf(from));
    let before = '';
    for (;;) {
      await pause(this.#options.intervalMs, signal);
      if (signal.aborted) return;
      if (this.#isScanDue(started)) {
        yield undefined;
        continue;
      }
      const look = await this.#lookUnlessStopped(mark, signal);
      if (look === undefined) return;
      if (look.state === before) continue;
      before = look.state;
      if (look.needsScan) yield undefined;
      if (look.change === undefined) continue;
      yield look.change;
      mark = markOf(look.change.mark);
    }
  }

  describeChanges(): Promise<string> {
    const { changes, intervalMs, rescanMs } = this.#options;
    const what = changes === undefined ? 'the list' : `what changed (${changes.parameter})`;
    return Promise.resolve(`${what} every ${intervalMs / 1_000} s, everything every ${rescanMs / 1_000} s`);
  }

  /** Nothing stays open between two requests. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async *#scan(context: ScanContext): AsyncIterable<FoundObject> {
    const seen = new Seen();
    const at = this.#options.now();
    for (let reading = 1; ; reading += 1) {
      const known = seen.items.size;
      const pages = { count: 0 };
      yield* this.#reading(context, seen, pages);
      // Pages that are counted from the front shift when an item goes away between two of them, and one that stayed slips through.
      const mayShift = ['page', 'offset'].includes(this.#options.list.paging?.kind ?? '') && pages.count > 1;
      if (!mayShift || (reading > 1 && seen.items.size === known)) break;
      if (reading === mostReadings) {
        throw new StreamError(
          'SOURCE_UNAVAILABLE',
          `The list changed during each of ${mostReadings} readings.`,
          {
            advice: 'It is read again later; larger pages make a reading shorter.',
          },
        );
      }
    }
    this.#last = { mark: seen.mark, items: stateOf(seen.items), at };
  }

  /** Reads the list once, and what of it was not seen before. */
  async *#reading(context: ScanContext, seen: Seen, pages: { count: number }): AsyncIterable<FoundObject> {
    const { list, concurrency } = this.#options;
    let index = 0;
    for await (const { items } of readPages(list, context.signal)) {
      pages.count += 1;
      const fresh: (ListedItem & { readonly hash: string })[] = [];
      for (const value of items) {
        index += 1;
        const hash = hashOf(value);
        if (seen.items.has(hash)) continue;
        seen.items.add(hash);
        const item = { value, where: itemName(value, index), hash };
        seen.mark = laterOf(seen.mark, await this.#markOf(item));
        fresh.push(item);
      }
      const limits = { limit: concurrency, signal: context.signal };
      for await (const { item, read } of mapInOrder(fresh, limits, async (item, signal) => ({
        item,
        read: await readItem(this.#options.items, item, signal),
      }))) {
        if (read.kind === 'rejected') context.reject(read.rejection);
        else yield* unseenObjects(read.objects, item, seen, context);
      }
    }
  }

  /** The mark of an item; one that cannot be told counts as none: the mapping tells what is wrong with the item. */
  async #markOf({ value, where }: ListedItem): Promise<Mark | undefined> {
    const { changes } = this.#options;
    if (changes === undefined) return undefined;
    try {
      return markOf(await changes.value.evaluate(value, where));
    } catch (thrown) {
      if (thrown instanceof StreamError) return undefined;
      throw thrown;
    }
  }

  /** What changed since the mark. Without marks only the list is compared, and a difference is a reason for a scan. */
  async #look(mark: Mark | undefined, signal: AbortSignal): Promise<Look> {
    const { changes, list, items: source } = this.#options;
    if (changes === undefined || mark === undefined) {
      const items = new Set<string>();
      for await (const page of readPages(list, signal))
        for (const value of page.items) items.add(hashOf(value));
      const state = stateOf(items);
      return { state, needsScan: state !== this.#last?.items, change: undefined };
    }
    const found: FoundObject[] = [];
    const items = new Set<string>();
    const looked: string[] = [];
    const rejected: Rejection[] = [];
    let newest = mark;
    for await (const page of readPages(list, signal, { [changes.parameter]: String(mark) })) {
      for (const value of page.items) {
        items.add(hashOf(value));
        if (items.size > mostChanges) return { state: '', needsScan: true, change: undefined };
        const item = { value, where: itemName(value, items.size) };
        newest = laterOf(newest, await this.#markOf(item)) ?? newest;
        const read = await readItem(source, item, signal);
        if (read.kind === 'rejected') rejected.push(read.rejection);
        else {
          found.push(...read.objects);
          looked.push(...read.removed);
        }
      }
    }
    const change = { found: each(found), looked, mark: newest, rejected };
    return {
      state: `${newest} ${stateOf(items)}`,
      needsScan: false,
      change: items.size === 0 ? undefined : change,
    };
  }

  /** The mark to go on from; the one of the last scan is made durable first. */
  async *#begin(mark: Mark | undefined): AsyncGenerator<PartialChange | undefined, Mark | undefined> {
    if (this.#options.changes === undefined || mark !== undefined) return mark;
    if (this.#last === undefined) yield undefined;
    const scanned = this.#last?.mark;
    if (scanned !== undefined) yield { found: nothing(), looked: [], mark: scanned };
    return scanned;
  }

  #isScanDue(started: number): boolean {
    return this.#options.now() - (this.#last?.at ?? started) >= this.#options.rescanMs;
  }

  /** Undefined when the signal fired meanwhile. */
  async #lookUnlessStopped(mark: Mark | undefined, signal: AbortSignal): Promise<Look | undefined> {
    try {
      return await this.#look(mark ?? this.#last?.mark, signal);
    } catch (thrown) {
      if (signal.aborted) return undefined;
      throw thrown;
    }
  }
}

interface Look {
  /** What was seen, to tell whether the next look sees the same. */
  readonly state: string;
  readonly needsScan: boolean;
  readonly change: PartialChange | undefined;
}

/** The objects of an item. One that another item has given already is the fault of this item, unless the list was read again. */
function* unseenObjects(
  objects: readonly FoundObject[],
  item: ListedItem & { readonly hash: string },
  seen: Seen,
  context: ScanContext,
): Iterable<FoundObject> {
  for (const object of objects) {
    const key = `${object.type}/${object.objectId}`;
    if (seen.objects.has(key)) {
      const error = new StreamError(
        'SOURCE_INVALID',
        `${item.where}: another item has given the ${object.type} ${JSON.stringify(object.objectId)} already.`,
        { advice: 'Let map give an objectId that is unique.' },
      );
      const bytes = Buffer.from(JSON.stringify(withoutSecrets(item.value)) ?? '');
      context.reject({ objectId: item.where, error, bytes });
      continue;
    }
    seen.objects.set(key, item.hash);
    yield object;
  }
}

function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64')
    .slice(0, 22);
}

/** One hash for all items, in whatever order they came. */
function stateOf(items: ReadonlySet<string>): string {
  return hashOf([...items].sort());
}

async function* each<T>(list: readonly T[]): AsyncIterable<T> {
  yield* list;
}

async function* nothing(): AsyncIterable<never> {
  // A mark alone.
}
