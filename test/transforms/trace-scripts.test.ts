import { beforeAll, describe, expect, it } from 'vitest';
import type { KnownAsset } from '../../pipeline/transform.ts';
import { customDb } from '../../producers/custom-db/component.ts';
import type { RawEvent } from '../../schemas/types.ts';
import { traceScripts } from '../../transforms/trace-scripts.ts';
import { transformContract } from '../contracts/transform.ts';
import {
  eventsOf,
  retailOptions,
  retailSettings,
  warehouseTable,
  warehouseTables,
} from '../support/retail.ts';
import { columnEdges, deriveOne, entityOf, targetsOf, transformContext } from '../support/transforms.ts';

const script = (text: string, name = 's'): RawEvent => ({
  type: 'routine',
  value: {
    producer: 'warehouse',
    objectId: `${name}.custom`,
    position: { incarnation: 'files', sequence: 1 },
    system: 'custom-db',
    path: [
      { level: 'server', name: 'warehouse' },
      { level: 'routine', name },
    ],
    kind: 'SCRIPT',
    language: 'custom',
    text,
    description: null,
    file: `${name}.custom`,
    warnings: [],
    additional: [],
  },
});

const known = [warehouseTable('t', ['a', 'b', 'c']), warehouseTable('u', ['a', 'b'])];

const trace = (
  text: string,
  assets: readonly KnownAsset[] = known,
  caseRule: 'preserve' | 'lower' = 'preserve',
) => {
  const settings = retailSettings();
  const warehouse = settings['warehouse'];
  if (warehouse === undefined) throw new Error('The example has no warehouse.');
  const context = transformContext({ warehouse: { ...warehouse, caseRule } }, assets);
  const derivation = deriveOne(traceScripts, context, script(text));
  const process = entityOf(derivation, 'customdb_script');
  const short = (names: readonly string[]): readonly string[] =>
    names.map((name) => name.replaceAll('customdb://warehouse/tables/', ''));
  return {
    inputs: short(targetsOf(process, 'inputs')),
    outputs: short(targetsOf(process, 'outputs')),
    edges: short(columnEdges(process)),
    warnings: derivation.warnings.map(({ code, location, message }) => `${location} ${code}: ${message}`),
    placeholders: short(
      derivation.changes
        .filter((change) => change.placeholder)
        .map((change) => change.entities[0].qualifiedName),
    ),
    process,
  };
};

transformContract('traceScripts()', traceScripts, {
  context: transformContext(retailSettings(), known),
  examples: [
    script('x=(READ,t,a,b)\n@@OUTPUT=(WRITE,u,x)', 'one'),
    script('x=(ALIAS,missing)\n@@OUTPUT=(WRITE,gone,x)', 'two'),
  ],
});

describe('traceScripts() on the example shop', () => {
  let derived: ReadonlyMap<string, ReturnType<typeof deriveOne>>;
  beforeAll(async () => {
    const context = transformContext(retailSettings(), await warehouseTables());
    const events = await eventsOf(customDb, 'warehouse', retailOptions.warehouse);
    derived = new Map(
      events
        .filter((event) => event.type === 'routine')
        .map((event) => [event.value.objectId, deriveOne(traceScripts, context, event)]),
    );
  });
  const at = 'customdb://warehouse/tables';

  it.each([
    [
      'scripts/daily_sales.custom',
      [
        `${at}/order_facts#amount -> ${at}/daily_sales#amount`,
        `${at}/order_facts#day -> ${at}/daily_sales#day`,
      ],
      [],
    ],
    [
      'scripts/category_sales.custom',
      [
        `${at}/order_facts#amount -> ${at}/category_sales#amount`,
        `${at}/order_facts#category -> ${at}/category_sales#category`,
      ],
      [
        'unknown-column: There is no column kind in the table order_facts. (scripts/category_sales.custom:1)',
        'unwritten-column: The column margin of category_sales is never written. (scripts/category_sales.custom:9)',
      ],
    ],
    [
      'scripts/copy_products.custom',
      [
        `${at}/stg_products#category -> ${at}/product_list#category`,
        `${at}/stg_products#product_id -> ${at}/product_list#product_id`,
        `${at}/stg_products#title -> ${at}/product_list#title`,
      ],
      [],
    ],
  ])('gives every column edge and warning of %s', (file, edges, warnings) => {
    const derivation = derived.get(file);
    if (derivation === undefined) throw new Error(`${file} is not in the example.`);
    const process = entityOf(derivation, 'customdb_script');
    expect(columnEdges(process)).toEqual(edges);
    expect(process.attributes['warnings']).toEqual(warnings);
    expect(targetsOf(process, 'server')).toEqual(['customdb://warehouse']);
    expect(derivation.changes).toHaveLength(1);
  });

  it('has a script for each of them', () => {
    expect(derived.size).toBe(3);
  });
});

describe('traceScripts()', () => {
  it('follows columns through READ, ALIAS, PROJECT, GROUPED_SUM and WRITE', () => {
    const text =
      'r=(READ,t,a,b,c)\nl=(ALIAS,r)\np=(PROJECT,l,b,a)\ng=(GROUPED_SUM,p,b,a)\n@@OUTPUT=(WRITE,u,g)';
    expect(trace(text)).toMatchObject({
      inputs: ['t'],
      outputs: ['u'],
      edges: ['t#a -> u#a', 't#b -> u#b'],
      warnings: [],
      placeholders: [],
    });
  });

  it('takes the whole table for an alias of it, and the nearer variable once it is assigned', () => {
    const text = 't=(ALIAS,t)\nt=(PROJECT,t,a)\nx=(ALIAS,t)\n@@OUTPUT=(WRITE,u,x)';
    expect(trace(text)).toMatchObject({
      inputs: ['t'],
      edges: ['t#a -> u#a'],
      warnings: ['s.custom:4 unwritten-column: The column b of u is never written.'],
    });
  });

  it('keeps the rest of the lineage when a column is read, projected or written that is not there', () => {
    const text = 'r=(READ,t,a,daily)\np=(PROJECT,r,a,other,daily)\n@@OUTPUT=(WRITE,u,p)';
    expect(trace(text)).toMatchObject({
      edges: ['t#a -> u#a'],
      warnings: [
        's.custom:1 unknown-column: There is no column daily in the table t.',
        's.custom:2 unknown-column: There is no column other in r.',
        's.custom:3 unknown-column: u has no column other to write to.',
        's.custom:3 unknown-column: u has no column daily to write to.',
        's.custom:3 unwritten-column: The column b of u is never written.',
      ],
    });
  });

  it('counts a column as written when any WRITE of the script writes it', () => {
    const text = 'x=(READ,t,a)\ny=(READ,t,b)\n@@OUTPUT=(WRITE,u,x)\n@@OUTPUT=(WRITE,u,y)';
    expect(trace(text)).toMatchObject({ edges: ['t#a -> u#a', 't#b -> u#b'], warnings: [] });
  });

  it('keeps the names as they are written, with placeholders, when the tables are not known', () => {
    expect(trace('x=(READ,t,a,z)\n@@OUTPUT=(WRITE,u,x)', [])).toMatchObject({
      edges: ['t#a -> u#a', 't#z -> u#z'],
      placeholders: ['t', 'u'],
      warnings: [
        's.custom:1 unknown-table: The table t is not in the system table; it is only a placeholder.',
        's.custom:2 unknown-table: The table u is not in the system table; it is only a placeholder.',
      ],
    });
  });

  it('guesses no columns when rows of unknown shape are written', () => {
    const [, u] = known;
    expect(trace('x=(ALIAS,t)\n@@OUTPUT=(WRITE,u,x)', u === undefined ? [] : [u])).toMatchObject({
      inputs: ['t'],
      outputs: ['u'],
      edges: [],
      warnings: [
        's.custom:1 unknown-table: The table t is not in the system table; it is only a placeholder.',
      ],
    });
  });

  it("compares names by the source's case rule, and spells columns as their table does", () => {
    const assets = [warehouseTable('t', ['A', 'b']), warehouseTable('u', ['a'])];
    expect(trace('x=(READ,T,a)\n@@OUTPUT=(WRITE,U,x)', assets, 'lower')).toMatchObject({
      edges: ['t#A -> u#a'],
      warnings: [],
    });
  });

  it('warns when a script writes nothing', () => {
    expect(trace('x=(READ,t,a)').warnings).toEqual(['s.custom writes-nothing: The script writes no table.']);
  });

  it.each([
    [
      'x=(PROJECT,y,a)',
      's.custom:1: "y" is not defined before this line; READ or ALIAS a table first: x=(PROJECT,y,a)',
    ],
    ['@@OUTPUT=(WRITE,u,x)\nx=(READ,t,a)', 's.custom:1: "x" is not defined before this line'],
    ['a=(ALIAS,b)\nb=(ALIAS,a)', 's.custom:2: the aliases a, b go round in a circle'],
    ['a=(READ,t,a', 's.custom:1: a parenthesis is missing'],
  ])('throws SCRIPT_INVALID with file, line and text for %s', (text, message) => {
    expect(() => trace(text)).toThrow(expect.objectContaining({ code: 'SCRIPT_INVALID' }));
    expect(() => trace(text)).toThrow(message);
  });

  it('leaves routines in other languages to other transforms', () => {
    const event = script('select 1');
    if (event.type !== 'routine') throw new Error('It is a routine.');
    const sql: RawEvent = { type: 'routine', value: { ...event.value, language: 'sql' } };
    expect(() => deriveOne(traceScripts, transformContext(retailSettings()), sql)).toThrow('derived nothing');
  });
});
