import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobFile, JobNode, RawEvent, TypedName } from '../../../schemas/types.ts';
import { readColumnMapping } from '../../../pipeline/column-mapping.ts';
import { mapJobFiles } from '../../../transforms/map-job-files.ts';
import { retailSettings, warehouseTable } from '../../support/retail.ts';
import { deriveOne, entityOf, transformContext } from '../../support/transforms.ts';

/** Columns of every table of the random jobs. */
const columns = ['a', 'b', 'c'];
const tables = ['t0', 't1', 't2'];
const known = [...tables, 'out0', 'out1'].map((name) => warehouseTable(name, columns));

interface Plan {
  /** Tables that the step reads. */
  readonly reads: readonly number[];
  /** How far back the steps are that it depends on. */
  readonly back: readonly number[];
  /** For each column given out: seeds that choose its sources. Empty: passes on what it takes. */
  readonly gives: readonly (readonly number[])[];
  /** Seed of the table that it writes; undefined for none. */
  readonly writes: number | undefined;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  reads: fc.uniqueArray(fc.nat({ max: tables.length - 1 }), { maxLength: 2 }),
  back: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  gives: fc.array(fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 2 }), { maxLength: 3 }),
  writes: fc.option(fc.nat({ max: 1 }), { nil: undefined }),
});

/** A random acyclic job whose names are all found, with the graph that a reader would draw of it by hand. */
function build(plans: readonly Plan[]): {
  readonly nodes: readonly JobNode[];
  readonly arcs: readonly (readonly [string, string])[];
} {
  const nodes: JobNode[] = [];
  const arcs: (readonly [string, string])[] = [];
  /** What a step shows to those after it: qualified names. */
  const shown: string[][] = [];
  for (const [index, { reads, back, gives, writes }] of plans.entries()) {
    const id = `n${index}`;
    const upstream = back.map((step) => index - step).filter((step) => step >= 0);
    const names = reads.map((read) => tables[read] ?? '');
    const takes = [
      ...new Set([
        ...names.flatMap((name) => columns.map((column) => `${name}.${column}`)),
        ...upstream.flatMap((step) => shown[step] ?? []),
      ]),
    ];
    const mappings =
      takes.length === 0 ? [] : gives.map((seeds) => seeds.map((seed) => takes[seed % takes.length] ?? ''));
    // A step that writes maps its columns: what a sink without mappings takes is tested by example.
    const output = writes === undefined || mappings.length === 0 ? null : `out${writes}`;
    const given = mappings.map((sources, at) => ({ sources, target: columns[at] ?? '', line: index + 1 }));
    for (const { sources, target } of given) {
      for (const source of sources) {
        arcs.push([source, `${id}.${target}`]);
        if (output !== null) arcs.push([source, `${output}.${target}`]);
      }
    }
    shown.push(given.length > 0 ? given.map(({ target }) => `${id}.${target}`) : takes);
    nodes.push({
      id,
      kind: 'projection',
      line: index + 1,
      inputs: names.map(typed),
      columns: given,
      output: output === null ? null : typed(output),
      dependsOn: upstream.map((step) => `n${step}`),
    });
  }
  return { nodes, arcs };
}

const typed = (name: string): TypedName => ({ typeName: 'customDB', name });

/** Every pair of a table's column and a written column with a way between them, by walking all ways. */
function naivePaths(arcs: readonly (readonly [string, string])[]): readonly string[] {
  const paths = new Set<string>();
  const walk = (start: string, at: string): void => {
    for (const [from, to] of arcs) {
      if (from !== at) continue;
      if (to.startsWith('out')) paths.add(`${start} -> ${to}`);
      else walk(start, to);
    }
  };
  for (const table of tables) for (const column of columns) walk(`${table}.${column}`, `${table}.${column}`);
  return [...paths].sort();
}

function eventOf(nodes: readonly JobNode[]): RawEvent {
  const job: JobFile = {
    producer: 'jobs',
    objectId: 'a.xml',
    position: { incarnation: 'files', sequence: 1 },
    tool: 'flow',
    name: 'A',
    jobId: 'a',
    file: 'a.xml',
    nodes,
    warnings: [],
    additional: [],
  };
  return { type: 'job-file', value: job };
}

const short = (dataset: string, column: string): string =>
  `${dataset.replace('customdb://warehouse/tables/', '')}.${column}`;

const contexts = {
  collapse: transformContext(retailSettings('collapse'), known),
  keep: transformContext(retailSettings('keep'), known),
};

function derived(nodes: readonly JobNode[], steps: 'collapse' | 'keep') {
  return deriveOne(mapJobFiles, contexts[steps], eventOf(nodes));
}

function edgesOf(text: unknown): readonly (readonly [string, string])[] {
  return readColumnMapping(String(text)).map((edge) => [
    short(edge.source, edge.sourceColumn),
    short(edge.target, edge.targetColumn),
  ]);
}

const plans = fc.array(plan, { minLength: 1, maxLength: 8 });

describe('column lineage of any acyclic job', () => {
  it('equals a naive search for paths', () => {
    let edges = 0;
    fc.assert(
      fc.property(plans, (plans) => {
        const { nodes, arcs } = build(plans);
        const job = entityOf(derived(nodes, 'collapse'), 'etl_job');
        const found = edgesOf(job.attributes['columnMapping']).map((edge) => edge.join(' -> '));
        edges += found.length;
        expect(found.toSorted()).toEqual(naivePaths(arcs));
      }),
      { numRuns: 150 },
    );
    expect(edges).toBeGreaterThan(150); // the jobs are not all empty
  });

  it('is the same when it is followed from activity to activity', () => {
    fc.assert(
      fc.property(plans, (plans) => {
        const { nodes, arcs } = build(plans);
        const derivation = derived(nodes, 'keep');
        const activities = derivation.changes
          .flatMap((change) => change.entities)
          .filter((entity) => entity.typeName === 'etl_activity')
          .flatMap((entity) => edgesOf(entity.attributes['columnMapping']));
        expect(naivePaths(activities)).toEqual(naivePaths(arcs));
      }),
      { numRuns: 150 },
    );
  });

  it('does not depend on the order of the steps in the file', () => {
    const shuffled = plans.chain((plans) => {
      const { nodes } = build(plans);
      return fc.tuple(fc.constant(nodes), fc.shuffledSubarray([...nodes], { minLength: nodes.length }));
    });
    fc.assert(
      fc.property(shuffled, fc.constantFrom('collapse', 'keep'), ([nodes, other], steps) => {
        expect(derived(other, steps).changes).toEqual(derived(nodes, steps).changes);
      }),
      { numRuns: 100 },
    );
  });

  it('takes 1,000 steps in a row, kept or collapsed, and refuses what is out of all measure', () => {
    const chain = (count: number, reads: (index: number) => readonly TypedName[]): readonly JobNode[] =>
      Array.from({ length: count }, (_, index) => ({
        id: `n${index}`,
        kind: 'filter',
        line: index + 1,
        inputs: reads(index),
        columns: index === count - 1 ? [{ sources: ['t0.a'], target: 'b', line: count }] : [],
        output: index === count - 1 ? typed('out0') : null,
        dependsOn: index === 0 ? [] : [`n${index - 1}`],
      }));
    const long = chain(1_000, (index) => (index === 0 ? [typed('t0')] : []));
    for (const steps of ['collapse', 'keep'] as const) {
      const job = entityOf(derived(long, steps), 'etl_job');
      expect(edgesOf(job.attributes['columnMapping'])).toEqual([['t0.a', 'out0.b']]);
    }
    expect(() =>
      derived(
        chain(3_000, (index) => [typed(`x${index}`)]),
        'collapse',
      ),
    ).toThrow('a.xml has more than 2000000 links between columns.');
  });
});
