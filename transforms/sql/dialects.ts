/**
 * What differs between SQL dialects before grammar begins: quoting, escapes, comments, how names fold, and which
 * splitter cuts a script into statements. Sources: each product's reference on identifiers and literals.
 */
import type { SqlDialect } from '../../pipeline/sql-dialects.ts';

/** How an unquoted identifier is stored. `preserve`: as written, compared without regard to case. */
export type Folding = 'lower' | 'upper' | 'preserve';

/** The lexical and structural rules of one dialect. */
export interface Dialect {
  readonly name: DialectName;
  readonly folding: Folding;
  /** What `"…"` is. */
  readonly doubleQuote: 'identifier' | 'string';
  /** `[…]` quotes a name: anywhere (T-SQL, SQLite), or only where no element of an array can be meant (Redshift). */
  readonly brackets: boolean | 'names';
  /** `\` escapes the next character inside strings. */
  readonly backslash: boolean;
  /** `#` starts a comment. */
  readonly hashComment: boolean;
  /** `//` starts a comment (Snowflake). */
  readonly slashComment: boolean;
  /** A block comment may hold another one. */
  readonly nestedComments: boolean;
  /** `$$…$$` and `$tag$…$tag$` quote a body. */
  readonly dollarQuotes: boolean;
  /**
   * What begins with `$`: a parameter if a number follows, else a name (`numbers`); always a parameter (`parameters`);
   * always a name, as of Snowflake's columns by position (`names`).
   */
  readonly dollarWords: 'numbers' | 'parameters' | 'names';
  /** Statements need no `;` between them and batches end at GO. */
  readonly tsql: boolean;
  /** An item of a select list may use the alias of an earlier one. */
  readonly lateralAliases: boolean;
  /** `a.b` may be a field `b` of a column `a`. */
  readonly structs: boolean;
  /** Names have a database, a schema and a table; otherwise a database and a table. */
  readonly threeParts: boolean;
}

const base = {
  folding: 'lower',
  doubleQuote: 'identifier',
  brackets: false,
  backslash: false,
  hashComment: false,
  slashComment: false,
  nestedComments: false,
  dollarQuotes: false,
  dollarWords: 'numbers',
  tsql: false,
  lateralAliases: false,
  structs: false,
  threeParts: true,
} as const;

const postgres = { ...base, nestedComments: true, dollarQuotes: true } as const;
const hive = { ...base, doubleQuote: 'string', backslash: true, structs: true, threeParts: false } as const;
const mysql = {
  ...base,
  folding: 'preserve',
  doubleQuote: 'string',
  backslash: true,
  hashComment: true,
  dollarWords: 'names',
  threeParts: false,
} as const;

const rules = {
  ansi: base,
  tsql: { ...base, folding: 'preserve', brackets: true, nestedComments: true, tsql: true },
  postgres,
  snowflake: {
    ...base,
    folding: 'upper',
    backslash: true,
    slashComment: true,
    dollarQuotes: true,
    dollarWords: 'names',
    lateralAliases: true,
  },
  bigquery: {
    ...base,
    folding: 'preserve',
    doubleQuote: 'string',
    backslash: true,
    hashComment: true,
    structs: true,
  },
  spark: { ...hive, lateralAliases: true },
  databricks: { ...hive, lateralAliases: true, dollarQuotes: true, threeParts: true },
  hive,
  mysql,
  mariadb: mysql,
  oracle: { ...base, folding: 'upper' },
  redshift: { ...postgres, brackets: 'names', lateralAliases: true, structs: true },
  athena: { ...base, structs: true },
  trino: { ...base, structs: true },
  clickhouse: { ...base, lateralAliases: true, folding: 'preserve', backslash: true, threeParts: false },
  teradata: { ...base, lateralAliases: true, folding: 'preserve', threeParts: false },
  sqlite: { ...base, folding: 'preserve', brackets: true, dollarWords: 'parameters', threeParts: false },
  generic: { ...base, dollarQuotes: true },
  duckdb: {
    ...base,
    lateralAliases: true,
    folding: 'preserve',
    dollarQuotes: true,
    dollarWords: 'parameters',
    structs: true,
  },
  db2: { ...base, folding: 'upper' },
  greenplum: postgres,
  materialize: postgres,
} as const satisfies Record<SqlDialect, Omit<Dialect, 'name'>>;

/** The name of a dialect, without its aliases. */
export type DialectName = SqlDialect;

const aliases: ReadonlyMap<string, DialectName> = new Map([
  ['mssql', 'tsql'],
  ['sqlserver', 'tsql'],
  ['sparksql', 'spark'],
]);

const dialects: ReadonlyMap<string, Dialect> = new Map(
  (Object.keys(rules) as DialectName[]).map((name) => [name, { name, ...rules[name] }]),
);

/** Every name that {@link findDialect} accepts, aliases last. */
export const dialectNames: readonly string[] = [...dialects.keys(), ...aliases.keys()];

/** The dialect of a name or alias, in any case; undefined if there is none. */
export function findDialect(name: string): Dialect | undefined {
  const lower = name.toLowerCase();
  return dialects.get(aliases.get(lower) ?? lower);
}

/** An identifier as the dialect stores it. */
export function foldIdentifier(text: string, dialect: Dialect): string {
  if (dialect.folding === 'lower') return text.toLowerCase();
  return dialect.folding === 'upper' ? text.toUpperCase() : text;
}
