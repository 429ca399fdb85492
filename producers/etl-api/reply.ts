import { z } from 'zod';
import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject } from '../../pipeline/producer.ts';
import { withoutSecrets } from '../../platform/redact.ts';
import type { Additional, DatasetName, Warning } from '../../schemas/types.ts';

/** A job as the list shows it. */
export interface ListedJob {
  readonly id: string;
  /** The whole entry as JSON text: while it stays the same, the job has not run again. */
  readonly entry: string;
  /** False when the entry holds no time, so that it cannot tell whether the job ran again. */
  readonly timed: boolean;
}

/** A page of the list. */
export interface JobPage {
  readonly jobs: readonly ListedJob[];
  /** Entries without a usable id: where, and why. */
  readonly unusable: readonly {
    readonly location: string;
    readonly message: string;
    readonly json: string;
  }[];
  /** Link to the next page; null on the last one. */
  readonly next: string | null;
}

/** A job as its detail shows it. */
export interface ReadJob {
  readonly found: Extract<FoundObject, { type: 'job' }>;
  /** False when lastRun is no time. */
  readonly timed: boolean;
  /** JSON paths of keys that have no field in the event, an index left out: `$.inputs[].schedule`. */
  readonly unknownKeys: readonly string[];
}

const isoTime = z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()]);

const idSchema = z.union([
  z
    .string()
    .min(1)
    .max(1000)
    .refine((id) => id !== '.' && id !== '..' && id.isWellFormed(), { error: 'cannot stand in a URL' }),
  z.int().transform(String),
]);
const entrySchema = z.object({ id: idSchema, lastRun: z.unknown().optional() });
const pageSchema = z.object({
  jobs: z.array(z.unknown()),
  next: z.string().min(1).nullish(),
});

const datasetSchema = z
  .object({ name: z.string().default(''), type: z.string().min(1), path: z.string().nullish() })
  .refine(({ name, path }) => name !== '' || (path ?? '') !== '', { error: 'has neither a name nor a path' });
const jobSchema = z.object({
  id: z.unknown().optional(),
  name: z.string().min(1),
  description: z.string().nullish(),
  lastRun: z.union([z.string(), z.number()]).nullish(),
  inputs: z.array(datasetSchema).default([]),
  outputs: z.array(datasetSchema).default([]),
});

/** Reads a page of the list. Throws SOURCE_INVALID, naming the JSON path, when it is no list of jobs. */
export function readPage(json: unknown, location: string): JobPage {
  const page = parse(pageSchema, json, location);
  const jobs: ListedJob[] = [];
  const unusable: JobPage['unusable'][number][] = [];
  for (const [index, raw] of page.jobs.map(withoutSecrets).entries()) {
    const parsed = entrySchema.safeParse(raw);
    if (parsed.success) {
      const { id, lastRun } = parsed.data;
      jobs.push({ id, entry: JSON.stringify(raw), timed: isoTime.safeParse(lastRun).success });
    } else {
      const at = `${location} $.jobs[${index}]`;
      unusable.push({ location: at, message: describe(parsed.error), json: JSON.stringify(raw) });
    }
  }
  return { jobs, unusable, next: page.next ?? null };
}

/** Reads the detail of a job. Throws SOURCE_INVALID, naming the JSON path, when it is not of the documented form. */
export function readJob(
  reply: unknown,
  at: { readonly id: string; readonly tool: string; readonly location: string },
): ReadJob {
  const json = withoutSecrets(reply);
  const job = parse(jobSchema, json, at.location);
  const lastRun = job.lastRun === null || job.lastRun === undefined ? null : String(job.lastRun);
  const time = isoTime.safeParse(job.lastRun);
  const raw = z.object({ inputs: z.unknown().optional(), outputs: z.unknown().optional() }).parse(json);
  const inputs = readDatasets(job.inputs, raw.inputs);
  const outputs = readDatasets(job.outputs, raw.outputs);
  const additional = additionalOf(json, jobSchema.shape);
  return {
    found: {
      type: 'job',
      objectId: at.id,
      ...(time.success ? { sequence: Math.max(0, epochOf(time.data)) } : {}),
      value: {
        tool: at.tool,
        name: job.name,
        description: job.description ?? null,
        lastRun,
        inputs,
        outputs,
        warnings: lastRun === null || time.success ? [] : [notATime(lastRun, at.location)],
        additional,
      },
    },
    timed: time.success,
    unknownKeys: [
      ...additional.map(({ key }) => `$.${key}`),
      ...keysOf(inputs).map((key) => `$.inputs[].${key}`),
      ...keysOf(outputs).map((key) => `$.outputs[].${key}`),
    ],
  };
}

function parse<S extends z.ZodType>(schema: S, json: unknown, location: string): z.output<S> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new StreamError(
    'SOURCE_INVALID',
    `${location} is not in the documented form: ${describe(parsed.error)}.`,
    {
      cause: parsed.error,
      advice:
        'Expected are {"jobs": [{"id", "lastRun"}], "next"} of the list and {"name", "lastRun", "inputs", "outputs"} of a job.',
    },
  );
}

/** The first problems of a reply in one line, each with its JSON path. */
function describe(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => {
      const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
      return `$${steps.join('')}: ${message}`;
    })
    .join('; ');
}

function readDatasets(
  parsed: readonly z.output<typeof datasetSchema>[],
  raw: unknown,
): readonly DatasetName[] {
  const rawList = Array.isArray(raw) ? raw : [];
  return parsed.map(({ name, type, path }, index) => ({
    type,
    name,
    path: path ?? null,
    additional: additionalOf(rawList[index], datasetSchema.shape),
  }));
}

/** Own keys that a schema does not name, sorted. Read from the reply itself: a key `__proto__` counts like any other. */
function additionalOf(raw: unknown, known: object): readonly Additional[] {
  if (typeof raw !== 'object' || raw === null) return [];
  return Object.entries(raw)
    .filter(([key]) => !Object.hasOwn(known, key))
    .map(([key, value]) => ({ key, json: JSON.stringify(value) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function keysOf(datasets: readonly DatasetName[]): readonly string[] {
  return [...new Set(datasets.flatMap(({ additional }) => additional.map(({ key }) => key)))].sort();
}

/** Milliseconds since 1970; a time without a zone is taken as UTC, so that the machine's zone does not matter. */
function epochOf(time: string): number {
  return Date.parse(/T.*(?:Z|[+-]\d\d:\d\d)$/.test(time) || !time.includes('T') ? time : `${time}Z`);
}

function notATime(lastRun: string, location: string): Warning {
  return {
    code: 'last-run-not-a-time',
    location: `${location} $.lastRun`,
    message: `"${lastRun}" is no ISO 8601 time; it is kept as text, and the job is asked for at every scan.`,
  };
}
