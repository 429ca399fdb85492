import { describe, expect, it } from 'vitest';
import type { JobNode, RawEvent } from '../../schemas/types.ts';
import { derivedCatalogue } from '../support/derived-catalogue.ts';
import { relationEvent, routineEvent, sqlSettings } from '../support/sql-events.ts';
import { columnEdges, targetsOf } from '../support/transforms.ts';

const datasets = {
  table: {
    types: ['generic_table'] as const,
    name: '{schema}.{table}',
    parameters: { server: 'srv', database: 'shop' },
    caseRule: 'preserve' as const,
  },
};

/** A job whose first step runs a query, and whose second writes `dbo.out`. */
function job(text: string, columns: readonly string[]): RawEvent {
  const step = (id: string, more: Partial<JobNode>): JobNode => ({
    id,
    kind: 'x',
    line: 1,
    inputs: [],
    columns: [],
    output: null,
    dependsOn: [],
    query: null,
    ...more,
  });
  const path = [
    { level: 'server', name: 'srv' },
    { level: 'database', name: 'shop' },
    { level: 'schema', name: 'dbo' },
  ] as const;
  const value = {
    producer: 'db',
    objectId: 'j',
    position: { incarnation: '1', sequence: 1 },
    tool: 't',
    name: 'j',
    jobId: 'j',
    file: 'j.dtsx',
    nodes: [
      step('read', {
        query: { text, system: 'tsql', path },
        columns: columns.map((name) => ({ sources: [`query.${name}`], target: name, line: 1 })),
      }),
      step('write', {
        dependsOn: ['read'],
        output: { typeName: 'table', name: 'dbo.out' },
        columns: columns.map((name) => ({ sources: [`read.${name}`], target: name, line: 1 })),
      }),
    ],
    calls: ['other'],
    warnings: [],
    additional: [],
  };
  return { type: 'job-file', value };
}

/** The column edges of a process, tables by their last part. */
const columnEdgesOf = (process: Parameters<typeof columnEdges>[0]): readonly string[] =>
  columnEdges(process).map((edge) => edge.replaceAll(/\S*\//g, ''));

function derive(text: string, columns: readonly string[], steps: 'collapse' | 'keep' = 'collapse') {
  const events = [
    relationEvent('dbo.a', ['id', 'v']),
    relationEvent('dbo.b', ['id', 'w']),
    routineEvent('dbo.get_b', 'CREATE PROCEDURE dbo.get_b AS SELECT id, w AS given FROM dbo.b'),
    job(text, columns),
  ];
  const catalogue = derivedCatalogue({ db: sqlSettings('tsql', { datasets, steps }) }, events);
  const found = catalogue.get('etl_job etl://t/jobs/j');
  if (found === undefined) throw new Error([...catalogue.keys()].join('\n'));
  return { found, catalogue, edges: columnEdgesOf(found) };
}

describe('mapJobFiles() with the query of a step', () => {
  it.each([
    [
      'SELECT a.id, a.v + b.w AS s, 1 AS one FROM a JOIN dbo.b ON a.id = b.id',
      ['id', 's', 'one'],
      ['a#id -> out#id', 'a#v -> out#s', 'b#w -> out#s'],
    ],
    ['SELECT * FROM dbo.a', ['id', 'v'], ['a#id -> out#id', 'a#v -> out#v']],
    ['WITH x AS (SELECT v FROM dbo.a) SELECT v AS u FROM x', ['u'], ['a#v -> out#u']],
  ])('follows %s', (text, columns, edges) => {
    expect(derive(text, columns).edges).toEqual(edges);
  });

  it('takes the columns behind a procedure whose rows are read, by their names', () => {
    const text = '-- rows of a procedure\nEXEC dbo.get_b ?\nWITH RESULT SETS ((id int, given int))';
    const { found, edges } = derive(text, ['given', 'id', 'other']);
    expect(edges).toEqual(['b#id -> out#id', 'b#w -> out#given']);
    expect(targetsOf(found, 'inputs').map((name) => name.split('/').at(-1))).toEqual(['b']);
    expect(found.attributes['warnings']).toEqual([]);
  });

  it('says that the job runs another, and wires the steps to the same columns', () => {
    const { found, catalogue } = derive('SELECT v FROM dbo.a', ['v'], 'keep');
    expect(found.attributes['calls']).toEqual(['etl://t/jobs/other']);
    const read = catalogue.get('etl_activity etl://t/jobs/j/steps/read');
    expect(read === undefined ? [] : columnEdgesOf(read)).toEqual(['a#v -> read#v']);
  });
});
