import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { topicsText } from '../../cli/topic-listing.ts';
import { schedulesTopic } from '../../pipeline/topics.ts';
import { blob, HandWorld, jsonLines } from '../support/by-hand.ts';
import { runHere } from '../support/run-here.ts';

const timeout = 120_000;
const partitionShape = z.object({
  topic: z.string(),
  groups: z.array(z.object({ lag: z.number(), oldestMs: z.number().nullable(), members: z.number() })),
});
const recordShape = z.object({
  key: z.string(),
  offset: z.number(),
  time: z.string(),
  type: z.string().nullable(),
  value: z.unknown(),
});

it('topicsText() has one row for the leases of all producers, with the processes that have or want them', () => {
  const idle = { committed: 0, lag: 0, oldestMs: null };
  const groups = [2, 1, 0].map((members, index) => ({ group: `lease.${index}`, members, ...idle }));
  const nothing = { partition: 0, earliest: 0, next: 0, records: null, bytes: null };
  const lines = topicsText([{ topic: schedulesTopic, ...nothing, groups }]).split('\n');
  expect(lines.slice(2)).toEqual([expect.stringMatching(/^metadata\.schedules .* 3 leases +3 *$/u)]);
});

describe('purview-streams topics', () => {
  let world: HandWorld;

  beforeAll(async () => {
    world = await HandWorld.make([
      { objectId: 'a', inputs: ['x'], outputs: ['y'] },
      { objectId: 'b', inputs: ['y'], outputs: ['z'] },
    ]);
  });

  afterAll(() => world.remove());

  it('list says what to do and exits 1 when nothing has run yet', { timeout }, async () => {
    const { code, stderr } = await world.run('topics', 'list');
    expect(code).toBe(1);
    expect(stderr).toContain('Run the pipeline first');
  });

  it('list and show read what a pipeline does that runs in another process', { timeout }, async () => {
    const running = world.start('run');
    await vi.waitFor(() => expect(running.output().stdout).toContain('Settled in'), { timeout });
    // A source that is followed is looked at once more, which may be under way.
    await vi.waitFor(
      async () => {
        const listed = jsonLines(partitionShape, (await world.run('topics', 'list', '--json')).stdout);
        expect(listed.map(({ topic }) => topic)).toEqual([
          ...['metadata.dead-letters', 'metadata.entities', 'metadata.raw'].flatMap((name) => [name, name]),
          'metadata.schedules', // its one group tells who reads the source
        ]);
        const progress = listed.flatMap(({ groups }) => groups);
        expect(progress).toHaveLength(5);
        for (const group of progress) expect(group).toMatchObject({ lag: 0, oldestMs: null, members: 1 });
      },
      { timeout },
    );
    const text = await world.run('topics', 'list');
    expect(text.stdout).toMatch(/metadata\.raw +0 .*purview-streams\.transform +1 /u);
    expect(text.stdout).toMatch(/^metadata\.schedules .* 1 lease +1 *$/mu);

    const followed = world.start('topics', 'show', 'metadata.raw', '--from', '0', '--follow');
    await vi.waitFor(() => expect(followed.output().stdout).toContain('hand/job/b'), { timeout });
    followed.child.kill('SIGINT');
    expect((await followed.ended).code).toBe(0);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });

  it('show prints decoded events by key, from an offset or a time, up to a limit', { timeout }, async () => {
    const show = async (...args: readonly string[]) =>
      jsonLines(recordShape, (await world.run('topics', 'show', ...args, '--json')).stdout);
    const [job] = await show('metadata.raw', '--key', 'hand/job/a', '--limit', '1');
    expect(job).toMatchObject({ key: 'hand/job/a', type: 'job', value: { objectId: 'a', tool: 'demo-etl' } });
    const entities = await show('metadata.entities', '--limit', '1000');
    expect(entities.map(({ key }) => key)).toContain(blob('z'));
    const times = entities.map(({ time }) => Date.parse(time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const later = await show('metadata.entities', '--from', '1', '--partition', '0', '--limit', '1000');
    expect(later.map(({ offset }) => offset)).toEqual(later.map((_, index) => index + 1));
    expect(await show('metadata.entities', '--from', '2999-01-01T00:00:00Z')).toEqual([]);
    expect(await show('metadata.entities', '--from', 'end')).toEqual([]);
    const text = await world.run('topics', 'show', 'metadata.raw', '--limit', '1');
    expect(text.stdout).toMatch(/^metadata\.raw-\d-\d {2}\S+Z {2}[a-z-]+ {2}hand\/\S+$/mu);
    expect(text.stderr).toContain('There is more');
  });

  it('show exits 2 and names what there is when a topic, partition or place does not exist', {
    timeout,
  }, async () => {
    const wrong = [
      await world.run('topics', 'show', 'metadata.rwa'),
      await world.run('topics', 'show', 'metadata.raw', '--partition', '7'),
      await world.run('topics', 'show', 'metadata.raw', '--from', 'yesterday'),
    ];
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(wrong[0]?.stderr).toContain('metadata.dead-letters, metadata.entities, metadata.raw');
    expect(wrong[1]?.stderr).toContain('It has 2');
    expect(wrong[2]?.stderr).toContain('2026-03-01T12:00:00Z');
  });

  it.each([
    ['event-hubs, connectionString: c, blobs: { connectionString: b }', 'command line of Azure'],
    ['kafka, preset: event-hubs, namespace: n.servicebus.windows.net', 'command line of Azure'],
    ['embedded', 'makes its topics itself'],
  ])('plan and apply exit 2 and say why on %s', { timeout }, async (transport, why) => {
    const config = path.join(world.folder, 'planned.yaml');
    await writeFile(config, `transport: { kind: ${transport} }\nsink: { kind: local }\nproducers: {}\n`);
    for (const verb of ['plan', 'apply']) {
      const { code, stderr } = await runHere(['topics', verb, '--config', config]);
      expect(code).toBe(2);
      expect(stderr).toContain(why);
    }
  });

  it('list needs no configuration when the state folder is named', { timeout }, async () => {
    const none = path.join(world.folder, 'none.yaml');
    const { code, stdout } = await runHere(['topics', 'list', '--config', none, '--state', world.state]);
    expect(code).toBe(0);
    expect(stdout).toContain('metadata.raw');
  });
});
