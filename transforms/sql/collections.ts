/** Types with types in angles: `ARRAY<INT64>`, `STRUCT<a INT, b ARRAY<STRING>>`. */
import type { Cursor } from './cursor.ts';
import { maxControlTokens } from './limits.ts';
import { words } from './words.ts';

/** Words that begin such a type. */
export const collections = words('ARRAY STRUCT MAP MULTISET');

const typeKinds: ReadonlySet<string> = new Set(['word', 'quoted', 'number', ',', '.']);
const noTypes = words('AND OR NOT IS IN FROM WHERE THEN END SELECT');

/** The index of the last `>` of the type at the index; the index itself if no angles follow it. */
export function anglesEnd(cursor: Cursor, at: number, end: number): number {
  if (!cursor.symbol(at + 1, '<')) return at;
  const stop = Math.min(end, at + maxControlTokens);
  let angles = 0;
  for (let index = at + 1; index < stop; index++) {
    const { kind, text, code } = cursor.token(index);
    if (kind === '(') index = cursor.closeOf(index, end);
    else if (kind === 'operator') {
      if (text === '<') angles++;
      else if (text === '>') angles--;
      else if (text !== ':') return at;
    } else if (!typeKinds.has(kind) || noTypes.has(code)) return at;
    if (angles === 0) return index;
  }
  return at;
}
