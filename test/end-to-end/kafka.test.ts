import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasKafka, kafkaOfRun } from '../support/kafka/shared.ts';
import { type ShopRuns, startShop } from '../support/shop-runs.ts';
import { anyPrefix } from '../transports/kafka/support.ts';

const timeout = 300_000;

describe.skipIf(!hasKafka)('the example shop through a real Kafka', () => {
  let shop: ShopRuns;
  const prefix = anyPrefix();

  beforeAll(async () => {
    shop = await startShop();
  }, timeout);

  afterAll(() => shop.stop());

  it('run ends in the catalogue that it ends in on the embedded transport', { timeout }, async () => {
    const { plain } = await kafkaOfRun();
    const transport = `transport: { kind: kafka, brokers: ['${plain}'], prefix: ${prefix}, partitions: 2 }`;
    await shop.run('embedded');
    await shop.run('kafka', { transport });
    const expected = await shop.exported('embedded');
    expect(await shop.exported('kafka')).toBe(expected);
    const again = JSON.parse(await shop.run('kafka', { transport, args: ['--json'] })) as {
      readonly writeCalls: number;
    };
    expect(again.writeCalls).toBe(0);
    expect(await shop.exported('kafka')).toBe(expected);
  });
});
