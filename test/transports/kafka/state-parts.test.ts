import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NewRecord } from '../../../pipeline/transport.ts';
import { StateParts } from '../../../transports/kafka/state-parts.ts';

/** Values of keys; undefined removes. */
const anyWrites = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'a\0b'),
    value: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null }),
  }),
  { maxLength: 12 },
);

/** What a reader of a log knows in the end. */
function readOf(log: readonly NewRecord[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { key, value } of new StateParts(8).joined(log)) {
    if (value === null) found.delete(key);
    else found.set(key, Buffer.from(value).toString('hex'));
  }
  return found;
}

/** The log without what is superseded in its first records. */
function compacted(log: readonly NewRecord[], upTo: number): readonly NewRecord[] {
  const newest = new Map(log.slice(0, upTo).map(({ key }, index) => [key, index]));
  return log.filter(({ key }, index) => index >= upTo || newest.get(key) === index);
}

it('joined() gives what was cut, whatever compaction has removed', () => {
  fc.assert(
    fc.property(anyWrites, fc.nat(), (writes, share) => {
      const writer = new StateParts(8);
      const log: NewRecord[] = [];
      const expected = new Map<string, string>();
      for (const { key, value } of writes) {
        const records = [...writer.cut([{ key, value, headers: {} }])];
        for (const record of records) expect(record.value?.length ?? 0).toBeLessThanOrEqual(8);
        log.push(...records);
        expect([...writer.joined(records)].map(({ value: whole }) => whole && Buffer.from(whole))).toEqual([
          value && Buffer.from(value),
        ]);
        if (value === null) expected.delete(key);
        else expected.set(key, Buffer.from(value).toString('hex'));
      }
      expect(readOf(log)).toEqual(expected);
      expect(readOf(compacted(log, share % (log.length + 1)))).toEqual(expected);
      // Of a whole log only what counts is left: no part of an older value.
      const left = compacted(log, log.length).filter(({ value }) => value !== null);
      const bytes = left.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      expect(bytes).toBe([...expected.values()].reduce((sum, hex) => sum + hex.length / 2, 0));
    }),
  );
});
