/** Classes of characters for the lexer, as tables over ASCII; everything above is a letter. */

const wordStart = new Uint8Array(128);
const wordPart = new Uint8Array(128);
const space = new Uint8Array(128);
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$') {
  wordStart[letter.charCodeAt(0)] = 1;
  wordPart[letter.charCodeAt(0)] = 1;
}
for (const letter of '0123456789#@') wordPart[letter.charCodeAt(0)] = 1;
for (const letter of '\0\t\v\f\r ') space[letter.charCodeAt(0)] = 1;

/** White space beyond ASCII: no-break space, byte order mark, ideographic space. */
const wideSpaces: ReadonlySet<number> = new Set([0xa0, 0xfeff, 0x3000, 0x2028, 0x2029]);

/** True if a word may begin with the character. */
export function isWordStart(code: number): boolean {
  return code < 128 ? wordStart[code] === 1 : code > 0x7f && !wideSpaces.has(code);
}

/** True if a word may go on with the character. */
export function isWordPart(code: number): boolean {
  return code < 128 ? wordPart[code] === 1 : code > 0x7f && !wideSpaces.has(code);
}

/** True for white space other than the line feed, and for NUL, which editors leave behind. */
export function isSpace(code: number): boolean {
  return code < 128 ? space[code] === 1 : wideSpaces.has(code);
}

/** True for 0 to 9. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
