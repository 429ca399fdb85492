import { afterEach, describe, expect, it } from 'vitest';
import { HandWorld } from '../../support/by-hand.ts';

const timeout = 120_000;

const above = [
  { level: 'server', name: 'demo' },
  { level: 'database', name: 'shop' },
  { level: 'schema', name: 'public' },
];
const database = above.map(({ name }, at) =>
  JSON.stringify({
    type: 'database-object',
    objectId: `above ${name}`,
    system: 'demo',
    path: above.slice(0, at + 1),
  }),
);
const table = (name: string) =>
  JSON.stringify({
    type: 'database-object',
    objectId: name,
    system: 'demo',
    path: [...above, { level: 'table', name }],
    columns: [{ name: 'id', ordinal: 1, dataType: 'int' }],
  });
const routine = (name: string, level: string, path = above) =>
  JSON.stringify({
    type: 'routine',
    objectId: name,
    system: 'demo',
    path: [...path, { level, name }],
    kind: 'PROCEDURE',
    language: 'tsql',
    text: `CREATE PROCEDURE ${name} AS INSERT INTO copies (id) SELECT o.id FROM orders o`,
  });

describe('events, of routines by hand', () => {
  let world: HandWorld | undefined;
  afterEach(() => world?.remove());

  it('become one process each with column lineage', { timeout }, async () => {
    world = await HandWorld.make([]);
    await world.write([], [...database, table('orders'), table('copies'), routine('load1', 'routine')]);
    expect((await world.run('run', '--once')).code).toBe(0);
    const { stdout } = await world.run('lineage', 'db://demo/shop/public/orders');
    expect(stdout).toContain('db://demo/shop/public/routines/load1 -> db://demo/shop/public/copies');
    expect(stdout).toContain('db://demo/shop/public/orders#id -> db://demo/shop/public/copies#id');
  });

  it.each([
    [
      'whose level has another name',
      routine('load2', 'procedure'),
      '"procedure\\" in path is no level. Levels are',
    ],
    ['that end with a table', routine('load3', 'table'), 'ends with the level routine'],
    ['that are in no schema', routine('load4', 'routine', above.slice(0, 2)), 'schema'],
  ])('are refused with the reason: ones %s', { timeout }, async (_, event, reason) => {
    world = await HandWorld.make([]);
    await world.write([], [...database, table('orders'), table('copies'), event]);
    await world.run('run', '--once');
    expect((await world.run('dead-letters', 'list', '--json')).stdout).toContain(reason);
    expect(await world.exported()).toContain('db://demo/shop/public/orders');
  });
});
