import { describe } from 'vitest';
import { topicCommandsContract } from '../contracts/topic-commands.ts';
import { hasKafka, kafkaOfRun } from '../support/kafka/shared.ts';
import { anyPrefix, KafkaWorkshop } from '../transports/kafka/support.ts';

describe.skipIf(!hasKafka)('purview-streams', () => {
  const workshop = new KafkaWorkshop();
  const prefix = anyPrefix();
  topicCommandsContract('a real Kafka', {
    config: async () => {
      const { plain } = await kafkaOfRun();
      return `kind: kafka, brokers: ['${plain}'], prefix: ${prefix}, sessionMs: 6000`;
    },
    open: () => workshop.open({ prefix }),
    cleanUp: () => workshop.cleanUp(),
    planned: { code: 0, says: 'The topics are as they are wanted.' },
  });
});
