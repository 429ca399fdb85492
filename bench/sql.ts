import { analyzeSql } from '../transforms/sql/analyze.ts';
import { type Benchmark, type BenchmarkContext, type Figure, sized } from './benchmark.ts';

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

function throughput(repeats: number): readonly Figure[] {
  const script = Array.from({ length: 20 }, (_, n) => procedure(n)).join('\nGO\n');
  let statements = 0;
  const analyze = (): void => {
    statements += analyzeSql(script, { dialect: 'tsql' }).statements.length;
  };
  for (let at = 0; at < Math.min(20, repeats); at++) analyze();
  statements = 0;
  const took = seconds(() => {
    for (let at = 0; at < repeats; at++) analyze();
  });
  return [
    {
      name: 'sql-statements-per-second',
      value: statements / took,
      unit: 'statements/s',
      baseline: null,
      note: 'T-SQL procedures to table and column edges, warm, one core, processor time',
    },
    {
      name: 'sql-megabytes',
      value: ((script.length * repeats) / 1e6 / took) * 1000,
      unit: 'kB/s',
      baseline: null,
      note: 'the same',
    },
  ];
}

function worstCase(context: BenchmarkContext): Figure {
  const worst = hostileTexts(context)
    .map(([name, sql]) => ({
      name,
      perMegabyte: (seconds(() => analyzeSql(sql, { dialect: 'tsql' })) / (sql.length / 1e6)) * 1000,
    }))
    .sort((a, b) => b.perMegabyte - a.perMegabyte);
  const slowest = worst.slice(0, 3).map((one) => `${one.name} ${Math.round(one.perMegabyte)}`);
  return {
    name: 'sql-worst-case',
    value: worst[0]?.perMegabyte ?? 0,
    unit: 'ms/MB',
    baseline: null,
    note: `slowest of ${worst.length}: ${slowest.join(', ')}; processor time`,
  };
}

/**
 * SQL lineage: statements a second on T-SQL scripts once the code is warm, and the worst time per megabyte on hostile text. Times
 * are of the processor, so that other work on the machine changes little.
 */
export const sql: Benchmark = {
  names: ['sql-statements-per-second', 'sql-megabytes', 'sql-worst-case'],
  summary: 'SQL text → lineage',
  aim: 'at least 40,000 statements/s',
  measure: async (context) => [...throughput(sized(context, 50)), worstCase(context)],
};
