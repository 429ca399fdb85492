import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { HandWorld, jsonLines } from '../../support/by-hand.ts';

const timeout = 60_000;
const dataSet = (name: string, more: object = {}) =>
  JSON.stringify({ type: 'entity', objectId: name, typeName: 'DataSet', qualifiedName: name, ...more });

const exportedSchema = z.looseObject({
  typeName: z.string(),
  attributes: z.record(z.string(), z.unknown()),
});

describe('events, of entities by hand', () => {
  let world: HandWorld | undefined;
  afterEach(() => world?.remove());

  it('become entities of types that only the catalogue knows, in any order of references', {
    timeout,
  }, async () => {
    world = await HandWorld.make([]);
    const inputs = [
      { attribute: 'inputs', many: true, targets: [{ typeName: 'DataSet', qualifiedName: 'a' }] },
    ];
    const outputs = [
      { attribute: 'outputs', many: true, targets: [{ typeName: 'DataSet', qualifiedName: 'b' }] },
    ];
    const process = {
      type: 'entity',
      objectId: 'p',
      typeName: 'Process',
      qualifiedName: 'p',
      attributes: { name: 'p' },
      references: [...inputs, ...outputs],
    };
    const sets = ['a', 'b'].map((name) =>
      dataSet(name, { attributes: { name, description: `set ${name}` } }),
    );
    await world.write([], [JSON.stringify(process), ...sets]);
    expect((await world.run('run', '--once')).code).toBe(0);
    expect((await world.run('lineage', 'a')).stdout).toContain('p -> b');
    const exported = jsonLines(exportedSchema, await world.exported());
    expect(exported.find(({ attributes }) => attributes['qualifiedName'] === 'b')).toMatchObject({
      typeName: 'DataSet',
      attributes: { description: 'set b' },
    });
  });
});
