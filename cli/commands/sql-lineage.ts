/** `purview-streams sql-lineage`: what SQL files read and write, for people or as JSON lines. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { messageOf, StreamError } from '../../pipeline/errors.ts';
import { loadPostgresParser } from '../../platform/postgres-parser.ts';
import { analyzeSql, type SqlLineage, type SqlOptions } from '../../transforms/sql/analyze.ts';
import { dialectNames, findDialect } from '../../transforms/sql/dialects.ts';
import type { ColumnEdge } from '../../transforms/sql/lineage.ts';
import { note, print } from '../output.ts';

const flags = z.object({
  dialect: z.string(),
  schema: z.string().optional(),
  defaultDatabase: z.string().optional(),
  defaultSchema: z.string().optional(),
  json: z.boolean().default(false),
  keepIntermediate: z.boolean().default(false),
  throughRoutines: z.boolean().default(false),
});
const schemaFile = z.record(z.string(), z.array(z.string()));

/** The command, to be added to the program. Prints to standard output; a failure is a StreamError. */
export function sqlLineageCommand(): Command {
  return new Command('sql-lineage')
    .description('Show what SQL scripts, procedures and views read and write, down to columns')
    .argument('<file...>', 'SQL files; - reads standard input')
    .option('--dialect <name>', 'the SQL dialect', 'generic')
    .option('--schema <file>', 'JSON file {"table": ["column", …]} of known tables')
    .option('--default-database <name>', 'the database of names without one')
    .option('--default-schema <name>', 'the schema of names without one')
    .option('--keep-intermediate', 'show temporary tables and table variables')
    .option(
      '--through-routines',
      'follow rows through the routines that a script defines, to the tables behind them',
    )
    .option('--json', 'one JSON object a line, one line a file')
    .addHelpText(
      'after',
      '\nExamples:\n  purview-streams sql-lineage load_sales.sql --dialect tsql --default-schema dbo\n  echo "insert into t select a from s" | purview-streams sql-lineage - --json | jq .columnEdges',
    )
    .action(async (files: string[], options: unknown) => {
      const { json, schema, dialect, ...rest } = flags.parse(options);
      const known = knownDialect(dialect);
      const sqlOptions: SqlOptions = {
        dialect: known,
        ...(known === 'postgres' ? { postgres: await loadPostgresParser() } : {}),
        ...given(rest),
        ...(schema === undefined ? {} : { catalog: readSchema(schema) }),
      };
      const failures = files.flatMap((file) => printFile(file, sqlOptions, json) ?? []);
      const [first] = failures;
      if (first === undefined) return;
      if (files.length === 1) throw first;
      const text = `${failures.length} of ${files.length} SQL files cannot be read. ${first.message}`;
      throw new StreamError('SOURCE_NOT_FOUND', text, { cause: first });
    });
}

/** Prints what is known of a file; gives the failure of one that cannot be read, so that the others are still looked at. */
function printFile(file: string, options: SqlOptions, json: boolean): StreamError | undefined {
  let bytes: Buffer;
  try {
    bytes = readBytes(file);
  } catch (thrown) {
    if (!(thrown instanceof StreamError)) throw thrown;
    const { code, message } = thrown;
    if (json) print(JSON.stringify({ file, error: { code, message } }));
    else note(printable(message));
    return thrown;
  }
  const lineage = analyzeSql(decodeSql(bytes), options);
  print(json ? JSON.stringify(sqlLineageJson(file, lineage)) : printable(sqlLineageText(file, lineage)));
  return undefined;
}

/** Control characters but line feeds as `\xNN`: a name in a file must not steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(
    /[^\P{Cc}\n]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function knownDialect(name: string): string {
  const dialect = findDialect(name);
  if (dialect !== undefined) return dialect.name;
  throw new StreamError('USAGE', `SQL dialect "${name}" is unknown.`, {
    advice: `Use one of ${dialectNames.join(', ')}.`,
  });
}

/** Leaves out what is undefined, as exactOptionalPropertyTypes wants it. */
function given(options: {
  defaultDatabase?: string | undefined;
  defaultSchema?: string | undefined;
  keepIntermediate: boolean;
  throughRoutines: boolean;
}): SqlOptions {
  const { defaultDatabase, defaultSchema, keepIntermediate, throughRoutines } = options;
  return {
    keepIntermediate,
    throughRoutines,
    ...(defaultDatabase === undefined ? {} : { defaultDatabase }),
    ...(defaultSchema === undefined ? {} : { defaultSchema }),
  };
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (thrown) {
    throw new StreamError('SOURCE_NOT_FOUND', `SQL file ${file} cannot be read: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}

/** Bytes to text: UTF-16 in both orders and UTF-8 by their byte order mark, UTF-8 without one. */
export function decodeSql(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
}

function readSchema(file: string): Map<string, readonly string[]> {
  const parsed = schemaFile.safeParse(parseJson(file, readBytes(file).toString('utf8')));
  if (parsed.success) return new Map(Object.entries(parsed.data));
  throw new StreamError(
    'CONFIG_INVALID',
    `Schema file ${file} is not of the form {"table": ["column"]}: ${z.prettifyError(parsed.error)}`,
  );
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new StreamError('CONFIG_INVALID', `Schema file ${file} is not JSON: ${messageOf(thrown)}.`, {
      cause: thrown,
    });
  }
}

function edgeTuple(edge: ColumnEdge): readonly [string | null, string, string | null, string] {
  return [edge.sourceTable, edge.sourceColumn, edge.targetTable, edge.targetColumn];
}

/** The JSON object of one file. */
function sqlLineageJson(file: string, lineage: SqlLineage): Record<string, unknown> {
  const { dialect, statements, reads, writes, tableEdges, columnEdges, reasons, confidence } = lineage;
  return {
    file,
    dialect,
    statements: statements.map((statement) => ({
      ...statement,
      columnEdges: statement.columnEdges.map(edgeTuple),
    })),
    reads,
    writes,
    tableEdges,
    columnEdges: columnEdges.map(edgeTuple),
    reasons,
    confidence,
  };
}

/** The summary of one file for people. */
function sqlLineageText(file: string, lineage: SqlLineage): string {
  const columns = lineage.columnEdges
    .filter((edge) => edge.targetTable !== null)
    .map(
      (edge) =>
        `  ${edge.sourceTable ?? '(unknown table)'}.${edge.sourceColumn} -> ${edge.targetTable ?? ''}.${edge.targetColumn} (${edge.kind})`,
    );
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [`${title}:`, ...lines];
  return [
    `${file} (${lineage.dialect}), confidence ${lineage.confidence}`,
    ...section(
      'reads',
      lineage.reads.map((name) => `  ${name}`),
    ),
    ...section(
      'writes',
      lineage.writes.map((name) => `  ${name}`),
    ),
    ...section(
      'tables',
      lineage.tableEdges.map(([source, target]) => `  ${source} -> ${target}`),
    ),
    ...section('columns', columns),
    ...section(
      'routines',
      lineage.routines.map(
        (one) =>
          `  ${one.kind} ${one.name}, line ${one.line}: reads ${one.reads.join(', ') || 'nothing'}; writes ${one.writes.join(', ') || 'nothing'}`,
      ),
    ),
    ...section(
      'not known',
      lineage.reasons.map((reason) => `  ${reason.code}: ${reason.text}`),
    ),
    '',
  ].join('\n');
}
