import { describe, expect, it } from 'vitest';
import { renamedBy } from '../../../platform/relational/renames.ts';
import { nameSteps } from '../../../producers/mysql/renames.ts';

/** What some statements of the database `d` come to, each as `from > to` with its columns. */
function renamed(...statements: readonly string[]): readonly string[] {
  return renamedBy(statements.flatMap((statement) => nameSteps(statement, 'd'))).map(
    ({ from, to, columns }) =>
      [`${from.join('.')} > ${to.join('.')}`, ...columns.map((one) => `${one.from}>${one.to}`)].join(' '),
  );
}

describe('renamedBy()', () => {
  it.each([
    [['RENAME TABLE a TO b, x.c TO y.e'], ['d.a > d.b', 'x.c > y.e']],
    [['RENAME TABLES IF EXISTS a WAIT 5 TO b, c NOWAIT TO e'], ['d.a > d.b', 'd.c > d.e']],
    [['ALTER TABLE a ADD COLUMN (x int, `rename` int), RENAME TO z.b'], ['d.a > z.b']],
    [['ALTER ONLINE TABLE a WAIT 3 RENAME AS `b c`'], ['d.a > d.b c']],
    [['ALTER TABLE a RENAME COLUMN x TO y, RENAME INDEX i TO j, RENAME KEY k TO l'], ['d.a > d.a x>y']],
    [
      ['ALTER TABLE a CHANGE COLUMN IF EXISTS x y int, CHANGE `p` `q` text COMMENT "RENAME TO z"'],
      ['d.a > d.a x>y p>q'],
    ],
    [['ALTER TABLE a CHANGE x X bigint, CHANGE y y int'], []],
    [['ALTER TABLE a ALTER COLUMN x SET DEFAULT (1), ADD CHECK (rename > change)'], []],
    [['CREATE PROCEDURE p() RENAME TABLE a TO b'], []],
  ])('reads %j', (statements, expected) => {
    expect(renamed(...statements)).toEqual(expected);
  });

  it('follows names over statements, and columns with them', () => {
    expect(
      renamed(
        'ALTER TABLE a RENAME COLUMN x TO y',
        'RENAME TABLE a TO b',
        'ALTER TABLE b CHANGE y z int, RENAME COLUMN p TO q',
        'ALTER TABLE b RENAME TO c',
      ),
    ).toEqual(['d.a > d.c x>z p>q']);
    expect(renamed('RENAME TABLE a TO b', 'RENAME TABLE b TO a')).toEqual([]);
    expect(renamed('RENAME TABLE a TO t, b TO a, t TO b')).toEqual(['d.b > d.a', 'd.a > d.b']);
    expect(renamed('ALTER TABLE a RENAME COLUMN x TO y, RENAME COLUMN y TO x')).toEqual([
      'd.a > d.a x>y y>x',
    ]);
  });

  it('forgets what was dropped or made anew', () => {
    expect(renamed('RENAME TABLE a TO b', 'DROP TABLE IF EXISTS `d`.`b`')).toEqual([]);
    expect(renamed('RENAME TABLE a TO b', 'CREATE OR REPLACE TABLE b (x int)')).toEqual([]);
    expect(renamed('RENAME TABLE a TO b', 'CREATE TABLE a LIKE b')).toEqual(['d.a > d.b']);
  });
});
