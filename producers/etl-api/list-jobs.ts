import { StreamError } from '../../pipeline/errors.ts';
import type { Ask } from '../../platform/ask.ts';
import { type JobPage, type ListedJob, readPage } from './reply.ts';

/** The whole list at one time. */
export interface JobList {
  /** By id, sorted. */
  readonly jobs: ReadonlyMap<string, ListedJob>;
  readonly unusable: JobPage['unusable'];
  readonly pages: number;
}

/** Bounds of a list, against a tool that never ends it. */
const mostPages = 10_000;
const mostJobs = 1_000_000;
/** Readings after which a list that is never twice the same is given up until the next scan. */
const mostReadings = 6;

/** How a list is read. */
export interface ListOptions {
  readonly ask: Ask;
  readonly pageSize: number;
  readonly signal: AbortSignal;
}

/**
 * Reads every page of `GET api/job` once. A job that moved to a later page while paging counts once. Throws SOURCE_INVALID for
 * a page that is no list or a link that was followed before, SOURCE_REFUSED when the list is denied or a link leads elsewhere,
 * SOURCE_LIMIT for a list without end.
 */
export async function listJobs({ ask, pageSize, signal }: ListOptions): Promise<JobList> {
  const jobs = new Map<string, ListedJob>();
  const unusable: JobPage['unusable'][number][] = [];
  const followed = new Set<string>();
  let link: string | null = `api/job?size=${pageSize}`;
  while (link !== null) {
    const address: string = ask.resolve(link, [...followed].at(-1));
    if (followed.has(address)) {
      throw new StreamError(
        'SOURCE_INVALID',
        `The list of jobs goes in a circle: it links to ${address} twice.`,
        {
          advice: 'Correct the paging of the tool; nothing was taken from this list.',
        },
      );
    }
    followed.add(address);
    const page = await readOnePage(ask, address, signal);
    for (const job of page.jobs) jobs.set(job.id, job);
    unusable.push(...page.unusable);
    if (followed.size > mostPages || jobs.size > mostJobs) {
      throw new StreamError(
        'SOURCE_LIMIT',
        `The list of jobs has more than ${mostPages} pages or ${mostJobs} jobs at ${address}.`,
        { advice: 'Ask for larger pages (pageSize), or correct the paging of the tool.' },
      );
    }
    link = page.next;
  }
  const sorted = [...jobs].sort(([a], [b]) => (a < b ? -1 : 1));
  return { jobs: new Map(sorted), unusable, pages: followed.size };
}

async function readOnePage(ask: Ask, address: string, signal: AbortSignal): Promise<JobPage> {
  const answer = await ask.get(address, signal);
  if (answer.kind === 'json') return readPage(answer.json, address);
  throw answer.kind === 'denied'
    ? new StreamError('SOURCE_REFUSED', `The tool denies the right to read ${address} (403).`, {
        advice: 'Let the account of this producer list the jobs.',
      })
    : new StreamError('SOURCE_NOT_FOUND', `The tool has nothing at ${address} (404).`, {
        advice: 'Correct url in the configuration: it is the address in front of /api/job.',
      });
}

/**
 * Reads the list until it is sure that no job was missed: pages that are counted from the front shift when a job goes away
 * between two of them, and one that stayed slips through. A list of one page is sure; so is one with the ids of the reading
 * before it, or of `last`, the last sure list. Throws SOURCE_UNAVAILABLE when the list never holds still.
 */
export async function listJobsSurely(options: ListOptions, last: ReadonlySet<string>): Promise<JobList> {
  let before = last;
  for (let reading = 1; reading <= mostReadings; reading += 1) {
    const list = await listJobs(options);
    if (list.pages === 1 || sameIds(list.jobs, before)) return list;
    before = new Set(list.jobs.keys());
  }
  throw new StreamError(
    'SOURCE_UNAVAILABLE',
    `The list of jobs changed during each of ${mostReadings} readings.`,
    {
      advice: 'It is read again later; a larger pageSize makes a reading shorter.',
    },
  );
}

function sameIds(jobs: ReadonlyMap<string, ListedJob>, ids: ReadonlySet<string>): boolean {
  return jobs.size === ids.size && [...jobs.keys()].every((id) => ids.has(id));
}
