import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject, Producer, Rejection, ScanContext } from '../../pipeline/producer.ts';
import { withoutSecrets } from '../../platform/redact.ts';
import type { Warning } from '../../schemas/types.ts';
import type { Ask } from '../../platform/ask.ts';
import { type JobList, listJobs, listJobsSurely } from './list-jobs.ts';
import { mapInOrder } from '../../platform/map-in-order.ts';
import { type ListedJob, type ReadJob, readJob } from './reply.ts';

/** What the producer works with. */
export interface EtlApiProducerOptions {
  readonly ask: Ask;
  /** The tool's name in the catalogue. */
  readonly tool: string;
  readonly pageSize: number;
  readonly intervalMs: number;
  /** Waits; rejects when the signal fires. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Details that are asked for at once. */
const concurrency = 4;

/** What asking for a job's detail came to. */
type Result =
  | { readonly kind: 'found'; readonly job: ReadJob }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  /** Listed, but there was no detail. */
  | { readonly kind: 'gone' };

interface KnownJob {
  readonly listed: ListedJob;
  readonly result: Result;
}

/**
 * Reads an ETL tool by its API: the list of jobs, then the detail of each. A job's detail is kept as long as its entry in the
 * list stays the same and holds a time (its watermark); jobs without a time, and jobs that could not be read, are asked for
 * every time. An edit of a job that changes neither shows after the job's next run.
 */
export class EtlApiProducer implements Producer {
  readonly #options: EtlApiProducerOptions;
  readonly #known = new Map<string, KnownJob>();
  /** What the last complete scan saw; undefined before the first. */
  #complete: { readonly jobs: ReadonlyMap<string, string>; readonly unusable: string } | undefined;
  /** Why the last look for changes failed. */
  #failure: string | undefined;

  constructor(options: EtlApiProducerOptions) {
    this.#options = options;
  }

  /** Always the same: the API does not tell one life of the tool from another. */
  incarnation(): Promise<string> {
    return Promise.resolve('1');
  }

  /** Jobs in the order of their ids. What cannot be read of one job is a rejection; what says nothing of the whole is an error. */
  async *scan(context: ScanContext): AsyncIterable<FoundObject> {
    try {
      yield* this.#scan(context);
    } catch (thrown) {
      if (thrown instanceof StreamError || !context.signal.aborted) throw thrown;
      throw new StreamError('SOURCE_UNAVAILABLE', `Reading the jobs of ${this.#options.tool} was stopped.`, {
        cause: thrown,
      });
    }
  }

  async *#scan(context: ScanContext): AsyncIterable<FoundObject> {
    const list = await listJobsSurely(this.#listing(context.signal), new Set(this.#complete?.jobs.keys()));
    for (const rejection of unusableEntries(list)) context.reject(rejection);
    const seen = new Map<string, string>();
    const gone: ListedJob[] = [];
    const reported = new Set<string>();
    for await (const known of this.#details(list, context.signal)) {
      const { listed, result } = known;
      if (result.kind === 'gone') gone.push(listed);
      else seen.set(listed.id, seenOf(known));
      if (result.kind === 'rejected') context.reject(result.rejection);
      if (result.kind === 'found') yield withUnknownKeys(result.job, reported);
    }
    for (const listed of await this.#stillListed(gone, context.signal)) {
      context.reject({ objectId: listed.id, error: noDetail(listed) });
      seen.set(listed.id, seenOf({ listed, result: { kind: 'gone' } }));
    }
    for (const id of this.#known.keys()) if (!seen.has(id)) this.#known.delete(id);
    this.#complete = { jobs: seen, unusable: JSON.stringify(list.unusable) };
    this.#failure = undefined;
  }

  /** A look every interval: at the list, and at the jobs whose entry says nothing. A new kind of failure counts as a change, so that a scan tells of it. */
  async *changes(signal: AbortSignal): AsyncIterable<undefined> {
    for (;;) {
      try {
        await this.#options.wait(this.#options.intervalMs, signal);
        if (!(await this.#differs(signal))) continue;
      } catch (thrown) {
        if (signal.aborted) return;
        if (!(thrown instanceof StreamError)) throw thrown;
        if (thrown.message === this.#failure) continue;
        this.#failure = thrown.message;
      }
      yield undefined;
    }
  }

  /** Nothing stays open between two requests. */
  close(): Promise<void> {
    this.#known.clear();
    return Promise.resolve();
  }

  async #differs(signal: AbortSignal): Promise<boolean> {
    const list = await listJobs(this.#listing(signal));
    const before = this.#complete;
    if (before === undefined || before.jobs.size !== list.jobs.size) return true;
    if (before.unusable !== JSON.stringify(list.unusable)) return true;
    for await (const known of this.#details(list, signal)) {
      if (before.jobs.get(known.listed.id) !== seenOf(known)) return true;
    }
    return false;
  }

  #listing(signal: AbortSignal): {
    readonly ask: Ask;
    readonly pageSize: number;
    readonly signal: AbortSignal;
  } {
    return { ask: this.#options.ask, pageSize: this.#options.pageSize, signal };
  }

  #details(list: JobList, signal: AbortSignal): AsyncIterable<KnownJob> {
    return mapInOrder(list.jobs.values(), { limit: concurrency, signal }, (listed, signal) =>
      this.#detail(listed, signal),
    );
  }

  async #detail(listed: ListedJob, signal: AbortSignal): Promise<KnownJob> {
    const known = this.#known.get(listed.id);
    if (known !== undefined && known.listed.entry === listed.entry && isSettled(known)) return known;
    const read = { listed, result: await this.#ask(listed, signal) };
    this.#known.set(listed.id, read);
    return read;
  }

  async #ask({ id }: ListedJob, signal: AbortSignal): Promise<Result> {
    const { ask, tool } = this.#options;
    const location = locationOf(id);
    const rejected = (error: StreamError, bytes?: Uint8Array): Result => ({
      kind: 'rejected',
      rejection: { objectId: id, error, ...(bytes === undefined ? {} : { bytes }) },
    });
    try {
      const answer = await ask.get(ask.resolve(location), signal);
      if (answer.kind === 'missing') return { kind: 'gone' };
      if (answer.kind === 'denied') return rejected(denied(location));
      try {
        return { kind: 'found', job: readJob(answer.json, { id, tool, location }) };
      } catch (thrown) {
        if (!(thrown instanceof StreamError)) throw thrown;
        return rejected(thrown, Buffer.from(JSON.stringify(withoutSecrets(answer.json))));
      }
    } catch (thrown) {
      if (thrown instanceof StreamError && (await this.#isOfOneJob(thrown, signal))) return rejected(thrown);
      throw thrown;
    }
  }

  /** Whether a failure is that of one job. When the tool gives no answer for a job, but gives its list, the job is at fault. */
  async #isOfOneJob(error: StreamError, signal: AbortSignal): Promise<boolean> {
    if (error.code === 'SOURCE_INVALID' || error.code === 'SOURCE_LIMIT') return true;
    if (error.code !== 'SOURCE_UNAVAILABLE' || error.retryAfterMs !== undefined) return false;
    const answer = await this.#options.ask.get(this.#options.ask.resolve('api/job?size=1'), signal);
    return answer.kind === 'json';
  }

  /** A job that went away after it was listed is a removal; one that is listed again has a fault. */
  async #stillListed(gone: readonly ListedJob[], signal: AbortSignal): Promise<readonly ListedJob[]> {
    if (gone.length === 0) return [];
    const list = await listJobs(this.#listing(signal));
    return gone.filter(({ id }) => list.jobs.has(id));
  }
}

function locationOf(id: string): string {
  return `api/job/${encodeURIComponent(id)}`;
}

/** True when a job need not be asked for again while its entry in the list stays the same. */
function isSettled({ listed, result }: KnownJob): boolean {
  return listed.timed && result.kind === 'found' && result.job.timed;
}

/** What was seen of a job, as one text to compare: an unchanged entry stands for an unchanged job where it holds a time. */
function seenOf(known: KnownJob): string {
  const { listed, result } = known;
  if (isSettled(known)) return listed.entry;
  if (result.kind === 'gone') return `${listed.entry} gone`;
  if (result.kind === 'rejected') return `${listed.entry} ${result.rejection.error.message}`;
  return `${listed.entry} ${JSON.stringify(result.job.found.value)}`;
}

/** The job as found, with a warning for each unknown key that no job before it had: each key is told once a scan. */
function withUnknownKeys({ found, unknownKeys }: ReadJob, reported: Set<string>): FoundObject {
  const warnings = unknownKeys
    .filter((key) => !reported.has(key))
    .map((key): Warning => {
      reported.add(key);
      return {
        code: 'unknown-key',
        location: `${locationOf(found.objectId)} ${key}`,
        message: 'This key has no meaning here; it is kept, and not told again for other jobs.',
      };
    });
  if (warnings.length === 0) return found;
  return { ...found, value: { ...found.value, warnings: [...found.value.warnings, ...warnings] } };
}

function unusableEntries(list: JobList): readonly Rejection[] {
  return list.unusable.map(({ location, message, json }) => ({
    objectId: location,
    error: new StreamError(
      'SOURCE_INVALID',
      `An entry of the list has no usable id (${location}): ${message}.`,
      {
        advice: 'Correct it in the ETL tool; its job is not read until then.',
      },
    ),
    bytes: Buffer.from(json),
  }));
}

function denied(location: string): StreamError {
  return new StreamError('SOURCE_REFUSED', `The tool denies the right to read ${location} (403).`, {
    advice: 'Let the account of this producer read the job.',
  });
}

function noDetail({ id }: ListedJob): StreamError {
  return new StreamError(
    'SOURCE_NOT_FOUND',
    `The job ${JSON.stringify(id)} is listed, but ${locationOf(id)} is not there (404).`,
    {
      advice: 'Correct it in the ETL tool; its last known lineage stays until then.',
    },
  );
}
