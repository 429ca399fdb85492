import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { groups, schedulesTopic, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { HandWorld, jsonLines } from '../support/by-hand.ts';
import { GroupMember } from './transport.ts';

const timeout = 300_000;
const letterShape = z.object({ id: z.string(), stage: z.string(), code: z.string(), attempts: z.number() });
const shownShape = z.object({ value: z.string(), topic: z.string() });
const listedShape = z.object({
  topic: z.string(),
  groups: z.array(z.object({ group: z.string(), lag: z.number() })),
});
const job = (objectId: string, inputs: readonly string[], outputs: readonly string[]) => ({
  objectId,
  inputs,
  outputs,
});

/** Topics of one pipeline on a service, for the commands. */
export interface CommandedTopics {
  /** Fields of the section `transport`. What has to be there before is made. */
  config(): Promise<string>;
  /** Opens the same topics beside the commands. */
  open(): Promise<Transport>;
  cleanUp(): Promise<void>;
  /** What `topics plan` and `topics apply` end with, and say. */
  readonly planned: { readonly code: number; readonly says: string };
}

/** What `topics`, `replay` and `dead-letters` do, wherever the topics are. */
export function topicCommandsContract(name: string, place: CommandedTopics): void {
  describe(`the commands on topics, on ${name}`, () => {
    let world: HandWorld;
    let expected: string;

    beforeAll(async () => {
      world = await HandWorld.make([], 'removalThreshold: 1', await place.config());
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
      await place.cleanUp();
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

    it('replay --in-place is refused, and says why, while the live group has a member', {
      timeout,
    }, async () => {
      const transport = await place.open();
      await new GroupMember(transport, topics.raw, groups.transform).nth(0);
      const refused = await world.run('replay', '--from', 'beginning', '--in-place');
      await transport.close();
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('GROUP_ACTIVE')]);
    });

    it('dead-letters lists what cannot be read, shows it, puts it back, and drops it', {
      timeout,
    }, async () => {
      const poison = Buffer.from('no event');
      const transport = await place.open();
      await transport.append(topics.raw, [{ key: 'poison', value: poison, headers: {} }]);
      await must('run', '--once');
      const listed = async () => jsonLines(letterShape, await must('dead-letters', 'list', '--json'));
      const [letter] = await listed();
      expect(letter).toMatchObject({ stage: 'DECODE', code: 'EVENT_UNDECODABLE', attempts: 1 });
      const shown = await must('dead-letters', 'show', letter?.id ?? '', '--json');
      expect(shownShape.parse(JSON.parse(shown))).toEqual({
        value: poison.toString('base64'),
        topic: topics.raw,
      });
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
      expect(partitions.flatMap((partition) => partition.groups).every(({ lag }) => lag === 0)).toBe(true);
      expect(await must('topics', 'show', topics.raw, '--key', 'hand/job/e')).toContain('hand/job/e');
    });

    it('topics plan and apply say what there is to do, or why they do nothing', { timeout }, async () => {
      const { code, says } = place.planned;
      for (const verb of ['plan', 'apply']) {
        const done = await world.run('topics', verb);
        expect([done.code, done.stdout + done.stderr]).toEqual([code, expect.stringContaining(says)]);
      }
    });
  });
}
