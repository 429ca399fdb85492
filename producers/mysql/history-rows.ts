import type { Connection } from 'mysql2/promise';
import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import { maxStatementCharacters } from '../../platform/statement-history.ts';

/** One digest: all statements of a database that differ in values only. */
export interface DigestRow {
  readonly database: string | null;
  readonly digest: string;
  readonly text: string;
  readonly cut: boolean;
  readonly count: number;
  readonly firstSeen: Date | null;
  readonly lastSeen: Date | null;
}

/** What one look at the digests saw. */
export interface DigestRows {
  readonly digests: readonly DigestRow[];
  /** Executions that the server counted without telling which: its table of digests is full. */
  readonly lost: number;
}

/** What is known of the server. */
export interface ServerFacts {
  readonly system: 'mysql' | 'mariadb';
  readonly incarnation: string;
  /** By the server's clock. */
  readonly now: Date;
  /** Bytes of tokens that a digest keeps; 0 where the server does not tell. */
  readonly digestBytes: number;
}

const variablesSchema = z.array(z.object({ Variable_name: z.string(), Value: z.string() }));
const nowSchema = z.tuple([z.object({ now: z.coerce.number() })]);

/** Reads which server this is. Throws SOURCE_NOT_FOUND, with what to do, where performance_schema is off, as it is by default in MariaDB. */
export async function readServer(connection: Connection): Promise<ServerFacts> {
  const [variables] = await connection.query(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'server_uuid', 'server_uid', 'performance_schema', 'max_digest_length', 'performance_schema_max_digest_length')",
  );
  const values = new Map(variablesSchema.parse(variables).map((row) => [row.Variable_name, row.Value]));
  if (values.get('performance_schema') !== 'ON') {
    throw new StreamError(
      'SOURCE_NOT_FOUND',
      'There is no history of statements: performance_schema is off.',
      {
        advice: 'Write performance_schema = ON below [mysqld] of the server, and restart it.',
      },
    );
  }
  const [times] = await connection.query('SELECT UNIX_TIMESTAMP() AS now');
  const [{ now }] = nowSchema.parse(times);
  return {
    system: /mariadb/i.test(values.get('version') ?? '') ? 'mariadb' : 'mysql',
    // MySQL and MariaDB have different names for what is made anew with the data folder.
    incarnation: values.get('server_uuid') ?? values.get('server_uid') ?? 'server',
    now: new Date(now * 1_000),
    digestBytes: Math.min(
      Number(values.get('max_digest_length') ?? 0),
      Number(values.get('performance_schema_max_digest_length') ?? 0),
    ),
  };
}

const digestSchema = z.array(
  z.object({
    database: z.string().nullable(),
    digest: z.string().nullable(),
    text: z.string().nullable(),
    sample: z.string().nullable(),
    count: z.coerce.number(),
    firstSeen: z.coerce.number().nullable(),
    lastSeen: z.coerce.number().nullable(),
  }),
);

const digestsQuery = (sample: string): string => `
  SELECT SCHEMA_NAME AS \`database\`, DIGEST AS \`digest\`, DIGEST_TEXT AS \`text\`, ${sample} AS \`sample\`, COUNT_STAR AS \`count\`,
         UNIX_TIMESTAMP(FIRST_SEEN) AS \`firstSeen\`, UNIX_TIMESTAMP(LAST_SEEN) AS \`lastSeen\`
  FROM performance_schema.events_statements_summary_by_digest
  WHERE DIGEST IS NULL
     OR (COALESCE(SCHEMA_NAME, '') NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')
         AND DIGEST_TEXT REGEXP 'INSERT|UPDATE|REPLACE|INTO|CREATE|LOAD')
  ORDER BY SCHEMA_NAME, DIGEST`;

/** Reads the digests that may write something; `databases` of null for all. */
export async function readDigests(
  connection: Connection,
  { digestBytes }: Pick<ServerFacts, 'digestBytes'>,
  databases: readonly string[] | null,
): Promise<DigestRows> {
  // MySQL has samples from 8.0.3 on; MariaDB has none.
  const [columns] = await connection.query(
    `SELECT COUNT(*) AS now FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME = 'events_statements_summary_by_digest' AND COLUMN_NAME = 'QUERY_SAMPLE_TEXT'`,
  );
  const hasSample = nowSchema.parse(columns)[0].now > 0;
  const [rows] = await connection.query(digestsQuery(hasSample ? 'QUERY_SAMPLE_TEXT' : 'NULL'));
  const parsed = digestSchema.parse(rows);
  const wanted = databases === null ? undefined : new Set(databases);
  return {
    lost: parsed.filter(({ digest }) => digest === null).reduce((sum, { count }) => sum + count, 0),
    digests: parsed.flatMap((row): readonly DigestRow[] => {
      if (row.digest === null || (wanted !== undefined && !wanted.has(row.database ?? ''))) return [];
      const { database, digest, count, sample } = row;
      const [firstSeen, lastSeen] = [dateOf(row.firstSeen), dateOf(row.lastSeen)];
      // A sample has the names as they were written; the digest has not.
      const text =
        sample !== null && !endsInDots(sample)
          ? { text: sample, cut: false }
          : { text: readableDigest(row.text ?? ''), cut: isCut(row.text ?? '', digestBytes) };
      return [{ database, digest, count, firstSeen, lastSeen, ...text }];
    }),
  };
}

/**
 * A digest writes every word of the language by one name, also where it names a column: `hour` as SQL_TSI_HOUR, `user` as SYSTEM_USER, `columns` as
 * FIELDS (sql/lex.h of MariaDB: symbols that share a token). These are turned back; other such columns stay in capital letters.
 */
export function readableDigest(text: string): string {
  return text
    .replaceAll(
      /(^|\s)SQL_TSI_([A-Z]+)(?=\s|$)/g,
      (_all, space: string, unit: string) => space + unit.toLowerCase(),
    )
    .replaceAll(/(^|\s)SYSTEM_USER(?=\s(?!\()|$)/g, '$1user')
    .replaceAll(/(^|\s)FIELDS(?=\s(?!TERMINATED|ENCLOSED|OPTIONALLY|ESCAPED)|$)/g, '$1columns');
}

/** Longest identifier: 64 characters of up to three bytes, and four bytes beside. */
const longestToken = 196;

/** MySQL ends a digest that it cut in dots. MariaDB just ends it: what comes near to the limit may be cut. */
function isCut(digest: string, digestBytes: number): boolean {
  if (endsInDots(digest) || digest.length > maxStatementCharacters) return true;
  if (digestBytes === 0) return false;
  const tokens = digest.match(/`(?:[^`]|``)*`|\S+/g) ?? [];
  const bytes = tokens.reduce(
    (sum, token) => sum + (token.startsWith('`') ? 2 + Buffer.byteLength(token) : 2),
    0,
  );
  return bytes > digestBytes - longestToken;
}

/** Dots at the end mark a cut text; after a comma or a parenthesis they stand for a list. */
function endsInDots(text: string): boolean {
  return /[^,(\s]\s*\.\.\.\s*$/.test(text.slice(-20));
}

function dateOf(seconds: number | null): Date | null {
  return seconds === null || seconds <= 0 ? null : new Date(seconds * 1_000);
}
