/**
 * Words of SQL text, each kept once from script to script: the same few thousand words make up most of all SQL. A word that is
 * known costs no new text, and its texts can be compared by their place in memory.
 */

/** A word as it is written, in upper case, and as a keyword. */
export interface Word {
  readonly text: string;
  readonly upper: string;
  /** The number of the keyword; 0 if the word is none. */
  readonly code: number;
}

interface Entry extends Word {
  readonly hash: number;
}

/** A power of two. Words that share a place displace each other, so that no text can make the table long or slow. */
const places = 16_384;
/** A longer word is not kept. */
const maxKeptLength = 64;
let table: (Entry | undefined)[] = Array.from({ length: places });

const codes = new Map<string, number>();

/** The number of a keyword in upper case, from 1 on; a new one if it had none. */
export function keywordCode(upper: string): number {
  let code = codes.get(upper);
  if (code === undefined) {
    code = codes.size + 1;
    codes.set(upper, code);
    // Words that were read before did not know of this one.
    table = Array.from({ length: places });
  }
  return code;
}

/** The number of a word in upper case; 0 if it is no keyword. */
export function codeOf(upper: string): number {
  return codes.get(upper) ?? 0;
}

/** The same text as a key of an object: V8 keeps those once, and takes no long text around them along. */
function once(text: string): string {
  return Object.keys({ [text]: true })[0] ?? text;
}

/** The hash of a word, from that of its beginning and its next character. */
export function nextHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0;
}

/** The word that stands in a text; `hash` is that of its characters by {@link nextHash}. */
export function wordIn(text: string, start: number, end: number, hash: number): Word {
  const place = (hash ^ (hash >>> 14)) & (places - 1);
  const known = table[place];
  if (known !== undefined && known.hash === hash && isAt(text, start, end, known.text)) return known;
  const next = table[place ^ 1];
  if (next !== undefined && next.hash === hash && isAt(text, start, end, next.text)) return next;
  const word = text.slice(start, end);
  const upper = once(word.toUpperCase());
  const entry: Entry = { text: once(word), upper, code: codeOf(upper), hash };
  if (end - start <= maxKeptLength) {
    if (known !== undefined) table[place ^ 1] = known;
    table[place] = entry;
  }
  return entry;
}

function isAt(text: string, start: number, end: number, word: string): boolean {
  if (word.length !== end - start) return false;
  for (let at = 0; at < word.length; at++)
    if (text.charCodeAt(start + at) !== word.charCodeAt(at)) return false;
  return true;
}

const lowers = new Map<string, string>();
const maxLowers = 8_192;

/** A name in lower case, kept like the words. */
export function lowerOf(name: string): string {
  const known = lowers.get(name);
  if (known !== undefined) return known;
  const lower = once(name.toLowerCase());
  if (name.length > maxKeptLength) return lower;
  if (lowers.size >= maxLowers) lowers.clear();
  lowers.set(once(name), lower);
  return lower;
}
