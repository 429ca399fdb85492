import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseStored } from '../../pipeline/parse-stored.ts';
import type { FoundObject, ProducerMemory } from '../../pipeline/producer.ts';
import type { DatasetName } from '../../schemas/types.ts';

/** What a line says of a run. */
export interface RunLine {
  readonly job: string | undefined;
  readonly run: string | undefined;
  readonly time: Date | undefined;
  readonly outcome: 'succeeded' | 'failed' | undefined;
  readonly inputs: readonly NamedDataset[];
  readonly outputs: readonly NamedDataset[];
}

const datasetSchema = z.object({ type: z.string(), name: z.string(), path: z.string().nullable() });
/** A dataset as a log names it. */
export type NamedDataset = z.output<typeof datasetSchema>;

const flowsSchema = { inputs: z.array(datasetSchema), outputs: z.array(datasetSchema) };
/** A run that goes on. */
const openSchema = z.object({ key: z.string(), job: z.string(), at: z.number().nullable(), ...flowsSchema });
type OpenRun = z.output<typeof openSchema>;
/** What is known of a job: when it ran last, and what its last good run read and wrote. */
const jobSchema = z.object({
  job: z.string(),
  lastRun: z.number().nullable(),
  /** When the run ended that the datasets are those of. */
  flowsAt: z.number().nullable(),
  ...flowsSchema,
});
type KnownJob = z.output<typeof jobSchema>;

const jobPrefix = 'job/';
const openPrefix = 'open/';
/** Runs that go on at once: one that never ends makes room for later ones. */
const mostOpen = 10_000;
/** Datasets of one run. */
const mostDatasets = 1_000;

/** The runs of a log, and what they tell of its jobs, from scan to scan. */
export class Runs {
  readonly #jobs: Map<string, KnownJob>;
  readonly #open: Map<string, OpenRun>;
  readonly #stored: ReadonlySet<string>;

  private constructor(jobs: Map<string, KnownJob>, open: Map<string, OpenRun>, stored: ReadonlySet<string>) {
    this.#jobs = jobs;
    this.#open = open;
    this.#stored = stored;
  }

  /** Reads what the last scan remembered. Rejects with STATE_UNAVAILABLE where another version wrote it. */
  static async open(memory: ProducerMemory): Promise<Runs> {
    const stored = new Set<string>();
    const jobs = new Map<string, KnownJob>();
    for await (const { key, at, value } of memory.entries(jobPrefix)) {
      stored.add(key);
      const job = parseStored(jobSchema, at, value);
      jobs.set(job.job, job);
    }
    const runs: OpenRun[] = [];
    for await (const { key, at, value } of memory.entries(openPrefix)) {
      stored.add(key);
      runs.push(parseStored(openSchema, at, value));
    }
    // The oldest make room first.
    runs.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    return new Runs(jobs, new Map(runs.map((run) => [run.key, run])), stored);
  }

  /** Takes a line. One that names neither a job nor a run that is known says nothing. */
  take(line: RunLine, { oneLine }: { readonly oneLine: boolean }): void {
    const run = this.#runOf(line, oneLine);
    if (run === undefined) return;
    this.#ran(run);
    this.#open.delete(run.key);
    const outcome = line.outcome ?? (oneLine ? 'succeeded' : undefined);
    if (outcome === 'succeeded') this.#succeeded(run);
    else if (outcome === undefined) this.#goesOn(run);
  }

  /** The run that a line belongs to, with what the line adds. */
  #runOf(line: RunLine, oneLine: boolean): OpenRun | undefined {
    const key = line.run === undefined ? `job ${line.job ?? ''}` : `run ${line.run}`;
    const before = oneLine ? undefined : this.#open.get(key);
    const job = line.job ?? before?.job;
    if (job === undefined) return undefined;
    const { at, inputs, outputs } = before ?? { at: null, inputs: [], outputs: [] };
    return {
      key,
      job,
      at: line.time?.getTime() ?? at,
      inputs: joined(inputs, line.inputs),
      outputs: joined(outputs, line.outputs),
    };
  }

  #goesOn(run: OpenRun): void {
    this.#open.set(run.key, run);
    const [oldest] = this.#open.keys();
    if (this.#open.size > mostOpen && oldest !== undefined) this.#open.delete(oldest);
  }

  #ran({ job, at }: OpenRun): void {
    const known = this.#jobs.get(job) ?? { job, lastRun: null, flowsAt: null, inputs: [], outputs: [] };
    const lastRun = at === null ? known.lastRun : Math.max(at, known.lastRun ?? at);
    this.#jobs.set(job, { ...known, lastRun });
  }

  /** The datasets of a run that is not older than the one they were those of; a run that names none says nothing of them. */
  #succeeded({ job, at, inputs, outputs }: OpenRun): void {
    const known = this.#jobs.get(job);
    if (known === undefined || inputs.length + outputs.length === 0) return;
    if (at !== null && known.flowsAt !== null && at < known.flowsAt) return;
    this.#jobs.set(job, { ...known, flowsAt: at ?? known.flowsAt, inputs, outputs });
  }

  /** Forgets jobs that did not run since a time, and runs that did not end. */
  forget(before: number): void {
    for (const [key, { at }] of this.#open) if (at !== null && at < before) this.#open.delete(key);
    for (const [job, { lastRun }] of this.#jobs)
      if (lastRun !== null && lastRun < before) this.#jobs.delete(job);
  }

  /** Every job that is known, sorted by its id. */
  *found(tool: string): Iterable<FoundObject> {
    for (const [job, { lastRun, inputs, outputs }] of [...this.#jobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
      yield {
        type: 'job',
        objectId: job,
        sequence: Math.max(0, lastRun ?? 0),
        value: {
          tool,
          name: job,
          description: null,
          lastRun: lastRun === null ? null : new Date(lastRun).toISOString(),
          inputs: inputs.map(named),
          outputs: outputs.map(named),
          warnings: [],
          additional: [],
        },
      };
    }
  }

  /** Remembers everything for the next scan. */
  remember(memory: ProducerMemory): void {
    const values = new Map<string, KnownJob | OpenRun>();
    for (const [job, known] of this.#jobs) values.set(jobPrefix + hashOf(job), known);
    for (const [key, run] of this.#open) values.set(openPrefix + hashOf(key), run);
    for (const [key, value] of values) memory.set(key, value);
    for (const key of this.#stored) if (!values.has(key)) memory.set(key, undefined);
  }
}

/** Ids may be longer than a key of the state may be. */
function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 32);
}

function joined(known: readonly NamedDataset[], added: readonly NamedDataset[]): NamedDataset[] {
  const all = new Map(
    [...known, ...added].map((one) => [JSON.stringify([one.type, one.name, one.path]), one]),
  );
  return [...all.values()].slice(0, mostDatasets);
}

function named({ type, name, path }: NamedDataset): DatasetName {
  return { type, name, path, additional: [] };
}
