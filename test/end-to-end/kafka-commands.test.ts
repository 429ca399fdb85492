import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schedulesTopic, topics } from '../../pipeline/topics.ts';
import { HandWorld, jsonLines } from '../support/by-hand.ts';
import { hasKafka, kafkaOfRun } from '../support/kafka/shared.ts';
import { anyPrefix, KafkaWorkshop } from '../transports/kafka/support.ts';

const timeout = 300_000;
const letterShape = z.object({ stage: z.string(), code: z.string(), attempts: z.number() });
const listedShape = z.object({
  topic: z.string(),
  groups: z.array(z.object({ group: z.string(), lag: z.number() })),
});
const job = (objectId: string, inputs: readonly string[], outputs: readonly string[]) => ({
  objectId,
  inputs,
  outputs,
});

describe.skipIf(!hasKafka)('the commands on topics, on a real Kafka', () => {
  const workshop = new KafkaWorkshop();
  const prefix = anyPrefix();
  let world: HandWorld;
  let expected: string;

  beforeAll(async () => {
    const { plain } = await kafkaOfRun();
    const transport = `kind: kafka, brokers: ['${plain}'], prefix: ${prefix}, sessionMs: 6000`;
    world = await HandWorld.make([], 'removalThreshold: 1', transport);
    for (const jobs of [
      [job('a', ['x'], ['y']), job('b', ['y'], ['z']), job('d', ['w'], ['v'])],
      [job('a', ['x2'], ['y2']), job('b', ['y2'], ['z2']), job('e', ['z2'], ['w'])],
    ]) {
      await world.write(jobs);
      await must('run', '--once');
    }
    expected = await world.exported();
  }, timeout);

  afterAll(async () => {
    await workshop.cleanUp();
    await world.remove();
  });

  const must = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await world.run(...args);
    if (code !== 0 && code !== 3) throw new Error(stdout + stderr);
    return stdout;
  };

  it('replay ends in the same catalogue, beside the live group and in its place', { timeout }, async () => {
    expect(expected).toContain('etl://demo-etl/jobs/e');
    expect(expected).not.toContain('etl://demo-etl/jobs/d"');
    expect(await must('replay', '--from', 'beginning', '--dry-run')).toContain(
      '0 entities more, 0 different, 0 fewer',
    );
    await must('replay', '--from', 'beginning');
    expect(await world.exported()).toBe(expected);
    await must('replay', '--from', '1', '--to', '4', '--key', 'hand/job/a');
    expect(await world.exported()).toBe(expected);
    await must('replay', '--from', 'beginning', '--in-place');
    await must('run', '--once');
    expect(await world.exported()).toBe(expected);
  });

  it('dead-letters lists what cannot be read, puts it back, and drops it', { timeout }, async () => {
    const transport = await workshop.open({ prefix });
    await transport.append(topics.raw, [{ key: 'poison', value: Buffer.from('no event'), headers: {} }]);
    await must('run', '--once');
    const listed = async () => jsonLines(letterShape, await must('dead-letters', 'list', '--json'));
    expect(await listed()).toMatchObject([{ stage: 'DECODE', code: 'EVENT_UNDECODABLE', attempts: 1 }]);
    await must('dead-letters', 'redrive', '--all');
    await must('run', '--once');
    expect(await listed()).toMatchObject([{ attempts: 2 }]);
    await must('dead-letters', 'drop', '--all');
    expect(await listed()).toEqual([]);
    expect(await world.exported()).toBe(expected);
  });

  it('topics list says that everything is settled, and show prints events', { timeout }, async () => {
    const partitions = jsonLines(listedShape, await must('topics', 'list', '--json'));
    expect(new Set(partitions.map(({ topic }) => topic))).toEqual(
      new Set([...Object.values(topics), schedulesTopic]),
    );
    expect(partitions.flatMap(({ groups }) => groups).every(({ lag }) => lag === 0)).toBe(true);
    expect(await must('topics', 'show', topics.raw, '--key', 'hand/job/e')).toContain('hand/job/e');
  });
});
