import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayMoveData, normalizeStatement, statementFingerprint } from '../../platform/statement-text.ts';

describe('normalizeStatement()', () => {
  it.each([
    [
      'postgres',
      "/* run 7 */ INSERT INTO t -- x\n SELECT 'it''s', 1.5e3, $1 ;",
      "INSERT INTO t SELECT '?', ?, ?",
    ],
    [
      'postgres',
      "SELECT E'a\\'b', $tag$ secret $tag$, date '2020-01-01', DATE $2",
      "SELECT '?', '?', date '?', DATE '?'",
    ],
    [
      'postgres',
      'DELETE FROM "T 1" WHERE id IN (1, 2,$3) AND t1 > 2',
      'DELETE FROM "T 1" WHERE id IN (?) AND t1 > ?',
    ],
    ['postgres', '/* a /* b */ c */ TABLE x', 'TABLE x'],
    ['mysql', 'SELECT "a\\"b", `c``d` # end\n FROM t', "SELECT '?', `c``d` FROM t"],
    [
      'mysql',
      "LOAD DATA INFILE '/in/x.csv' INTO TABLE t FIELDS TERMINATED BY ','",
      "LOAD DATA INFILE '/in/x.csv' INTO TABLE t FIELDS TERMINATED BY '?'",
    ],
    ['tsql', "INSERT [a b].t SELECT N'x', @p FROM #u", "INSERT [a b].t SELECT '?', @p FROM #u"],
    [
      'redshift',
      "COPY t FROM 's3://b/x' CREDENTIALS 'aws_secret_access_key=S'",
      "COPY t FROM 's3://b/x' CREDENTIALS '?'",
    ],
    ['snowflake', "COPY INTO t FROM 'azure://a/b?sig=S3CRET&x=1'", "COPY INTO t FROM 'azure://a/b'"],
  ])('of %s takes comments and values out of %s', (dialect, text, expected) => {
    expect(normalizeStatement(text, dialect)).toEqual({ text: expected, whole: true });
  });

  it.each(["SELECT 'no end", 'SELECT "no end', 'SELECT /* no end', 'SELECT $$ no end'])(
    'says that %s is not whole',
    (text) => {
      expect(normalizeStatement(text, 'postgres').whole).toBe(false);
    },
  );

  it('gives one text and one fingerprint to executions that differ in values, comments and white space', () => {
    const texts = [
      "INSERT INTO a SELECT x FROM b WHERE y='1'",
      "/*2*/INSERT  INTO a\nSELECT x FROM b WHERE y='22'  ;",
    ];
    const [one, two] = texts.map((text) => statementFingerprint(normalizeStatement(text, 'postgres').text));
    expect(one).toMatch(/^[0-9a-f]{16}$/);
    expect(two).toBe(one);
  });

  const dialects = fc.constantFrom('postgres', 'mysql', 'tsql', 'snowflake', 'nonsense');
  const pieces = fc.constantFrom(...`' " \` [ ] /* */ -- \n $$ $1 \\ E 0 a ( , # \0 \uD800`.split(' '), ' ');

  it('throws on no text, and gives well-formed text', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), dialects, (parts, dialect) => {
        expect(normalizeStatement(parts.join(''), dialect).text.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('lets nothing of a literal through, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), dialects, (value, dialect) => {
        const literal = value.replaceAll("'", "''").replaceAll('\\', '\\\\');
        const { text, whole } = normalizeStatement(`INSERT INTO a SELECT '${literal}' FROM b`, dialect);
        expect({ text, whole }).toEqual({ text: "INSERT INTO a SELECT '?' FROM b", whole: true });
      }),
      { numRuns: 500 },
    );
  });

  it('is linear: megabytes of quotes, comments and parentheses take no more than a moment', () => {
    const started = performance.now();
    for (const piece of ["'", '/*', '(?,', '$a$', '"', 'a ', '(1,2),', '\\', '; ']) {
      normalizeStatement(piece.repeat(1_000_000 / piece.length), 'postgres');
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe('mayMoveData()', () => {
  it.each([
    'INSERT INTO a SELECT x FROM b',
    'CREATE TABLE a AS TABLE b',
    'WITH x AS (SELECT ?) INSERT INTO b TABLE x',
    'SELECT x INTO a FROM b',
    'UPDATE a SET x = b.x FROM b',
    "COPY a FROM '/x'",
    'MERGE INTO a USING b ON ? WHEN MATCHED THEN UPDATE SET x = b.x',
    'create view v as select x from b',
  ])('lets %s pass', (text) => {
    expect(mayMoveData(text)).toBe(true);
  });

  it.each([
    'SELECT x FROM b FOR UPDATE',
    'INSERT INTO a VALUES (?)',
    'UPDATE a SET x = ? WHERE y = ?',
    'DELETE FROM a WHERE x = ?',
    'EXPLAIN INSERT INTO a SELECT x FROM b',
    'CREATE INDEX i ON a (x)',
    'SET search_path TO ?',
    'CREATE ROLE r PASSWORD ?',
    'CREATE TABLE a (x int)',
  ])('leaves out %s', (text) => {
    expect(mayMoveData(text)).toBe(false);
  });
});
