import { refuseActive, settableOffset } from '../../pipeline/group-offsets.ts';
import type { TransportAdmin } from '../../pipeline/transport.ts';
import type { Shared } from './assignment.ts';
import { living } from './group-state.ts';
import type { LogTopic } from './log.ts';
import { machineClock } from './place.ts';
import { world } from './subscription.ts';

/** What people do with the topics and groups of a log. `open` throws when the transport is closed. */
export function createAdmin(open: () => Shared): TransportAdmin {
  return {
    topics: async () => {
      const { log } = open();
      log.refresh();
      return [...log.topicNames()].sort();
    },
    offsetAt: async (name, partition, timestamp) => {
      const { log } = open();
      const topic = log.topic(name);
      log.refresh();
      return log.offsetAt(topic, partition, timestamp);
    },
    members: async (name, group) => {
      const shared = open();
      const topic = shared.log.topic(name);
      shared.log.refresh();
      return membersOf(shared, topic, group);
    },
    resetOffsets: async (name, group, offsets) => {
      const shared = open();
      const topic = shared.log.topic(name);
      await shared.committer.run(() => {
        refuseActive(name, group, membersOf(shared, topic, group));
        for (const [partition, offset] of offsets) {
          const { earliest, next } = shared.log.partition(topic, partition);
          const settable = settableOffset(name, { partition, earliest, next }, offset);
          shared.groups.reset(topic, group, partition, settable);
        }
      });
    },
    forgetGroup: async (name, group) => {
      const shared = open();
      const topic = shared.log.topic(name);
      await shared.committer.run(() => {
        refuseActive(name, group, membersOf(shared, topic, group));
        shared.groups.forget(topic, group);
      });
    },
  };
}

function membersOf({ groups }: Shared, topic: LogTopic, group: string): number {
  return living(groups.read(topic, group), world(machineClock())).length;
}
