import { describe } from 'vitest';
import { stateContract } from '../../contracts/state.ts';
import { largeEventsContract } from '../../contracts/large-events.ts';
import { transactionsContract } from '../../contracts/transactions.ts';
import { transportContract } from '../../contracts/transport.ts';
import { transportAdminContract } from '../../contracts/transport-admin.ts';
import { saslPassword, saslUser } from '../../support/kafka/settings.ts';
import { hasKafka, kafkaOfRun } from '../../support/kafka/shared.ts';
import { anyPrefix, KafkaWorkshop } from './support.ts';

describe.skipIf(!hasKafka)('the contract of a transport, on Kafka', () => {
  const workshop = new KafkaWorkshop();
  const adapter = {
    open: (options: { readonly revokeGraceMs: number }) => workshop.open(options),
    cleanUp: () => workshop.cleanUp(),
  };
  transportContract('kafka', adapter);
  transportAdminContract('kafka', adapter);
  transactionsContract('kafka', adapter);
  transactionsContract('kafka, exactly-once', {
    ...adapter,
    open: (options) => workshop.open({ ...options, processingGuarantee: 'exactly-once' }),
  });
  largeEventsContract('kafka', adapter);

  let prefix = anyPrefix();
  const openState = async () => {
    const transport = await workshop.open({ prefix });
    await transport.ensureTopics([]);
    return transport.transactions.state;
  };
  stateContract('kafka', {
    open: () => {
      prefix = anyPrefix();
      return openState();
    },
    reopen: openState,
    cleanUp: () => workshop.cleanUp(),
  });
});

describe.skipIf(!hasKafka)('the contract of a transport, on Kafka with SASL_SSL', () => {
  const workshop = new KafkaWorkshop(async () => {
    const { plain, secure } = await kafkaOfRun();
    if (secure === undefined) return { brokers: [plain] }; // a broker that was named has what it has
    return {
      brokers: [secure.broker],
      ssl: { ca: [secure.ca] },
      sasl: { mechanism: 'scram-sha-256', username: saslUser, password: saslPassword },
    };
  });
  transportContract('kafka with SASL_SSL', {
    open: (options) => workshop.open(options),
    cleanUp: () => workshop.cleanUp(),
  });
});
