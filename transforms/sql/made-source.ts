/** Sources of a FROM clause while they are read. */
import type { Name, Query, Source } from './ir.ts';

/** A source while it is read. All are made in one place, so that they look alike to the compiler. */
export type Made = { -readonly [Key in keyof Source]: Source[Key] };

const nothing: readonly never[] = [];

/** A source without anything but its name. */
export function sourceOf(type: Source['type'], name: Name, line: number): Made {
  return {
    type,
    name,
    alias: undefined,
    columns: nothing,
    query: undefined,
    args: undefined,
    literals: undefined,
    pivots: nothing,
    line,
  };
}

/** A query as a source. */
export function queryOf(query: Query, line: number): Made {
  const source = sourceOf('query', nothing, line);
  source.query = query;
  return source;
}
