import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { exportCatalog } from '../../catalog/export.ts';
import { inputOf, topics } from '../../pipeline/topics.ts';
import type { Transport } from '../../pipeline/transport.ts';
import { startCli } from '../support/cli.ts';
import { hasKafka, kafkaOfRun } from '../support/kafka/shared.ts';
import { runHere } from '../support/run-here.ts';
import { anyPrefix, KafkaWorkshop } from '../transports/kafka/support.ts';

const timeout = 180_000;
const tables = 800;
const credits = 100;

/** Tables, and jobs between them that come first, so that what they look up comes later. */
function* lines(): Iterable<string> {
  const place = [
    { level: 'server', name: 'demo' },
    { level: 'database', name: 'shop' },
    { level: 'schema', name: 'public' },
  ];
  for (let job = 0; job < 50; job += 1) {
    const [inputs, outputs] = [job * 25, job * 25 + 1].map((table) => [{ type: 'table', name: `t${table}` }]);
    yield JSON.stringify({
      type: 'job',
      objectId: `j${job}`,
      tool: 'flow',
      name: `j${job}`,
      inputs,
      outputs,
    });
  }
  for (const depth of [1, 2, 3]) {
    const own = place.slice(0, depth);
    const objectId = own.map(({ name }) => name).join('.');
    yield JSON.stringify({ type: 'database-object', objectId, system: 'demo', path: own });
  }
  const columns = [{ name: 'id', ordinal: 1, dataType: 'int' }];
  for (let table = 0; table < tables; table += 1) {
    const own = [...place, { level: 'table', name: `t${table}` }];
    yield JSON.stringify({
      type: 'database-object',
      objectId: `t${table}`,
      system: 'demo',
      path: own,
      columns,
    });
  }
}

describe.skipIf(!hasKafka).each(['at-least-once', 'exactly-once'] as const)(
  'a transform process on Kafka that is killed, %s,',
  (guarantee) => {
    const workshop = new KafkaWorkshop();
    const prefix = anyPrefix();
    let folder: string;
    let transport: Transport;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'kafka-owner-'));
      transport = await workshop.open({ prefix });
      await writeFile(path.join(folder, 'events.ndjson'), [...lines()].join('\n'));
      const { plain } = await kafkaOfRun();
      const table =
        "{ type: generic_table, name: '{table}', parameters: { server: demo, database: shop, schema: public } }";
      for (const [file, kind] of [
        ['embedded.yaml', 'embedded'],
        [
          'kafka.yaml',
          `kafka, brokers: ['${plain}'], prefix: ${prefix}, partitions: 2, sessionMs: 2000, processingGuarantee: ${guarantee}`,
        ],
      ])
        await writeFile(
          path.join(folder, file ?? ''),
          `transport: { kind: ${kind} }
catalog: { port: 0 }
sink: { kind: local }
delivery: { credits: ${credits} }
producers:
  demo: { kind: events, path: events.ndjson, datasets: { table: ${table} } }
`,
        );
    }, timeout);

    afterAll(async () => {
      await workshop.cleanUp();
      await rm(folder, { recursive: true, force: true });
    });

    const command = async (...args: string[]): Promise<void> => {
      const done = await runHere(args);
      if (done.code !== 0) throw new Error(done.stdout + done.stderr);
    };
    const at = (file: string): readonly string[] => [
      '-c',
      path.join(folder, `${file}.yaml`),
      '--state',
      path.join(folder, file),
    ];
    const derived = async (): Promise<number> =>
      (await transport.describe(inputOf.transform.topic)).reduce(
        (sum, { committed }) => sum + (committed[inputOf.transform.group] ?? 0),
        0,
      );

    it('leaves its state to the next one, which goes on where it was', { timeout }, async () => {
      await command('produce', 'demo', '--only', '--once', ...at('kafka'));
      const killed = startCli(['transform', ...at('kafka')]);
      await vi.waitFor(async () => expect(await derived()).toBeGreaterThan(0), {
        timeout: 60_000,
        interval: 5,
      });
      killed.child.kill('SIGKILL');
      await killed.ended;
      const before = await derived();
      expect(before).toBeLessThan(tables);
      await command('run', '--once', ...at('kafka'));
      await command('run', '--once', ...at('embedded'));
      expect(await exportCatalog(path.join(folder, 'kafka/catalog'))).toBe(
        await exportCatalog(path.join(folder, 'embedded/catalog')),
      );
      // What the first one had settled was not read again. Of what it had not, some may stand there twice, where that is allowed.
      const ids = new Set<string | undefined>();
      let changes = 0;
      for (const { partition } of await transport.describe(topics.entities))
        for await (const { headers } of transport.read(topics.entities, partition, 0)) {
          ids.add(headers['ce_id']);
          changes += 1;
        }
      expect(changes - ids.size).toBeLessThanOrEqual(guarantee === 'exactly-once' ? 0 : 2 * credits);
    });
  },
);
