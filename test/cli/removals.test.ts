import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blob, HandWorld } from '../support/by-hand.ts';

const timeout = 120_000;
const job = (objectId: string) => ({ objectId, outputs: [`${objectId}.csv`] });
const entity = (objectId: string) => `etl://demo-etl/jobs/${objectId}`;

describe('purview-streams removals', () => {
  let world: HandWorld;

  beforeAll(async () => {
    world = await HandWorld.make(['a', 'b', 'c', 'd'].map(job));
    await world.run('run', '--once');
  }, timeout);

  afterAll(() => world.remove());

  it('list says that there are none, and approve exits 2', { timeout }, async () => {
    expect((await world.run('removals', 'list')).stdout).toBe('No removals are held back.\n');
    const { code, stderr } = await world.run('removals', 'approve', 'hand');
    expect(code).toBe(2);
    expect(stderr).toContain('There are none at all');
  });

  it('names the command when a scan misses too much; nothing is removed', { timeout }, async () => {
    await world.write(['a'].map(job));
    const { code, stderr } = await world.run('run', '--once');
    expect(code).toBe(0);
    expect(stderr).toContain('3 of 4 objects are missing');
    expect(stderr).toContain('removals approve|reject hand');
    expect((await world.run('removals', 'list')).stdout).toMatch(/^hand +3 +4 /mu);
    const { stdout } = await world.run('removals', 'list', 'hand', '--json');
    const objects = stdout.split('\n').filter((line) => line !== '');
    expect(objects.map((line): unknown => JSON.parse(line))).toEqual(
      ['b', 'c', 'd'].map((objectId) => ({ producer: 'hand', type: 'job', objectId, namedBy: [] })),
    );
    expect(await world.exported()).toContain(entity('c'));
  });

  it('reject forgets, until a later scan misses the objects again', { timeout }, async () => {
    expect((await world.run('removals', 'reject', 'hand')).stdout).toContain(
      '3 removals of hand are forgotten',
    );
    expect((await world.run('removals', 'list')).stdout).toContain('No removals');
    await world.run('run', '--once');
    expect((await world.run('removals', 'list')).stdout).toMatch(/^hand +3 +4 /mu);
  });

  it('approve removes what the newest scan did not find, and nothing that came back', {
    timeout,
  }, async () => {
    await world.write(['a', 'b'].map(job));
    await world.run('run', '--once');
    const { code, stdout } = await world.run('removals', 'approve', 'hand', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ producer: 'hand', removed: 2, foundAgain: 0 });
    expect((await world.run('removals', 'list')).stdout).toContain('No removals');
    const summary = JSON.parse((await world.run('run', '--once', '--json')).stdout);
    expect(summary.producers).toMatchObject([{ created: 0, updated: 0, deleted: 4 }]); // each with the file that it wrote
    const exported = await world.exported();
    for (const name of [entity, (id: string) => blob(`${id}.csv`)])
      expect(['a', 'b', 'c', 'd'].filter((id) => exported.includes(`"${name(id)}"`))).toEqual(['a', 'b']);
    await world.write(['a', 'b', 'c', 'd'].map(job));
    await world.run('run', '--once');
    expect(await world.exported()).toContain(entity('d'));
  });
});
