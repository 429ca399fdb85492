import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { analyzeSql } from '../transforms/sql/analyze.ts';
import { findDialect } from '../transforms/sql/dialects.ts';
import { lex } from '../transforms/sql/lexer.ts';
import { type Benchmark, type BenchmarkContext, type Figure, median, repeats, sized } from './benchmark.ts';

/** A load procedure as warehouses have them: 10 statements, 1.5 kB. */
function procedure(n: number): string {
  return `CREATE OR ALTER PROCEDURE dw.usp_Load_${n} @From date, @To date AS
BEGIN
  SET NOCOUNT ON
  CREATE TABLE #orders (OrderId bigint, CustomerId int, OrderDate date, Amount money)
  INSERT #orders
  SELECT o.OrderId, o.CustomerId, CONVERT(date, o.OrderDate), o.Amount
  FROM [Sales].[dbo].[Order Header] o WHERE o.OrderDate >= @From AND o.OrderDate < @To
  SELECT l.OrderId, SUM(l.Qty * l.Price) AS Total, COUNT(*) AS Lines INTO #lines
  FROM Sales.dbo.OrderLine l INNER JOIN #orders o ON o.OrderId = l.OrderId GROUP BY l.OrderId
  DELETE f FROM dw.Fact_${n} f INNER JOIN #orders o ON o.OrderId = f.OrderId
  INSERT INTO dw.Fact_${n} WITH (TABLOCK) (OrderId, CustomerKey, Amount, Lines)
  SELECT o.OrderId, ISNULL(d.CustomerKey, -1), l.Total * fx.Rate, l.Lines
  FROM #orders o JOIN #lines l ON l.OrderId = o.OrderId
  LEFT JOIN dw.DimCustomer d ON d.CustomerBK = o.CustomerId AND d.IsCurrent = 1
  OUTER APPLY (SELECT TOP (1) r.Rate FROM ref.FxRate r WHERE r.RateDate <= o.OrderDate ORDER BY r.RateDate DESC) fx
  MERGE dw.Dim_${n} AS t USING (SELECT s.Id, s.Name FROM stg.Dim_${n} s) AS s ON t.Id = s.Id
  WHEN MATCHED THEN UPDATE SET t.Name = s.Name
  WHEN NOT MATCHED THEN INSERT (Id, Name) VALUES (s.Id, s.Name);
  UPDATE a SET a.Balance += x.Net FROM rpt.Account a JOIN (SELECT c.Id, SUM(c.Amount) AS Net FROM core.Txn c GROUP BY c.Id) x ON x.Id = a.Id
  INSERT INTO audit.LoadLog (Name, Rows) VALUES (OBJECT_NAME(@@PROCID), @@ROWCOUNT)
  DROP TABLE #orders, #lines
END
`;
}

/** Text that drives parsers into the ground, each about a megabyte or less at full scale. */
function hostileTexts(context: BenchmarkContext): readonly (readonly [string, string])[] {
  const times = (full: number): number => sized(context, full);
  return [
    ['nested parentheses', `SELECT ${'('.repeat(times(500_000))}a${')'.repeat(times(500_000))} FROM t`],
    ['open parentheses', '('.repeat(times(1_000_000))],
    ['nested queries', 'SELECT (SELECT '.repeat(times(66_000))],
    ['nested CASE', `SELECT ${'CASE WHEN a THEN '.repeat(times(58_000))}`],
    ['UNION', Array(times(33_000)).fill('SELECT a, b FROM t').join(' UNION ALL ')],
    ['AND', `SELECT a FROM t WHERE ${Array(times(120_000)).fill('a = 1').join(' AND ')}`],
    [
      'joins',
      `SELECT a FROM t ${Array.from({ length: times(30_000) }, (_, at) => `JOIN t${at} x${at} ON b = c`).join(' ')}`,
    ],
    ['unterminated string', `SELECT '${'x'.repeat(times(1_000_000))}`],
    ['unterminated comments', '/*'.repeat(times(500_000))],
    ['statements', 'SELECT '.repeat(times(140_000))],
    [
      'common tables',
      `WITH c0 AS (SELECT a FROM t)${Array.from({ length: times(25_000) }, (_, at) => `, c${at + 1} AS (SELECT * FROM c${at})`).join('')} SELECT * FROM c${times(25_000)}`,
    ],
    [
      'temporary tables',
      `CREATE TABLE #t (a int);${Array.from({ length: times(14_000) }, (_, at) => `INSERT #t SELECT a FROM s${at};`).join('')}${Array.from({ length: times(14_000) }, (_, at) => `INSERT z${at} SELECT a FROM #t;`).join('')}`,
    ],
  ];
}

/** Seconds of processor time that `work` takes. */
function seconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** T-SQL: the corpora of public projects beside the project where they are present, else procedures of one's own. */
function scripts(): { readonly texts: readonly string[]; readonly source: string } {
  const folder = resolve('../shared/corpora/sql');
  if (!existsSync(folder))
    return {
      texts: Array.from({ length: 20 }, (_, n) => procedure(n)),
      source: 'procedures of 10 statements',
    };
  const procedures = readdirSync(join(folder, 'procedures')).filter((file) => file.endsWith('.sql'));
  const cases = ['sqllineage.json', 'openlineage.json'].flatMap((file) =>
    corpus.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  );
  return {
    texts: [
      ...procedures.map((file) => readFileSync(join(folder, 'procedures', file), 'utf8')),
      ...cases.filter(({ dialect }) => tsqlLike.has(dialect)).map((one) => one.sql),
    ],
    source: 'procedures and statements of the corpora',
  };
}

const corpus = z.array(z.object({ dialect: z.string(), sql: z.string() }));
const tsqlLike: ReadonlySet<string> = new Set(['tsql', 'mssql', 'sqlserver', 'ansi', 'generic']);

function throughput(context: BenchmarkContext): readonly Figure[] {
  const { texts, source } = scripts();
  const dialect = findDialect('tsql');
  if (dialect === undefined) throw new Error('There is no dialect tsql.');
  const lineage = (): number =>
    texts.reduce((sum, text) => sum + analyzeSql(text, { dialect: 'tsql' }).statements.length, 0);
  const tokens = (): number => texts.reduce((sum, text) => sum + lex(text, dialect).tokens.length, 0);
  const statements = lineage();
  const megabytes = texts.reduce((sum, text) => sum + text.length, 0) / 1e6;
  const rounds = sized(context, 60);
  // The code is warm once the compiler of the engine has nothing more to do: some hundred rounds.
  for (let at = 0; at < rounds * 5; at++) lineage();
  const analysing = median(Array.from({ length: repeats(context, 9) }, () => secondsOf(lineage, rounds)));
  for (let at = 0; at < rounds; at++) tokens();
  const lexing = median(Array.from({ length: repeats(context, 9) }, () => secondsOf(tokens, rounds)));
  return [
    {
      name: 'sql-statements-per-second',
      value: statements / analysing,
      unit: 'statements/s',
      baseline: statements / lexing,
      note: `${source} to table and column edges, warm, processor time; baseline: to tokens alone`,
    },
    {
      name: 'sql-megabytes',
      value: (megabytes / analysing) * 1000,
      unit: 'kB/s',
      baseline: (megabytes / lexing) * 1000,
      note: 'the same',
    },
  ];
}

/** Seconds of processor time of one round, over several. */
function secondsOf(work: () => number, rounds: number): number {
  return (
    seconds(() => {
      for (let at = 0; at < rounds; at++) work();
    }) / rounds
  );
}

function worstCase(context: BenchmarkContext): Figure {
  const dialect = findDialect('tsql');
  if (dialect === undefined) throw new Error('There is no dialect tsql.');
  const worst = hostileTexts(context)
    .map(([name, text]) => ({
      name,
      perMegabyte: (seconds(() => analyzeSql(text, { dialect: 'tsql' })) / (text.length / 1e6)) * 1000,
      lexing: (seconds(() => lex(text, dialect)) / (text.length / 1e6)) * 1000,
    }))
    .sort((a, b) => b.perMegabyte - a.perMegabyte);
  const slowest = worst.slice(0, 3).map((one) => `${one.name} ${Math.round(one.perMegabyte)}`);
  return {
    name: 'sql-worst-case',
    value: worst[0]?.perMegabyte ?? 0,
    unit: 'ms/MB',
    baseline: worst[0]?.lexing ?? null,
    note: `slowest of ${worst.length}: ${slowest.join(', ')}; processor time; baseline: its tokens alone`,
  };
}

/**
 * SQL lineage: statements a second on T-SQL scripts once the code is warm, and the worst time per megabyte on hostile text. Times
 * are of the processor, so that other work on the machine changes little.
 */
export const sql: Benchmark = {
  names: ['sql-statements-per-second', 'sql-megabytes', 'sql-worst-case'],
  summary: 'SQL text → lineage',
  aim: 'at least 40,000 statements/s; less than a second for a megabyte of hostile text',
  measure: async (context) => [...throughput(context), worstCase(context)],
};
