import path from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { HandWorld } from '../support/by-hand.ts';

it('`types plan`, `apply` and `check` show, make and verify the types of the catalogue', {
  timeout: 120_000,
}, async () => {
  const world = await HandWorld.make([{ objectId: 'job', inputs: ['in.csv'], outputs: ['out.csv'] }]);
  try {
    const plan = await world.run('types', 'plan');
    expect(plan.code).toBe(0);
    expect(plan.stdout).toMatch(/^create +azure_blob_path: /mu);
    expect((await world.run('types', 'apply')).stderr).toMatch(/\d+ differences were applied, 0 refused/u);
    expect(await world.run('types', 'plan')).toMatchObject({ code: 0, stdout: '' });
    await world.run('produce', 'hand', '--only', '--once');
    await world.run('transform', '--once');
    const check = await world.run('types', 'check');
    expect({ code: check.code, stdout: check.stdout }).toEqual({ code: 0, stdout: '' });
    expect(check.stderr).toContain('No entity would be refused.');
  } finally {
    await world.remove();
  }
});

it('`what-if` names what a catalogue would refuse in a file of changes', { timeout: 60_000 }, async () => {
  const world = await HandWorld.make([]);
  try {
    const file = path.join(world.folder, 'changes.ndjson');
    const entity = { typeName: 'azure_nope', qualifiedName: 'x', attributes: { name: 'x' }, references: [] };
    await writeFile(file, `${JSON.stringify({ producer: 'hand', entities: [entity] })}\n`);
    const found = await world.run('what-if', file);
    expect(found.code).toBe(3);
    expect(found.stdout).toMatch(/^unknown-type +x \(hand\): No type azure_nope/u);
    await writeFile(file, 'no json\n');
    expect((await world.run('what-if', file)).stderr).toContain(`${file}:1 is no entity change`);
  } finally {
    await world.remove();
  }
});
