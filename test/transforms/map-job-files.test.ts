import { beforeAll, describe, expect, it } from 'vitest';
import type { Derivation, KnownAsset } from '../../pipeline/transform.ts';
import { etlJobFiles } from '../../producers/etl-job-files/component.ts';
import { readJob } from '../../producers/etl-job-files/read-job.ts';
import type { RawEvent } from '../../schemas/types.ts';
import { mapJobFiles } from '../../transforms/map-job-files.ts';
import { transformContract } from '../contracts/transform.ts';
import {
  dailyRevenue,
  eventsOf,
  retailOptions,
  retailSettings,
  warehouseTable,
  warehouseTables,
} from '../support/retail.ts';
import { columnEdges, deriveOne, entityOf, targetsOf, transformContext } from '../support/transforms.ts';

const table = 'customdb://warehouse/tables';
const blob = 'https://retailshop.blob.core.windows.net';

/** A job file of these nodes as the event that the producer makes of it. */
const jobFile = (nodes: string): RawEvent => ({
  type: 'job-file',
  value: {
    producer: 'jobs',
    objectId: 'a.xml',
    position: { incarnation: 'files', sequence: 1 },
    tool: 'flow',
    file: 'a.xml',
    ...readJob(`<job name="A" jobId="a">\n${nodes}\n</job>`, 'a.xml'),
  },
});

const node = (
  id: string,
  parts: {
    readonly type?: string;
    readonly inputs?: readonly string[];
    readonly columns?: Readonly<Record<string, string>>;
    readonly output?: string;
    readonly dependsOn?: readonly string[];
  },
): string => {
  const inputs = (parts.inputs ?? []).map((name) => `<input typeName="customDB">${name}</input>`).join('');
  const columns = Object.entries(parts.columns ?? {})
    .map(([target, sources]) => {
      const names = sources.split('+').map((source) => `<sourceName>${source}</sourceName>`);
      return `<column>${names.join('')}<targetName>${target}</targetName></column>`;
    })
    .join('');
  const output = parts.output === undefined ? '' : `<output typeName="customDB">${parts.output}</output>`;
  const steps = (parts.dependsOn ?? []).map((step) => `<step>${step}</step>`).join('');
  return `<node type="${parts.type ?? 'projection'}" id="${id}"><inputs>${inputs}</inputs><columns>${columns}</columns>${output}<dependsOn>${steps}</dependsOn></node>`;
};

const known = [
  warehouseTable('t', ['id', 'a', 'b']),
  warehouseTable('s', ['id', 'c']),
  warehouseTable('out', ['x', 'y', 'a', 'b', 'c']),
];

const map = (
  nodes: string,
  assets: readonly KnownAsset[] = known,
  steps: 'collapse' | 'keep' = 'collapse',
) => {
  const derivation = deriveOne(mapJobFiles, transformContext(retailSettings(steps), assets), jobFile(nodes));
  const job = entityOf(derivation, 'etl_job');
  const short = (names: readonly string[]): readonly string[] =>
    names.map((name) => name.replaceAll(`${table}/`, ''));
  return {
    derivation,
    inputs: short(targetsOf(job, 'inputs')),
    outputs: short(targetsOf(job, 'outputs')),
    edges: short(columnEdges(job)),
    warnings: derivation.warnings.map(({ code, location, message }) => `${location} ${code}: ${message}`),
  };
};

transformContract('mapJobFiles()', mapJobFiles, {
  context: transformContext(retailSettings('keep'), known),
  examples: [
    jobFile(
      node('one', { inputs: ['t'], columns: { x: 't.a+t.b' } }) +
        node('two', { output: 'out', dependsOn: ['one'] }),
    ),
    jobFile(node('one', { inputs: ['missing'], output: 'gone', dependsOn: ['none'] })),
  ],
});

describe('mapJobFiles() on the example shop', () => {
  let derived: ReadonlyMap<string, Derivation>;
  beforeAll(async () => {
    const context = transformContext(retailSettings(), [...(await warehouseTables()), dailyRevenue]);
    const events = await eventsOf(etlJobFiles, 'jobs', retailOptions.jobs);
    derived = new Map(
      events.map((event) => [
        event.type === 'job-file' ? event.value.file : '',
        deriveOne(mapJobFiles, context, event),
      ]),
    );
  });

  it.each([
    {
      file: 'build_order_facts.xml',
      inputs: [`${table}/stg_order_lines`, `${table}/stg_orders`, `${table}/stg_products`],
      outputs: [`${table}/order_facts`],
      edges: [
        `${table}/stg_order_lines#quantity -> ${table}/order_facts#amount`,
        `${table}/stg_order_lines#unit_price -> ${table}/order_facts#amount`,
        `${table}/stg_orders#day -> ${table}/order_facts#day`,
        `${table}/stg_products#category -> ${table}/order_facts#category`,
      ],
      warnings: [],
    },
    {
      file: 'publish_revenue.xml',
      inputs: [`${table}/order_facts`],
      outputs: ['postgresql://shop-db/shop/reporting/daily_revenue'],
      edges: [
        `${table}/order_facts#amount -> postgresql://shop-db/shop/reporting/daily_revenue#revenue`,
        `${table}/order_facts#category -> postgresql://shop-db/shop/reporting/daily_revenue#category`,
        `${table}/order_facts#day -> postgresql://shop-db/shop/reporting/daily_revenue#day`,
      ],
      warnings: [],
    },
    {
      file: 'publish_categories.xml',
      inputs: [`${table}/category_sales`],
      outputs: [`${blob}/reports/categories.parquet`],
      edges: [`${table}/category_sales#category -> ${blob}/reports/categories.parquet#category`],
      warnings: [
        'dangling-step: The step write_categories depends on the step pick_category, which is not in the file. (publish_categories.xml:14)',
        'unknown-column: category_sales has no column profit. The column profit of the step write_categories lacks this source. (publish_categories.xml:17)',
      ],
    },
  ])('gives every edge and warning of $file', ({ file, inputs, outputs, edges, warnings }) => {
    const derivation = derived.get(file);
    if (derivation === undefined) throw new Error(`${file} is not in the example.`);
    const job = entityOf(derivation, 'etl_job');
    expect(targetsOf(job, 'inputs')).toEqual(inputs);
    expect(targetsOf(job, 'outputs')).toEqual(outputs);
    expect(columnEdges(job)).toEqual(edges);
    expect(job.attributes['warnings']).toEqual(warnings);
    expect(targetsOf(job, 'pipeline')).toEqual(['etl://flow']);
  });

  it('has a job file for each of them', () => {
    expect(derived.size).toBe(3);
  });

  it('makes a placeholder of a blob, which no producer here describes', () => {
    const placeholders = [...derived.values()].flatMap((derivation) =>
      derivation.changes.filter((change) => change.placeholder).map((change) => change.entities[0]),
    );
    expect(placeholders).toEqual([
      {
        typeName: 'azure_blob_path',
        qualifiedName: `${blob}/reports/categories.parquet`,
        attributes: { name: `${blob}/reports/categories.parquet` },
        references: [],
      },
    ]);
  });
});

describe('mapJobFiles()', () => {
  it('resolves table.column, step.column, the last part of a name, and a column that only one input has', () => {
    const nodes = [
      node('join', { type: 'join', inputs: ['t', 's'] }),
      node('pick', { columns: { p: 't.a', q: 'c', r: 'a+s.c' }, dependsOn: ['join'] }),
      node('sink', {
        type: 'sink',
        columns: { x: 'pick.p', y: 'q', a: 'r' },
        output: 'out',
        dependsOn: ['pick'],
      }),
    ];
    expect(map(nodes.join('\n'))).toMatchObject({
      inputs: ['s', 't'],
      outputs: ['out'],
      edges: ['s#c -> out#a', 's#c -> out#y', 't#a -> out#a', 't#a -> out#x'],
      warnings: [],
    });
  });

  it('writes every column to the one of its name when the sink has no mappings, and says what has no place', () => {
    const nodes = [
      node('pick', { inputs: ['t'], columns: { x: 't.a', zz: 't.b' } }),
      node('sink', { output: 'out', dependsOn: ['pick'] }),
    ];
    expect(map(nodes.join('\n'))).toMatchObject({
      edges: ['t#a -> out#x'],
      warnings: ['a.xml:3 unmatched-columns: out has no column for 1: zz.'],
    });
  });

  it('warns and makes no edge when a name is ambiguous, unknown, or not in the tables that are known', () => {
    const nodes = [
      node('join', { type: 'join', inputs: ['t', 's'] }),
      node('sink', {
        columns: { x: 'id', y: 'nothing', a: 't.zz', b: 'other.b', c: 't.b', zz: 't.a' },
        output: 'out',
        dependsOn: ['join'],
      }),
    ];
    const lacks = (target: string): string => `The column ${target} of the step sink lacks this source.`;
    expect(map(nodes.join('\n'))).toMatchObject({
      edges: ['t#b -> out#c'],
      warnings: [
        `a.xml:3 ambiguous-source: The column id can come from s, t. ${lacks('x')}`,
        `a.xml:3 unknown-source: "nothing" names no column of what the step takes. ${lacks('y')}`,
        `a.xml:3 unknown-column: t has no column zz. ${lacks('a')}`,
        `a.xml:3 unknown-source: "other.b" names no column of what the step takes. ${lacks('b')}`,
        'a.xml:3 unknown-column: out has no column zz to write to.',
      ],
    });
  });

  it('keeps names as they are written when nobody has described the tables', () => {
    const nodes = node('sink', { inputs: ['t'], columns: { x: 't.a', y: 'b' }, output: 'out' });
    expect(map(nodes, [])).toMatchObject({ edges: ['t#a -> out#x', 't#b -> out#y'], warnings: [] });
  });

  it('joins all inputs to all outputs at table level when a step is dangling, and finds tables of the file by name', () => {
    const nodes = [
      node('pick', { inputs: ['t'], columns: { p: 't.a' } }),
      node('sink', { columns: { x: 't.a', y: 'p' }, output: 'out', dependsOn: ['pikc'] }),
    ];
    expect(map(nodes.join('\n'))).toMatchObject({
      inputs: ['t'],
      outputs: ['out'],
      edges: ['t#a -> out#x'],
      warnings: [
        'a.xml:3 dangling-step: The step sink depends on the step pikc, which is not in the file.',
        expect.stringContaining('a.xml:3 unknown-source: "p" names no column'),
      ],
    });
  });

  it('finds a table by name behind a projection, but not one that no earlier step reads', () => {
    const nodes = [
      node('pick', { inputs: ['t'], columns: { p: 't.a' } }),
      node('other', { inputs: ['s'], columns: { q: 's.c' } }),
      node('sink', { columns: { x: 't.b', y: 's.c' }, output: 'out', dependsOn: ['pick'] }),
    ];
    expect(map(nodes.join('\n'))).toMatchObject({
      edges: ['t#b -> out#x'],
      warnings: [expect.stringContaining('a.xml:4 unknown-source: "s.c" names no column')],
    });
  });

  it('throws EVENT_INVALID with file, line and steps when steps depend on each other in a circle', () => {
    const nodes = [
      node('start', { inputs: ['t'] }),
      node('one', { dependsOn: ['start', 'three'] }),
      node('two', { dependsOn: ['one'] }),
      node('three', { dependsOn: ['two'] }),
      node('after', { dependsOn: ['three'], output: 'out' }),
    ];
    expect(() => map(nodes.join('\n'))).toThrow(
      'a.xml:3: the steps one, three, two depend on each other in a circle.',
    );
    expect(() => map(node('self', { dependsOn: ['self'] }))).toThrow('the steps self depend');
  });

  it('is a warning and a placeholder when a dataset has a type that is not configured', () => {
    const nodes = node('sink', { output: 'out' }).replace('customDB', 'sftp');
    expect(map(nodes)).toMatchObject({
      outputs: ['unconfigured://jobs/sftp/out'],
      warnings: [expect.stringContaining('a.xml:2 unconfigured-dataset-type')],
    });
  });

  it('throws EVENT_INVALID when a name has not the form of its rule', () => {
    const nodes = node('sink', { output: 'daily' }).replace('customDB', 'postgres');
    expect(() => map(nodes)).toThrow('does not have the form {schema}.{table} (a.xml:2)');
  });

  it('makes an activity of each step and rows between them when steps are kept', () => {
    const nodes = [
      node('join', { type: 'join', inputs: ['t', 's'] }),
      node('pick', { columns: { p: 't.a+s.c' }, dependsOn: ['join'] }),
      node('sink', { type: 'sink', columns: { x: 'p' }, output: 'out', dependsOn: ['pick'] }),
    ];
    const { derivation, edges } = map(nodes.join('\n'), known, 'keep');
    const change = derivation.changes.find((candidate) => candidate.entities[0].typeName === 'etl_job');
    expect(edges).toEqual(['s#c -> out#x', 't#a -> out#x']);
    expect(change?.complete).toEqual(['activities', 'rows']);
    expect(change?.entities.map((entity) => entity.qualifiedName)).toEqual([
      'etl://flow/jobs/a',
      'etl://flow/jobs/a/steps/join',
      'etl://flow/jobs/a/rows/join',
      'etl://flow/jobs/a/steps/pick',
      'etl://flow/jobs/a/rows/pick',
      'etl://flow/jobs/a/steps/sink',
    ]);
    const activity = (id: string) => entityOf(derivation, 'etl_activity', `etl://flow/jobs/a/steps/${id}`);
    expect(columnEdges(activity('join'))).toEqual([
      `${table}/s#c -> etl://flow/jobs/a/rows/join#s.c`,
      `${table}/t#a -> etl://flow/jobs/a/rows/join#t.a`,
    ]);
    expect(columnEdges(activity('pick'))).toEqual([
      'etl://flow/jobs/a/rows/join#s.c -> etl://flow/jobs/a/rows/pick#p',
      'etl://flow/jobs/a/rows/join#t.a -> etl://flow/jobs/a/rows/pick#p',
    ]);
    expect(columnEdges(activity('sink'))).toEqual([`etl://flow/jobs/a/rows/pick#p -> ${table}/out#x`]);
    expect(targetsOf(activity('sink'), 'inputs')).toEqual(['etl://flow/jobs/a/rows/pick']);
    expect(targetsOf(activity('sink'), 'job')).toEqual(['etl://flow/jobs/a']);
    expect(activity('join').attributes).toMatchObject({ name: 'join', kind: 'join' });
  });

  it('makes the job alone, with empty lists of steps, when steps are collapsed', () => {
    const { derivation } = map(node('sink', { inputs: ['t'], output: 'out' }));
    const change = derivation.changes.find((candidate) => candidate.entities[0].typeName === 'etl_job');
    expect(change?.entities).toHaveLength(1);
    expect(change?.complete).toEqual(['activities', 'rows']);
  });
});
