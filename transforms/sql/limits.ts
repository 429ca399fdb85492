/**
 * Limits on input are counts, never seconds, so that the same script gives the same answer on every machine.
 * What passes a limit ends in a reason, not in silence.
 */

/** Characters of one script. */
export const maxCharacters = 16 * 1024 * 1024;
/** Tokens of one script; a megabyte of ordinary SQL has about 200,000. */
export const maxTokens = 1_500_000;
/** Sub-queries inside each other, and parentheses around queries and joins. */
export const maxQueryDepth = 100;
/** SQL inside a string of SQL, and routine bodies inside statements. */
export const maxScriptDepth = 8;
/** Columns of one relation; `SELECT a.*, a.*` over itself doubles at each level. */
export const maxColumns = 4_096;
/** Sources of one column. */
export const maxOrigins = 4_096;
/** Column edges of one statement. */
export const maxStatementEdges = 50_000;
/** Statements of one script, with those that it runs from text. */
export const maxStatements = 50_000;
/** Tokens of a routine's head up to its body, and of the condition of a loop or branch. */
export const maxControlTokens = 1_500;
/** PIVOT and UNPIVOT behind one source. */
export const maxPivots = 32;
/** Sources that the stars of one statement look at. */
export const maxStarSteps = 1_000_000;
/** Edges of one script after temporary tables are collapsed. */
export const maxScriptEdges = 100_000;
/** Functions and parentheses inside each other in an expression that builds SQL. */
export const maxTextDepth = 64;
/** Texts that one variable may hold after branches. */
export const maxTextAlternatives = 16;
/** Variables up to which branches are followed apart. */
export const maxBranchVariables = 256;
/** Characters of one folded string, and of all SQL strings that one script runs. */
export const maxFoldedCharacters = 1024 * 1024;
/** Routines outside of a script whose texts are read with it. */
export const maxLibraryRoutines = 50;
/** Characters of these routines together. */
export const maxLibraryCharacters = 2 * 1024 * 1024;
/** Blocks, loops and branches inside each other in a body that PostgreSQL's parser has read. */
export const maxBlockDepth = 500;
/** Nodes inside each other in a parse tree of PostgreSQL; deeper ones are read from the text instead. */
export const maxTreeDepth = 1_000;
