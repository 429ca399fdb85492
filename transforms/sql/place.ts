/** Where a script lies: what its names mean there, and what is known of the tables and routines around it. */
import type { Name } from './ir.ts';
import type { Defaults } from './names.ts';

/** A routine outside of the script, whose text tells what rows it hands out. */
export interface CatalogedRoutine {
  readonly text: string;
  /** What completes the names in its text. */
  readonly defaults: Pick<Defaults, 'database' | 'schema'>;
}

/** Answers for one script. Pure, and the same answer for the same name as long as the script is read. */
export interface SqlPlace {
  /** The full name that a name means, under what USE and its like have set. Two names of one table get one full name. */
  complete(name: Name, current: Defaults): Name;
  /** The columns of a table by its full name, in order; undefined if they are not known. */
  columns(name: Name): readonly string[] | undefined;
  /** A routine by its full name; undefined if none is known. */
  routine(name: Name): CatalogedRoutine | undefined;
}
