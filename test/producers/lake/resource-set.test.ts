import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileGroups, type ResourceSetRules } from '../../../producers/lake/group-files.ts';
import { resourceSetName } from '../../../producers/lake/resource-set.ts';

describe('resourceSetName()', () => {
  // The first five are the examples of Purview's documentation, "Understanding resource sets".
  it.each([
    ['machinesets/23/foo.parquet', 'machinesets/{N}/foo.parquet'],
    ['weblogs/cy_gb/1004.json', 'weblogs/{LOC}/{N}.json'],
    ['weblogs/de_Ch/23434.json', 'weblogs/{LOC}/{N}.json'],
    ['sample-data/data7.csv', 'sample-data/data{N}.csv'],
    [
      'my-partitioned-data/2024-05-06/1-2-3-4/0f8fad5b-d9cb-469f-a165-70867728950e',
      'my-partitioned-data/{Year}-{Month}-{Day}/{N}-{N}-{N}-{N}/{GUID}',
    ],
    [
      'out/part-00012-0f8fad5b-d9cb-469f-a165-70867728950e-c000.snappy.parquet',
      'out/{SparkPartitions}.snappy.parquet',
    ],
    [
      'sales/year=2024/month=05/region=EU/part-00001.c000.snappy.parquet',
      'sales/year={Year}/month={Month}/region={region}/{SparkPartitions}.snappy.parquet',
    ],
    ['dt=2024-05-06/hour=13/a.csv', 'dt={Year}-{Month}-{Day}/hour={Hour}/a.csv'],
    ['raw/2024/05/06/log.csv', 'raw/{Year}/{Month}/{Day}/log.csv'],
    ['raw/2024/5/6/13/59/x.csv', 'raw/{Year}/{Month}/{Day}/{Hour}/{Minute}/x.csv'],
    ['raw/2024/13/06/log.csv', 'raw/{N}/{N}/{N}/log.csv'],
    ['iot/20240506/dev9.avro', 'iot/{Year}{Month}{Day}/dev{N}.avro'],
    ['iot/20241306/dev.avro', 'iot/{N}/dev.avro'],
    ['log.2024-05-06.csv', 'log.{Year}-{Month}-{Day}.csv'],
    ['access.log.17', 'access.log.{N}'],
    ['x/00ff.bin', 'x/{HEX}.bin'],
    ['x/beef.csv', 'x/beef.csv'],
    ['my_db/f.csv', 'my_db/f.csv'],
    ['docs/report1.xlsx', 'docs/report1.xlsx'],
    ['docs/2024/report.PDF', 'docs/2024/report.PDF'],
    ['raw/plain.csv', 'raw/plain.csv'],
    ['', ''],
  ])('%s is %s', (path, name) => {
    expect(resourceSetName(path)).toBe(name);
  });

  it('keeps the folders of any path, gives all numbers one name, and is the same again', () => {
    const part = fc.stringMatching(/^[a-zA-Z._=-]{0,12}\d{0,9}[a-zA-Z._-]{0,6}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const name = resourceSetName(parts.join('/'));
        expect(name.split('/')).toHaveLength(parts.length);
        expect(resourceSetName(parts.join('/'))).toBe(name);
      }),
    );
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        expect(resourceSetName(`t/x${a}y.csv`)).toBe(resourceSetName(`t/x${b}y.csv`));
      }),
    );
  });

  it('ends on what is long and hostile', { timeout: 60_000 }, () => {
    for (const part of ['a', '1', '-', '0f8fad5b-', '2024-', 'part-1', '=', 'a1', '{N}'])
      expect(resourceSetName(part.repeat(100_000)).length).toBeGreaterThan(0);
  });
});

describe('FileGroups', () => {
  const rules: ResourceSetRules = { enabled: true, accept: ['**'], reject: [], minFiles: 1 };
  const grouped = (paths: readonly string[], more: Partial<ResourceSetRules> = {}) => {
    const groups = new FileGroups({ ...rules, ...more });
    for (const [index, path] of paths.entries())
      groups.add({ path, bytes: 1, modifiedMs: index, version: '1' });
    return [...groups.datasets()].map(({ name, newest }) => `${name} < ${newest[0]?.path ?? ''}`);
  };
  const paths = ['sales7/a.csv', 'sales8/a.csv', 'v1/x.csv', 'plain.csv'];

  it('takes the schema of a set from its newest file, whatever the order of listing', () => {
    expect(grouped(paths)).toEqual([
      'plain.csv < plain.csv',
      'sales{N}/a.csv < sales8/a.csv',
      'v{N}/x.csv < v1/x.csv',
    ]);
    const groups = new FileGroups(rules);
    for (const [path, modifiedMs] of [
      ['a2.csv', 5],
      ['a9.csv', 1],
      ['a1.csv', 9],
      ['a3.csv', 9],
    ] as const)
      groups.add({ path, bytes: 1, modifiedMs, version: '1' });
    expect([...groups.datasets()][0]?.newest.map(({ path }) => path)).toEqual(['a3.csv', 'a1.csv', 'a2.csv']);
  });

  it('leaves files alone that are rejected or not accepted, too few, or when it is off', () => {
    expect(grouped(paths, { reject: ['sales*/**'] })).toContain('sales7/a.csv < sales7/a.csv');
    expect(grouped(paths, { accept: ['sales*/**'] })).toContain('v1/x.csv < v1/x.csv');
    expect(grouped(paths, { minFiles: 2 })).toEqual([
      'plain.csv < plain.csv',
      'sales{N}/a.csv < sales8/a.csv',
      'v1/x.csv < v1/x.csv',
    ]);
    expect(grouped(paths, { enabled: false })).toHaveLength(4);
  });
});
