import { howToGetKafka } from './shared.ts';

/** How a test run can come to a broker. */
export interface WaysToKafka {
  /** What KAFKA_BROKERS names. */
  readonly given: string | undefined;
  /** Whether what starts one is installed. */
  readonly canStart: boolean;
  /** Fetches it, where it is not there from an earlier run. Rejects without a network. */
  readonly fetch: () => Promise<unknown>;
}

/** Why there can be no broker, and how to get one; undefined where there is one, or will be. */
export async function whyNoKafka({ given, canStart, fetch }: WaysToKafka): Promise<string | undefined> {
  if (given !== undefined) return undefined;
  if (!canStart) return howToGetKafka;
  try {
    await fetch();
    return undefined;
  } catch {
    return `${howToGetKafka}; mvn could not fetch one (try: mvn -f test/support/kafka/pom.xml dependency:resolve)`;
  }
}

/** Says in one line that the suites of Kafka do not run, and how to run them. @throws where that is a failure: in CI */
export function announceMissing(why: string, ci: string | undefined, say: (line: string) => void): void {
  const line = `The suites of Kafka do not run: ${why}.`;
  if (ci === 'true') throw new Error(line);
  say(`${line}\n`);
}
