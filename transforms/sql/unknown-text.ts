/**
 * What dynamic SQL holds and nobody can know, as one character of a private plane: the lexer takes it for a letter, so a name
 * with it is a name that is not known, and the rest of the statement can be read.
 */

/** Stands for text that is known at run time only. */
export const unknownText = '\u{E000}';

/** True if the text holds something that is not known. */
export function isUnknownText(text: string): boolean {
  return text.includes(unknownText);
}
