/** What PostgreSQL's own parser says of a text: its tree as JSON, or why it refuses the text. */
export type PostgresTree = { readonly tree: unknown } | { readonly problem: string };

/**
 * PostgreSQL's parser as transforms see it. It is WASM, so the composition root loads it first; its answers depend on the text alone.
 * Throws nothing.
 */
export interface PostgresParser {
  /** The statements of a script (raw parse tree of PostgreSQL). */
  parseSql(text: string): PostgresTree;
  /** The body of one CREATE FUNCTION or PROCEDURE in the language plpgsql. */
  parseRoutine(text: string): PostgresTree;
}
