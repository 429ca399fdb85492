import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kafkaOptions } from '../../../cli/open-kafka.ts';
import { transportSchema } from '../../../pipeline/transport-config.ts';
import type { Transport } from '../../../pipeline/transport.ts';
import { createKafkaTransport } from '../../../transports/kafka/transport.ts';
import { collect, textRecord } from '../../contracts/transport.ts';
import type { BrokerAddress } from '../../support/kafka/broker.ts';
import { saslPassword, saslUser } from '../../support/kafka/settings.ts';
import { hasKafka, kafkaOfRun } from '../../support/kafka/shared.ts';
import { startServer } from '../../support/http-server.ts';
import { anyPrefix } from './support.ts';

/** A token without a signature, which the broker of the tests takes. */
function token(): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const seconds = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'none' })}.${part({ sub: saslUser, iat: seconds, exp: seconds + 600 })}.`;
}

describe.skipIf(!hasKafka || process.env['KAFKA_BROKERS'] !== undefined)('logging in to Kafka', () => {
  const opened: Transport[] = [];
  const ends: (() => Promise<void>)[] = [];
  let secure: NonNullable<BrokerAddress['secure']>;

  beforeAll(async () => {
    const broker = await kafkaOfRun();
    secure = broker.secure ?? { broker: broker.plain, ca: '' };
  }, 300_000);
  afterEach(async () => {
    for (const transport of opened.splice(0)) await transport.close();
    for (const end of ends.splice(0)) await end();
  });

  const open = (sasl: unknown, ssl: unknown = { ca: secure.ca }): Transport => {
    const base = { kind: 'kafka', brokers: [secure.broker], prefix: anyPrefix() };
    const config = transportSchema.parse({ ...base, ssl, sasl });
    const transport = createKafkaTransport({ ...kafkaOptions(config), patienceMs: 3000 });
    opened.push(transport);
    return transport;
  };
  /** The keys of what was appended and read again. */
  const worksWith = async (transport: Transport): Promise<readonly string[]> => {
    await transport.ensureTopics([{ name: 'one', partitions: 1 }]);
    await transport.append('one', [textRecord('k', 'x')]);
    return (await collect(transport.read('one', 0, 0))).map(({ key }) => key);
  };
  const user = { username: saslUser, password: saslPassword };

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('works by %s', async (mechanism) => {
    expect(await worksWith(open({ mechanism, ...user }))).toEqual(['k']);
  });

  it('works by oauthbearer, with a token and with where to ask for one', async () => {
    expect(await worksWith(open({ mechanism: 'oauthbearer', token: token() }))).toEqual(['k']);
    const server = await startServer((_, response) =>
      response.end(JSON.stringify({ access_token: token(), expires_in: 600 })),
    );
    ends.push(() => server.close());
    const tokenUrl = `${server.url}/token`;
    const asking = { mechanism: 'oauthbearer', tokenUrl, clientId: 'me', clientSecret: 'hidden' };
    expect(await worksWith(open(asking))).toEqual(['k']);
    const [seen] = server.seen;
    expect(server.seen).toHaveLength(1); // for all connections
    expect(seen?.headers.authorization).toBe(`Basic ${Buffer.from('me:hidden').toString('base64')}`);
    expect(seen?.body).toBe('grant_type=client_credentials');
  });

  it('rejects with TRANSPORT_REFUSED, and shows no secret, when the password or the certificate is wrong', async () => {
    const wrong = { mechanism: 'scram-sha-256', username: saslUser, password: 'guessed' };
    const refused = open(wrong).admin.topics();
    await expect(refused).rejects.toMatchObject({ code: 'TRANSPORT_REFUSED' });
    await expect(refused).rejects.not.toThrow(/guessed/);
    const untrusted = open({ mechanism: 'scram-sha-256', ...user }, true).describe('one');
    await expect(untrusted).rejects.toMatchObject({ code: 'TRANSPORT_REFUSED' });
  });

  it('rejects with TRANSPORT_UNAVAILABLE when nobody listens', async () => {
    const transport = createKafkaTransport({ brokers: ['127.0.0.1:1'], patienceMs: 300 });
    opened.push(transport);
    await expect(transport.describe('one')).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
    await expect(transport.admin.topics()).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
  });

  it('the configuration takes no plain password without ssl, and no mechanism without what it needs', () => {
    const base = { kind: 'kafka', brokers: ['b:1'] };
    const faultsOf = (value: unknown): readonly string[] =>
      transportSchema.safeParse(value).error?.issues.map(({ path }) => path.join('.')) ?? [];
    expect(faultsOf({ ...base, sasl: { mechanism: 'plain', ...user } })).toEqual(['sasl.mechanism']);
    expect(faultsOf({ ...base, sasl: { mechanism: 'scram-sha-512', username: 'u' } })).toEqual([
      'sasl.password',
    ]);
    expect(faultsOf({ ...base, sasl: { mechanism: 'oauthbearer' } })).toContain('sasl.tokenUrl');
    expect(faultsOf({ kind: 'kafka' })).toEqual(['brokers']);
    expect(faultsOf(base)).toEqual([]);
  });
});
