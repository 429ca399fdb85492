/** SQL dialects that a configuration may name; `transforms/sql/dialects.ts` holds the rules of each. */
export const sqlDialects = [
  'ansi',
  'tsql',
  'postgres',
  'snowflake',
  'bigquery',
  'spark',
  'databricks',
  'hive',
  'mysql',
  'mariadb',
  'oracle',
  'redshift',
  'athena',
  'trino',
  'clickhouse',
  'teradata',
  'sqlite',
  'generic',
  'duckdb',
  'db2',
  'greenplum',
  'materialize',
] as const;

/** The name of a SQL dialect, without its aliases. */
export type SqlDialect = (typeof sqlDialects)[number];
