import * as fc from 'fast-check';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyzeSql } from '../../../transforms/sql/analyze.ts';
import { dialectNames } from '../../../transforms/sql/dialects.ts';

const folder = join(import.meta.dirname, '../../../../shared/corpora/sql/procedures');
const present = existsSync(folder);
if (!present)
  process.stderr.write(
    'hostile.test.ts: the SQL corpora are absent, so splices were made of built-in scripts only.\n',
  );
const scripts = [
  'WITH a AS (SELECT x.*, (SELECT 1) q FROM t x) INSERT INTO u (b) SELECT CASE WHEN a.b THEN c ELSE d END FROM a;',
  'MERGE INTO t USING (SELECT * FROM s) s ON t.i = s.i WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (i) VALUES (s.i);',
  "CREATE PROCEDURE p AS BEGIN DECLARE @t TABLE (a int); EXEC ('SELECT 1'); FETCH c INTO @x END",
  'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP x := 1; END LOOP; END $$;',
  ...(present
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.sql'))
        .map((file) => readFileSync(join(folder, file), 'utf8'))
    : []),
];
const words = [...new Set(scripts.flatMap((script) => script.split(/\b/)))];
const dialect = fc.constantFrom(...dialectNames);

describe('`analyzeSql()` on hostile input', () => {
  it('gives a result for every string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), dialect, (sql, name) => {
        const { confidence } = analyzeSql(sql, { dialect: name });
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it('gives a result for every sequence of the words of real scripts', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 120 }), dialect, (list, name) => {
        expect(analyzeSql(list.join(' '), { dialect: name }).cut).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('gives a result for real scripts that are cut and spliced', () => {
    const part = fc
      .tuple(fc.constantFrom(...scripts), fc.nat(2000), fc.nat(2000))
      .map(([script, from, length]) => script.slice(from % script.length, (from % script.length) + length));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), dialect, (parts, name) => {
        expect(analyzeSql(parts.join(''), { dialect: name }).cut).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same result twice', () => {
    fc.assert(
      fc.property(fc.constantFrom(...scripts), dialect, (sql, name) => {
        expect(analyzeSql(sql, { dialect: name })).toEqual(analyzeSql(sql, { dialect: name }));
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['100,000 nested parentheses', `SELECT ${'('.repeat(100_000)}a${')'.repeat(100_000)} FROM t`],
    ['100,000 parentheses in FROM', `SELECT a FROM ${'('.repeat(100_000)}t${')'.repeat(100_000)}`],
    ['50,000 nested queries', `${'SELECT (SELECT '.repeat(50_000)}1`],
    ['50,000 nested CASE', `SELECT ${'CASE WHEN a THEN '.repeat(50_000)}1 FROM t`],
    ['a UNION of 10,000', Array(10_000).fill('SELECT a FROM t').join(' UNION ALL ')],
    ['a string of a megabyte', `SELECT '${'x'.repeat(1_000_000)}' FROM t`],
    ['10 MB of an unterminated string', `SELECT '${'x'.repeat(10_000_000)}`],
    ['an unterminated comment', '/*'.repeat(500_000)],
    ['NUL bytes', `${'\0'.repeat(1_000_000)}SELECT a FROM t`],
    [
      '10,000 joins with unqualified columns',
      `SELECT a FROM t ${Array.from({ length: 10_000 }, (_, at) => `JOIN t${at} x${at} ON b = c`).join(' ')}`,
    ],
    [
      'doubling common tables',
      `WITH c0 AS (SELECT a FROM t)${Array.from({ length: 60 }, (_, at) => `, c${at + 1} AS (SELECT x.*, y.* FROM c${at} x, c${at} y)`).join('')} INSERT INTO z SELECT * FROM c60`,
    ],
    [
      '2,000 sources times 2,000 targets through one temporary table',
      `CREATE TABLE #t (a int);${Array.from({ length: 2000 }, (_, at) => `INSERT #t SELECT a FROM s${at};`).join('')}${Array.from({ length: 2000 }, (_, at) => `INSERT z${at} SELECT a FROM #t;`).join('')}`,
    ],
    ['EXEC in EXEC', "EXEC('".repeat(5_000)],
    ['100,000 terms of AND', `SELECT a FROM t WHERE ${Array(100_000).fill('a = 1').join(' AND ')}`],
    ['REPLACE in REPLACE', `DECLARE @s varchar(max) = ${'REPLACE('.repeat(20_000)}'x'; EXEC (@s)`],
    [
      'text that doubles',
      `DECLARE @a varchar(max) = 'SELECT 1 '; ${Array(500).fill("SET @a = @a + REPLACE(@a, '1', @a);").join(' ')} EXEC (@a)`,
    ],
    [
      'text that doubles by branches',
      `DECLARE @s varchar(max) = 'SELECT a FROM t';${Array.from({ length: 1_000 }, (_, n) => `IF @a = ${n} SET @s = @s + ' x${n}' EXEC (@s);`).join(' ')}`,
    ],
    ['IF in IF', `${'IF @a = 1 BEGIN '.repeat(20_000)} SELECT 1`],
  ])('ends on %s', (_, sql) => {
    const lineage = analyzeSql(sql, { dialect: 'tsql' });
    expect(lineage.columnEdges.length).toBeLessThanOrEqual(100_001);
  });

  it.each([
    ['heads of routines', 'CREATE PROCEDURE p AS '],
    ['heads of functions', 'CREATE FUNCTION f() RETURNS x LANGUAGE sql AS '],
    ['conditions', 'IF a THEN '],
    ['unfinished conditions', 'BEGIN WHILE x '],
    ['loops', 'FOR x IN y LOOP '],
    ['blocks', 'BEGIN '],
    ['dollar quotes', '$t$ '],
    ['inserts of a multi-table INSERT', 'INSERT INTO a SELECT b '],
    ['pivots', 'SELECT a FROM t PIVOT (SUM(a) FOR b IN (c)) '],
  ])('ends on 20,000 %s of a block language', (_, part) => {
    const { confidence } = analyzeSql(part.repeat(20_000), { dialect: 'postgres' });
    expect(confidence).toBeLessThanOrEqual(1);
  });

  it('says so when nesting passes the limit', () => {
    const { reasons } = analyzeSql(`${'SELECT (SELECT '.repeat(500)}1`, { dialect: 'tsql' });
    expect(reasons.map((reason) => reason.code)).toContain('too-deep');
  });

  it('says so when the text passes the limit', () => {
    const { reasons, statements } = analyzeSql(' '.repeat(17 * 1024 * 1024));
    expect(reasons.map((reason) => reason.code)).toEqual(['too-large']);
    expect(statements).toEqual([]);
  });
});
