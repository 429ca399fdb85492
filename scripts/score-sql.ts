/**
 * Scores the SQL lineage engine on the corpora of public projects: `npm run score:sql [-- folder] [-- --wrong]`.
 * Prints right and wrong per suite and dialect and lists the wrong ones. Names are compared without regard to case.
 * What the suites disagree on is in docs/sql-lineage.md.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { analyzeSql, type SqlLineage } from '../transforms/sql/analyze.ts';

const pair = z.tuple([z.string().nullable(), z.string()]);
const sqllineageCases = z.array(
  z.object({
    id: z.string(),
    kind: z.enum(['table', 'column']),
    dialect: z.string(),
    sql: z.string(),
    sources: z.array(z.string()).nullish(),
    targets: z.array(z.string()).nullish(),
    columns: z.array(z.tuple([z.string().nullable(), z.string(), z.string(), z.string()])).nullish(),
    schema: z.record(z.string(), z.array(z.string())).nullish(),
  }),
);
const openlineageCases = z.array(
  z.object({
    id: z.string(),
    kind: z.enum(['table', 'column']),
    dialect: z.string(),
    sql: z.string(),
    sources: z.array(z.string()).nullish(),
    targets: z.array(z.string()).nullish(),
    columns: z.array(z.tuple([z.string(), z.array(pair)])).nullish(),
  }),
);
const procedureCases = z.record(
  z.string(),
  z.object({
    edges: z.array(z.string()),
    reads: z.array(z.string()),
    writes: z.array(z.string()),
    soft: z.array(z.string()).optional(),
  }),
);

/** One case with what came out. */
export interface Scored {
  readonly suite: string;
  readonly dialect: string;
  readonly id: string;
  readonly right: boolean;
  /** What was expected and not given (−), and what was given and not expected (+). */
  readonly differences: readonly string[];
}

function differences(expected: readonly string[], given: readonly string[]): string[] {
  const want = new Set(expected.map((one) => one.toLowerCase()));
  const have = new Set(given.map((one) => one.toLowerCase()));
  return [
    ...[...want].filter((one) => !have.has(one)).map((one) => `- ${one}`),
    ...[...have].filter((one) => !want.has(one)).map((one) => `+ ${one}`),
  ];
}

/** Names of the corpora: without quotes, without the mark of a path. */
function plain(name: string): string {
  return name.replace(/^path:/, '').replace(/["[\]]/g, '');
}

/** The suite on USE gives each name as a list of its parts, so only the list of all parts can be compared. */
function partsOf(names: readonly string[]): string[] {
  return names.flatMap((name) => name.split('.').filter((part) => part !== ''));
}

function scored(suite: string, one: { id: string; dialect: string }, difference: readonly string[]): Scored {
  return { suite, dialect: one.dialect, id: one.id, right: difference.length === 0, differences: difference };
}

function tableDifferences(
  expected: {
    id: string;
    sources?: readonly string[] | null | undefined;
    targets?: readonly string[] | null | undefined;
  },
  given: SqlLineage,
): string[] {
  const split = expected.id.includes('test_use.rs');
  const read = (names: readonly string[]): string[] => (split ? partsOf(names) : names.map(plain));
  return [
    ...differences(read(expected.sources ?? []), split ? partsOf(given.reads) : given.reads).map(
      (line) => `read ${line}`,
    ),
    ...differences(read(expected.targets ?? []), split ? partsOf(given.writes) : given.writes).map(
      (line) => `write ${line}`,
    ),
  ];
}

/** The suite of sqllineage. */
export function scoreSqllineage(text: string): readonly Scored[] {
  return sqllineageCases.parse(JSON.parse(text)).map((one) => {
    const given = analyzeSql(one.sql, { dialect: one.dialect, catalog: one.schema ?? {} });
    if (one.kind === 'table') return scored('sqllineage tables', one, tableDifferences(one, given));
    const expected = (one.columns ?? []).map(
      ([table, column, target, targetColumn]) => `${table ?? '?'}.${column} > ${target}.${targetColumn}`,
    );
    const edges = given.columnEdges
      .filter((edge) => edge.targetTable !== null)
      .map(
        (edge) =>
          `${edge.sourceTable ?? '?'}.${edge.sourceColumn} > ${edge.targetTable ?? '?'}.${edge.targetColumn}`,
      );
    return scored('sqllineage columns', one, differences(expected, edges));
  });
}

/** The suite of OpenLineage. */
export function scoreOpenlineage(text: string): readonly Scored[] {
  return openlineageCases.parse(JSON.parse(text)).map((one) => {
    const given = analyzeSql(one.sql, { dialect: one.dialect });
    if (one.kind === 'table') return scored('OpenLineage tables', one, tableDifferences(one, given));
    const expected = (one.columns ?? []).flatMap(([column, sources]) =>
      sources.map(([table, name]) => `${table ?? '?'}.${name} > ${column}`),
    );
    const edges = given.columnEdges.map(
      (edge) => `${edge.sourceTable ?? '?'}.${edge.sourceColumn} > ${edge.targetColumn}`,
    );
    return scored('OpenLineage columns', one, differences(expected, edges));
  });
}

/** The T-SQL procedures. A soft edge may be there or not; files are no tables there. */
export function scoreProcedures(folder: string): readonly Scored[] {
  const expected = procedureCases.parse(JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')));
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const want = expected[file.slice(0, -4)] ?? { edges: [], reads: [], writes: [] };
      const given = analyzeSql(readFileSync(join(folder, file), 'utf8'), { dialect: 'tsql' });
      const soft = new Set(want.soft);
      const hard = (edges: readonly string[]): string[] =>
        edges.filter((edge) => !soft.has(edge.toLowerCase()));
      return scored('procedures', { id: file, dialect: 'tsql' }, [
        ...differences(
          hard(want.edges),
          hard(given.tableEdges.map(([source, target]) => `${source}>${target}`)),
        ).map((line) => `edge ${line}`),
        ...differences(
          want.reads,
          given.reads.filter((name) => !name.includes('://')),
        ).map((line) => `read ${line}`),
        ...differences(want.writes, given.writes).map((line) => `write ${line}`),
      ]);
    });
}

/** Every suite of a folder. */
export function scoreAll(folder: string): readonly Scored[] {
  return [
    ...scoreSqllineage(readFileSync(join(folder, 'sqllineage.json'), 'utf8')),
    ...scoreOpenlineage(readFileSync(join(folder, 'openlineage.json'), 'utf8')),
    ...scoreProcedures(join(folder, 'procedures')),
  ];
}

/** Right and wrong per key, as lines. */
function table(scores: readonly Scored[], keyOf: (score: Scored) => string): string[] {
  const counts = new Map<string, { right: number; all: number }>();
  for (const score of scores) {
    const count = counts.get(keyOf(score)) ?? { right: 0, all: 0 };
    counts.set(keyOf(score), { right: count.right + (score.right ? 1 : 0), all: count.all + 1 });
  }
  return [...counts].map(
    ([key, { right, all }]) =>
      `${key.padEnd(36)} ${String(right).padStart(4)} right ${String(all - right).padStart(4)} wrong  ${((100 * right) / all).toFixed(1)} %`,
  );
}

/** The report for people. */
export function report(scores: readonly Scored[]): string {
  const wrong = scores
    .filter((score) => !score.right)
    .flatMap((score) => [
      `${score.suite} | ${score.dialect} | ${score.id}`,
      ...score.differences.map((line) => `    ${line}`),
    ]);
  return [
    ...table(scores, (score) => score.suite),
    '',
    ...table(scores, (score) => `${score.suite}, ${score.dialect}`),
    '',
    ...(wrong.length > 0 ? ['wrong:', ...wrong] : ['nothing wrong']),
  ].join('\n');
}

if (process.argv[1]?.endsWith('score-sql.ts') === true) {
  const folder = process.argv[2] ?? join(import.meta.dirname, '../../shared/corpora/sql');
  process.stdout.write(
    existsSync(folder) ? `${report(scoreAll(folder))}\n` : `Not scored: the corpora are not at ${folder}.\n`,
  );
}
