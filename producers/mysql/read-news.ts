/** What the binary log said, with what was read of the server then. */
import type { RelationalResults } from '../../platform/relational/model.ts';
import type { LogNews } from './binlog.ts';
import type { Touched } from './queries.ts';
import type { TableRename } from '../../platform/relational/renames.ts';

/** News that name what was touched. */
export interface NamedNews extends LogNews {
  readonly touched: Touched;
}

/** News with what is there now. */
export interface ReadNews extends NamedNews {
  readonly results: RelationalResults;
  readonly renamed: readonly TableRename[];
  /** News that came after these, and are none of single objects. */
  readonly left?: LogNews | 'lost' | undefined;
}

/** Whether news name what was touched. */
export function hasNames(news: LogNews): news is NamedNews {
  return news.touched !== undefined && news.touched !== 'everything';
}

/** News that came one after the other. */
export function joinedNews(first: NamedNews, second: LogNews): NamedNews {
  const { tables, routines } = hasNames(second) ? second.touched : { tables: [], routines: [] };
  return {
    touched: {
      tables: unique([...first.touched.tables, ...tables]),
      routines: unique([...first.touched.routines, ...routines]),
    },
    steps: [...first.steps, ...second.steps],
    mark: second.mark,
  };
}

function unique(names: Touched['tables']): Touched['tables'] {
  return [...new Map(names.map((name) => [JSON.stringify(name), name])).values()];
}

/** Whether everything that was renamed is there under the name that it got. */
export function isThere({ renamed, results: { tables, columns } }: ReadNews): boolean {
  const there = new Set(tables.rows.map((row) => JSON.stringify([row['database'], row['name']])));
  const parts = new Set(
    columns.rows.map((row) =>
      JSON.stringify([row['database'], row['table'], String(row['name']).toLowerCase()]),
    ),
  );
  return renamed.every(
    ({ to, columns: names }) =>
      there.has(JSON.stringify(to)) &&
      names.every((one) => parts.has(JSON.stringify([...to, one.to.toLowerCase()]))),
  );
}
