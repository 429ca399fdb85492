/** Where statements end. */
import type { Cursor } from './cursor.ts';

/** For each token the index of the next `;`. */
export function nextSemicolons(cursor: Cursor): Int32Array {
  const next = new Int32Array(cursor.tokens.length);
  let found = cursor.tokens.length;
  for (let at = next.length - 1; at >= 0; at--) {
    if (cursor.token(at).kind === ';') found = at;
    next[at] = found;
  }
  return next;
}
