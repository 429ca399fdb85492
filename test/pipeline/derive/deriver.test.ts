import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeholderOf } from '../../../pipeline/datasets.ts';
import { StreamError } from '../../../pipeline/errors.ts';
import type { Applied, DeriverOptions } from '../../../pipeline/derive/deriver.ts';
import { deriving, type KnownView, type Transform } from '../../../pipeline/transform.ts';
import type { RawEvent } from '../../../schemas/types.ts';
import { Deriving, smallNaming } from '../../support/deriving.ts';
import {
  arrivals,
  type Catalogue,
  expectedOf,
  expectSame,
  take,
  world,
} from '../../support/small-histories.ts';
import { jobEvent, removalEvent, smallWorld, tableEvent } from '../../support/small-world.ts';

/** Events of one transaction. */
const batchSizes = fc.integer({ min: 1, max: 12 });

describe('Deriver.apply()', () => {
  it('ends in the same state for any order, duplication and batch size of what the sources said', () => {
    fc.assert(
      fc.property(arrivals, batchSizes, ({ events, order }, together) => {
        const deriver = new Deriving(world);
        const catalogue: Catalogue = new Map();
        for (const applied of deriver.applyAll(order, together))
          if (applied.kind === 'derived') take(catalogue, applied.changes);
        expect(expectSame(deriver, catalogue, expectedOf(events))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('ends in the same state when it begins anew in the middle and every source is read again', () => {
    fc.assert(
      fc.property(arrivals, fc.nat(), batchSizes, ({ events, order }, at, together) => {
        const catalogue: Catalogue = new Map();
        const run = (deriver: Deriving, some: readonly RawEvent[]): void => {
          for (const applied of deriver.applyAll(some, together))
            if (applied.kind === 'derived') take(catalogue, applied.changes);
        };
        const first = new Deriving(world);
        run(first, order.slice(0, at % (order.length + 1)));
        const second = first.restarted(world);
        run(second, order);
        expect(expectSame(second, catalogue, expectedOf(events))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('says other roots in another order: what was sent of a transaction that was given up would stay for ever', () => {
    // A job means the table of the first name where that one is known, and else one of the second name.
    const resolving: DeriverOptions = {
      naming: smallNaming,
      transforms: (known) => {
        const [describeTables] = smallWorld(known);
        const resolve = deriving((event) => {
          if (event.type !== 'job') return undefined;
          const [first, second] = ['first', 'second'].map((name) => ({
            typeName: 'table',
            qualifiedName: `table://${name}`,
          }));
          if (first === undefined || second === undefined) return undefined;
          const changes = known.asset(first) === undefined ? [placeholderOf(second, 'second')] : [];
          return { event, changes, known: [], warnings: [] };
        });
        return describeTables === undefined ? [resolve] : [describeTables, resolve];
      },
    };
    const job = jobEvent({ producer: 'p', job: 'j', sequence: 0, name: 'n', inputs: ['first'] });
    const table = tableEvent({ producer: 'd', table: 'first', sequence: 0, columns: ['a'] });
    const said = (deriver: Deriving, ...events: readonly RawEvent[]): readonly string[] =>
      deriver
        .applyAll(events, 1)
        .flatMap((applied) =>
          applied.kind === 'derived' ? applied.changes.map(({ qualifiedName }) => qualifiedName) : [],
        );
    expect(said(new Deriving(resolving), job)).toEqual(['table://second']); // sent, and its state given up
    expect(said(new Deriving(resolving), table, job)).toEqual(['table://first']); // nobody says that it is gone
  });

  it('derives again whoever looked up what is known now, and nobody else', () => {
    const deriver = new Deriving(world);
    deriver.apply(jobEvent({ producer: 'p', job: 'j', sequence: 0, name: 'n', inputs: ['t'] }));
    deriver.apply(jobEvent({ producer: 'p', job: 'k', sequence: 0, name: 'n', inputs: ['u'] }));
    const table = tableEvent({ producer: 'd', table: 't', sequence: 0, columns: ['a'] });
    const said = (applied: Applied): readonly string[] =>
      applied.kind === 'derived' ? applied.changes.map(({ qualifiedName }) => qualifiedName) : [];
    const applied = deriver.apply(table);
    expect(applied).toMatchObject({ kind: 'derived', failures: [] });
    expect(said(applied)).toEqual(['table://t', 'job://p/j']);
    expect(deriver.objects().find(({ objectId }) => objectId === 'j')).toMatchObject({ warnings: [] });
    // The event's own object is said again, for a catalogue that lost it; the others are not.
    expect(said(deriver.apply(table))).toEqual(['table://t']);
  });

  it('says anew what it had said of an event that came again and failed, once it can: nobody knows whether that was appended', () => {
    const t = { typeName: 'table', qualifiedName: 'table://t' };
    const failing = {
      ...world,
      transforms: (known: KnownView): readonly Transform[] => [
        ...smallWorld(known),
        deriving((event) => {
          if (event.type === 'job' && known.asset(t)?.columns.includes('x') === true)
            throw new StreamError('TRANSFORM_FAILED', 'No.');
          return undefined;
        }),
      ],
    };
    const deriver = new Deriving(failing);
    const table = (sequence: number, column: string): RawEvent =>
      tableEvent({ producer: 'd', table: 't', sequence, columns: [column] });
    const job = jobEvent({ producer: 'p', job: 'j', sequence: 0, name: 'n', inputs: ['t'] });
    const said = (applied: Applied): readonly string[] =>
      applied.kind === 'derived' ? applied.changes.map(({ qualifiedName }) => qualifiedName) : [applied.kind];
    deriver.apply(table(0, 'a'));
    const whole = said(deriver.apply(job, 7));
    expect(said(deriver.apply(table(1, 'x')))).toEqual(['table://t']);
    expect(said(deriver.apply(job, 7))).toEqual(['failed']);
    expect(said(deriver.apply(table(2, 'a')))).toEqual(['table://t', ...whole]);
    expect(said(deriver.apply(table(3, 'a')))).toEqual(['table://t']);
  });

  it('derives ahead once, and again where what was looked up has changed in the same transaction', () => {
    const derived: string[] = [];
    const counting = {
      ...world,
      transforms: (known: KnownView): readonly Transform[] => [
        ...smallWorld(known),
        deriving((event) => {
          if (event.type === 'job') derived.push(event.value.objectId);
          return undefined;
        }),
      ],
    };
    const deriver = new Deriving(counting);
    const job = (name: string, input: string): RawEvent =>
      jobEvent({ producer: 'p', job: name, sequence: 0, name: 'n', inputs: [input] });
    const table = tableEvent({ producer: 'd', table: 't', sequence: 0, columns: ['a'] });
    deriver.applyAll([table, job('j', 't'), job('k', 'u')], 3);
    expect(derived).toEqual(['j', 'k', 'j']);
    expect(deriver.objects().find(({ objectId }) => objectId === 'j')).toMatchObject({ warnings: [] });
  });

  it('does not derive ahead again what took long, when the same event comes once more', () => {
    const derived: string[] = [];
    const counting = {
      ...world,
      slowMs: 0,
      transforms: (known: KnownView): readonly Transform[] => [
        ...smallWorld(known),
        deriving((event) => {
          if (event.type === 'job') derived.push(`${event.value.objectId}${event.value.position.sequence}`);
          return undefined;
        }),
      ],
    };
    const deriver = new Deriving(counting);
    const job = (sequence: number): RawEvent =>
      jobEvent({ producer: 'p', job: 'j', sequence, name: 'n', inputs: [] });
    const first = deriver.apply(job(0), 7);
    expect(deriver.apply(job(0), 7)).toEqual(first);
    expect(derived).toEqual(['j0']);
    deriver.apply(job(1), 7); // another event, in another life of the topic
    deriver.apply(job(2), 8);
    expect(derived).toEqual(['j0', 'j1', 'j2']);
  });

  it('notes an object that cannot be derived again, and what it said before stands', () => {
    let isBroken = false;
    const breaking = {
      ...world,
      transforms: (known: KnownView): readonly Transform[] => [
        ...smallWorld(known),
        deriving((event) => {
          if (event.type === 'job' && isBroken) throw new TypeError('x is not a function');
          return undefined;
        }),
      ],
    };
    const deriver = new Deriving(breaking);
    deriver.apply(jobEvent({ producer: 'p', job: 'j', sequence: 0, name: 'n', inputs: ['t'] }));
    isBroken = true;
    const applied = deriver.apply(tableEvent({ producer: 'd', table: 't', sequence: 0, columns: ['a'] }));
    expect(applied).toMatchObject({
      kind: 'derived',
      changes: [{ qualifiedName: 'table://t' }],
      failures: [
        {
          producer: 'p',
          event: { key: 'p/job/j', partition: 0, offset: 0 }, // its own place: that is what redriving it goes by
          error: { code: 'TRANSFORM_FAILED', message: 'job j of p: x is not a function' },
        },
      ],
    });
    expect(deriver.objects().find(({ objectId }) => objectId === 'j')?.warnings).toHaveLength(1);
  });

  it('says that an older event is superseded, and that a boundary of a scan is filtered', () => {
    const deriver = new Deriving(world);
    deriver.apply(removalEvent('p', 'database-object', 't', 5));
    const older = tableEvent({ producer: 'p', table: 't', sequence: 4, columns: [] });
    expect(deriver.apply(older)).toEqual({ kind: 'superseded' });
    const position = { incarnation: 'i', sequence: 0 };
    expect(deriver.apply({ type: 'scan-started', value: { producer: 'p', scanId: 's', position } })).toEqual({
      kind: 'filtered',
    });
  });

  it('takes an event of another incarnation whatever its sequence', () => {
    const deriver = new Deriving(world);
    const event = tableEvent({ producer: 'p', table: 't', sequence: 9, columns: ['a'] });
    deriver.apply(event);
    const restored = tableEvent({ producer: 'p', table: 't', sequence: 0, columns: ['b'] });
    if (restored.type !== 'database-object') throw new Error('not a table');
    const value = { ...restored.value, position: { incarnation: 'restored', sequence: 0 } };
    expect(deriver.apply({ ...restored, value })).toMatchObject({ kind: 'derived' });
    // The first life comes again, from where it stood: a replay, or a dead letter that was put back.
    expect(deriver.apply(event, 0)).toEqual({ kind: 'superseded' });
    expect(deriver.objects()).toMatchObject([{ position: { incarnation: 'restored' }, offset: 1 }]);
  });

  it('keeps what was known when a transform throws, and wraps what is not a StreamError', () => {
    const deriver = new Deriving(world);
    deriver.apply(jobEvent({ producer: 'p', job: 'j', sequence: 0, name: 'n', inputs: [] }));
    const bad = jobEvent({ producer: 'p', job: 'j', sequence: 1, name: 'bad', inputs: [] });
    expect(deriver.apply(bad)).toMatchObject({ kind: 'failed', error: { code: 'EVENT_INVALID' } });
    expect(deriver.objects()).toMatchObject([{ position: { sequence: 0 } }]);
    const broken = new Deriving({
      ...world,
      transforms: () => [
        () => {
          throw new TypeError('x is not a function');
        },
      ],
    });
    expect(broken.apply(bad)).toMatchObject({
      kind: 'failed',
      error: { code: 'TRANSFORM_FAILED', message: 'job j of p: x is not a function' },
    });
  });

  it('deletes what an earlier run had derived when its removal comes', () => {
    const ref = { typeName: 'table', qualifiedName: 'table://t' };
    const first = new Deriving(world);
    first.apply(tableEvent({ producer: 'p', table: 't', sequence: 0, columns: ['a'] }));
    const deriver = first.restarted(world);
    expect(deriver.apply(removalEvent('p', 'database-object', 't', 3))).toMatchObject({
      kind: 'derived',
      changes: [{ operation: 'DELETE', ...ref, producer: 'p', position: { sequence: 3 } }],
    });
    expect(deriver.apply(removalEvent('p', 'database-object', 'never seen', 3))).toMatchObject({
      kind: 'unchanged',
    });
  });

  it('lets a producer that is not configured any more hold no root, and says all of it again when it comes back', () => {
    const table = (producer: string, sequence: number): RawEvent =>
      tableEvent({ producer, table: 't', sequence, columns: ['a'] });
    const first = new Deriving(world);
    for (const producer of ['former', 'present']) first.apply(table(producer, 0));
    const second = first.restarted({ ...world, producers: new Set(['present']) });
    expect(second.apply(removalEvent('present', 'database-object', 't', 1))).toMatchObject({
      changes: [{ operation: 'DELETE', producer: 'present' }],
    });
    const third = first.restarted(world);
    expect(third.apply(table('former', 0))).toMatchObject({
      changes: [{ operation: 'UPSERT', producer: 'former' }],
    });
  });

  it('keeps keys apart and in bounds when names are long or strange', () => {
    const deriver = new Deriving(world);
    const names = ['é'.repeat(3000), `${'é'.repeat(3000)}x`, 'a\u0000b', '\u{10FFFF}', '\uD800'];
    for (const name of names) {
      const events = [
        jobEvent({ producer: 'p'.repeat(500), job: name, sequence: 0, name: 'n', inputs: [name] }),
        tableEvent({ producer: 'd', table: name, sequence: 0, columns: [name] }),
      ];
      for (const event of events) expect(deriver.apply(event)).toMatchObject({ kind: 'derived' });
    }
    expect(deriver.objects()).toHaveLength(2 * names.length);
  });
});
