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
export const maxKeptLength = 64;
/** Up to this length a piece of a text is a copy in V8; a longer one would keep the whole text in memory. */
const maxCopied = 12;
let table: (Entry | undefined)[] | undefined;

const keywords = new Map<string, { readonly code: number; readonly upper: string }>();

/** The number of a keyword in upper case, from 1 on; a new one if it had none. */
export function keywordCode(upper: string): number {
  let keyword = keywords.get(upper);
  if (keyword === undefined) {
    keyword = { code: keywords.size + 1, upper: once(upper) };
    keywords.set(upper, keyword);
    // Words that were read before did not know of this one.
    table = undefined;
  }
  return keyword.code;
}

/** The number of a word in upper case; 0 if it is no keyword. */
export function codeOf(upper: string): number {
  return keywords.get(upper)?.code ?? 0;
}

/**
 * The same text as V8 keeps the keys of objects: once. Two of them are compared by their place in memory, which all the questions
 * whether a word is this or that keyword are fast by. It takes a microsecond or more, so it is for what is kept.
 */
function once(text: string): string {
  // Without a prototype the object is a table from the start, and leaves no trace of its key behind.
  const keys = Object.create(null) as Record<string, boolean>;
  keys[text] = true;
  return Object.keys(keys)[0] ?? text;
}

/** A text that may be kept: a piece of a longer text as a copy. */
function kept(text: string): string {
  return text.length > maxCopied ? once(text) : text;
}

/** The hash of a word, from that of its beginning and its next character. */
export function nextHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0;
}

/** The word that stands in a text; `hash` is that of its characters by {@link nextHash}. */
export function wordIn(text: string, start: number, end: number, hash: number): Word {
  table ??= Array.from({ length: places });
  const place = (hash ^ (hash >>> 14)) & (places - 1);
  const known = table[place];
  if (known !== undefined && known.hash === hash && isAt(text, start, end, known.text)) return known;
  const next = table[place ^ 1];
  if (next !== undefined && next.hash === hash && isAt(text, start, end, next.text)) return next;
  const word = kept(text.slice(start, end));
  const upper = word.toUpperCase();
  const keyword = keywords.get(upper);
  const entry: Entry = { text: word, upper: keyword?.upper ?? once(upper), code: keyword?.code ?? 0, hash };
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
  if (name.length > maxKeptLength) return name.toLowerCase();
  const own = kept(name);
  const lower = own.toLowerCase();
  if (lowers.size >= maxLowers) lowers.clear();
  lowers.set(own, lower);
  return lower;
}
