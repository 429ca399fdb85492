import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../../cli/finding.ts';
import { kafkaOptions } from '../../../cli/open-kafka.ts';
import { topics } from '../../../pipeline/topics.ts';
import { transportSchema } from '../../../pipeline/transport-config.ts';
import { createKafkaTransport, type KafkaTransportOptions } from '../../../transports/kafka/transport.ts';
import { collect, textRecord } from '../../contracts/transport.ts';
import { connectionString, saslUser } from '../../support/kafka/settings.ts';
import { hasKafka, kafkaOfRun } from '../../support/kafka/shared.ts';
import { runHere } from '../../support/run-here.ts';
import { anyPrefix, KafkaWorkshop } from './support.ts';

const namespace = 'streams.servicebus.windows.net';
const preset = { kind: 'kafka', preset: 'event-hubs', namespace } as const;

describe('kafkaOptions()', () => {
  it('has what the Kafka endpoint of Event Hubs asks for when the preset is set', () => {
    expect(kafkaOptions(transportSchema.parse({ ...preset, connectionString }))).toMatchObject({
      brokers: [`${namespace}:9093`],
      ssl: true,
      sasl: { mechanism: 'plain', username: '$ConnectionString', password: connectionString },
      compression: 'none',
      requestMs: 60_000,
      createsTopics: false,
    });
    const refused = transportSchema.safeParse({ ...preset, sessionMs: 10_000 });
    expect(refused.error?.issues.map(({ path }) => path)).toEqual([['sessionMs']]);
    expect(transportSchema.safeParse({ kind: 'kafka', preset: 'event-hubs' }).success).toBe(false);
  });
});

describe.skipIf(!hasKafka || process.env['KAFKA_BROKERS'] !== undefined)('the preset event-hubs', () => {
  const workshop = new KafkaWorkshop();
  const asked: string[] = [];
  /** Gives unsecured tokens (RFC 7515, appendix A.5), which the broker takes. */
  const issuer = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://issuer').searchParams.get('scope') ?? '');
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const now = Math.floor(Date.now() / 1000);
    response.end(`${part({ alg: 'none' })}.${part({ sub: saslUser, iat: now, exp: now + 3600 })}.`);
  }).listen(0, '127.0.0.1');

  afterAll(async () => {
    await workshop.cleanUp();
    issuer.close();
  });

  /** A credential of Azure as far as it is used here: it asks the issuer of this test. */
  const connect = async () => ({
    getToken: async (scope: string) => {
      const { port } = issuer.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/?scope=${encodeURIComponent(scope)}`);
      return { token: await answer.text(), expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  });

  const appended = async (login: object): Promise<readonly unknown[]> => {
    const { secure } = await kafkaOfRun();
    if (secure === undefined) throw new Error('The broker of the tests has SASL_SSL.');
    const reach = { brokers: [secure.broker], ssl: { ca: secure.ca }, prefix: anyPrefix() };
    const options: KafkaTransportOptions = kafkaOptions(
      transportSchema.parse({ ...preset, ...reach, ...login }),
      connect,
    );
    const topic = { name: 'one', partitions: 1 };
    const transport = createKafkaTransport(options);
    await expect(transport.ensureTopics([topic])).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
    await (await workshop.open({ prefix: reach.prefix })).ensureTopics([topic]);
    await transport.ensureTopics([topic]);
    await transport.append('one', [textRecord('k', 'x')]);
    const records = await collect(transport.read('one', 0, 0));
    await transport.close();
    return records;
  };

  it('logs in with a connection string, and makes no topic', { timeout: 300_000 }, async () => {
    expect(await appended({ connectionString })).toMatchObject([{ key: 'k', offset: 0 }]);
  });

  it('`doctor` names what has to last and is not compacted, and who speaks too seldom for what is kept', {
    timeout: 300_000,
  }, async () => {
    const { plain, secure } = await kafkaOfRun();
    const prefix = anyPrefix();
    const folder = await mkdtemp(path.join(tmpdir(), 'preset-'));
    const file = path.join(folder, 'c.yaml');
    const reach = `brokers: ['${secure?.broker}'], ssl: { ca: '\${file:ca.pem}' }, connectionString: '${connectionString}'`;
    const named = `kind: kafka, preset: event-hubs, namespace: ${namespace}, prefix: ${prefix}`;
    const follows = '{ by-hand: { kind: events, path: e.ndjson } }';
    const config = `state: state\nsink: { kind: local }\nproducers: ${follows}\n`;
    await writeFile(path.join(folder, 'ca.pem'), secure?.ca ?? '');
    await writeFile(path.join(folder, 'e.ndjson'), '');
    await writeFile(file, `transport: { ${named}, ${reach} }\n${config}`);
    const names = Object.values(topics).map((name) => ({ name, partitions: 1 }));
    await (await workshop.open({ prefix })).ensureTopics(names);
    const admin = new kafkajs.Kafka({ brokers: [plain], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = [{ name: 'cleanup.policy', value: 'delete' }];
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type, name: `${prefix}metadata.known`, configEntries }],
    });
    await admin.disconnect();
    const { stdout } = await runHere(['doctor', '--json', '-c', file]);
    const findings = stdout
      .trim()
      .split('\n')
      .map((line): Finding => JSON.parse(line));
    const of = (what: string) => findings.find((one) => one.what === what);
    expect(of('topic settings')).toMatchObject({
      state: 'attention',
      detail: expect.stringMatching(new RegExp(`goes by age: ${prefix}metadata\\.known$`)),
    });
    expect(of('producer by-hand')).toMatchObject({
      state: 'attention',
      detail: expect.stringContaining('168 h'),
    });
    await rm(folder, { recursive: true, force: true });
  });

  it('logs in with tokens of the credential', { timeout: 300_000 }, async () => {
    expect(await appended({})).toMatchObject([{ key: 'k', offset: 0 }]);
    expect(asked[0]).toBe(`https://${namespace}/.default`);
  });
});
