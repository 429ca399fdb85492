import { describe, expect, it } from 'vitest';
import { announceMissing, whyNoKafka } from '../support/kafka/missing.ts';

const fetched = async (): Promise<void> => undefined;
const unreachable = async (): Promise<void> => {
  throw new Error('Command failed: mvn -q');
};
const never = async (): Promise<never> => {
  throw new Error('Nothing is to be fetched.');
};

describe('a test run where no Kafka can be had', () => {
  it('has one where KAFKA_BROKERS names it, or it is fetched', async () => {
    expect(await whyNoKafka({ given: 'h:9092', canStart: false, fetch: never })).toBeUndefined();
    expect(await whyNoKafka({ given: undefined, canStart: true, fetch: fetched })).toBeUndefined();
  });

  it.each([
    ['nothing starts one', { canStart: false, fetch: never }, /^they need java and mvn .*KAFKA_BROKERS/u],
    ['there is no network', { canStart: true, fetch: unreachable }, /KAFKA_BROKERS.*could not fetch one/u],
  ])('says in one line which suites do not run, and how to run them, when %s', async (_, ways, how) => {
    const why = await whyNoKafka({ given: undefined, ...ways });
    const said: string[] = [];
    announceMissing(why ?? '', undefined, (line) => said.push(line));
    expect(why).toMatch(how);
    expect(said).toEqual([`The suites of Kafka do not run: ${why}.\n`]);
    expect(said[0]?.match(/\n/gu)).toHaveLength(1);
  });

  it('fails when it runs in CI', () => {
    const unsaid = (): never => {
      throw new Error('It is not only said.');
    };
    expect(() => announceMissing('they need java', 'true', unsaid)).toThrow(
      'The suites of Kafka do not run: they need java.',
    );
  });
});
