import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { collect } from '../../contracts/transport.ts';
import { hasKafka } from '../../support/kafka/shared.ts';
import { anyPrefix, KafkaWorkshop } from './support.ts';

describe.skipIf(!hasKafka)('close()', () => {
  const workshop = new KafkaWorkshop();
  afterAll(() => workshop.cleanUp());

  it('leaves no connection open, at whatever moment it is called', { timeout: 120_000 }, async () => {
    const prefix = anyPrefix();
    await (await workshop.open({ prefix })).ensureTopics([{ name: 'four', partitions: 4 }]);
    for (let moment = 0; moment < 60; moment += 4) {
      const sockets: Socket[] = [];
      const transport = await workshop.open({
        prefix,
        socketFactory: ({ host, port, onConnect }) => {
          const socket = connect({ host, port }, onConnect);
          sockets.push(socket);
          return socket;
        },
      });
      const reading = (async () => {
        for (const partition of [0, 1, 2, 3]) await collect(transport.read('four', partition, 0));
        await transport.transactions.state.get('key');
      })();
      const ended = reading.catch((thrown: unknown) => thrown);
      await delay(moment);
      await transport.close();
      await ended;
      await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => !destroyed)).toEqual([]), {
        timeout: 5000,
      });
    }
  });
});
