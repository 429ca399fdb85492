import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgres } from '../../../producers/postgres/component.ts';
import type { ColumnDependency } from '../../../schemas/types.ts';
import { scanAll } from '../../contracts/producer.ts';
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts';

const tables = `
  CREATE TABLE a (id int PRIMARY KEY, x int, y text);
  CREATE TABLE b (id int, a_id int, z numeric);
  CREATE TYPE pair AS (p int, q text);
  CREATE FUNCTION twice(n int) RETURNS TABLE (n1 int, n2 int) LANGUAGE sql AS $$ SELECT n, n * 2 $$;`;

/** View by name: its text and every dependency as `source.column>view column`; `~` marks computed, no column after `>` a filter. */
const views: Readonly<Record<string, readonly [text: string, ...edges: string[]]>> = {
  plain: ['SELECT id, x AS renamed FROM a', 'a.id>id', 'a.x>renamed'],
  star: ['SELECT * FROM a', 'a.id>id', 'a.x>x', 'a.y>y'],
  constant: ["SELECT 1 AS one, 'it''s {(:VAR \\ )}' AS text, now() AS t FROM a", 'a.*>'],
  expression: ['SELECT x + 1 AS e, x || y AS f FROM a', 'a.x~>e', 'a.x~>f', 'a.y~>f'],
  cast_same: ['SELECT y::varchar AS v, x::text AS t FROM a', 'a.y>v', 'a.x~>t'],
  filtered: ["SELECT id FROM a WHERE y = 'q' ORDER BY x", 'a.id>id', 'a.x>', 'a.y>'],
  joined: ['SELECT a.id, b.z FROM a JOIN b ON a.id = b.a_id', 'a.id>id', 'b.z>z', 'b.a_id>'],
  join_alias: [
    'SELECT j.z, j.x FROM (a JOIN b ON a.id = b.a_id) AS j(i, x, y, bi, ai, z)',
    'a.x>x',
    'b.z>z',
    'a.id>',
    'b.a_id>',
  ],
  merged: ['SELECT id, x, z FROM a FULL JOIN b USING (id)', 'a.id~>id', 'b.id~>id', 'a.x>x', 'b.z>z'],
  merged_inner: ['SELECT id FROM a JOIN b USING (id)', 'a.id>id', 'b.id>'],
  self_join: ['SELECT l.x AS lx, r.y AS ry FROM a l JOIN a r ON l.id = r.x', 'a.x>lx', 'a.y>ry', 'a.id>'],
  aggregate: [
    "SELECT y, sum(x) AS total, count(*) AS n, max(x) FILTER (WHERE id > 3) AS m, string_agg(y, ',' ORDER BY id) AS s FROM a GROUP BY y HAVING min(id) > 1",
    'a.y>y',
    'a.x~>total',
    'a.x~>m',
    'a.y~>s',
    'a.id>',
  ],
  group_expression: ['SELECT upper(y) AS u, count(*) AS n FROM a GROUP BY upper(y)', 'a.y~>u'],
  grouping_sets: ['SELECT x, y, sum(id) AS s FROM a GROUP BY ROLLUP (x, y)', 'a.x>x', 'a.y>y', 'a.id~>s'],
  windowed: ['SELECT sum(x) OVER (PARTITION BY y ORDER BY id) AS w FROM a', 'a.x~>w', 'a.id>', 'a.y>'],
  distinct_on: ['SELECT DISTINCT ON (y) x FROM a ORDER BY y, id', 'a.x>x', 'a.id>', 'a.y>'],
  cased: ["SELECT CASE WHEN y = 'q' THEN x ELSE 0 END AS c FROM a", 'a.x~>c', 'a.y~>c'],
  nested: ['SELECT s.m FROM (SELECT t.k * 2 AS m FROM (SELECT x AS k FROM a) t) s', 'a.x~>m'],
  nested_plain: ['SELECT s.m FROM (SELECT x AS m, y FROM a) s WHERE s.y IS NULL', 'a.x>m', 'a.y>'],
  scalar: [
    'SELECT id, (SELECT max(z) FROM b WHERE b.a_id = a.id) AS mz FROM a',
    'a.id>id',
    'b.z~>mz',
    'b.a_id>',
  ],
  correlated: ['SELECT (SELECT a.x + b.z FROM b LIMIT 1) AS s FROM a', 'a.x~>s', 'b.z~>s'],
  existing: ['SELECT EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id) AS e FROM a', 'a.id>', 'b.a_id>'],
  in_list: ['SELECT x IN (SELECT a_id FROM b) AS i FROM a', 'a.x~>i', 'b.a_id~>i'],
  lateral_one: [
    'SELECT l.s FROM a, LATERAL (SELECT a.x + b.z AS s FROM b WHERE b.id = a.id) l',
    'a.x~>s',
    'b.z~>s',
    'a.id>',
    'b.id>',
  ],
  with_one: [
    'WITH c AS (SELECT id, x AS k FROM a), d AS (SELECT c.k, b.z FROM c JOIN b ON b.id = c.id) SELECT k + 1 AS k1, z FROM d',
    'a.x~>k1',
    'b.z>z',
    'a.id>',
    'b.id>',
  ],
  with_shadow: ['WITH b AS (SELECT x AS z FROM a) SELECT z FROM b', 'a.x>z'],
  with_outer: [
    'WITH c AS (SELECT x FROM a) SELECT (SELECT max(x) FROM c) AS m, id FROM b',
    'a.x~>m',
    'b.id>id',
  ],
  recursive: [
    'WITH RECURSIVE r(i, n) AS (SELECT id, x FROM a UNION ALL SELECT r.n, b.a_id FROM r JOIN b ON b.id = r.i) SELECT i, n FROM r',
    'a.id>i',
    'a.x>i',
    'b.a_id>i',
    'a.x>n',
    'b.a_id>n',
    'b.id>',
  ],
  united: ['SELECT id, x FROM a UNION ALL SELECT id, a_id FROM b', 'a.id>id', 'b.id>id', 'a.x>x', 'b.a_id>x'],
  united_three: [
    'SELECT x FROM a UNION SELECT a_id FROM b UNION ALL (SELECT id FROM a INTERSECT SELECT id FROM b)',
    'a.x>x',
    'b.a_id>x',
    'a.id>x',
    'b.id>x',
  ],
  excepted: ['SELECT id FROM a EXCEPT SELECT a_id FROM b', 'a.id>id', 'b.a_id>'],
  listed: [
    'SELECT v.n, v.t FROM a, LATERAL (VALUES (a.x, a.y), (a.id, NULL)) AS v(n, t)',
    'a.x~>n',
    'a.id~>n',
    'a.y~>t',
  ],
  from_function: ['SELECT f.n2 FROM a, twice(a.x) f', 'a.x~>n2'],
  whole_row: ['SELECT a AS r, row_to_json(b) AS j FROM a, b', 'a.*~>r', 'b.*~>j'],
  row_field: ['SELECT (ROW(x, y)::pair).q AS q FROM a', 'a.x~>q', 'a.y~>q'],
  over_view: ['SELECT renamed AS again FROM plain', 'plain.renamed>again'],
  over_aggregate: ['SELECT total / n AS mean FROM aggregate', 'aggregate.total~>mean', 'aggregate.n~>mean'],
  over_system: ['SELECT relname AS n, (SELECT count(*) FROM a) AS c FROM pg_class', 'a.*>'],
  'odd "name" :relid {(': [
    'SELECT ":relid".x AS "a } b", y AS ":VAR" FROM a AS ":relid"',
    'a.x>a } b',
    'a.y>:VAR',
  ],
};

let server: TestPostgres;
let edges: ReadonlyMap<string, readonly string[]>;
let warnings: readonly string[];

const edge = ({ source, sourceColumn, targetColumn, transformed }: ColumnDependency): string =>
  `${source.at(-1)?.name}.${sourceColumn ?? '*'}${transformed ? '~' : ''}>${targetColumn ?? ''}`;

beforeAll(async () => {
  server = await startTestPostgres();
  const database = await server.createDatabase();
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const statements = Object.entries(views).map(([name, [text]]) => `CREATE VIEW ${quoted(name)} AS ${text};`);
  await server.run(
    database,
    `${tables}${statements.join('\n')}
     CREATE MATERIALIZED VIEW stored AS SELECT y, sum(x) AS s FROM a GROUP BY y;
     CREATE VIEW column_renamed AS SELECT x AS before, id FROM a; ALTER VIEW column_renamed RENAME COLUMN before TO after;
     CREATE VIEW source_renamed AS SELECT old_name AS n FROM (SELECT x AS old_name FROM a) s; ALTER TABLE b RENAME COLUMN z TO zz;`,
  );
  const { host, port, user, password } = server;
  const setup = postgres.configure(
    'p',
    { host, port, user, password, database, server: 's' },
    { baseFolder: '/' },
  );
  const producer = await setup.open();
  const { objects } = await scanAll(producer);
  await producer.close();
  const described = objects.flatMap((found) => (found.type === 'database-object' ? [found.value] : []));
  edges = new Map(
    described.map(({ path, dependencies }) => [path.at(-1)?.name ?? '', dependencies.map(edge)]),
  );
  warnings = described.flatMap((value) => value.warnings.map((warning) => warning.message));
});
afterAll(() => server.stop());

describe('a view', () => {
  for (const [name, [text, ...expected]] of Object.entries(views)) {
    it(`${name} has its exact lineage: ${text}`, () => {
      const now = expected.map((entry) => entry.replace(/^b\.z\b/, 'b.zz'));
      expect(new Set(edges.get(name))).toEqual(new Set(now));
    });
  }

  it('that is materialized has its exact lineage', () => {
    expect(edges.get('stored')).toEqual(['a.x~>s', 'a.y>y']);
  });

  it('has its lineage by the names of today after a column was renamed', () => {
    expect(edges.get('column_renamed')).toEqual(['a.id>id', 'a.x>after']);
    expect(edges.get('source_renamed')).toEqual(['a.x>n']);
  });

  it('needs no warning in any of these', () => {
    expect(warnings).toEqual([]);
  });
});
