import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyzeSql } from '../../../transforms/sql/analyze.ts';

const page = readFileSync(new URL('../../../docs/sql-lineage.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```sql (\w+)( --through-routines)?\n([\s\S]*?)```/g)].map((match) => {
  const [, dialect = '', through, body = ''] = match;
  const lines = body.split('\n');
  const marks = lines.filter((line) => line.startsWith('-- => ')).map((line) => line.slice(6));
  return {
    dialect,
    throughRoutines: through !== undefined,
    sql: lines.filter((line) => !line.startsWith('-- => ')).join('\n'),
    marks,
  };
});

/** All that the engine gives, in the page's notation. */
function given(sql: string, dialect: string, throughRoutines: boolean): string[] {
  const lineage = analyzeSql(sql, { dialect, throughRoutines });
  const facts = [
    ...lineage.tableEdges.map(([source, target]) => `${source} -> ${target}`),
    ...lineage.columnEdges
      .filter((edge) => edge.targetTable !== null)
      .map(
        (edge) =>
          `${edge.sourceTable ?? '?'}.${edge.sourceColumn} -> ${edge.targetTable ?? ''}.${edge.targetColumn} (${edge.kind})`,
      ),
    ...new Set(lineage.reasons.map((reason) => `reason ${reason.code}`)),
  ];
  return facts.length === 0 ? ['nothing'] : facts;
}

describe('docs/sql-lineage.md', () => {
  it('has examples for every family of dialects', () => {
    expect(new Set(examples.map((example) => example.dialect))).toEqual(
      new Set([
        'tsql',
        'postgres',
        'redshift',
        'snowflake',
        'spark',
        'databricks',
        'bigquery',
        'mysql',
        'oracle',
        'ansi',
        'generic',
      ]),
    );
  });

  it.each(examples)(
    '`analyzeSql()` gives what the page says of $dialect: $sql',
    ({ dialect, throughRoutines, sql, marks }) => {
      expect(given(sql, dialect, throughRoutines).sort()).toEqual([...marks].sort());
    },
  );
});
