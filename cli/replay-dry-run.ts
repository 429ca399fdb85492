import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportCatalog } from '../catalog/export.ts';
import { countParked } from '../pipeline/delivery/parked-entry.ts';
import { isChosen } from '../pipeline/replay-plan.ts';
import { fires } from '../pipeline/delivery/backoff.ts';
import { messageOf, StreamError } from '../pipeline/errors.ts';
import { createTelemetry } from '../pipeline/telemetry.ts';
import { groups, topics } from '../pipeline/topics.ts';
import type { NewRecord, Transport } from '../pipeline/transport.ts';
import { type CatalogDiff, diffExports, diffText } from './catalog-diff.ts';
import type { Configured } from './configured.ts';
import { openLog } from './open-log.ts';
import { openPipeline } from './open-pipeline.ts';
import { exitCodes, note, print } from './output.ts';
import { startPipeline } from './pipeline-run.ts';
import { readDeadLetters } from './read-dead-letters.ts';
import { rangeOf, type ReplayOptions, type ReplayRange } from './replay-options.ts';
import { showDelivery, showUntil } from './replay-progress.ts';
import { onShutdown } from './shutdown.ts';
import { stateFolder } from './state-folder.ts';

/** Records that are copied at a time. */
const copyBatch = 500;

/** What a dry run found. */
interface DryRun {
  readonly events: number;
  /** Dead letters by code. */
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Changes that wait for something that none of the events says. */
  readonly parked: number;
  /** The catalogue that the events make, see `catalog export`. */
  readonly exported: string;
}

/**
 * Takes raw events through the pipeline into an empty local catalogue in a temporary folder, and says what they make: beside the present
 * catalogue, where that is a local one. Nothing that is kept is changed. Resolves with the exit code.
 */
export async function replayDryRun(configured: Configured, options: ReplayOptions): Promise<number> {
  // Before all else: what cannot be written is not to be said at the end of a long replay.
  if (options.export !== undefined) await writeExport(options.export, '', 'a');
  const log = await openLog(options);
  const folder = await mkdtemp(path.join(tmpdir(), 'purview-streams-dry-run-'));
  const stop = new AbortController();
  const offShutdown = onShutdown(() => stop.abort());
  try {
    const range = await rangeOf(log, options);
    const run = await dryRun({ configured, log, range, folder, signal: stop.signal });
    if (run === undefined) return exitCodes.interrupted;
    if (options.export !== undefined) await writeExport(options.export, run.exported, 'w');
    report(run, await compared(configured, options, { run, range }), { options, range });
    return Object.keys(run.deadLetters).length + run.parked > 0 ? exitCodes.partly : exitCodes.done;
  } finally {
    offShutdown();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeExport(file: string, text: string, flag: 'a' | 'w'): Promise<void> {
  try {
    await writeFile(file, text, { flag });
  } catch (thrown) {
    throw new StreamError('USAGE', `${file} cannot be written: ${messageOf(thrown)}.`, { cause: thrown });
  }
}

async function dryRun(parts: {
  readonly configured: Configured;
  readonly log: Transport;
  readonly range: ReplayRange;
  readonly folder: string;
  readonly signal: AbortSignal;
}): Promise<DryRun | undefined> {
  const { configured, log, range, folder, signal } = parts;
  const pipeline = await openPipeline(intoEmptyCatalog(configured), {
    telemetry: createTelemetry(),
    state: folder,
    port: 0,
    once: true,
    catalogInThread: true,
  });
  let events = 0;
  let letters: Awaited<ReturnType<typeof readDeadLetters>>;
  let parked = 0;
  try {
    events = await copy(log, pipeline.transport, range, signal);
    const running = startPipeline(pipeline);
    try {
      await Promise.race([running.settled, watch(pipeline.transport, events, signal)]);
    } finally {
      await running.stop();
    }
    if (signal.aborted) return undefined;
    letters = await readDeadLetters(pipeline.transport);
    parked = await countParked(pipeline.transport.transactions.state, groups.sink);
  } finally {
    await pipeline.close();
  }
  const deadLetters: Record<string, number> = {};
  for (const { code } of letters) deadLetters[code] = (deadLetters[code] ?? 0) + 1;
  return { events, deadLetters, parked, exported: await exportCatalog(path.join(folder, 'catalog')) };
}

/** The same pipeline with the local catalogue as its sink, and nothing else of the outside. */
function intoEmptyCatalog(configured: Configured): Configured {
  const { config } = configured.loaded;
  const local = {
    ...config,
    sink: { kind: 'local' },
    catalog: { host: '127.0.0.1', port: 0 },
    transport: { ...config.transport, kind: 'embedded' as const },
  };
  return {
    ...configured,
    settings: (producer) => configured.settings(producer),
    loaded: {
      ...configured.loaded,
      invalid: (...of) => configured.loaded.invalid(...of),
      config: local,
    },
  };
}

/** Copies the events of a range; resolves with how many. */
async function copy(
  log: Transport,
  target: Transport,
  range: ReplayRange,
  signal: AbortSignal,
): Promise<number> {
  let copied = 0;
  let batch: NewRecord[] = [];
  const flush = async (): Promise<void> => {
    await target.append(topics.raw, batch);
    copied += batch.length;
    batch = [];
  };
  for (const [partition, end] of Object.entries(range.to)) {
    for await (const record of log.read(topics.raw, Number(partition), range.from[partition] ?? 0)) {
      if (record.offset >= end || signal.aborted) break;
      const { key, value, headers } = record;
      if (isChosen(record, range)) batch.push({ key, value, headers });
      if (batch.length >= copyBatch) await flush();
    }
  }
  await flush();
  return copied;
}

/** Shows how far the transforms are, and then the sink. Resolves when `signal` fires; never otherwise before they are through. */
async function watch(transport: Transport, total: number, signal: AbortSignal): Promise<void> {
  const look = async (): Promise<number> => {
    const partitions = await transport.describe(topics.raw);
    return partitions.reduce((sum, { committed }) => sum + (committed[groups.transform] ?? 0), 0);
  };
  if (total > 0) await showUntil({ total }, look, signal);
  await showDelivery(transport, signal);
  await fires(signal);
}

/** The difference from the present catalogue; undefined where that is not a local one, or there is none yet. */
async function compared(
  { loaded }: Configured,
  options: ReplayOptions,
  { run, range }: { readonly run: DryRun; readonly range: ReplayRange },
): Promise<CatalogDiff | undefined> {
  const folder = path.join(stateFolder(loaded, options.state), 'catalog');
  if (loaded.config.sink.kind !== 'local' || !existsSync(folder)) return undefined;
  const diff = diffExports(await exportCatalog(folder), run.exported);
  // What only a part of the events makes says nothing of the rest.
  return range.scope === 'whole' ? diff : { ...diff, removed: [] };
}

function report(
  { events, deadLetters, parked, exported }: DryRun,
  diff: CatalogDiff | undefined,
  { options, range }: { readonly options: ReplayOptions; readonly range: ReplayRange },
): void {
  const entities = exported.split('\n').length - 1;
  if (options.json === true) {
    print(JSON.stringify({ events, entities, deadLetters, parked, scope: range.scope, diff: diff ?? null }));
    return;
  }
  const codes = Object.entries(deadLetters).map(([code, count]) => `${count} × ${code}`);
  print(
    `${events} raw events make ${entities} entities${codes.length === 0 ? '' : `, and dead letters: ${codes.join(', ')}`}.`,
  );
  if (parked > 0) print(`Changes that wait for assets which none of these events describes: ${parked}.`);
  if (diff !== undefined) print(diffText(diff));
  else note('There is no local catalogue to compare with; --export <file> writes what the events make.');
  if (range.scope === 'part') {
    note(
      'Only a part of the events was replayed: look-ups found only what these say, and what else the catalogue holds is not compared.',
    );
  }
}
