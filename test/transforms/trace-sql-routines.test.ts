import { assert, property, shuffledSubarray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceSettings } from '../../pipeline/transform.ts';
import { loadPostgresParser } from '../../platform/postgres-parser.ts';
import type { RawEvent } from '../../schemas/types.ts';
import { traceSqlRoutines } from '../../transforms/trace-sql-routines.ts';
import { transformContract } from '../contracts/transform.ts';
import { derivedCatalogue, processOf } from '../support/derived-catalogue.ts';
import { relationEvent, routineEvent, sqlSettings } from '../support/sql-events.ts';
import { transformContext } from '../support/transforms.ts';

const orders = relationEvent('dbo.Orders', ['Id', 'Total', 'CustomerId']);
const customers = relationEvent('dbo.Customers', ['CustomerId', 'Name']);
const fact = relationEvent('dw.Fact', ['OrderId', 'Customer', 'Amount']);

const trace = (
  events: readonly RawEvent[],
  routine = 'dbo/routines/p',
  settings: SourceSettings = sqlSettings('tsql'),
) =>
  processOf(
    derivedCatalogue({ db: settings }, events),
    `generic_routine db://srv/shop/${routine}`,
    'db://srv/shop/',
  );

transformContract('traceSqlRoutines()', traceSqlRoutines, {
  context: transformContext({ db: sqlSettings('tsql') }),
  examples: [
    routineEvent(
      'dbo.p',
      'CREATE PROCEDURE dbo.p AS INSERT INTO dw.Fact (OrderId) SELECT o.Id FROM dbo.Orders o',
    ),
    routineEvent('dbo.q', 'CREATE PROCEDURE dbo.q AS EXEC dbo.p; DELETE FROM Unknown1'),
  ],
});

describe('traceSqlRoutines() on a T-SQL procedure', () => {
  it('gives inputs, outputs, column edges through temporary tables, and what it is', () => {
    const text = `CREATE PROCEDURE dbo.p AS
SELECT o.*, c.Name INTO #t FROM dbo.Orders o JOIN dbo.Customers c ON c.CustomerId = o.CustomerId
INSERT INTO dw.Fact SELECT Id, Name, SUM(Total) FROM #t GROUP BY Id, Name`;
    const process = trace([orders, customers, fact, routineEvent('dbo.p', text)]);
    expect(process).toMatchObject({
      inputs: ['dbo/Customers', 'dbo/Orders'],
      outputs: ['dw/Fact'],
      edges: [
        'dbo/Customers.Name -> dw/Fact.Customer',
        'dbo/Orders.Id -> dw/Fact.OrderId',
        'dbo/Orders.Total -> dw/Fact.Amount',
      ],
      warnings: [],
      attributes: {
        evidence: 'declared',
        dialect: 'tsql',
        confidence: 1,
        kind: 'PROCEDURE',
        language: 'tsql',
        definition: text,
        calls: [],
      },
    });
  });

  it('finds tables in the own schema first, then in dbo, whatever their case', () => {
    const process = trace(
      [
        orders,
        relationEvent('etl.ORDERS_IN', ['ID']),
        routineEvent('etl.p', 'INSERT INTO orders (id) SELECT id FROM orders_in'),
      ],
      'etl/routines/p',
    );
    expect(process.edges).toEqual(['etl/ORDERS_IN.ID -> dbo/Orders.Id']);
  });

  it('makes placeholders of tables that nobody describes, with a warning, and keeps them by their own schema', () => {
    const catalogue = derivedCatalogue({ db: sqlSettings('tsql') }, [
      routineEvent('etl.p', 'INSERT INTO gone (a) SELECT x.a FROM other.stg.x x'),
    ]);
    const process = processOf(catalogue, 'generic_routine db://srv/shop/etl/routines/p', 'db://srv/');
    expect(process.edges).toEqual(['other/stg/x.a -> shop/etl/gone.a']);
    expect(process.warnings).toEqual([
      'table-not-described: other/stg/x is named, but no producer describes it; it is only a placeholder. (etl.p)',
      'table-not-described: shop/etl/gone is named, but no producer describes it; it is only a placeholder. (etl.p)',
    ]);
    expect(catalogue.get('generic_table db://srv/other/stg/x')?.attributes).toEqual({ name: 'x' });
  });

  it('warns with the line of what cannot be known and lowers the confidence', () => {
    const process = trace([
      orders,
      routineEvent(
        'dbo.p',
        "CREATE PROCEDURE dbo.p @t sysname AS\nDELETE FROM dbo.Orders\nEXEC (N'DROP TABLE ' + @t)",
        {
          file: 'p.sql',
        },
      ),
    ]);
    expect(process).toMatchObject({ inputs: [], outputs: ['dbo/Orders'], attributes: { confidence: 0.2 } });
    expect(process.warnings).toEqual(['dynamic-sql: Dynamic SQL built at run time, line 3. (p.sql:3)']);
  });

  it('leaves out columns that go by position to a table with unknown columns, and says so', () => {
    const process = trace([
      orders,
      routineEvent('dbo.p', 'INSERT INTO dw.Fact SELECT o.Id FROM dbo.Orders o'),
    ]);
    expect(process).toMatchObject({ inputs: ['dbo/Orders'], outputs: ['dw/Fact'], edges: [] });
    expect(process.warnings.join()).toContain('target-columns-unknown');
  });

  it('warns of a column that its table does not have', () => {
    const process = trace([
      orders,
      fact,
      routineEvent('dbo.p', 'INSERT INTO dw.Fact (Nope) SELECT o.Id FROM dbo.Orders o'),
    ]);
    expect(process.edges).toEqual([]);
    expect(process.warnings).toEqual([
      'column-not-found: dw/Fact has no column "Nope", which the text names. (dbo.p)',
    ]);
  });
});

describe('traceSqlRoutines() on routines that call each other', () => {
  const getRows = routineEvent(
    'dbo.GetRows',
    'CREATE PROCEDURE dbo.GetRows AS SELECT Id, Total FROM dbo.Orders',
  );

  it('names the routine called, and leaves its lineage to its own process', () => {
    const load = routineEvent(
      'dw.Load',
      'CREATE PROCEDURE dw.Load AS INSERT INTO dw.Fact (OrderId) SELECT Id FROM dbo.Orders',
    );
    const process = trace([
      orders,
      fact,
      load,
      routineEvent('dbo.p', 'CREATE PROCEDURE dbo.p AS EXEC dw.load'),
    ]);
    expect(process).toMatchObject({
      inputs: [],
      outputs: [],
      warnings: [],
      attributes: { calls: ['db://srv/shop/dw/routines/Load'], confidence: 1 },
    });
  });

  it('follows rows that a procedure hands out to the tables behind it', () => {
    const process = trace([
      orders,
      fact,
      getRows,
      routineEvent('dbo.p', 'CREATE PROCEDURE dbo.p AS INSERT INTO dw.Fact (OrderId, Amount) EXEC GetRows'),
    ]);
    expect(process).toMatchObject({
      inputs: ['dbo/Orders'],
      edges: ['dbo/Orders.Id -> dw/Fact.OrderId', 'dbo/Orders.Total -> dw/Fact.Amount'],
      warnings: [],
    });
  });

  it('follows a temporary table that the caller makes and a called procedure fills', () => {
    const fill = routineEvent(
      'etl.Fill',
      'CREATE PROCEDURE etl.Fill AS INSERT INTO #x (i) SELECT o.Id FROM dbo.Orders o',
    );
    const process = trace([
      orders,
      fact,
      fill,
      routineEvent(
        'dbo.p',
        'CREATE PROCEDURE dbo.p AS CREATE TABLE #x (i int) EXEC etl.Fill INSERT INTO dw.Fact (OrderId) SELECT i FROM #x',
      ),
    ]);
    expect(process).toMatchObject({ edges: ['dbo/Orders.Id -> dw/Fact.OrderId'], warnings: [] });
  });

  it('ends when routines call each other in a circle', () => {
    const circle = (name: string, other: string) =>
      routineEvent(
        `dbo.${name}`,
        `CREATE PROCEDURE dbo.${name} AS INSERT INTO dw.Fact (OrderId) EXEC dbo.${other}`,
      );
    const process = trace([orders, fact, circle('p', 'q'), circle('q', 'p')]);
    expect(process).toMatchObject({
      outputs: ['dw/Fact'],
      attributes: { calls: ['db://srv/shop/dbo/routines/q'] },
    });
  });

  it('warns of a routine that nobody describes', () => {
    const process = trace([routineEvent('dbo.p', 'CREATE PROCEDURE dbo.p AS EXEC etl.Missing')]);
    expect(process.warnings.join()).toContain('routine-not-defined');
    expect(process.attributes['calls']).toEqual([]);
  });
});

describe('traceSqlRoutines() on languages', () => {
  it('reads sql in the dialect of the producer, else of the system, else as generic SQL with a warning', () => {
    const routine = routineEvent('PUBLIC.P', 'INSERT INTO t SELECT u.a FROM u', {
      language: 'sql',
      system: 'snowflake',
    });
    const at = 'PUBLIC/routines/P';
    expect(trace([routine], at, sqlSettings()).outputs).toEqual(['PUBLIC/T']);
    expect(trace([routine], at, sqlSettings('postgres')).outputs).toEqual(['PUBLIC/t']);
    const unknown = trace([routineEvent('PUBLIC.P', 'SELECT 1', { language: 'sql' })], at, sqlSettings());
    expect(unknown.warnings.join()).toContain('dialect-assumed');
  });

  it('leaves other languages to a process without lineage', () => {
    const process = trace([routineEvent('dbo.p', 'return 1', { language: 'plpython3u' })]);
    expect(process).toMatchObject({ inputs: [], outputs: [], attributes: { language: 'plpython3u' } });
  });

  it('asks the configuration what a file is', () => {
    const copy = routineEvent(
      'dbo.p',
      "COPY INTO dw.Fact FROM 'https://acct.blob.core.windows.net/in/a.csv'",
    );
    const rule = {
      types: ['azure_blob_path'],
      path: '{url+}',
      parameters: {},
      caseRule: 'preserve',
    } as const;
    const settings = sqlSettings('tsql', { datasets: { file: rule } });
    expect(trace([copy], undefined, settings).inputs).toEqual([
      'https://acct.blob.core.windows.net/in/a.csv',
    ]);
    expect(trace([copy]).warnings.join()).toContain('unconfigured-location');
  });
});

describe('describeViewLineage() on a view with a definition alone', () => {
  const view = relationEvent('dbo.V', ['Nr', 'Total', 'Who'], { definition: 'SELECT * FROM ORDERS' });

  it('reads its SQL, by position where its columns bear other names', () => {
    const catalogue = derivedCatalogue({ db: sqlSettings('tsql') }, [orders, view]);
    const process = processOf(
      catalogue,
      'generic_view_query db://srv/shop/dbo/V@definition',
      'db://srv/shop/',
    );
    expect(process).toMatchObject({
      inputs: ['dbo/Orders'],
      outputs: ['dbo/V'],
      edges: [
        'dbo/Orders.CustomerId -> dbo/V.Who',
        'dbo/Orders.Id -> dbo/V.Nr',
        'dbo/Orders.Total -> dbo/V.Total',
      ],
      warnings: [],
      attributes: { evidence: 'declared', confidence: 1 },
    });
  });

  it('reads a whole CREATE VIEW, too', () => {
    const definition =
      'CREATE VIEW dbo.V (Nr, Total, Who) AS SELECT o.Id, o.Total, o.CustomerId FROM dbo.Orders o';
    const catalogue = derivedCatalogue({ db: sqlSettings('tsql') }, [
      orders,
      relationEvent('dbo.V', ['Nr', 'Total', 'Who'], { definition }),
    ]);
    const process = processOf(
      catalogue,
      'generic_view_query db://srv/shop/dbo/V@definition',
      'db://srv/shop/',
    );
    expect(process.edges).toHaveLength(3);
    expect(process.outputs).toEqual(['dbo/V']);
  });

  it('ends in the same catalogue as any order of arrival of tables, views and routines', () => {
    const events: readonly RawEvent[] = [
      orders,
      customers,
      fact,
      view,
      relationEvent('dbo.V2', ['a'], { definition: 'SELECT v.nr FROM v' }),
      routineEvent('dbo.GetRows', 'CREATE PROCEDURE dbo.GetRows AS SELECT * FROM Orders'),
      routineEvent('etl.Fill', 'CREATE PROCEDURE etl.Fill AS INSERT INTO #x (i) SELECT Nr FROM V'),
      routineEvent(
        'dbo.p',
        `CREATE PROCEDURE dbo.p AS
INSERT INTO dw.Fact EXEC GetRows
CREATE TABLE #x (i int)
EXEC etl.Fill
INSERT INTO dw.Fact (OrderId) SELECT i FROM #x
INSERT INTO missing SELECT Name, Total FROM Orders JOIN Customers ON 1 = 1`,
      ),
    ];
    const settings = { db: sqlSettings('tsql') };
    const sorted = (order: readonly RawEvent[]): readonly unknown[] =>
      [...derivedCatalogue(settings, order)].sort(([a], [b]) => (a < b ? -1 : 1));
    const expected = sorted(events);
    assert(
      property(shuffledSubarray([...events], { minLength: events.length }), (order) => {
        expect(sorted(order)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

describe('traceSqlRoutines() in the dialect postgres', () => {
  it("reads by PostgreSQL's own parser, and says where that refuses the text", async () => {
    const body = 'BEGIN undeclared := 1; INSERT INTO public.t (a) SELECT s.a FROM public.s s; END';
    const routine = routineEvent(
      'public.p',
      `CREATE PROCEDURE public.p() LANGUAGE plpgsql AS $$ ${body} $$`,
      { language: 'plpgsql' },
    );
    const catalogue = derivedCatalogue({ db: sqlSettings() }, [routine], await loadPostgresParser());
    const process = processOf(catalogue, 'generic_routine db://srv/shop/public/routines/p', 'db://srv/shop/');
    expect(process).toMatchObject({ inputs: ['public/s'], outputs: ['public/t'] });
    expect(process.warnings.some((warning) => warning.startsWith('parser-refused'))).toBe(true);
  });
});
