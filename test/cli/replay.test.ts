import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openLocalCatalog } from '../../cli/local-catalog.ts';
import { beginPlan } from '../../pipeline/replay-plan.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { blob, HandWorld } from '../support/by-hand.ts';

const timeout = 240_000;
const names = Array.from({ length: 12 }, (_, index) => `j${index}`);
const jobs = names.map((objectId, index) => ({
  objectId,
  inputs: [`f${index}`],
  outputs: [`f${index + 1}`],
}));
const entity = (id: string) => `etl://demo-etl/jobs/${id}`;

describe('purview-streams replay', () => {
  let world: HandWorld;
  let expected: string;

  /** Deletes an entity of the local catalogue as a person would on its page. */
  async function deleteByHand(typeName: string, qualifiedName: string): Promise<void> {
    const catalog = await openLocalCatalog({ folder: world.state, host: '127.0.0.1', port: 0 });
    const query = new URLSearchParams({ 'attr:qualifiedName': qualifiedName });
    const url = `${catalog.url}/api/atlas/v2/entity/uniqueAttribute/type/${typeName}?${query.toString()}`;
    const authorization = `Basic ${Buffer.from('admin:admin').toString('base64')}`;
    const { status } = await fetch(url, { method: 'DELETE', headers: { authorization } });
    if (status !== 200) throw new Error(`The catalogue answered ${status}.`);
    await catalog.close();
  }

  beforeAll(async () => {
    world = await HandWorld.make(jobs);
    await world.run('run', '--once');
    expected = await world.exported();
  }, timeout);

  afterAll(() => world.remove());

  it('puts back what was deleted by hand, while nothing else runs, and forgets its group', {
    timeout,
  }, async () => {
    expect(expected).toContain(entity('j3'));
    await deleteByHand('etl_job', entity('j3'));
    await deleteByHand('azure_blob_path', blob('f7'));
    expect(await world.exported()).not.toBe(expected);
    expect((await world.run('run', '--once')).code).toBe(0);
    expect(await world.exported()).not.toBe(expected); // a run trusts what it has applied
    const { code, stdout, stderr } = await world.run('replay', '--from', 'beginning');
    expect(code).toBe(0);
    expect(stdout).toContain('Replayed.');
    expect(stderr).toMatch(/replay: [\d,]+ of [\d,]+ events/u);
    expect(stderr).toMatch(/replay: 0 of ([\d,]+) changes\n(.*\n)*replay: \1 of \1 changes/u);
    expect(await world.exported()).toBe(expected);
    expect((await world.run('topics', 'list')).stdout).not.toContain('.replay');
  });

  it('--key and --producer say again what they choose', { timeout }, async () => {
    await deleteByHand('etl_job', entity('j5'));
    const another = await world.run('replay', '--from', 'beginning', '--key', 'hand/job/j4');
    expect([another.code, another.stderr]).toEqual([
      0,
      expect.not.stringContaining('Nothing was said again'),
    ]);
    const none = await world.run('replay', '--from', 'beginning', '--key', 'hand/job/none');
    expect([none.code, none.stderr]).toEqual([0, expect.stringContaining('Nothing was said again')]);
    const unknown = await world.run('replay', '--from', 'beginning', '--producer', 'none');
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('It has: hand.')]);
    expect(await world.exported()).not.toContain(`"${entity('j5')}"`);
    expect(await world.exported()).not.toContain(`"${entity('j5')}"`);
    expect((await world.run('replay', '--from', 'beginning', '--key', 'hand/job/j5')).code).toBe(0);
    expect(await world.exported()).toBe(expected);
  });

  it('--dry-run changes nothing, and says how the present catalogue differs', { timeout }, async () => {
    await deleteByHand('etl_job', entity('j6'));
    const before = await world.exported();
    const file = path.join(world.folder, 'export.ndjson');
    const run = await world.run('replay', '--from', 'beginning', '--dry-run', '--json', '--export', file);
    expect(run.code).toBe(0);
    const { diff, scope } = JSON.parse(run.stdout);
    expect(scope).toBe('whole');
    expect(diff.added).toEqual([{ typeName: 'etl_job', qualifiedName: entity('j6') }]);
    expect(diff.removed).toEqual([]);
    expect(await world.exported()).toBe(before);
    expect(await readFile(file, 'utf8')).toBe(expected);
    const text = await world.run('replay', '--from', 'beginning', '--dry-run');
    expect(text.stdout).toContain('1 entities more');
    expect(text.stdout).toContain(`etl_job ${entity('j6')}`);
  });

  it('--dry-run replays nothing, and exits 2, when the file of --export cannot be written', {
    timeout,
  }, async () => {
    const file = path.join(world.folder, 'no-such-folder', 'export.ndjson');
    const { code, stderr } = await world.run('replay', '--from', 'beginning', '--dry-run', '--export', file);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${file} cannot be written: ENOENT`)]);
    expect(stderr).not.toContain('replay:');
  });

  it('--in-place says everything again with the next run, and is refused while the group has members', {
    timeout,
  }, async () => {
    const transport = createEmbeddedTransport({ folder: path.join(world.state, 'topics') });
    const leave = new AbortController();
    const members = transport.subscribe({ topic: topics.raw, group: groups.transform, signal: leave.signal });
    const member = members[Symbol.asyncIterator]();
    const first = await member.next();
    const refused = await world.run('replay', '--from', 'beginning', '--in-place');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('GROUP_ACTIVE');
    leave.abort();
    if (first.done !== true) await first.value.release();
    await member.return?.();
    await transport.close();
    expect((await world.run('replay', '--from', 'beginning', '--in-place')).code).toBe(0);
    expect((await world.run('run', '--once')).code).toBe(0);
    expect(await world.exported()).toBe(expected);
  });

  it('replays while a pipeline runs in another process, which delivers what comes of it', {
    timeout,
  }, async () => {
    const running = world.start('run');
    await vi.waitFor(() => expect(running.output().stdout).toContain('Settled in'), { timeout });
    await deleteByHand('etl_job', entity('j8'));
    const { code, stderr } = await world.run('replay', '--from', 'beginning');
    expect(code).toBe(0);
    expect(stderr).toContain('the sinks that run deliver');
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
    expect(await world.exported()).toBe(expected);
  });

  it('exits 2 when nothing says where to begin, and when options exclude each other', {
    timeout,
  }, async () => {
    const wrong = [
      await world.run('replay'),
      await world.run('replay', '--from', 'never'),
      await world.run('replay', '--from', 'beginning', '--dry-run', '--in-place'),
      await world.run('replay', '--from', 'beginning', '--in-place', '--producer', 'hand'),
      await world.run('replay', '--from', 'beginning', '--export', 'x'),
      await world.run('replay', '--cancel'),
    ];
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2]);
  });

  it('one that is not through stands in `status`, with what to do', { timeout }, async () => {
    const transport = createEmbeddedTransport({ folder: path.join(world.state, 'topics') });
    const range = { producer: null, key: null, scope: 'whole', from: { 0: 0 }, to: { 0: 1 } } as const;
    await beginPlan(transport, { asked: '--from beginning', startedAt: '2026-03-01T12:00:00Z', ...range });
    await transport.close();
    const waiting = (await world.run('status')).stdout;
    expect(waiting).toContain('replay: --from beginning of 2026-03-01T12:00:00Z is not through');
    expect(waiting).toContain('`replay` goes on with it');
    expect((await world.run('replay', '--cancel')).code).toBe(0);
    expect((await world.run('status')).stdout).not.toContain('replay:');
  });

  it('--dry-run says what waits for assets that nothing describes, and exits 3', { timeout }, async () => {
    const table = {
      type: 'database-object',
      objectId: 'alone',
      system: 'demo',
      path: ['server', 'database', 'schema', 'table'].map((level) => ({ level, name: `lone-${level}` })),
    };
    await world.write(jobs, [JSON.stringify(table)]);
    expect((await world.run('produce', 'hand', '--only', '--once')).code).toBe(0);
    const run = await world.run('replay', '--from', 'beginning', '--dry-run', '--json');
    expect([run.code, JSON.parse(run.stdout)]).toEqual([3, expect.objectContaining({ parked: 1 })]);
  });
});
