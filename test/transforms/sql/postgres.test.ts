import { assert, constantFrom, integer, property, string, tuple } from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PostgresParser } from '../../../pipeline/postgres-parser.ts';
import { loadPostgresParser } from '../../../platform/postgres-parser.ts';
import { analyzeSql, type SqlLineage } from '../../../transforms/sql/analyze.ts';
import { plpgsqlCases, plpgsqlTables } from '../../support/plpgsql-bodies.ts';

let postgres: PostgresParser;
beforeAll(async () => {
  postgres = await loadPostgresParser();
});

const analyze = (text: string): SqlLineage =>
  analyzeSql(text, { dialect: 'postgres', catalog: plpgsqlTables, throughRoutines: true, postgres });

function edgesOf(lineage: SqlLineage): readonly string[] {
  const edges = lineage.columnEdges
    .filter(
      (edge) => edge.targetTable !== null && edge.sourceTable !== null && !edge.sourceTable.startsWith('/'),
    )
    .map(
      (edge) =>
        `${edge.sourceTable ?? ''}.${edge.sourceColumn} -> ${edge.targetTable ?? ''}.${edge.targetColumn}`,
    );
  return [...new Set(edges)].sort();
}

const codes = (lineage: SqlLineage): readonly string[] => [
  ...new Set(lineage.reasons.map(({ code }) => code)),
];

describe("analyzeSql() with PostgreSQL's parser", () => {
  it.each(plpgsqlCases)(
    'gives every edge and nothing else: $name',
    ({ text, edges, tables, reasons = [] }) => {
      const lineage = analyze(text);
      expect(edgesOf(lineage)).toEqual(edges);
      const found = [...new Set([...lineage.reads, ...lineage.writes])].sort();
      expect(found).toEqual(tables ?? found);
      expect(codes(lineage)).toEqual(reasons);
    },
  );

  it('tells the line of a statement in a body, also behind characters of several bytes', () => {
    const lineage = analyze(`-- größer: 大阪 🫖
SELECT 'ä';
CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM dw.log;
  EXECUTE 'DROP TABLE ' || t;
END $$;`);
    expect(lineage.statements.map(({ kind, line }) => `${kind} ${line}`)).toEqual([
      'select 2',
      'delete 5',
      'call 6',
      'drop 6',
    ]);
    expect(lineage.reasons).toMatchObject([{ code: 'dynamic-sql', line: 6 }]);
  });

  it('reads what the parser refuses by its own grammar, and says so', () => {
    const lineage = analyze(
      'INSERT INTO dw.dim (id) SELECT c.customer_id FROM sales.customers c; SELECT FROM WHERE',
    );
    expect(edgesOf(lineage)).toEqual(['sales.customers.customer_id -> dw.dim.id']);
    expect(codes(lineage)).toContain('parser-refused');
    const body = analyze(`CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN FOR r IN SELECT 1 LOOP DELETE FROM dw.log; END LOOP; END $$`);
    expect(body.writes).toEqual(['dw.log']);
    expect(codes(body)).toEqual(['parser-refused']);
  });

  it('takes no parameter for a column', () => {
    const lineage = analyze(
      'INSERT INTO dw.dim (id, name) SELECT $1, upper(c.full_name) FROM sales.customers c WHERE c.city = $2',
    );
    expect(edgesOf(lineage)).toEqual(['sales.customers.full_name -> dw.dim.name']);
    expect(lineage.reasons).toEqual([]);
  });

  it('reads a text without the parser when it has more bytes than that takes, and says so', () => {
    const insert = 'INSERT INTO dw.dim (id) SELECT c.customer_id FROM sales.customers c;';
    const below = analyze(`${insert} -- ${'a'.repeat(3_000_000)}`);
    const above = analyze(`${insert} -- ${'ä'.repeat(3_000_000)}`);
    expect(below.reasons).toEqual([]);
    expect(above.reasons).toMatchObject([
      { code: 'parser-refused', line: 1, text: expect.stringContaining('it has more than 4194304 bytes') },
    ]);
    expect(edgesOf(above)).toEqual(edgesOf(below));
    expect(edgesOf(above)).toEqual(['sales.customers.customer_id -> dw.dim.id']);
  });

  it('passes over commands of psql', () => {
    const lineage = analyze(
      '\\set ON_ERROR_STOP on\nINSERT INTO dw.dim (id) SELECT c.customer_id FROM sales.customers c;\n\\q',
    );
    expect(edgesOf(lineage)).toEqual(['sales.customers.customer_id -> dw.dim.id']);
    expect(lineage.reasons).toEqual([]);
  });

  it.each(['IF n = 1 THEN n := 1; |END IF; ', 'LOOP n := 1; |END LOOP; ', 'BEGIN n := 1; |END; '])(
    'says so when thousands of blocks are inside each other: %s',
    (block) => {
      const [open = '', close = ''] = block.split('|');
      const body = `DELETE FROM dw.log; ${open.repeat(3_000)}${close.repeat(3_000)}`;
      const lineage = analyze(
        `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN ${body} END $$;`,
      );
      expect(lineage.writes).toEqual(['dw.log']);
      expect(codes(lineage)).toEqual(['too-deep']);
    },
  );

  it('ends in reasons, never in an error, on text that is cut, spliced and nested', () => {
    const texts = plpgsqlCases.map(({ text }) => text);
    const piece = tuple(
      constantFrom(...texts),
      integer({ min: 0, max: 600 }),
      integer({ min: 0, max: 600 }),
    ).map(([text, from, to]) => text.slice(Math.min(from, to), Math.max(from, to)));
    assert(
      property(piece, piece, string({ unit: 'grapheme', maxLength: 20 }), (a, b, c) => {
        expect(analyze(a + c + b).confidence).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 150 },
    );
    const deep = analyze(
      `INSERT INTO dw.dim (id) SELECT ${'f('.repeat(3000)}c.customer_id${')'.repeat(3000)} FROM sales.customers c`,
    );
    expect(deep.writes).toEqual(['dw.dim']);
    expect(analyze(`SELECT ${'1 + '.repeat(20_000)} 1; DELETE FROM dw.dim`).writes).toEqual(['dw.dim']);
    expect(analyze('DELETE FROM dw.dim; \0').writes).toEqual(['dw.dim']);
  });
});
