/** Queries of information_schema, whose results have the fields of platform/relational/model.ts. */

const systemDatabases = "('mysql', 'sys', 'information_schema', 'performance_schema')";

/** Objects of some databases by name. */
export interface Touched {
  /** Database and name of a table or view. */
  readonly tables: readonly (readonly [database: string, name: string])[];
  /** Database and name of a procedure, function, trigger or event. */
  readonly routines: readonly (readonly [database: string, name: string])[];
}

/** A query with its parameters. */
export interface Query {
  readonly sql: string;
  readonly values: readonly string[];
}

/** Everything that is not the system's, or only what is listed. */
function among(
  [database, name]: readonly [string, string],
  only: readonly (readonly [string, string])[] | undefined,
): Query {
  if (only === undefined) return { sql: `${database} NOT IN ${systemDatabases}`, values: [] };
  if (only.length === 0) return { sql: 'FALSE', values: [] };
  // Written out: an information schema is only looked up by name where it is compared with constants, one table at a time.
  return {
    sql: `(${only.map(() => `(${database} = ? AND ${name} = ?)`).join(' OR ')})`,
    values: only.flat(),
  };
}

/** Databases. */
export const databasesQuery = `
  SELECT SCHEMA_NAME AS \`name\` FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN ${systemDatabases} ORDER BY SCHEMA_NAME`;

/** Tables and views; sequences are none. The comment of a view is not its own. */
export function tablesQuery(only?: Touched): Query {
  const { sql, values } = among(['TABLE_SCHEMA', 'TABLE_NAME'], only?.tables);
  return {
    values,
    sql: `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`name\`,
            CASE TABLE_TYPE WHEN 'VIEW' THEN 'view' WHEN 'SYSTEM VERSIONED' THEN 'system versioned table' ELSE 'table' END AS \`kind\`,
            IF(TABLE_TYPE = 'VIEW', NULL, TABLE_COMMENT) AS \`description\`
          FROM information_schema.TABLES
          WHERE TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') AND ${sql} ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  };
}

/** Columns. MariaDB writes NULL as the default of a column that has none. */
export function columnsQuery(only?: Touched): Query {
  const { sql, values } = among(['TABLE_SCHEMA', 'TABLE_NAME'], only?.tables);
  return {
    values,
    sql: `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS \`name\`, ORDINAL_POSITION AS \`ordinal\`, COLUMN_TYPE AS \`type\`,
            COLUMN_COMMENT AS \`description\`, IS_NULLABLE AS \`nullable\`,
            COALESCE(CHARACTER_MAXIMUM_LENGTH, IF(DATA_TYPE = 'decimal', NUMERIC_PRECISION, NULL)) AS \`length\`,
            IF(DATA_TYPE = 'decimal', NUMERIC_SCALE, NULL) AS \`scale\`,
            COALESCE(NULLIF(GENERATION_EXPRESSION, ''), NULLIF(COLUMN_DEFAULT, 'NULL')) AS \`default\`, NULLIF(EXTRA, '') AS \`extra\`
          FROM information_schema.COLUMNS WHERE ${sql} ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
  };
}

/** Keys: of the unique ones those whose columns are listed in order. */
export function keysQuery(only?: Touched): Query {
  const { sql, values } = among(['TABLE_SCHEMA', 'TABLE_NAME'], only?.tables);
  return {
    values,
    sql: `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`table\`, CONSTRAINT_NAME AS \`key\`, COLUMN_NAME AS \`column\`,
            CASE WHEN REFERENCED_TABLE_NAME IS NOT NULL THEN 'foreign' WHEN CONSTRAINT_NAME = 'PRIMARY' THEN 'primary' ELSE 'unique' END AS \`kind\`,
            REFERENCED_TABLE_SCHEMA AS \`refDatabase\`, REFERENCED_TABLE_NAME AS \`refTable\`, REFERENCED_COLUMN_NAME AS \`refColumn\`
          FROM information_schema.KEY_COLUMN_USAGE WHERE ${sql}
          ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`,
  };
}

/** Text of views; empty where the user has not the right SHOW VIEW. */
export function viewsQuery(only?: Touched): Query {
  const { sql, values } = among(['TABLE_SCHEMA', 'TABLE_NAME'], only?.tables);
  return {
    values,
    sql: `SELECT TABLE_SCHEMA AS \`database\`, TABLE_NAME AS \`name\`, VIEW_DEFINITION AS \`definition\`
          FROM information_schema.VIEWS WHERE ${sql} ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  };
}

/** Quotes what stands in a column as a name. */
const quoted = (column: string): string => `'\`', REPLACE(${column}, '\`', '\`\`'), '\`'`;

/** Procedures and functions, triggers, events: each with its text as CREATE would have it, as far as the lineage needs it. */
export function routineQueries(only?: Touched): readonly Query[] {
  const routines = among(['r.ROUTINE_SCHEMA', 'r.ROUTINE_NAME'], only?.routines);
  const triggers = among(['TRIGGER_SCHEMA', 'TRIGGER_NAME'], only?.routines);
  const events = among(['EVENT_SCHEMA', 'EVENT_NAME'], only?.routines);
  return [
    {
      values: routines.values,
      sql: `SELECT r.ROUTINE_SCHEMA AS \`database\`, r.ROUTINE_NAME AS \`name\`, LOWER(r.ROUTINE_TYPE) AS \`kind\`, r.ROUTINE_COMMENT AS \`description\`,
              CONCAT('CREATE ', r.ROUTINE_TYPE, ' ', ${quoted('r.ROUTINE_SCHEMA')}, '.', ${quoted('r.ROUTINE_NAME')}, '(', COALESCE(p.list, ''), ')',
                     IF(r.ROUTINE_TYPE = 'FUNCTION', CONCAT(' RETURNS ', r.DTD_IDENTIFIER), ''), '\\n', r.ROUTINE_DEFINITION) AS \`text\`
            FROM information_schema.ROUTINES r
            LEFT JOIN (SELECT SPECIFIC_SCHEMA, SPECIFIC_NAME, ROUTINE_TYPE,
                              GROUP_CONCAT(CONCAT_WS(' ', IF(ROUTINE_TYPE = 'PROCEDURE', PARAMETER_MODE, NULL), CONCAT(${quoted('PARAMETER_NAME')}), DTD_IDENTIFIER)
                                           ORDER BY ORDINAL_POSITION SEPARATOR ', ') AS list
                       FROM information_schema.PARAMETERS WHERE ORDINAL_POSITION > 0 GROUP BY SPECIFIC_SCHEMA, SPECIFIC_NAME, ROUTINE_TYPE) p
              ON p.SPECIFIC_SCHEMA = r.ROUTINE_SCHEMA AND p.SPECIFIC_NAME = r.SPECIFIC_NAME AND p.ROUTINE_TYPE = r.ROUTINE_TYPE
            WHERE r.ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION') AND ${routines.sql} ORDER BY r.ROUTINE_SCHEMA, r.ROUTINE_TYPE DESC, r.ROUTINE_NAME`,
    },
    {
      values: triggers.values,
      sql: `SELECT TRIGGER_SCHEMA AS \`database\`, TRIGGER_NAME AS \`name\`, 'trigger' AS \`kind\`, NULL AS \`description\`,
              CONCAT('CREATE TRIGGER ', ${quoted('TRIGGER_SCHEMA')}, '.', ${quoted('TRIGGER_NAME')}, ' ', ACTION_TIMING, ' ', EVENT_MANIPULATION, ' ON ',
                     ${quoted('EVENT_OBJECT_SCHEMA')}, '.', ${quoted('EVENT_OBJECT_TABLE')}, ' FOR EACH ROW\\n', ACTION_STATEMENT) AS \`text\`
            FROM information_schema.TRIGGERS WHERE ${triggers.sql} ORDER BY TRIGGER_SCHEMA, TRIGGER_NAME`,
    },
    {
      values: events.values,
      sql: `SELECT EVENT_SCHEMA AS \`database\`, EVENT_NAME AS \`name\`, 'event' AS \`kind\`, EVENT_COMMENT AS \`description\`, EVENT_DEFINITION AS \`text\`
            FROM information_schema.EVENTS WHERE ${events.sql} ORDER BY EVENT_SCHEMA, EVENT_NAME`,
    },
  ];
}

const checksum = (table: string, database: string, columns: string): string =>
  `(SELECT CONCAT(COUNT(*), '-', COALESCE(SUM(CRC32(CONCAT_WS('|', ${columns}))), 0)) FROM information_schema.${table} WHERE ${database} NOT IN ${systemDatabases})`;

/** One short text that differs when the definition of anything does. */
export const fingerprintQuery = `SELECT CONCAT_WS('/',
  ${checksum('SCHEMATA', 'SCHEMA_NAME', 'SCHEMA_NAME')},
  ${checksum('TABLES', 'TABLE_SCHEMA', 'TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_COMMENT')},
  ${checksum('COLUMNS', 'TABLE_SCHEMA', 'TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLUMN_KEY, EXTRA, COLUMN_COMMENT')},
  ${checksum('KEY_COLUMN_USAGE', 'TABLE_SCHEMA', 'TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME')},
  ${checksum('VIEWS', 'TABLE_SCHEMA', 'TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION')},
  ${checksum('ROUTINES', 'ROUTINE_SCHEMA', 'ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION, LAST_ALTERED')},
  ${checksum('TRIGGERS', 'TRIGGER_SCHEMA', 'TRIGGER_SCHEMA, TRIGGER_NAME, ACTION_STATEMENT')},
  ${checksum('EVENTS', 'EVENT_SCHEMA', 'EVENT_SCHEMA, EVENT_NAME, EVENT_DEFINITION')}) AS fingerprint`;
