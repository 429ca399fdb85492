import { describe, expect, it } from 'vitest';
import { type Dialect, dialectNames, findDialect } from '../../../transforms/sql/dialects.ts';
import { lex } from '../../../transforms/sql/lexer.ts';

function dialect(name: string): Dialect {
  const found = findDialect(name);
  if (found === undefined) throw new Error(`no dialect ${name}`);
  return found;
}

function kinds(sql: string, name: string): string[] {
  return lex(sql, dialect(name)).tokens.map((token) => `${token.kind} ${token.text}`);
}

describe('`lex()`', () => {
  it('undoes quotes of T-SQL names and strings', () => {
    expect(kinds(`[a]]b] "c""d" N'e''f' #t @v @@x`, 'tsql')).toEqual([
      'quoted a]b',
      'quoted c"d',
      "string e'f",
      'temporary #t',
      'variable @v',
      'variable @@x',
    ]);
  });

  it('takes double quotes and backslashes as MySQL does', () => {
    expect(kinds(String.raw`"it\"s" 'a\'b' # note`, 'mysql')).toEqual(['string it"s', "string a'b"]);
  });

  it('takes a body in dollar quotes as one string', () => {
    expect(kinds('$x$ a $$ b $x$ $1', 'postgres')).toEqual(['string  a $$ b ', 'number $1']);
  });

  it.each(['$$', '//', ';;', '|', '||', '@@', 'go', '$;', '#'])(
    'ends a statement at the delimiter %s of MySQL, also directly behind a word, a number or a variable',
    (mark) => {
      const sql = `DELIMITER ${mark}\nEND${mark}\na 1${mark}\n@v${mark}'x${mark}'${mark}\nDELIMITER ;\nb;`;
      const end = '; ;';
      expect(kinds(sql, 'mysql')).toEqual(
        ['word END', end, 'word a', 'number 1', end, 'variable @v', end, `string x${mark}`, end].concat([
          'word b',
          end,
        ]),
      );
    },
  );

  it('takes what begins with a dollar sign as a parameter, an amount or a name, by the dialect', () => {
    expect(kinds('$1, $2::int, $x', 'redshift')).toEqual([
      'number $1',
      ', ,',
      'number $2',
      'operator ::',
      'word int',
      ', ,',
      'word $x',
    ]);
    expect(kinds('$1.50 $action', 'tsql')).toEqual(['number $1.50', 'word $action']);
    expect(kinds('$1 $x', 'duckdb')).toEqual(['number $1', 'variable $x']);
    expect(kinds('t.$1', 'snowflake')).toEqual(['word t', '. .', 'word $1']);
    expect(kinds('$1 $', 'mysql')).toEqual(['word $1', 'word $']);
  });

  it("takes Oracle's q-quotes as strings", () => {
    expect(kinds("q'[it's]' nq'!a!'", 'oracle')).toEqual(["string it's", 'string a']);
  });

  it('reads nested comments where the dialect nests them', () => {
    expect(kinds('/* a /* b */ c */ d', 'tsql')).toEqual(['word d']);
    expect(kinds('/* a /* b */ c', 'mysql')).toEqual(['word c']);
  });

  it('counts lines from 1 across strings, comments and quoted names', () => {
    const { tokens } = lex("a /*\n*/ 'b\n' [c\n] d", dialect('tsql'));
    expect(tokens.map((token) => token.line)).toEqual([1, 2, 3, 4]);
  });

  it('follows DELIMITER in MySQL scripts', () => {
    expect(kinds('DELIMITER //\na; b //\nDELIMITER ;\nc;', 'mysql')).toEqual([
      'word a',
      '; ;',
      'word b',
      '; ;',
      'word c',
      '; ;',
    ]);
  });

  it('notes where something begins that has no end', () => {
    expect(lex("\n'a", dialect('ansi')).unterminated).toEqual([{ line: 2, what: 'string' }]);
    expect(lex('/* a', dialect('ansi')).unterminated).toEqual([{ line: 1, what: 'comment' }]);
  });

  it('reads numbers, names with dots and operators apart', () => {
    expect(kinds('t.1a 1.5e3 a::int b||c', 'postgres')).toEqual([
      'word t',
      '. .',
      'number 1a',
      'number 1.5e3',
      'word a',
      'operator ::',
      'word int',
      'word b',
      'operator ||',
      'word c',
    ]);
  });
});

describe('`findDialect()`', () => {
  it('knows every name and alias in any case', () => {
    expect(dialectNames.every((name) => findDialect(name.toUpperCase()) !== undefined)).toBe(true);
    expect(findDialect('mssql')?.name).toBe('tsql');
    expect(findDialect('sparksql')?.name).toBe('spark');
    expect(findDialect('nosql')).toBeUndefined();
  });
});
