import type { FoundObject, ScanContext } from '../../pipeline/producer.ts';
import { eachFile, type SourceFiles } from '../../platform/each-file.ts';
import { decodeText } from '../../platform/read-file.ts';
import { xmlEncoding } from '../../platform/xml.ts';
import type { Warning } from '../../schemas/types.ts';
import { readJob } from './read-job.ts';

/** What a scan reads. */
export interface JobFolder {
  readonly files: SourceFiles;
  /** Name of the tool. */
  readonly tool: string;
}

/** Bytes that a job file may have. */
const maxBytes = 16_000_000;

/** Yields the jobs, a file each, in the order of file names. A file that is no job file is rejected alone. */
export function scanJobFiles({ files, tool }: JobFolder, context: ScanContext): AsyncGenerator<FoundObject> {
  const firstFiles = new Map<string, string>();
  return eachFile(files, context, {
    maxBytes,
    read: ({ file, bytes, modifiedMs }) => {
      const { warnings, ...job } = readJob(decodeText(bytes, file, xmlEncoding(bytes)), file);
      const first = firstFiles.get(job.jobId);
      if (first === undefined) firstFiles.set(job.jobId, file);
      const value = { tool, ...job, file, warnings: [...warnings, ...duplicateId(job.jobId, file, first)] };
      return [{ type: 'job-file', objectId: file, sequence: modifiedMs, value }];
    },
  });
}

/** Two files of one job would be one process: only the first by name counts in the catalogue. */
function duplicateId(jobId: string, file: string, first: string | undefined): readonly Warning[] {
  if (first === undefined) return [];
  const message = `The job ${jobId} is in ${first} too, which counts in the catalogue.`;
  return [{ code: 'duplicate-job', location: file, message }];
}
