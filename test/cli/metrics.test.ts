import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createMetrics } from '../../cli/metrics.ts';
import { startMetrics } from '../../cli/metrics-server.ts';
import { configure } from '../../cli/configured.ts';
import { noPlugins } from '../../cli/load-plugins.ts';
import { lastScanWrite } from '../../pipeline/last-scan.ts';
import { configSchema } from '../../pipeline/config.ts';
import { createTelemetry, settlements } from '../../pipeline/telemetry.ts';
import { groups, topics } from '../../pipeline/topics.ts';
import { createMemoryTransport } from '../../transports/memory.ts';
import { root } from '../support/cli.ts';
import { rawAnswer } from '../support/raw-answer.ts';

async function transport() {
  const memory = createMemoryTransport();
  onTestFinished(() => memory.close());
  await memory.ensureTopics([topics.raw, topics.entities].map((name) => ({ name, partitions: 2 })));
  return memory;
}

/** A configuration with metrics on a free port. */
function configured(host = '127.0.0.1') {
  const config = configSchema.parse({ sink: { kind: 'memory' }, producers: {}, metrics: { host, port: 0 } });
  const invalid = (error: Error): never => {
    throw error;
  };
  const loaded = { file: 'c.yaml', folder: '/', config, plugins: noPlugins, invalid };
  return configure({ ...loaded, resolveAgain: async () => undefined, resolveWhole: async () => undefined });
}

/** Status of a request whose Host header names something else. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(`${url}/metrics`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

/** Values of the samples by name and labels, without the metrics of the process. */
async function samples(text: string): Promise<Readonly<Record<string, number>>> {
  const lines = text.split('\n').filter((line) => /^purview_streams_(?!process_|nodejs_)/u.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice('purview_streams_'.length, space), Number(line.slice(space + 1))];
    }),
  );
}

it('createMetrics() keeps received = settled + returned + in flight for each stage', async () => {
  const telemetry = createTelemetry();
  const metrics = createMetrics(telemetry, { transport: await transport(), producers: [] });
  telemetry.emit('received', { stage: 'sink', events: 9 });
  for (const as of settlements) telemetry.emit('settled', { stage: 'sink', as, producer: 'p' });
  telemetry.emit('returned', { stage: 'sink', events: 1 });
  const found = await samples(await metrics.text());
  const settled = settlements.map((as) => found[`events_settled_total{stage="sink",as="${as}"}`]);
  expect(settled).toEqual(settlements.map(() => 1));
  expect(found['events_received_total{stage="sink"}']).toBe(9);
  expect(found['events_returned_total{stage="sink"}']).toBe(1);
  expect(found['events_in_flight{stage="sink"}']).toBe(9 - settlements.length - 1);
  expect(found['events_in_flight{stage="transform"}']).toBe(0);
});

it('createMetrics() tells the age of sources, what is parked, and what the gate lets through', async () => {
  const memory = await transport();
  const telemetry = createTelemetry();
  const producers = ['erp', 'never'];
  const metrics = createMetrics(telemetry, { transport: memory, producers, now: () => 61_000 });
  const read = { at: 1000, objects: 1, rejected: 0, removed: 0 };
  await memory.transactions.state.write([lastScanWrite('erp', read)]);
  const gate = { perSecond: Number.POSITIVE_INFINITY, inFlight: 4, waiting: 2 };
  telemetry.emit('paced', { ...gate, refused: undefined });
  telemetry.emit('paced', { ...gate, perSecond: 12.5, refused: 'CATALOG_THROTTLED' });
  telemetry.emit('scheduled', { producer: 'erp', atMs: 90_000 });
  expect(await samples(await metrics.text())).toMatchObject({
    'source_age_seconds{producer="erp"}': 60,
    'schedule_next_seconds{producer="erp"}': 90,
    events_parked: 0,
    'catalog_requests_total{result="accepted"}': 1,
    'catalog_requests_total{result="CATALOG_THROTTLED"}': 1,
    gate_requests_per_second: 12.5,
    gate_in_flight_limit: 4,
    gate_waiting: 2,
  });
});

it('createMetrics() tells the lag of every partition over all processes', async () => {
  const memory = await transport();
  const metrics = createMetrics(createTelemetry(), { transport: memory, producers: [] });
  const places = await memory.append(
    topics.raw,
    ['a', 'b', 'c', 'd', 'e'].map((key) => ({ key, value: Buffer.from('x'), headers: {} })),
  );
  const leave = new AbortController();
  for await (const assignment of memory.subscribe({
    topic: topics.raw,
    group: groups.transform,
    signal: leave.signal,
  })) {
    if (assignment.partition !== 0) continue;
    await assignment.commit(1);
    leave.abort();
  }
  const found = await samples(await metrics.text());
  const count = (partition: number): number => places.filter((place) => place.partition === partition).length;
  expect(found['lag_events{stage="transform",partition="0"}']).toBe(count(0) - 1);
  expect(found['lag_events{stage="transform",partition="1"}']).toBe(count(1));
});

it('docs/metrics.md names exactly the metrics that exist', async () => {
  const text = await createMetrics(createTelemetry(), { transport: await transport(), producers: [] }).text();
  const exist = [...text.matchAll(/^# TYPE (purview_streams_(?!process_|nodejs_)\w+) (\w+)$/gmu)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  const page = await readFile(path.join(root, 'docs/metrics.md'), 'utf8');
  const named = [...page.matchAll(/^\| `(purview_streams_\w+)` \| (\w+) \|/gmu)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  expect(named.sort()).toEqual(exist.sort());
});

it('startMetrics() ends a client that does not send', async () => {
  const pipeline = { configured: configured(), telemetry: createTelemetry(), transport: await transport() };
  const server = await startMetrics(pipeline, { slowClientMs: 50 });
  if (server === undefined) throw new Error('no metrics are served');
  onTestFinished(() => server.close());
  expect(await rawAnswer(server.url, 'GET /metrics HTTP/1.1\r\nHost: loc')).toContain(' 408 ');
});

it('startMetrics() answers /metrics and /healthz, which turns when the process drains', async () => {
  const pipeline = { configured: configured(), telemetry: createTelemetry(), transport: await transport() };
  const server = await startMetrics(pipeline, {});
  if (server === undefined) throw new Error('no metrics are served');
  onTestFinished(() => server.close());
  const ask = (at: string): Promise<Response> => fetch(server.url + at);
  expect((await ask('/metrics')).headers.get('content-type')).toContain('version=0.0.4');
  expect(await (await ask('/metrics')).text()).toContain('purview_streams_process_cpu_seconds_total');
  expect([
    (await ask('/healthz')).status,
    (await ask('/readyz')).status,
    (await ask('/other')).status,
  ]).toEqual([200, 200, 404]);
  expect(await (await ask('/healthz')).text()).toBe('ok: 0 events in flight\n');
  expect((await ask('/healthz?x=1')).status).toBe(200);
  expect((await ask('//')).status).toBe(404); // no URL that can be parsed
  expect(await statusFor(server.url, 'rebound.example')).toBe(421);
  server.drain();
  expect([(await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([503, 503]);
  const port = Number(new URL(server.url).port);
  await expect(startMetrics(pipeline, { metricsPort: port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  const elsewhere = configured('192.0.2.1');
  await expect(startMetrics({ ...pipeline, configured: elsewhere }, {})).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('192.0.2.1:0: '),
  });
});
