import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { azureSignIn } from '../../pipeline/azure-sign-in.ts';
import { caseOption, type ProducerSetup, producerComponent } from '../../pipeline/component.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { nameFilter, nameFilterOption } from '../../pipeline/name-filter.ts';
import { atIntervals } from '../../platform/at-intervals.ts';
import { globMatcher } from '../../platform/list-files.ts';
import { fileError } from '../../platform/read-file.ts';
import { watchFiles } from '../../platform/watch-files.ts';
import { BlobFiles, blobError } from './blob-files.ts';
import { connectBlobs } from './connect-blobs.ts';
import { connectQueue } from './connect-queue.ts';
import { readEventQueue } from './event-queue.ts';
import { isHidden, type LakeFiles } from './lake-files.ts';
import { LocalFiles } from './local-files.ts';
import { LakeProducer, type LakeSource } from './producer.ts';
import { lakeTypes } from './types.ts';

const globs = z.array(z.string().min(1).max(2_000)).max(1_000);

const options = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .optional()
      .describe('Folder with the files; its last name is the container. Either this or blobs.'),
    blobs: z
      .strictObject({
        url: z
          .url({ protocol: /^https?$/ })
          .optional()
          .describe(
            'Address of the storage account: `https://ACCOUNT.blob.core.windows.net`. Signed in to with `credential`.',
          ),
        connectionString: z
          .string()
          .min(1)
          .optional()
          .describe('Connection string of the storage account, instead: `${env:BLOBS}`.'),
        credential: azureSignIn.prefault({}).describe('How to sign in to Azure.'),
        containers: nameFilterOption('containers'),
        prefix: z.string().default('').describe('Only blobs whose names begin so.'),
        events: z
          .strictObject({
            queue: z
              .string()
              .regex(/^[a-z0-9](?:-?[a-z0-9]){2,62}$/)
              .describe('Queue of the storage account that Azure Event Grid sends blob events to.'),
            url: z
              .url({ protocol: /^https?$/ })
              .optional()
              .describe(
                'Address of the queues, where it is not that of the blobs with `queue` in place of `blob`.',
              ),
            interval: z
              .number()
              .positive()
              .max(3_600)
              .default(5)
              .describe('Seconds between two looks at an empty queue.'),
            maxDequeues: z
              .number()
              .int()
              .min(1)
              .max(1_000)
              .default(10)
              .describe('A message that was given so often and never settled is a dead letter.'),
          })
          .optional()
          .describe('Blob events: changes show in seconds, not with the next scan.'),
      })
      .refine(
        ({ url, connectionString }) => (url === undefined) !== (connectionString === undefined),
        'needs a url or a connectionString',
      )
      .optional()
      .describe('Azure Blob Storage or ADLS Gen2, in place of a folder.'),
    server: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Name of the machine or account in qualifiedNames. Default: the host name; of blobs the host of their url.',
      ),
    include: globs
      .min(1)
      .default(['**'])
      .describe(
        'Which files are read, by path below the folder or container: * within a name, ** for any folders.',
      ),
    exclude: globs.default([]).describe('Not these files.'),
    resourceSets: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Whether files whose paths differ in numbers, dates and ids only are one dataset.'),
        accept: globs.default(['**']).describe('Files that may be grouped.'),
        reject: globs
          .default([])
          .describe('Files that are not grouped, also where they are accepted, such as `releases/**`.'),
        minFiles: z
          .number()
          .int()
          .min(1)
          .max(1_000)
          .default(1)
          .describe('A group of fewer files is those files. 1 names them as Microsoft Purview does.'),
      })
      .prefault({})
      .describe('How many files become one dataset.'),
    case: caseOption,
    interval: z
      .number()
      .positive()
      .max(2_000_000)
      .default(86_400)
      .describe(
        'Seconds between two scans while changes are followed. Changes below a folder show at once, apart from that; of blobs this is when they show, where there are no events.',
      ),
    maxFiles: z
      .number()
      .int()
      .positive()
      .max(100_000_000)
      .default(1_000_000)
      .describe('Files that a folder or container may hold.'),
    maxDatasets: z
      .number()
      .int()
      .positive()
      .max(1_000_000)
      .default(100_000)
      .describe('Datasets that a folder or container may become.'),
  })
  .refine(({ path, blobs }) => (path === undefined) !== (blobs === undefined), 'needs a path or blobs');

type Options = z.output<typeof options>;

/** Producer of kind `lake`: files in folders and in Azure Blob Storage, with their schemas. */
export const lake = producerComponent({
  summary:
    'Files of a folder, or of Azure Blob Storage and ADLS Gen2: CSV, JSON, Parquet, Avro and xlsx with their columns, many files of one dataset as one resource set.',
  options,
  configure: (_name, given, host): ProducerSetup => ({
    settings: { types: lakeTypes, caseRule: given.case, steps: 'collapse', datasets: {} },
    open: async () => {
      const isRead = readTest(given);
      const parts =
        given.path === undefined
          ? await blobParts(given)
          : await localParts(given, resolve(host.baseFolder, given.path), isRead);
      return new LakeProducer({
        ...parts,
        isRead,
        rules: given.resourceSets,
        maxDatasets: given.maxDatasets,
      });
    },
  }),
});

type StoreParts = Pick<LakeSource, 'server' | 'containers' | 'changes' | 'describeChanges'>;

function readTest({ include, exclude }: Options): (path: string) => boolean {
  const [wanted, unwanted] = [include.map(globMatcher), exclude.map(globMatcher)];
  return (path) => wanted.some((matches) => matches(path)) && !unwanted.some((matches) => matches(path));
}

async function localParts(
  given: Options,
  root: string,
  isRead: (path: string) => boolean,
): Promise<StoreParts> {
  const found = await stat(root).catch((thrown: unknown) => {
    throw fileError(thrown, root);
  });
  if (!found.isDirectory()) throw new StreamError('SOURCE_INVALID', `${root} is no folder.`);
  const files = new LocalFiles(root, basename(root) || 'root', given.maxFiles);
  const intervalMs = given.interval * 1_000;
  return {
    server: given.server ?? hostname(),
    containers: async () => [files],
    describeChanges: `watching the folder, and a scan every ${given.interval} s`,
    changes: async function* (signal) {
      // A watcher says that something may have changed when it begins: one that is begun anew at every interval is the scan that is due.
      while (!signal.aborted) {
        const due = AbortSignal.any([signal, AbortSignal.timeout(Math.min(intervalMs, 2_000_000_000))]);
        yield* watchFiles({ path: root, matches: (file) => !isHidden(file) && isRead(file) }, due);
      }
    },
  };
}

type Blobs = NonNullable<Options['blobs']>;

/** Blob events from a queue; a scan in between all the same, for events that were lost. */
async function eventParts(
  { url, connectionString, credential }: Blobs,
  events: NonNullable<Blobs['events']>,
  interval: number,
): Promise<Pick<StoreParts, 'changes' | 'describeChanges'>> {
  const { queue, url: queueUrl } = events;
  const client = await connectQueue({ url, connectionString, credential, queue, queueUrl });
  const options = { client, intervalMs: events.interval * 1_000, maxDequeues: events.maxDequeues };
  let dueAt = performance.now() + interval * 1_000;
  return {
    describeChanges: `blob events of the queue ${queue}, and a scan every ${interval} s`,
    changes: async function* (signal) {
      for await (const news of readEventQueue(options, signal)) {
        const isDue = performance.now() >= dueAt;
        if (isDue) dueAt = performance.now() + interval * 1_000;
        if (isDue || news?.everything === true) yield undefined;
        if (news !== undefined) yield news;
      }
    },
  };
}

async function blobParts({ blobs, server, interval, maxFiles }: Options): Promise<StoreParts> {
  if (blobs === undefined) throw new StreamError('CONFIG_INVALID', 'The option blobs is missing.');
  const service = await connectBlobs(blobs);
  const isChosen = nameFilter(blobs.containers);
  return {
    server: server ?? new URL(service.url).host,
    containers: async (signal): Promise<readonly LakeFiles[]> => {
      const found: LakeFiles[] = [];
      try {
        for await (const { name } of service.listContainers({ abortSignal: signal }))
          if (isChosen(name))
            found.push(new BlobFiles(service, { container: name, prefix: blobs.prefix, maxFiles }));
      } catch (thrown) {
        throw blobError(thrown, `The storage account ${service.accountName}`);
      }
      return found;
    },
    ...(blobs.events === undefined
      ? {
          describeChanges: `a scan every ${interval} s`,
          changes: (signal: AbortSignal) => atIntervals(Math.min(interval * 1_000, 2_000_000_000), signal),
        }
      : await eventParts(blobs, blobs.events, interval)),
  };
}
