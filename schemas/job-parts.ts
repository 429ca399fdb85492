/** Parts of a job file that name something, see `schemas/avro/job-file`. */

/** A dataset named with its type. */
export interface TypedName {
  readonly typeName: string;
  readonly name: string;
}

/** One target column of a step and what it is made from. */
export interface ColumnMapping {
  readonly sources: readonly string[];
  readonly target: string;
  readonly line: number;
}
