import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Producer } from '../../../pipeline/producer.ts';
import { followChanges } from '../../../pipeline/producer-loop.ts';
import { ProducerRunner } from '../../../pipeline/producer-runner.ts';
import { createTelemetry } from '../../../pipeline/telemetry.ts';
import { topics } from '../../../pipeline/topics.ts';
import type { NewRecord } from '../../../pipeline/transport.ts';
import { createMemoryState } from '../../../platform/memory-state.ts';
import { webhook } from '../../../producers/webhook/component.ts';
import { decodeEvent } from '../../../schemas/codec.ts';
import type { RawEvent } from '../../../schemas/types.ts';
import { createMemoryTransport } from '../../../transports/memory.ts';
import { producerContract } from '../../contracts/producer.ts';
import { root } from '../../support/cli.ts';
import { derivedCatalogue, processOf } from '../../support/derived-catalogue.ts';
import { rawAnswer } from '../../support/raw-answer.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const secret = 'secret-of-the-webhook';
const page = z.object({ producers: z.object({ runs: z.record(z.string(), z.unknown()) }) });
const [, , text = ''] = (await readFile(path.join(root, 'docs/http.md'), 'utf8')).split('```yaml\n');
const { kind: _kind, ...example } = page.parse(parse(text.split('```')[0] ?? '')).producers.runs;

/** The example of docs/http.md, on a free port. */
const setup = (more: Readonly<Record<string, unknown>> = {}) =>
  webhook.configure(
    'runs',
    { ...example, port: 0, auth: { kind: 'hmac', secret }, ...more },
    { baseFolder: '/' },
  );

async function open(more?: Readonly<Record<string, unknown>>): Promise<{ producer: Producer; url: string }> {
  const producer = await setup(more).open();
  cleanups.push(() => producer.close());
  return { producer, url: /http:\S+/.exec((await producer.describeChanges?.()) ?? '')?.[0] ?? '' };
}

/** Publishes what is pushed; `gate` is waited for before each append. */
function run(producer: Producer, gate: () => Promise<void> = () => Promise.resolve()) {
  const transport = createMemoryTransport();
  const ready = transport.ensureTopics(Object.values(topics).map((name) => ({ name, partitions: 1 })));
  const raw: RawEvent[] = [];
  const letters: string[] = [];
  const append = async (topic: string, records: readonly NewRecord[]) => {
    await gate();
    await ready;
    for (const { value } of records) {
      const { type, value: event } = decodeEvent(value ?? new Uint8Array());
      if (topic === topics.raw) raw.push({ type, value: event } as RawEvent);
      else letters.push(JSON.stringify(event));
    }
    return transport.append(topic, records);
  };
  const telemetry = createTelemetry();
  const runner = new ProducerRunner({
    name: 'runs',
    producer,
    transport: { append },
    state: createMemoryState(),
    removalThreshold: 1,
    telemetry,
    now: () => new Date(0),
  });
  const stop = new AbortController();
  const ended = followChanges({ name: 'runs', producer, runner, telemetry, retryDelayMs: 1 }, stop.signal);
  cleanups.unshift(() => {
    stop.abort();
    return ended;
  });
  return { raw, letters, runner };
}

const signed = (body: string) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});
const push = (url: string, body: string, headers: Record<string, string> = signed(body)) =>
  fetch(url, { method: 'POST', body, headers });
const runOf = (id: string, more: object = {}) =>
  JSON.stringify({
    job: { id, name: id },
    reads: ['https://lake/in.csv'],
    writes: ['https://lake/out.csv'],
    ...more,
  });

producerContract('the producer webhook', {
  open: async () => (await open()).producer,
  objects: [],
  openBroken: async () => {
    const { url } = await open();
    return (await open({ port: Number(new URL(url).port) })).producer;
  },
  secrets: [secret],
});

describe('the producer webhook', () => {
  it('answers 202 once a push is durable, and what is pushed becomes lineage, until a push removes it', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { producer, url } = await open();
    const { raw } = run(producer, () => gate);
    let answered = false;
    const first = push(url, runOf('load')).finally(() => (answered = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([answered, raw]).toEqual([false, []]);
    release();
    expect((await first).status).toBe(202);
    const job = raw.filter(({ type }) => type === 'job');
    const catalogue = derivedCatalogue({ runs: setup().settings }, job);
    expect(processOf(catalogue, 'etl_job etl://runs/jobs/load', 'https://lake/')).toMatchObject({
      inputs: ['in.csv'],
      outputs: ['out.csv'],
    });
    expect((await push(url, runOf('load'))).status).toBe(202);
    expect(raw.filter(({ type }) => type === 'job')).toHaveLength(1);
    expect((await push(url, runOf('load', { event: 'deleted' }))).status).toBe(202);
    expect(raw.at(-1)).toMatchObject({ type: 'removal', value: { objectId: 'load', removedType: 'job' } });
  });

  it('removes nothing at a scan, which finds nothing', async () => {
    const { producer, url } = await open();
    const { raw, runner } = run(producer);
    await push(url, runOf('load'));
    await runner.scan(new AbortController().signal, false);
    expect(raw.map(({ type }) => type)).toEqual([
      'scan-started',
      'scan-completed',
      'job',
      'scan-started',
      'scan-completed',
    ]);
  });

  it('keeps what cannot be mapped as one dead letter without its secrets, and answers 422', async () => {
    const { producer, url } = await open({ map: '{ "objectId": job.id, "name": job.name * 2 }' });
    const { letters } = run(producer);
    const answer = await push(url, runOf('load', { password: 'hunter2-secret' }));
    expect([answer.status, await answer.text()]).toEqual([
      422,
      expect.stringContaining('at the value "load"'),
    ]);
    expect((await push(url, '{ not json')).status).toBe(422);
    expect(letters).toHaveLength(2);
    expect(letters.join('')).not.toContain('hunter2-secret');
  });

  it('refuses what does not prove itself, is too large, or comes to another name or path', async () => {
    const { url } = await open({ maxBytes: 200 });
    const body = runOf('load');
    const statusOf = async (answer: Promise<Response>) => (await answer).status;
    expect(await statusOf(push(url, body, {}))).toBe(401);
    expect(await statusOf(push(url, body, signed(`${body} `)))).toBe(401);
    expect(await statusOf(push(url, 'x'.repeat(201)))).toBe(413);
    expect(await statusOf(push(`${url}/other`, body))).toBe(404);
    expect(await statusOf(fetch(url))).toBe(405);
    expect(
      await rawAnswer(url, 'POST /runs HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n'),
    ).toContain(' 421 ');
    const chunk = `${(150).toString(16)}\r\n${'x'.repeat(150)}\r\n`;
    const chunked = `POST /runs HTTP/1.1\r\nHost: localhost\r\nX-Hub-Signature-256: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`;
    expect(await rawAnswer(url, chunked)).toContain(' 413 ');
    const tokens = await open({ auth: { kind: 'token', token: secret } });
    run(tokens.producer);
    expect(await statusOf(push(tokens.url, body, { authorization: `Bearer ${secret}x` }))).toBe(401);
    expect(await statusOf(push(tokens.url, body, { authorization: `Bearer ${secret}` }))).toBe(202);
  });

  it('answers 503 when a push is not durable in time, and ends a client that does not send', {
    timeout: 60_000,
  }, async () => {
    const { url } = await open({ timeout: 1 });
    const answer = await push(url, runOf('load'));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await rawAnswer(url, 'POST /runs HTTP/1.1\r\nHost: localhost\r\nX-Hub')).toContain(' 408 ');
  });
});
