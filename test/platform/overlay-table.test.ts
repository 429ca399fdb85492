import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TableKey } from '../../pipeline/table.ts';
import { MemoryTable } from '../../platform/memory-table.ts';
import { OverlayTable } from '../../platform/overlay-table.ts';

const part = fc.constantFrom('a', 'aa', 'b', 'ä', '\u{1F600}', 'z');
const key: fc.Arbitrary<TableKey> = fc
  .tuple(part, fc.array(part, { maxLength: 2 }))
  .map(([first, rest]) => [first, ...rest]);
const writes = fc.array(fc.tuple(key, fc.option(fc.nat(255))), { maxLength: 20 });

function apply(
  table: Pick<MemoryTable, 'put' | 'remove'>,
  steps: readonly (readonly [TableKey, number | null])[],
): void {
  for (const [at, value] of steps) {
    if (value === null) table.remove(at);
    else table.put(at, Uint8Array.of(value));
  }
}

it('an overlay reads as the table would after its writes, leaves the table alone, and says what to write', () => {
  fc.assert(
    fc.property(writes, writes, key, key, (before, after, prefix, other) => {
      const base = new MemoryTable();
      const expected = new MemoryTable();
      apply(base, before);
      apply(expected, before);
      const untouched = [...base.scan(prefix)];
      const overlay = new OverlayTable(base);
      apply(overlay, after);
      apply(expected, after);
      const behind: TableKey = [...prefix, ...other];
      expect(overlay.get(prefix)).toEqual(expected.get(prefix));
      expect([...overlay.scan(prefix)]).toEqual([...expected.scan(prefix)]);
      expect(overlay.first(prefix)).toEqual(expected.first(prefix));
      expect(overlay.first(prefix, behind)).toEqual(expected.first(prefix, behind));
      expect([...base.scan(prefix)]).toEqual(untouched);
      for (const { key: at, value } of overlay.changes()) {
        if (value === undefined) base.remove(at);
        else base.put(at, value);
      }
      expect([...base.scan(prefix)]).toEqual([...expected.scan(prefix)]);
    }),
    { numRuns: 500 },
  );
});
