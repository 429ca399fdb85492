/** `JOIN … USING (column)`: the column of both sides steers the rows, without doubt which tables are meant. */
import { type ColumnRef, type Expression, emptyExpression, type Source } from './ir.ts';

/** Sources of a side beyond which a column is not looked for: each join of a chain looks at all before it. */
const maxSources = 100;

/** A join that names the columns which both sides have. */
export interface MergedJoin {
  readonly columns: readonly string[];
  readonly sources: readonly Source[];
  /** Where the sources of the left side begin, and those of the right side, which go to the end. */
  readonly left: number;
  readonly right: number;
  readonly line: number;
}

/** `NATURAL JOIN`: the columns that both sides have, whichever they are. */
export function naturalColumns({ sources, left, right, line }: Omit<MergedJoin, 'columns'>): Expression {
  if (right - left > maxSources || sources.length - right > maxSources) return emptyExpression;
  const among = labelsOf(sources.slice(left, right));
  const against = labelsOf(sources.slice(right));
  return {
    ...emptyExpression,
    refs: [{ parts: ['*'], kind: 'transformed', variable: false, line, among, against }],
  };
}

function labelsOf(sources: readonly Source[]): readonly string[] {
  return sources.map((source) => source.alias ?? source.name.join('.'));
}

/** The columns of a join, one reference for each side. */
export function mergedColumns({ columns, sources, left, right, line }: MergedJoin): Expression {
  const sides = [[left, right] as const, [right, sources.length] as const];
  const refs = sides
    .filter(([from, to]) => to - from <= maxSources)
    .flatMap(([from, to]) => {
      const among = labelsOf(sources.slice(from, to));
      return columns.map(
        (column): ColumnRef => ({
          parts: [column],
          kind: 'transformed',
          variable: false,
          line,
          among,
        }),
      );
    });
  return { ...emptyExpression, refs };
}
