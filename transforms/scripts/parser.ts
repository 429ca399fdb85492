/**
 * The contract for a script language of your own: a parser turns a text into statements, and everything else (which column
 * comes from which, through variables; warnings; the process in the catalogue) is common. `transforms/custom-script.ts` is the
 * example.
 */
import { StreamError } from '../../pipeline/errors.ts';

/** Where a statement stands. */
export interface ScriptLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** One statement: rows of a table or of a variable get a name, or are written to a table. */
export type ScriptStatement = { readonly at: ScriptLine } & (
  | {
      /** Columns of a table. */
      readonly kind: 'read';
      readonly variable: string;
      readonly table: string;
      readonly columns: readonly string[];
    }
  | {
      /** Another name for a variable, or for the table of that name if no variable has it. */
      readonly kind: 'alias';
      readonly variable: string;
      readonly name: string;
    }
  | {
      /** Columns of a variable, as they are or grouped and summed. */
      readonly kind: 'project';
      readonly variable: string;
      readonly source: string;
      readonly columns: readonly string[];
    }
  | {
      /** A variable's columns go to the columns of the same name. */
      readonly kind: 'write';
      readonly table: string;
      readonly source: string;
    }
);

/** A statement that gives rows a name. */
export type Assignment = Exclude<ScriptStatement, { readonly kind: 'write' }>;

/** A script language. */
export interface RoutineParser {
  /** The language of the routines that it parses, as producers say it in `language`. */
  readonly language: string;
  /**
   * Parses a script; pure and linear.
   * @param file the script's file, for errors and warnings
   * @throws StreamError SCRIPT_INVALID by {@link scriptError}, or SOURCE_LIMIT
   */
  parse(text: string, file: string): readonly ScriptStatement[];
}

/** An error in a script that names file, line and text. */
export function scriptError(at: ScriptLine, why: string): StreamError {
  const text = at.text.length > 120 ? `${at.text.slice(0, 120)}…` : at.text;
  return new StreamError('SCRIPT_INVALID', `${at.file}:${at.line}: ${why}: ${text}`);
}
