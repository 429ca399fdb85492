import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EmbeddedTransport } from '../../../transports/embedded/transport.ts';
import { seededRandom } from '../../support/random.ts';
import { Child, type ChildOptions } from './child-process.ts';
import { readAll, record, textOf, Workshop } from './support.ts';

const workshop = new Workshop();
const children: Child[] = [];
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await workshop.cleanUp();
});
const patient = { timeout: 20_000, interval: 20 };

function start(role: 'produce' | 'consume', options: ChildOptions): Child {
  const child = new Child(role, options);
  children.push(child);
  return child;
}

async function log(
  partitions: number,
): Promise<{ readonly folder: string; readonly transport: EmbeddedTransport }> {
  const folder = workshop.folder();
  const transport = workshop.open({ folder });
  await transport.ensureTopics([
    { name: 'in', partitions },
    { name: 'out', partitions },
  ]);
  return { folder, transport };
}

/** Texts of a topic, partition by partition. */
async function texts(transport: EmbeddedTransport, topic: string): Promise<readonly (string | null)[][]> {
  const states = await transport.describe(topic);
  return Promise.all(
    states.map(async ({ partition }) => (await readAll(transport, topic, partition)).map(textOf)),
  );
}

describe('embedded transport in several processes', () => {
  it('subscribe() shares partitions when processes join, leave and are killed', async () => {
    const { folder } = await log(4);
    const options = { folder, sessionMs: 30_000 };
    const one = start('consume', { ...options, name: 'one' });
    await vi.waitFor(() => expect(one.partitions).toEqual([0, 1, 2, 3]), patient);
    const two = start('consume', { ...options, name: 'two' });
    await vi.waitFor(() => expect([one.partitions.length, two.partitions.length]).toEqual([2, 2]), patient);
    expect([...one.partitions, ...two.partitions].sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    two.tell('leave');
    await two.ended;
    await vi.waitFor(() => expect(one.partitions).toEqual([0, 1, 2, 3]), patient);
    const three = start('consume', { ...options, name: 'three' });
    await vi.waitFor(() => expect(three.partitions).toHaveLength(2), patient);
    const killed = performance.now();
    await one.kill();
    await vi.waitFor(() => expect(three.partitions).toEqual([0, 1, 2, 3]), patient);
    expect(performance.now() - killed).toBeLessThan(15_000); // the process is seen to be gone long before its lease ends
  }, 90_000);

  it('transactions.run() writes nothing when a process was stopped for longer than its session', async () => {
    const { folder, transport } = await log(1);
    const zombie = start('consume', { folder, sessionMs: 1000, name: 'zombie' });
    await vi.waitFor(() => expect(zombie.partitions).toEqual([0]), patient);
    zombie.tell('freeze');
    await vi.waitFor(() => {
      const stat = readFileSync(`/proc/${zombie.process.pid}/stat`, 'utf8');
      expect(stat.slice(stat.lastIndexOf(')') + 2)[0]).toBe('T');
    }, patient);
    const heir = start('consume', { folder, sessionMs: 1000, name: 'heir' });
    await vi.waitFor(() => expect(heir.partitions).toEqual([0]), patient);
    await transport.append('in', [record('k', 'a'), record('k', 'b')]);
    await vi.waitFor(async () => expect(await texts(transport, 'out')).toEqual([['a', 'b']]), patient);
    zombie.process.kill('SIGCONT');
    await vi.waitFor(() => expect(zombie.lines).toContain('released 0'), patient);
    await transport.append('in', [record('k', 'c')]);
    await vi.waitFor(async () => expect(await texts(transport, 'out')).toEqual([['a', 'b', 'c']]), patient);
    expect(zombie.lines.filter((line) => line.startsWith('copied'))).toEqual([]);
  }, 90_000);

  it('append() loses nothing and transactions.run() doubles nothing when processes are killed at any point', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    const next = seededRandom(seed);
    const rounds = Number(process.env['KILLS'] ?? 5);
    const { folder, transport } = await log(3);
    let names = 0;
    const fresh = (role: 'produce' | 'consume'): Child => {
      names += 1;
      return start(role, { folder, sessionMs: 5000, name: `${role}${names}` });
    };
    const roles = ['produce', 'consume', 'consume'] as const;
    const running = roles.map(fresh);
    const acknowledged = new Set<string>();
    const collect = (child: Child): void => {
      for (const line of child.lines) {
        const [word, ...ids] = line.split(' ');
        if (word === 'acknowledged') for (const id of ids) acknowledged.add(id);
      }
    };
    for (let round = 0; round < rounds; round += 1) {
      const index = Math.floor(next() * roles.length);
      const victim = running[index];
      const role = roles[index];
      if (victim === undefined || role === undefined) continue;
      const enough = victim.lines.length + 1 + Math.floor(next() * 20);
      await vi.waitFor(() => expect(victim.lines.length).toBeGreaterThan(enough), {
        ...patient,
        interval: 3,
      });
      await victim.kill();
      collect(victim);
      running[index] = fresh(role);
    }
    for (const child of running) if (child.process.spawnargs.includes('produce')) child.tell('leave');
    await Promise.all(running.filter((_, index) => roles[index] === 'produce').map((child) => child.ended));
    for (const child of running) collect(child);
    await vi.waitFor(async () => {
      for (const { next: end, committed } of await transport.describe('in')) expect(committed['g']).toBe(end);
    }, patient);
    const [inputs, outputs] = [await texts(transport, 'in'), await texts(transport, 'out')];
    expect(acknowledged.size, `seed ${seed}`).toBeGreaterThan(0);
    const logged = new Set(inputs.flat());
    const lost = [...acknowledged].filter((id) => !logged.has(id));
    expect(lost, `seed ${seed}: acknowledged, but not in the log`).toEqual([]);
    expect(outputs, `seed ${seed}: each input once, in order`).toEqual(inputs);
  }, 90_000);
});
