/** Why something about a script could not be known: stable codes, and plain words for people. */

/** How much a reason of each code lowers the confidence of its statement (0 = nothing, 1 = all of it). */
export const reasonWeights = {
  /** A statement is built at run time from values that the text does not hold; what of it is constant was read. */
  'dynamic-sql': 0.8,
  /** A statement looks like one that moves data but could not be read. */
  'not-understood': 1,
  /** The end of a statement could not be read. */
  'partly-understood': 0.4,
  /** PostgreSQL's own parser does not take the text, so that it was read without. */
  'parser-refused': 0.1,
  /** A column has several possible sources. */
  'ambiguous-column': 0.3,
  /** NATURAL JOIN, and the columns of a side are not in the catalogue; values are not touched. */
  'join-columns-unknown': 0.05,
  /** A column is qualified by a name that is no source of the query. */
  'unknown-qualifier': 0.3,
  /** `*` over a table whose columns are not in the catalogue. */
  'star-not-expanded': 0.2,
  /** Values go to columns by position and the target's columns are not in the catalogue. */
  'target-columns-unknown': 0.1,
  /** A temporary table is read that nothing in the script creates. */
  'temporary-table-not-created': 0.4,
  /** A routine is called that the script does not define. */
  'routine-not-defined': 0.2,
  /** A routine's body is written in another language than SQL. */
  'foreign-language': 0.5,
  /** SQL that runs on another server. */
  'remote-server': 0.1,
  /** A table was renamed; which rows it held before is known only from this script. */
  renamed: 0.2,
  /** A quotation or comment has no end. */
  unterminated: 0.5,
  /** The input holds too many control characters to be text; nothing of it was read. */
  'not-text': 1,
  /** The script passes a limit of size. */
  'too-large': 1,
  /** Parentheses or sub-queries pass the limit of depth. */
  'too-deep': 0.5,
  /** More columns or edges than the limit. */
  'too-many-edges': 0.5,
} as const;

/** A stable name of a kind of gap. */
export type ReasonCode = keyof typeof reasonWeights;

/** One gap: what could not be known, on which line (from 1), in words. */
export interface Reason {
  readonly code: ReasonCode;
  readonly line: number;
  readonly text: string;
}

/** The confidence that reasons leave: 1 without any, multiplied down by the weight of each code once. */
export function confidenceOf(reasons: readonly Reason[]): number {
  if (reasons.length === 0) return 1;
  let confidence = 1;
  for (const code of new Set(reasons.map((reason) => reason.code))) confidence *= 1 - reasonWeights[code];
  return Math.round(confidence * 100) / 100;
}
