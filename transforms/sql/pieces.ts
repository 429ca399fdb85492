/** What the splitters hand to the parser: statements as token ranges, and the routines that hold them. */
import type { Name } from './ir.ts';

/** The head of a procedure, function or trigger. */
export interface RoutineHead {
  readonly kind: 'procedure' | 'function' | 'trigger';
  readonly name: Name;
  readonly line: number;
  /** Parameters, in order; variables of the body. */
  readonly parameters: readonly string[];
  /** The table of a trigger. */
  readonly on: Name | undefined;
  /** The function that a trigger of PostgreSQL runs. */
  readonly executes?: Name | undefined;
  /** T-SQL's `RETURNS @r TABLE (…)`: the variable and its columns. */
  readonly result: { readonly name: string; readonly columns: readonly string[] } | undefined;
  /** `RETURNS TABLE (…)` of a function whose body is a query: the columns that its rows bear outside. */
  readonly columns?: readonly string[];
}

/** One statement, or one part of a block that is read like a statement. */
export interface Piece {
  readonly kind: 'statement' | 'declare' | 'evaluate' | 'loop' | 'body' | 'branch';
  /** Of a branch: one begins (IF), the next one begins (ELSE), or all of them are over. The range is empty. */
  readonly step: 'if' | 'else' | 'end' | undefined;
  /** A body in another language than SQL. */
  readonly language: string | undefined;
  readonly from: number;
  readonly end: number;
  /** The routine that the piece is in. */
  readonly routine: RoutineHead | undefined;
}

/** A piece; all are made here, so that they look alike to the compiler. */
export function pieceOf(
  kind: Piece['kind'],
  from: number,
  end: number,
  routine: RoutineHead | undefined,
): { -readonly [Key in keyof Piece]: Piece[Key] } {
  return { kind, step: undefined, language: undefined, from, end, routine };
}

/** The step of a branch at a token. */
export function stepOf(step: Piece['step'], at: number, routine: RoutineHead | undefined): Piece {
  const piece = pieceOf('branch', at, at, routine);
  piece.step = step;
  return piece;
}
