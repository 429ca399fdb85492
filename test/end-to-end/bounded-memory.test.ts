import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { residentAnonymous } from '../../bench/benchmark.ts';
import { openFrom } from '../../bench/pipeline.ts';
import { producer, table } from '../../bench/workload.ts';
import { topics } from '../../pipeline/topics.ts';
import { encodeEvent } from '../../schemas/codec.ts';
import { startCli } from '../support/cli.ts';

const timeout = 400_000;
const few = 200;
const many = 10 * few;
/** Characters of each table's comment: the large backlog is 120 MB, far more than the bound on memory lets through. */
const size = 60_000;
/** What V8 may keep for objects, in MB: a stage needs about half of it, and the decoded backlog more than all. */
const heap = 160;
/** What V8 may keep for young objects, in MB: it takes more of itself the longer it runs, and twice as much on Node.js 24. */
const young = 8;

/** Tables of different names with a long comment each, as a producer would append them. */
async function backlog(config: string, events: number): Promise<void> {
  const pipeline = await openFrom(config);
  for (let from = 0; from < events; from += 100) {
    const records = Array.from({ length: Math.min(100, events - from) }, (_, index) => {
      const value = table(from + index);
      // Different text in each, so that nothing can be shared.
      const description = `${value.objectId} `.repeat(Math.ceil(size / value.objectId.length)).slice(0, size);
      return {
        key: `${producer}/database-object/${value.objectId}`,
        value: encodeEvent('database-object', { ...value, description }),
        headers: {},
      };
    });
    await pipeline.transport.append(topics.raw, records);
  }
  await pipeline.close();
}

/** Runs a stage over its backlog in a process of its own; the most anonymous memory that it held, in MB, and what it says it has received. */
async function peakOf(
  stage: 'transform' | 'sink',
  config: string,
): Promise<{ readonly peak: number; readonly received: number }> {
  const running = startCli([stage, '--once', '--json', '--config', config], {
    env: { NODE_OPTIONS: `--max-old-space-size=${heap} --max-semi-space-size=${young}` },
  });
  const { child } = running;
  onTestFinished(() => void child.kill('SIGKILL'));
  let peak = 0;
  await vi.waitUntil(
    () => {
      if (child.exitCode !== null || child.signalCode !== null) return true;
      if (child.pid !== undefined && existsSync(`/proc/${child.pid}/status`))
        peak = Math.max(peak, residentAnonymous(child.pid));
      return false;
    },
    { timeout, interval: 10 },
  );
  const { code, stdout, stderr } = await running.ended;
  expect([code, stderr.slice(-2000)]).toEqual([0, expect.any(String)]);
  const [counts] = JSON.parse(stdout).stages;
  return { peak, received: counts.received };
}

/** Peaks of both stages with a backlog of so many events. */
async function peaks(events: number): Promise<{ readonly transform: number; readonly sink: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bounded-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'purview-streams.yaml');
  await writeFile(path.join(folder, 'events.ndjson'), '');
  await writeFile(
    config,
    `state: state
sink: { kind: file, path: changes.ndjson }
delivery: { credits: 100, creditBytes: 2000000, batch: 20 }
producers:
  ${producer}: { kind: events, path: events.ndjson }
`,
  );
  await backlog(config, events);
  const transform = await peakOf('transform', config);
  const sink = await peakOf('sink', config);
  expect([transform.received, sink.received].every((received) => received >= events)).toBe(true);
  return { transform: transform.peak, sink: sink.peak };
}

const hasProc = existsSync('/proc/self/status');
if (!hasProc) process.stdout.write('bounded-memory: skipped, this system has no /proc.\n');

it.skipIf(!hasProc)(
  '`transform` and `sink` hold no more memory when ten times as much is waiting',
  { timeout },
  async () => {
    const [small, large] = [await peaks(few), await peaks(many)];
    const grown = { transform: large.transform / small.transform, sink: large.sink / small.sink };
    expect({ small, large, isBounded: Math.max(grown.transform, grown.sink) < 1.6 }).toMatchObject({
      isBounded: true,
    });
  },
);
