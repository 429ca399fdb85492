import { expect, it } from 'vitest';
import { isDerivedBefore, Sequence } from '../../../pipeline/derive/sequence.ts';
import { MemoryTable } from '../../../platform/memory-table.ts';

function take(table: MemoryTable, count: number): readonly string[] {
  const sequence = new Sequence(table);
  const taken = Array.from({ length: count }, () => sequence.next());
  sequence.end();
  return taken;
}

it('next() goes on from what earlier transactions have given, and gives again what one that was given up had', () => {
  const table = new MemoryTable();
  const first = take(table, 2);
  table.commit();
  const lost = take(table, 9);
  table.rollBack();
  const second = take(table, 2);
  expect(second).toEqual(lost.slice(0, 2));
  const all = [...first, ...second];
  for (const [index, one] of all.entries())
    for (const [other, two] of all.entries()) expect(isDerivedBefore(one, two)).toBe(index < other);
});

it('isDerivedBefore() is false for numbers of two writers, and where there is none', () => {
  const [[one], [two]] = [take(new MemoryTable(), 1), take(new MemoryTable(), 1)];
  expect([isDerivedBefore(one, two), isDerivedBefore(two, one)]).toEqual([false, false]);
  expect([isDerivedBefore(one, undefined), isDerivedBefore(undefined, one)]).toEqual([false, false]);
});
