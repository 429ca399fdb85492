import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { topics } from '../../pipeline/topics.ts';
import { createEmbeddedTransport } from '../../transports/embedded/transport.ts';
import { HandWorld, jsonLines } from '../support/by-hand.ts';

const timeout = 120_000;
const letterShape = z.object({ id: z.string(), stage: z.string(), code: z.string(), attempts: z.number() });
const resultShape = z.object({ id: z.string(), redriven: z.boolean(), reason: z.string().exactOptional() });

describe('purview-streams dead-letters', () => {
  let world: HandWorld;
  const poison = Buffer.from('not an event');

  const listed = async (...args: readonly string[]) =>
    jsonLines(letterShape, (await world.run('dead-letters', 'list', '--json', ...args)).stdout);

  beforeAll(async () => {
    world = await HandWorld.make([{ objectId: 'a', outputs: ['x'] }]);
    await world.write([{ objectId: 'a', outputs: ['x'] }], ['{"type":"jib"}']);
    await world.run('run', '--once');
    const transport = createEmbeddedTransport({ folder: path.join(world.state, 'topics') });
    await transport.append(topics.raw, [{ key: 'poison', value: poison, headers: { from: 'a test' } }]);
    await transport.close();
    await world.run('run', '--once');
  }, timeout);

  afterAll(() => world.remove());

  it('list chooses by stage, code and producer', { timeout }, async () => {
    expect((await listed()).map(({ stage }) => stage).sort()).toEqual(['DECODE', 'PRODUCE']);
    expect(await listed('--stage', 'decode')).toMatchObject([{ code: 'EVENT_UNDECODABLE', attempts: 1 }]);
    expect(await listed('--code', 'SOURCE_INVALID')).toMatchObject([{ stage: 'PRODUCE' }]);
    expect(await listed('--producer', 'hand')).toMatchObject([{ stage: 'PRODUCE' }]);
    expect(await listed('--producer', 'nobody')).toEqual([]);
  });

  it('redrive puts back what can go back, exits 3 when one stays, and what fails again is one letter with more attempts', {
    timeout,
  }, async () => {
    const { code, stdout } = await world.run('dead-letters', 'redrive', '--all', '--json');
    expect(code).toBe(3);
    expect((await world.run('dead-letters', 'redrive', '--stage', 'sink')).code).toBe(0);
    const results = jsonLines(resultShape, stdout);
    expect(results.map(({ redriven }) => String(redriven)).sort()).toEqual(['false', 'true']);
    expect(results.find(({ redriven }) => !redriven)?.reason).toContain('produce hand --once');
    expect((await listed()).map(({ stage }) => stage)).toEqual(['PRODUCE']);
    await world.run('run', '--once');
    const again = await listed('--stage', 'decode');
    expect(again).toMatchObject([{ attempts: 2 }]);
    const shown = await world.run('dead-letters', 'show', again[0]?.id ?? '', '--json');
    const { value, headers } = z
      .object({ value: z.string(), headers: z.record(z.string(), z.string()) })
      .parse(JSON.parse(shown.stdout));
    expect(Buffer.from(value, 'base64')).toEqual(poison);
    expect(headers).toMatchObject({ from: 'a test' });
  });

  it('drop forgets by id and by stage, and redrive and drop exit 2 when it is not said which', {
    timeout,
  }, async () => {
    const [decode] = await listed('--stage', 'decode');
    expect((await world.run('dead-letters', 'drop', decode?.id ?? '')).code).toBe(0);
    expect((await world.run('dead-letters', 'drop', '--stage', 'produce')).stdout).toContain(
      '1 dead letters',
    );
    expect(await listed()).toEqual([]);
    const wrong = [
      await world.run('dead-letters', 'drop'),
      await world.run('dead-letters', 'redrive'),
      await world.run('dead-letters', 'redrive', decode?.id ?? ''),
      await world.run('dead-letters', 'redrive', 'x', '--all'),
      await world.run('dead-letters', 'list', '--stage', 'nowhere'),
    ];
    expect(wrong.map(({ code }) => code)).toEqual([2, 2, 2, 2, 2]);
    expect((await world.run('dead-letters', 'list')).stdout).toBe('No dead letters.\n');
  });
});
