import { type Observable, Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import type { Derivation, TransformContext, TransformFactory } from '../../pipeline/transform.ts';
import { decodeEvent, encodeEvent } from '../../schemas/codec.ts';
import type { RawEvent } from '../../schemas/types.ts';

/** What a transform is held against. */
export interface TransformContractCase {
  readonly context: TransformContext;
  /** Events that are its business, at least two. */
  readonly examples: readonly [RawEvent, RawEvent, ...RawEvent[]];
}

const other: RawEvent = {
  type: 'scan-started',
  value: { producer: 'any', scanId: '1', position: { incarnation: '1', sequence: 1 } },
};

/** The contract of a transform: marbles for never, empty, values, source error, throwing callback and unsubscribe. */
export function transformContract(
  name: string,
  factory: TransformFactory,
  { context, examples }: TransformContractCase,
): void {
  const marbles = (test: (scheduler: TestScheduler) => void): void => {
    test(new TestScheduler((actual, expected) => expect(actual).toEqual(expected)));
  };
  const [a, b] = examples;
  const one = (event: RawEvent): Derivation => {
    const found: Derivation[] = [];
    const source = new Subject<RawEvent>();
    source.pipe(factory(context)).subscribe((derivation) => found.push(derivation));
    source.next(event);
    expect(found).toHaveLength(1);
    const [derivation] = found;
    if (derivation === undefined) throw new Error('It derives nothing of one of its examples.');
    return derivation;
  };

  describe(`${name} keeps the contract of a transform`, () => {
    it('emits nothing when the source is never', () => {
      expect.hasAssertions();
      marbles((scheduler) =>
        scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
          const source = cold<RawEvent>('-');
          expectObservable(source.pipe(factory(context))).toBe('-');
          expectSubscriptions(source.subscriptions).toBe('^');
        }),
      );
    });

    it('completes when the source is empty', () => {
      expect.hasAssertions();
      marbles((scheduler) =>
        scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
          const source = cold<RawEvent>('|');
          expectObservable(source.pipe(factory(context))).toBe('|');
          expectSubscriptions(source.subscriptions).toBe('(^!)');
        }),
      );
    });

    it('answers each of its events in the same frame, and no others', () => {
      expect.hasAssertions();
      marbles((scheduler) =>
        scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
          const source = cold<RawEvent>('a-o-b-|', { a, o: other, b });
          const expected = { a: one(a), b: one(b) };
          expectObservable(source.pipe(factory(context))).toBe('a---b-|', expected);
          expectSubscriptions(source.subscriptions).toBe('^-----!');
        }),
      );
    });

    it('passes an error of the source on', () => {
      expect.hasAssertions();
      marbles((scheduler) =>
        scheduler.run(({ cold, expectObservable }) => {
          const source = cold<RawEvent>('a-#', { a }, new Error('source'));
          expectObservable(source.pipe(factory(context))).toBe('a-#', { a: one(a) }, new Error('source'));
        }),
      );
    });

    it('errors and lets go of the source when what it calls throws', () => {
      expect.hasAssertions();
      const broken: TransformContext = {
        ...context,
        settings: () => {
          throw new Error('settings');
        },
      };
      marbles((scheduler) =>
        scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
          const source = cold<RawEvent>('--a--|', { a });
          expectObservable(source.pipe(factory(broken))).toBe('--#', undefined, new Error('settings'));
          expectSubscriptions(source.subscriptions).toBe('^-!');
        }),
      );
    });

    it('lets go of the source when it is unsubscribed', () => {
      expect.hasAssertions();
      marbles((scheduler) =>
        scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
          const source = hot<RawEvent>('a-b-a-|', { a, b });
          const derived: Observable<Derivation> = source.pipe(factory(context));
          expectObservable(derived, '^--!').toBe('a-b-', { a: one(a), b: one(b) });
          expectSubscriptions(source.subscriptions).toBe('^--!');
        }),
      );
    });

    it('derives changes that the schema of entity changes takes, each with its root first', () => {
      for (const { changes } of examples.map(one)) {
        for (const change of changes) {
          const [root] = change.entities;
          const { typeName, qualifiedName } = root;
          const position = { incarnation: '1', sequence: 1 };
          const event = { operation: 'UPSERT', producer: 'p', objectId: 'o', position, ...change } as const;
          const encoded = encodeEvent('entity-change', { ...event, typeName, qualifiedName });
          expect(decodeEvent(encoded).value).toMatchObject({ typeName, qualifiedName, ...change });
        }
      }
    });

    it('says the same of an event whatever came before it', () => {
      const forwards = examples.map(one);
      const backwards = examples.toReversed().map(one).toReversed();
      expect(backwards).toEqual(forwards);
      const together: Derivation[] = [];
      const source = new Subject<RawEvent>();
      source.pipe(factory(context)).subscribe((derivation) => together.push(derivation));
      for (const event of examples) source.next(event);
      expect(together).toEqual(forwards);
    });
  });
}
