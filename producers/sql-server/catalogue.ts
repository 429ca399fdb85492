import type { RelationalResults } from '../../platform/relational/model.ts';
import { type QueryResult, RowReader } from '../../platform/relational/row-reader.ts';
import type { RunQuery } from './connection.ts';
import { scanQueries, stateQuery, type Touched } from './queries.ts';

/** What is known of one database. */
export interface DatabaseState {
  readonly version: string;
  readonly name: string;
  /** When it was created, also by a restore. */
  readonly incarnation: string;
  /** Whether names that differ by letter case only are one. */
  readonly foldsCase: boolean;
}

/** Reads which database this is. */
export async function readState(query: RunQuery): Promise<DatabaseState> {
  const rows = await query(stateQuery);
  const fields = ['version', 'name', 'incarnation', 'folds'];
  const reader = new RowReader({ place: 'sys.databases', rows }, fields).at(rows[0] ?? {}, 1);
  return {
    version: reader.name('version'),
    name: reader.name('name'),
    incarnation: reader.name('incarnation'),
    foldsCase: reader.truth('folds') ?? false,
  };
}

/** Reads the catalogue views of a database: everything, or only what was touched. */
export async function readCatalogue(
  query: RunQuery,
  { name }: DatabaseState,
  touched?: Touched,
): Promise<RelationalResults> {
  const queries = scanQueries(touched);
  const result = async (of: keyof typeof queries): Promise<QueryResult> => ({
    place: `catalogue views, ${of}`,
    rows: await query(queries[of]),
  });
  return {
    levels: {
      database: { place: 'sys.databases', rows: [{ name }] },
      ...(touched === undefined ? { schema: await result('schemas') } : {}),
    },
    tables: await result('tables'),
    columns: await result('columns'),
    keys: await result('keys'),
    routines: await result('routines'),
  };
}
