import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from '../../pipeline/canonical-json.ts';

/** As `JSON.stringify` sorts, which is slower. */
function reference(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    const copy: Record<string, unknown> = Object.create(null);
    for (const [key, one] of Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) copy[key] = one;
    return copy;
  });
}

it('canonicalJson() is the text of JSON.stringify with sorted keys, for any value', () => {
  const leaf = fc.oneof(
    fc.constantFrom(null, undefined, Number.NaN, true, new Date(0), Buffer.from('x')),
    fc.string(),
    fc.double(),
  );
  const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', '10', '9', '007', '-1'));
  const flat = fc.array(fc.tuple(key, leaf), { maxLength: 5 }).map((entries) => Object.fromEntries(entries));
  const value = fc.array(fc.tuple(key, fc.oneof(leaf, flat, fc.array(fc.oneof(leaf, flat)))), {
    maxLength: 5,
  });
  fc.assert(
    fc.property(value, (entries) => {
      const one = Object.fromEntries(entries);
      expect(canonicalJson(one)).toBe(reference(one));
    }),
  );
});
