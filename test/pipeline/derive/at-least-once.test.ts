import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coalesce, type SaidBefore } from '../../../pipeline/coalesce.ts';
import { comingAgain } from '../../../pipeline/derive/coming-again.ts';
import { refKey } from '../../../pipeline/derive/keys.ts';
import type { Delivery } from '../../../pipeline/sink.ts';
import type { RawEvent } from '../../../schemas/types.ts';
import { Deriving, type Numbered } from '../../support/deriving.ts';
import {
  arrivals,
  type Catalogue,
  expectedOf,
  expectSame,
  take,
  world,
} from '../../support/small-histories.ts';

/** What becomes of a batch: how much of what comes again with its events is appended, when, and whether its offset is committed. */
interface Fate {
  /** Of the own changes so many are appended by this try. */
  readonly share: number;
  /** Transactions that others do before they are. */
  readonly later: number;
  readonly isCommitted: boolean;
  readonly size: number;
}

const fates: fc.Arbitrary<readonly Fate[]> = fc.array(
  fc
    .record({
      share: fc.constantFrom(0, 0.5, 1),
      later: fc.nat(6),
      isCommitted: fc.boolean(),
      size: fc.integer({ min: 1, max: 6 }),
    })
    // What is committed was appended, though others may have gone on meanwhile.
    .map((fate) => (fate.isCommitted ? { ...fate, share: 1 } : fate)),
  { maxLength: 12 },
);
const undisturbed: Fate = { share: 1, later: 0, isCommitted: true, size: 4 };

/** metadata.entities as owners leave it who die, wake up too late, and follow each other. What was not committed is taken again. */
function appended(deriver: Deriving, order: readonly RawEvent[], some: readonly Fate[]): readonly Numbered[] {
  const log: Numbered[] = [];
  let under: { readonly changes: readonly Numbered[]; after: number }[] = [];
  let left = order;
  for (let turn = 0; left.length > 0; turn += 1) {
    const { share, later, isCommitted, size } = some[turn] ?? undisturbed;
    const sayings = deriver.sayAll(left.slice(0, size));
    const said = sayings.flatMap((saying) => saying.said);
    const again = comingAgain(sayings, ({ change }) => change.qualifiedName);
    log.push(...said.filter((one) => !again.has(one)));
    under.push({ changes: [...again].reverse().slice(0, Math.ceil(again.size * share)), after: later });
    for (const one of under) {
      if (one.after === 0) log.push(...one.changes);
      one.after -= 1;
    }
    under = under.filter(({ after }) => after >= 0);
    // An heir reads the partitions in an order of its own.
    left = isCommitted ? left.slice(size) : [...left.slice(size), ...left.slice(0, size)];
  }
  return [...log, ...under.flatMap(({ changes }) => changes)];
}

/** What the sink makes of it, in batches of some size. */
function delivered(log: readonly Numbered[], size: number): Catalogue {
  const catalogue: Catalogue = new Map();
  const before = new Map<string, SaidBefore>();
  for (let from = 0; from < log.length; from += size) {
    const batch = log
      .slice(from, from + size)
      .map((one, index): Delivery => ({ ...one, offset: from + index }));
    for (const root of coalesce(batch, (ref) => before.get(refKey(ref)) ?? nothing)) {
      const done = [...(root.deletion === undefined ? [] : [root.deletion]), ...root.upserts];
      take(
        catalogue,
        done.map(({ change }) => change),
      );
      for (const one of done) before.set(refKey(root), after(before.get(refKey(root)) ?? nothing, one));
    }
  }
  return catalogue;
}

const nothing: SaidBefore = { said: [] };

/** What was said of a root after a change, as a sink remembers it. */
function after(before: SaidBefore, { change, offset, sequence }: Delivery): SaidBefore {
  const { producer, objectId, position, placeholder, operation } = change;
  const said = { producer, objectId, position, placeholder, offset, sequence };
  if (operation === 'DELETE') return { said: [{ ...said, deleted: true }], deletedAt: sequence };
  const others = before.said.filter(
    (one) => !one.deleted && one.producer !== producer && one.placeholder === placeholder,
  );
  return { ...before, said: [...others, { ...said, deleted: false }] };
}

describe('changes that are appended behind their transaction', () => {
  it('end in the same catalogue when owners die in between, and wake up when others have gone on', () => {
    fc.assert(
      fc.property(arrivals, fates, fc.integer({ min: 1, max: 9 }), ({ events, order }, some, size) => {
        const deriver = new Deriving(world);
        const catalogue = delivered(appended(deriver, order, some), size);
        expect(expectSame(deriver, catalogue, expectedOf(events))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
