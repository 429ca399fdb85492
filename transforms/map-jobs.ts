import { resolveDataset } from '../pipeline/datasets.ts';
import {
  deriving,
  type Derivation,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import type { DatasetName, Job } from '../schemas/types.ts';
import { type JobLineage, jobChanges, jobWarnings, placeOfJob } from './job-process.ts';

/**
 * Jobs of an ETL tool's API → the tool and one process a job, from the datasets that the job reads to those that it writes. The
 * API tells nothing of columns: columns of equal names are no evidence that one flows into the other, so there are no column
 * edges. Errors, each of which costs the job its lineage: EVENT_INVALID when a dataset's name or path has not the form that
 * `datasets` declares, NAME_INVALID when it has neither.
 */
export const mapJobs: TransformFactory = (context) =>
  deriving((event) => {
    if (event.type !== 'job') return undefined;
    return { event, known: [], ...mapJob(context, event.value) };
  });

function mapJob(context: TransformContext, job: Job): Pick<Derivation, 'changes' | 'warnings'> {
  const { producer, objectId, tool } = job;
  const place = placeOfJob(context, { producer, tool, job: objectId });
  const resolve = (list: 'inputs' | 'outputs'): JobLineage['inputs'] =>
    job[list].map(({ type, name, path }: DatasetName, index) => {
      const location = `job ${objectId} $.${list}[${index}]`;
      return resolveDataset(context, producer, { type, name, path, location });
    });
  const lineage: JobLineage = {
    name: job.name,
    inputs: resolve('inputs'),
    outputs: resolve('outputs'),
    edges: [],
    warnings: job.warnings,
    // A job without a description says nothing of it: what a person wrote in the catalogue stays.
    attributes: {
      lastRun: job.lastRun,
      ...(job.description === null ? {} : { description: job.description }),
    },
  };
  return { changes: jobChanges(place, tool, lineage), warnings: jobWarnings(lineage) };
}
