import { describe, expect, it } from 'vitest';
import { analyzeSql, type SqlOptions } from '../../../transforms/sql/analyze.ts';

function columns(sql: string, options: SqlOptions = { dialect: 'tsql' }): string[] {
  return analyzeSql(sql, options).columnEdges.map(
    (edge) =>
      `${edge.sourceTable ?? '?'}.${edge.sourceColumn} > ${edge.targetTable ?? 'result'}.${edge.targetColumn} ${edge.kind}`,
  );
}

function tables(sql: string, options: SqlOptions = { dialect: 'tsql' }): string[] {
  return analyzeSql(sql, options).tableEdges.map(([source, target]) => `${source} > ${target}`);
}

describe('`analyzeSql()` on a star with exceptions', () => {
  const sql = 'CREATE TABLE t AS SELECT * EXCEPT (a) REPLACE (upper(b) AS b) FROM s';

  it('says what the star leaves out when the columns are not known', () => {
    const { reasons } = analyzeSql(sql, { dialect: 'bigquery' });
    expect(reasons.map(({ text }) => text)).toEqual([
      'The columns of s behind * (without a; b replaced) are not in the catalogue, line 1.',
    ]);
  });

  it('gives each column that is left when they are known', () => {
    const { columnEdges } = analyzeSql(sql, { dialect: 'bigquery', catalog: { s: ['a', 'b', 'c'] } });
    expect(
      columnEdges.map(({ sourceColumn, targetColumn, kind }) => [sourceColumn, targetColumn, kind]),
    ).toEqual([
      ['b', 'b', 'transformed'],
      ['c', 'c', 'identity'],
    ]);
  });
});

describe('`analyzeSql()`', () => {
  it('refuses an unknown dialect and lists the known ones', () => {
    expect(() => analyzeSql('SELECT 1', { dialect: 'klingon' })).toThrow(
      /"klingon" is unknown\. Use one of ansi, tsql/,
    );
  });

  it('tells identity, transformed, aggregated, conditional and window apart', () => {
    expect(
      columns(
        'SELECT s.a, s.b + 1 AS b, MAX(s.c) AS c, CASE WHEN s.d = 1 THEN s.e END AS e, SUM(s.f) OVER (PARTITION BY s.g) AS f FROM dbo.S s',
      ),
    ).toEqual([
      'dbo.S.a > result.a identity',
      'dbo.S.b > result.b transformed',
      'dbo.S.c > result.c aggregated',
      'dbo.S.d > result.e conditional',
      'dbo.S.e > result.e transformed',
      'dbo.S.f > result.f aggregated',
      'dbo.S.g > result.f window',
    ]);
  });

  it('takes the order inside WITHIN GROUP as a window', () => {
    expect(columns("SELECT STRING_AGG(s.n, ',') WITHIN GROUP (ORDER BY s.k) AS c FROM dbo.S s")).toEqual([
      'dbo.S.n > result.c aggregated',
      'dbo.S.k > result.c window',
    ]);
  });

  it('draws an edge from a scalar function that the script defines', () => {
    const sql =
      'CREATE FUNCTION dbo.f(@a int) RETURNS int AS BEGIN RETURN (SELECT MAX(v.x) FROM dbo.V v) END\nGO\nINSERT dbo.T (a) SELECT dbo.f(s.k) FROM dbo.S s';
    expect(tables(sql)).toEqual(['dbo.S > dbo.T', 'fn:dbo.f > dbo.T']);
  });

  it('reads what a task will run', () => {
    expect(
      tables("CREATE TASK tk SCHEDULE = '1 minute' AS INSERT INTO t (x) SELECT q.x FROM q", {
        dialect: 'snowflake',
      }),
    ).toEqual(['Q > T']);
  });

  it('keeps what steers rows apart from values', () => {
    const { indirectEdges } = analyzeSql(
      'INSERT INTO t (a) SELECT x.a FROM x JOIN y ON y.i = x.i WHERE x.w > 0 GROUP BY x.g ORDER BY x.s',
    );
    expect(
      indirectEdges.map(
        (edge) => `${edge.sourceTable}.${edge.sourceColumn} ${edge.kind} ${edge.targetTable ?? ''}`,
      ),
    ).toEqual(['x.w filter t', 'y.i join t', 'x.i join t', 'x.g group t', 'x.s sort t']);
  });

  it('expands stars with the catalogue and names positions of the target', () => {
    const catalog = { 'dbo.s': ['a', 'b'], 'dbo.t': ['x', 'y'] };
    expect(columns('INSERT INTO dbo.t SELECT * FROM dbo.s', { dialect: 'tsql', catalog })).toEqual([
      'dbo.s.a > dbo.t.x identity',
      'dbo.s.b > dbo.t.y identity',
    ]);
  });

  it('finds the owner of an unqualified column in the catalogue', () => {
    const catalog = { s: ['a', 'i'], u: ['b', 'i'] };
    expect(columns('SELECT a, b FROM s JOIN u ON s.i = u.i', { catalog })).toEqual([
      's.a > result.a identity',
      'u.b > result.b identity',
    ]);
  });

  it('does not let a column named __proto__ vanish', () => {
    const catalog = JSON.parse('{"__proto__": ["__proto__", "a"], "t": ["constructor"]}') as Record<
      string,
      string[]
    >;
    expect(
      columns('SELECT __proto__, constructor FROM __proto__, t', {
        catalog: new Map(Object.entries(catalog)),
      }),
    ).toEqual([
      '__proto__.__proto__ > result.__proto__ identity',
      't.constructor > result.constructor identity',
    ]);
  });

  it.each([
    ['postgres', 'SELECT $1, s.a FROM s WHERE s.b = $2'],
    ['redshift', 'SELECT $1::int, s.a FROM s'],
    ['generic', 'SELECT $1, s.a FROM s LIMIT $2'],
    ['duckdb', 'SELECT $name, s.a FROM s'],
    ['sqlite', 'SELECT ?1, s.a FROM s WHERE s.b = $b'],
    ['mysql', 'SELECT ?, s.a FROM s WHERE s.b = ?'],
    ['oracle', 'SELECT :name, s.a FROM s WHERE s.b = :1'],
    ['tsql', 'SELECT $1.50, s.a FROM s'],
    ['bigquery', 'SELECT @name, s.a FROM s WHERE s.b = ?'],
  ])('takes no parameter for a column: %s %s', (dialect, query) => {
    const lineage = analyzeSql(`INSERT INTO t (x, y) ${query}`, { dialect });
    expect(columns(`INSERT INTO t (x, y) ${query}`, { dialect }).map((edge) => edge.toLowerCase())).toEqual([
      's.a > t.y identity',
    ]);
    expect(lineage.reasons).toEqual([]);
    expect(lineage.reads.map((name) => name.toLowerCase())).toEqual(['s']);
  });

  it('takes the column of USING from both sides, and no other table', () => {
    const steers = (catalog: SqlOptions['catalog'] = {}): readonly string[] => {
      const sql =
        'INSERT INTO t (x) SELECT a.x FROM a JOIN b USING (id) JOIN c ON c.k = a.k JOIN d AS e USING (id)';
      const { indirectEdges, reasons } = analyzeSql(sql, { dialect: 'postgres', catalog });
      expect(reasons).toEqual([]);
      return indirectEdges.map((edge) => `${edge.sourceTable ?? '?'}.${edge.sourceColumn}`).sort();
    };
    expect(steers()).toEqual(['a.id', 'a.k', 'b.id', 'c.k', 'd.id']);
    const catalog = { a: ['id', 'x', 'k'], b: ['id'], c: ['k'], d: ['id'] };
    expect(steers(catalog)).toEqual(['a.id', 'a.k', 'b.id', 'c.k', 'd.id']);
  });

  it.each([
    ['postgres', 'LANGUAGE SQL BEGIN ATOMIC'],
    ['postgres', "LANGUAGE sql SET search_path TO 's' BEGIN ATOMIC"],
    ['mysql', 'NO SQL BEGIN'],
    ['db2', 'LANGUAGE SQL MODIFIES SQL DATA BEGIN'],
  ])('reads a block behind a head, with the parameters of that: %s %s', (dialect, head) => {
    const sql = `CREATE PROCEDURE s.load(IN since date) ${head}
  DELETE FROM t;
  INSERT INTO t (x) SELECT a.x FROM a WHERE a.day >= load.since;
END;`;
    const { routines, reasons, statements } = analyzeSql(sql, { dialect });
    expect(reasons).toEqual([]);
    expect(routines).toMatchObject([
      { reads: [expect.stringMatching(/^a$/i)], writes: [expect.stringMatching(/^t$/i)] },
    ]);
    expect(statements.map(({ kind }) => kind)).toEqual(['delete', 'insert']);
  });

  it('takes $1 as a column by its position where it is one', () => {
    expect(columns('INSERT INTO t (x) SELECT s.$1 FROM s', { dialect: 'snowflake' })).toEqual([
      'S.$1 > T.X identity',
    ]);
  });

  it('resolves recursion from its anchor', () => {
    expect(
      columns(
        'WITH r AS (SELECT e.id, e.boss FROM emp e UNION ALL SELECT e.id, r.boss FROM emp e JOIN r ON r.id = e.boss) INSERT INTO flat (id, boss) SELECT id, boss FROM r',
      ),
    ).toEqual(['emp.id > flat.id identity', 'emp.boss > flat.boss identity']);
  });

  it('collapses chains of temporary tables through unions and loops', () => {
    const sql =
      'SELECT a INTO #x FROM s1; WHILE 1 = 1 BEGIN INSERT #x (a) SELECT a FROM #y; INSERT #y (a) SELECT a + 1 FROM #x END; INSERT t (a) SELECT a FROM #y';
    expect(tables(sql)).toEqual(['s1 > t']);
    expect(columns(sql)).toEqual(['s1.a > t.a transformed']);
  });

  it('shows temporary tables when asked to', () => {
    const { writes, tableEdges } = analyzeSql('SELECT a INTO #x FROM s; INSERT t SELECT a FROM #x', {
      dialect: 'tsql',
      keepIntermediate: true,
    });
    expect(writes).toEqual(['#x', 't']);
    expect(tableEdges).toEqual([
      ['s', '#x'],
      ['#x', 't'],
    ]);
  });

  it('takes a temporary table that was dropped and made again as another one', () => {
    expect(
      tables(
        'SELECT a INTO #x FROM s1; INSERT t1 SELECT a FROM #x; DROP TABLE #x; SELECT a INTO #x FROM s2; INSERT t2 SELECT a FROM #x',
      ),
    ).toEqual(['s1 > t1', 's2 > t2']);
  });

  it('keeps the same name in two procedures apart', () => {
    const body = (n: number): string =>
      `CREATE PROCEDURE p${n} AS SELECT a INTO #x FROM s${n} INSERT t${n} SELECT a FROM #x`;
    expect(tables(`${body(1)}\nGO\n${body(2)}`)).toEqual(['s1 > t1', 's2 > t2']);
  });

  it('hands a star through a temporary table of unknown columns', () => {
    expect(columns('SELECT * INTO #x FROM s; INSERT t (k) SELECT x.k FROM #x x')).toEqual([
      's.k > t.k identity',
    ]);
  });

  it('says so when a temporary table comes from nowhere', () => {
    const { reasons } = analyzeSql('INSERT t SELECT a FROM #nowhere', { dialect: 'tsql' });
    expect(reasons.map((reason) => reason.code)).toContain('temporary-table-not-created');
  });

  it('completes names with the defaults and with USE', () => {
    const { reads } = analyzeSql('SELECT 1 FROM a, s.b, d.s.c; USE other; SELECT 1 FROM a', {
      dialect: 'tsql',
      defaultDatabase: 'db',
      defaultSchema: 'dbo',
    });
    expect(reads).toEqual(['db.dbo.a', 'db.s.b', 'd.s.c', 'other.dbo.a']);
  });

  it('shows names in a statement as that statement writes them', () => {
    const { statements, reads } = analyzeSql('SELECT 1 FROM dbo.T; SELECT 1 FROM DBO.t; SELECT 1 FROM t', {
      dialect: 'tsql',
      defaultSchema: 'dbo',
    });
    expect(statements.map((statement) => statement.reads)).toEqual([['dbo.T'], ['DBO.t'], ['t']]);
    expect(reads).toEqual(['dbo.T']);
  });

  it('folds names as the dialect does and keeps quoted ones', () => {
    expect(analyzeSql('SELECT 1 FROM Abc, "Abc"', { dialect: 'postgres' }).reads).toEqual(['abc', 'Abc']);
    expect(analyzeSql('SELECT 1 FROM Abc, "Abc"', { dialect: 'snowflake' }).reads).toEqual(['ABC', 'Abc']);
    expect(analyzeSql('SELECT 1 FROM Abc, ABC', { dialect: 'tsql' }).reads).toEqual(['Abc']);
  });

  it('describes routines with what they read, write, call and hand out', () => {
    const [first] = analyzeSql(
      'CREATE PROCEDURE a.p AS EXEC a.q; INSERT a.t (x) SELECT s.x FROM a.s s; SELECT t.x, 1 AS one FROM a.t t',
      { dialect: 'tsql' },
    ).routines;
    expect(first).toMatchObject({
      kind: 'procedure',
      name: 'a.p',
      reads: ['a.s', 'a.t'],
      writes: ['a.t'],
      calls: ['proc:a.q'],
      resultColumns: ['x', 'one'],
      tableEdges: [['a.s', 'a.t']],
    });
  });

  it('goes through routines of the script when asked to', () => {
    const sql = `CREATE FUNCTION a.inl (@c int) RETURNS TABLE AS RETURN (SELECT o.Id FROM a.Orders o)
GO
CREATE FUNCTION a.multi () RETURNS @r TABLE (Nm int) AS BEGIN INSERT @r (Nm) SELECT c.Nm FROM a.Customer c RETURN END
GO
CREATE PROCEDURE a.p AS SELECT x.z FROM a.X x
GO
INSERT a.T (i, n) SELECT f.Id, m.Nm FROM a.inl(1) f CROSS JOIN a.multi() m
INSERT a.U (z) EXEC a.p`;
    const options = { dialect: 'tsql', throughRoutines: true };
    expect(tables(sql, options).sort()).toEqual(['a.Customer > a.T', 'a.Orders > a.T', 'a.X > a.U']);
    expect(
      columns(sql, options)
        .filter((edge) => !edge.includes('> result'))
        .sort(),
    ).toEqual(['a.Customer.Nm > a.T.n identity', 'a.Orders.Id > a.T.i identity', 'a.X.z > a.U.z identity']);
  });

  it('knows a routine that is defined after its call', () => {
    expect(
      analyzeSql('EXEC a.p\nGO\nCREATE PROCEDURE a.p AS SELECT 1 AS one', { dialect: 'tsql' }).reasons,
    ).toEqual([]);
  });

  it('gives the line of each statement, also inside bodies in strings', () => {
    const sql =
      'SELECT 1;\nCREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n  DELETE FROM t;\nEND $$;\nTRUNCATE u;';
    expect(
      analyzeSql(sql, { dialect: 'postgres' }).statements.map(({ line, kind }) => `${line} ${kind}`),
    ).toEqual(['1 select', '4 delete', '6 truncate']);
  });

  it('lowers the confidence with each kind of gap', () => {
    expect(analyzeSql('SELECT a.x FROM a').confidence).toBe(1);
    expect(analyzeSql('SELECT * FROM a').confidence).toBe(0.8);
    expect(analyzeSql('EXEC (@x)', { dialect: 'tsql' }).confidence).toBe(0.2);
    expect(analyzeSql('no sql at all').confidence).toBe(0);
  });

  it('takes the columns that both sides of a NATURAL JOIN have', () => {
    const sql = 'INSERT INTO t (x) SELECT a.x FROM a NATURAL JOIN b';
    const catalog = { a: ['id', 'k', 'x'], b: ['k', 'id', 'z'] };
    const { indirectEdges, reasons } = analyzeSql(sql, { catalog });
    expect(indirectEdges.map((edge) => `${edge.sourceTable}.${edge.sourceColumn} ${edge.kind}`)).toEqual([
      'a.id join',
      'b.id join',
      'a.k join',
      'b.k join',
    ]);
    expect(reasons).toEqual([]);
    expect(analyzeSql(sql).reasons.map(({ code }) => code)).toEqual(['join-columns-unknown']);
  });

  it('gives columns of a star the names of RENAME', () => {
    const catalog = { S: ['ID', 'NAME'] };
    expect(
      columns('INSERT INTO t SELECT * RENAME (name AS nm) FROM s', { dialect: 'snowflake', catalog }),
    ).toEqual(['S.ID > T.ID identity', 'S.NAME > T.NM identity']);
  });

  it('finds the place of a column behind one star, from the end of the list', () => {
    expect(columns('INSERT t (a, b, c, d) SELECT s.k, s.*, r.z FROM s JOIN r ON r.i = s.i')).toEqual([
      's.k > t.a identity',
      's.* > t.* identity',
      'r.z > t.d identity',
    ]);
  });

  it('reads a row as a value from all of its columns, where they are known', () => {
    expect(
      columns('INSERT INTO j (doc) SELECT row_to_json(x) FROM s x', {
        dialect: 'redshift',
        catalog: { s: ['a', 'b'] },
      }),
    ).toEqual(['s.a > j.doc transformed', 's.b > j.doc transformed']);
  });
});
