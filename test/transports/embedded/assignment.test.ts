import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openLmdb } from '../../../platform/lmdb.ts';
import { EmbeddedAssignment } from '../../../transports/embedded/assignment.ts';
import { Committer } from '../../../transports/embedded/committer.ts';
import type { GroupState } from '../../../transports/embedded/group-state.ts';
import { Groups } from '../../../transports/embedded/groups.ts';
import { EmbeddedLog } from '../../../transports/embedded/log.ts';
import { Wakeup } from '../../../transports/embedded/wakeup.ts';

it('commit() goes by who holds the partition in that transaction, before anybody has told the member that it is another one', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'assignment-'));
  const environment = openLmdb({ folder, code: 'TRANSPORT_DAMAGED', advice: 'None.', maxDatabases: 64 });
  onTestFinished(async () => {
    await environment.close();
    await rm(folder, { recursive: true, force: true });
  });
  const log = new EmbeddedLog(environment, 1024 ** 2);
  const groups = new Groups(environment);
  const committer = new Committer(environment, folder, () => undefined);
  await committer.run(() => log.createTopic({ name: 'topic', partitions: 1 }));
  const topic = log.topic('topic');
  const heldBy = (owner: string, epoch: number): GroupState => ({
    members: [],
    partitions: [{ owner, epoch, revokeBy: null }],
  });
  await committer.run(() => {
    log.append(
      log.prepare(
        'topic',
        [1, 2].map((at) => ({ key: `${at}`, value: null, headers: {} })),
      ),
      0,
    );
    groups.write(topic, 'group', heldBy('a', 1));
  });
  const shared = { log, groups, committer, wakeup: new Wakeup(), isClosed: () => false };
  const held = { topic, group: 'group', partition: 0, member: 'a', epoch: 1, graceMs: 0 };
  const assignment = new EmbeddedAssignment(shared, held, async () => undefined);
  const position = (): number => groups.position(topic, 'group', 0, log.partition(topic, 0));
  expect([await assignment.commit(1), position()]).toEqual([true, 1]);
  for (const [owner, epoch] of [
    ['b', 2],
    ['a', 3],
  ] as const) {
    await committer.run(() => groups.write(topic, 'group', heldBy(owner, epoch)));
    expect([await assignment.commit(2), position()]).toEqual([false, 1]);
  }
});
