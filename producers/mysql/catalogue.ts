import type { Connection } from 'mysql2/promise';
import { z } from 'zod';
import type { RelationalResults } from '../../platform/relational/model.ts';
import type { QueryResult, Row } from '../../platform/relational/row-reader.ts';
import {
  columnsQuery,
  databasesQuery,
  fingerprintQuery,
  keysQuery,
  type Query,
  routineQueries,
  tablesQuery,
  type Touched,
  viewsQuery,
} from './queries.ts';

const rowsSchema = z.array(z.record(z.string(), z.unknown()));
const variablesSchema = z.array(z.object({ Variable_name: z.string(), Value: z.string() }));

/** What is known of the server. */
export interface ServerState {
  readonly system: 'mysql' | 'mariadb';
  readonly version: string;
  readonly incarnation: string;
  /** Whether it writes a binary log. */
  readonly logs: boolean;
  /** Whether every transaction has a GTID. */
  readonly gtids: boolean;
}

/** Reads which server this is. */
export async function readState(connection: Connection): Promise<ServerState> {
  const [rows] = await connection.query(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'server_uuid', 'server_uid', 'log_bin', 'gtid_mode')",
  );
  const values = new Map(variablesSchema.parse(rows).map((row) => [row.Variable_name, row.Value]));
  const version = values.get('version') ?? '';
  const isMariadb = /mariadb/i.test(version);
  return {
    system: isMariadb ? 'mariadb' : 'mysql',
    version,
    // MySQL and MariaDB have different names for what is made anew with the data folder; old ones of MariaDB have none.
    incarnation: values.get('server_uuid') ?? values.get('server_uid') ?? 'server',
    logs: values.get('log_bin') === 'ON',
    gtids: isMariadb || values.get('gtid_mode') === 'ON',
  };
}

/** Whether the user may read the binary log, by the grants that it is shown; those of a role are not among them. */
export async function mayReadLog(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query('SHOW GRANTS FOR CURRENT_USER');
  return rowsSchema
    .parse(rows)
    .flatMap(Object.values)
    .some(
      (grant) =>
        typeof grant === 'string' &&
        /^GRANT (?:[^'`]*\b(?:REPLICATION SLAVE|REPLICA)\b|ALL PRIVILEGES)[^'`]* ON \*\.\* /i.test(grant),
    );
}

/** Reads information_schema: everything, or only what is listed. */
export async function readCatalogue(connection: Connection, only?: Touched): Promise<RelationalResults> {
  // Longer than the parameters of any routine; the default of MySQL is 1024.
  await connection.query('SET SESSION group_concat_max_len = 1000000');
  const result = async (name: string, { sql, values }: Query): Promise<QueryResult> => {
    const [rows] = await connection.query(sql, [...values]);
    return { place: `information_schema, ${name}`, rows: rowsSchema.parse(rows) };
  };
  const routines: Row[] = [];
  for (const query of routineQueries(only)) routines.push(...(await result('routines', query)).rows);
  return {
    levels: { database: await result('databases', { sql: databasesQuery, values: [] }) },
    tables: await result('tables', tablesQuery(only)),
    columns: await result('columns', columnsQuery(only)),
    keys: await result('keys', keysQuery(only)),
    views: await result('views', viewsQuery(only)),
    routines: { place: 'information_schema, routines', rows: toldApart(routines) },
  };
}

/** A function, trigger or event that is named like a procedure says what it is. */
function toldApart(rows: readonly Row[]): readonly Row[] {
  const taken = new Set<string>();
  return rows.map((row) => {
    const key = JSON.stringify([row['database'], row['name']]);
    if (!taken.has(key)) {
      taken.add(key);
      return row;
    }
    return { ...row, name: `${String(row['name'])} (${String(row['kind'])})` };
  });
}

/** A text that differs when the definition of anything does. */
export async function readFingerprint(connection: Connection): Promise<string> {
  const [rows] = await connection.query(fingerprintQuery);
  return JSON.stringify(rows);
}
