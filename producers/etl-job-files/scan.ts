import { toStreamError } from '../../pipeline/errors.ts';
import type { FoundObject, ScanContext } from '../../pipeline/producer.ts';
import { listFiles } from '../../platform/list-files.ts';
import { decodeText, type FileContent, readFileUnder } from '../../platform/read-file.ts';
import { redactBytes } from '../../platform/redact.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { xmlEncoding } from '../../platform/xml.ts';
import type { Warning } from '../../schemas/types.ts';
import { readJob } from './read-job.ts';

/** What a scan reads. */
export interface JobFolder {
  readonly root: string;
  /** Glob of the job files, relative to the root. */
  readonly glob: string;
  /** The only file to read, relative to the root; undefined for all that match. */
  readonly file: string | undefined;
  /** Name of the tool. */
  readonly tool: string;
}

/** Bytes that a job file may have. */
const maxJobBytes = 16_000_000;

/** Yields the jobs, a file each, in the order of file names. A file that is no job file is rejected alone. */
export async function* scanJobFiles(folder: JobFolder, context: ScanContext): AsyncGenerator<FoundObject> {
  const { root, glob, tool } = folder;
  const files = folder.file === undefined ? await listFiles({ root, glob }) : [folder.file];
  const firstFiles = new Map<string, string>();
  for (const file of files) {
    throwIfStopped(context.signal);
    let content: FileContent | undefined;
    try {
      content = await readFileUnder({ root, file, maxBytes: maxJobBytes });
      const { warnings, ...job } = readJob(decodeText(content.bytes, file, xmlEncoding(content.bytes)), file);
      const first = firstFiles.get(job.jobId);
      if (first === undefined) firstFiles.set(job.jobId, file);
      const value = { tool, ...job, file, warnings: [...warnings, ...duplicateId(job.jobId, file, first)] };
      yield { type: 'job-file', objectId: file, sequence: content.modifiedMs, value };
    } catch (thrown) {
      // Only this file is lost, but one file that was named and is not there is the whole source.
      const error = toStreamError(thrown, 'SOURCE_UNAVAILABLE', file);
      if (folder.file !== undefined && content === undefined) throw error;
      context.reject({
        objectId: file,
        error,
        ...(content === undefined ? {} : { bytes: redactBytes(content.bytes) }),
      });
    }
  }
}

/** Two files of one job would be one process: only the first by name counts in the catalogue. */
function duplicateId(jobId: string, file: string, first: string | undefined): readonly Warning[] {
  if (first === undefined) return [];
  const message = `The job ${jobId} is in ${first} too, which counts in the catalogue.`;
  return [{ code: 'duplicate-job', location: file, message }];
}
