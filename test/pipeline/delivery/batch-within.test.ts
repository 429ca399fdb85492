import { Subject, take, tap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type BatchLimits, batchWithin } from '../../../pipeline/delivery/batch-within.ts';

const limits: BatchLimits<string> = {
  count: 3,
  bytes: 10,
  withinMs: 5,
  sizeOf: (item) => (item === 'L' ? 50 : item === 'm' ? 6 : 1),
};
const batches = { x: ['a'], y: ['a', 'b'], z: ['a', 'b', 'c'], m: ['m'], n: ['m', 'a'], L: ['L'], e: ['d'] };

describe('batchWithin() by marbles', () => {
  it.each([
    ['never', '-', '-', '^'],
    ['empty', '|', '|', '(^!)'],
    ['count', 'abc-|', '--z-|', '^---!'],
    ['time since the first item', 'a-b----------|', '-----y-------|', '^------------!'],
    ['no timer between batches', 'a---------d-----|', '-----x---------e|', '^---------------!'],
    ['completion flushes', 'a-b|', '---(y|)', '^--!'],
    ['an error does not', 'a-b#', '---#', '^--!'],
    ['bytes: the next would not fit', 'm-m-----|', '--m----m|', '^-------!'],
    ['bytes: one too large comes alone', 'a-L-d---|', '--(xL)--(e|)', '^-------!'],
    ['bytes just under', 'ma----|', '-----n|', '^-----!'],
  ])('%s', (_, source, expected, subscription) => {
    new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(
      ({ cold, expectObservable, expectSubscriptions }) => {
        const items = cold(source);
        const result = items.pipe(batchWithin(limits));
        expectObservable(result).toBe(expected, batches);
        expectSubscriptions(items.subscriptions).toBe(subscription);
      },
    );
    expect.hasAssertions();
  });

  it('waits as long again while more is about to arrive', () => {
    new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(
      ({ cold, expectObservable, flush }) => {
        let looks = 0;
        const isMore = (): boolean => {
          looks += 1;
          return looks < 3;
        };
        const result = cold('a-----b--------------|').pipe(batchWithin({ ...limits, isMore }));
        expectObservable(result).toBe('---------------y-----|', batches);
        flush();
        expect(looks).toBe(3);
      },
    );
  });

  it('waits a tenth of the time where nothing is likely to follow', () => {
    new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(
      ({ cold, expectObservable }) => {
        let isCalm = true;
        const result = cold('a-----b--c--------|').pipe(
          tap((item) => {
            isCalm = item === 'a';
          }),
          batchWithin({ ...limits, withinMs: 10, isCalm: () => isCalm }),
        );
        expectObservable(result).toBe('-x--------------w-|', { ...batches, w: ['b', 'c'] });
      },
    );
    expect.hasAssertions();
  });

  it('unsubscribing unsubscribes from the source and drops what was collected', () => {
    new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(
      ({ cold, expectObservable, expectSubscriptions }) => {
        const items = cold('a-b----c-|');
        expectObservable(items.pipe(batchWithin(limits)), '^--!').toBe('----');
        expectSubscriptions(items.subscriptions).toBe('^--!');
      },
    );
    expect.hasAssertions();
  });
});

describe('batchWithin() and its timers', () => {
  it('no timer runs while nothing is collected, nor after a batch, an end or a departure', () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const items = new Subject<string>();
    const found: (readonly string[])[] = [];
    items.pipe(batchWithin(limits), take(2)).subscribe((batch) => found.push(batch));
    expect(vi.getTimerCount()).toBe(0);
    items.next('a');
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(5);
    expect(vi.getTimerCount()).toBe(0);
    items.next('m');
    items.next('m'); // flushes the first, whereupon the subscriber leaves
    expect(found).toEqual([['a'], ['m']]);
    expect(vi.getTimerCount()).toBe(0);
    const others = new Subject<string>();
    others.pipe(batchWithin(limits)).subscribe({ error: () => found.push([]) });
    others.next('a');
    others.error(new Error('over'));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('an error of sizeOf is an error of the stream', () => {
    const items = new Subject<string>();
    const errors: unknown[] = [];
    const wrong = {
      ...limits,
      sizeOf: (): number => {
        throw new Error('no size');
      },
    };
    items.pipe(batchWithin(wrong)).subscribe({ error: (thrown: unknown) => errors.push(thrown) });
    items.next('a');
    expect(errors).toEqual([new Error('no size')]);
    expect(items.observed).toBe(false);
  });
});
