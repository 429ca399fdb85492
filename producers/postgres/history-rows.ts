import { type Client, DatabaseError } from 'pg';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { maxStatementCharacters } from '../../platform/statement-history.ts';

/** One statement of one role in one database. */
export interface StatementRow {
  readonly database: string;
  readonly user: string;
  /** Role, database and statement: what its counter belongs to. */
  readonly key: string;
  /** When the counter began; changes with a reset. */
  readonly epoch: string;
  readonly text: string;
  readonly cut: boolean;
  readonly calls: number;
  /** When the statement was first counted, where the server tells (17 or newer). */
  readonly since: Date | null;
}

/** What one look at pg_stat_statements saw. */
export interface StatementRows {
  readonly statements: readonly StatementRow[];
  /** Statements whose text the role may not see. */
  readonly hidden: number;
  /** The server's clock. */
  readonly now: Date;
}

const rowSchema = z.object({
  database: z.string(),
  user: z.string(),
  key: z.string().nullable(),
  epoch: z.string(),
  text: z.string(),
  cut: z.boolean(),
  calls: z.coerce.number(),
  since: z.date().nullable(),
});

/** Where the extension is, and which columns its version has. */
const extensionQuery = `
  SELECT quote_ident(n.nspname) AS "schema", now() AS "now",
         EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'toplevel') AS "toplevel",
         EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'stats_since') AS "since",
         EXISTS (SELECT FROM pg_class i WHERE i.relname = 'pg_stat_statements_info' AND i.relnamespace = n.oid) AS "info"
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  JOIN pg_class c ON c.relname = 'pg_stat_statements' AND c.relnamespace = n.oid
  WHERE e.extname = 'pg_stat_statements'`;
const extensionSchema = z.object({
  schema: z.string(),
  now: z.date(),
  toplevel: z.boolean(),
  since: z.boolean(),
  info: z.boolean(),
});

const hiddenText = '<insufficient privilege>';

/**
 * Reads the statements of the databases that may write something. Throws SOURCE_NOT_FOUND, with what to do, where the extension is not there or its
 * library is not loaded.
 */
export async function readStatements(client: Client, databases: readonly string[]): Promise<StatementRows> {
  const [extension] = z.array(extensionSchema).parse((await client.query(extensionQuery)).rows);
  if (extension === undefined) throw missing('the extension pg_stat_statements is not installed there');
  try {
    const { rows } = await client.query(statementsQuery(extension), [databases]);
    const statements = z.array(rowSchema).parse(rows);
    return {
      statements: statements.flatMap((row) => (row.key === null ? [] : [{ ...row, key: row.key }])),
      hidden: statements.filter((row) => row.text === hiddenText).length,
      now: extension.now,
    };
  } catch (thrown) {
    // "must be loaded via shared_preload_libraries"
    if (thrown instanceof DatabaseError && thrown.code === '55000') throw missing(thrown.message, thrown);
    throw thrown;
  }
}

/** A counter begins again when its entry was dropped and made anew (since 17 each has its own time) or when all were reset. */
function statementsQuery({ schema, toplevel, since, info }: z.output<typeof extensionSchema>): string {
  const reset = info
    ? `(SELECT extract(epoch FROM stats_reset) FROM ${schema}.pg_stat_statements_info)::text`
    : "''";
  return `
    SELECT d.datname AS "database", pg_get_userbyid(s.userid) AS "user",
           s.userid || '/' || s.queryid${toplevel ? " || '/' || s.toplevel" : ''} AS "key",
           coalesce(${since ? 'extract(epoch FROM s.stats_since)::text' : reset}, '') AS "epoch",
           left(s.query, ${maxStatementCharacters}) AS "text", length(s.query) > ${maxStatementCharacters} AS "cut",
           s.calls AS "calls", ${since ? 's.stats_since' : 'NULL::timestamptz'} AS "since"
    FROM ${schema}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
    WHERE d.datname = ANY ($1::text[])
      AND (s.query = '${hiddenText}' OR s.query ~* '\\m(insert|update|merge|into|create|copy)\\M')
    ORDER BY 1, 2, 3`;
}

function missing(why: string, cause?: unknown): StreamError {
  return new StreamError(
    'SOURCE_NOT_FOUND',
    `There is no history of statements: ${why.replace(/\.$/, '')}.`,
    {
      cause,
      advice:
        'Set shared_preload_libraries = pg_stat_statements, restart the server, and run CREATE EXTENSION pg_stat_statements in the first database of the option database.',
    },
  );
}
