/**
 * Jobs that an ETL tool keeps as files become processes with column lineage: each column of a sink goes back to the catalogue's columns
 * through every projection between. Where steps are kept, each step is an activity too.
 */
import type { Attributes, JobFile, JobNode, TypedName } from '../schemas/types.ts';
import { resolveDataset } from '../pipeline/datasets.ts';
import { foldCase } from '../pipeline/naming.ts';
import {
  type Derivation,
  deriving,
  type TransformContext,
  type TransformFactory,
} from '../pipeline/transform.ts';
import { orderSteps } from './job-file/graph.ts';
import { queryOf } from './job-file/query.ts';
import type { JobDataset } from './job-file/relations.ts';
import { stepEntities } from './job-file/steps.ts';
import { traceJob } from './job-file/trace.ts';
import { type JobLineage, type JobPlace, jobChanges, jobWarnings, placeOfJob } from './job-process.ts';
import { knownColumns } from './known-columns.ts';

/**
 * The transform: job files → the tool, one process a job, and its steps where they are kept. Throws EVENT_INVALID when steps depend on each
 * other in a circle or a dataset's name has not the form that `datasets` declares, SOURCE_LIMIT for a job out of all measure.
 */
export const mapJobFiles: TransformFactory = (context) =>
  deriving((event) => {
    if (event.type !== 'job-file') return undefined;
    return { event, known: [], ...mapJobFile(context, event.value) };
  });

function mapJobFile(context: TransformContext, job: JobFile): Pick<Derivation, 'changes' | 'warnings'> {
  const place = placeOfJob(context, { producer: job.producer, tool: job.tool, job: job.jobId });
  const graph = orderSteps(job);
  const datasets = new JobDatasets(context, job);
  const traced = traceJob({
    job,
    graph,
    dataset: (name, node) => datasets.find(name, node),
    query: (node) => queryOf(context, job, node),
    fold: (name) => foldCase(name, place.settings.caseRule),
  });
  const inputs = new Set(traced.steps.flatMap((step) => step.inputs));
  const outputs = new Set(traced.steps.flatMap((step) => (step.output === undefined ? [] : [step.output])));
  const lineage: JobLineage = {
    name: job.name,
    inputs: [...inputs].map((dataset) => dataset.resolved),
    outputs: [...outputs].map((dataset) => dataset.resolved),
    edges: traced.edges,
    warnings: [...job.warnings, ...graph.warnings, ...traced.warnings, ...idle(job, outputs.size)],
    attributes: { sourceFile: job.file, ...callsOf(context, place, job) },
    steps: place.settings.steps === 'keep' ? stepEntities(place, traced, graph.used) : [],
  };
  return { changes: jobChanges(place, job.tool, lineage), warnings: jobWarnings(lineage) };
}

/** The jobs that a job runs, by their names in the catalogue; nothing is said where it runs none. */
function callsOf(
  context: TransformContext,
  { job: { typeName }, settings }: JobPlace,
  job: JobFile,
): Attributes {
  const { calls = [] } = job;
  const declared = Object.hasOwn(context.naming.type(typeName).attributes, 'calls');
  if (calls.length === 0 || !declared) return {};
  const tool = foldCase(job.tool, settings.caseRule);
  const names = calls.map((id) =>
    context.naming.build(typeName, { tool, job: foldCase(id, settings.caseRule) }),
  );
  return { calls: [...new Set(names)].sort() };
}

function idle(job: JobFile, outputs: number): JobLineage['warnings'] {
  if (outputs > 0) return [];
  return [{ code: 'writes-nothing', location: job.file, message: `The job ${job.name} writes no dataset.` }];
}

/** The datasets of one job: each is resolved once, however often it is named. */
class JobDatasets {
  readonly #context: TransformContext;
  readonly #job: JobFile;
  readonly #datasets = new Map<string, JobDataset>();

  constructor(context: TransformContext, job: JobFile) {
    this.#context = context;
    this.#job = job;
  }

  find({ typeName, name }: TypedName, node: JobNode): JobDataset {
    const key = JSON.stringify([typeName, name]);
    const found = this.#datasets.get(key);
    if (found !== undefined) return found;
    const { producer, file } = this.#job;
    // A job file has one text for a dataset, "name or URL": a rule may read it as either.
    const resolved = resolveDataset(this.#context, producer, {
      type: typeName,
      name,
      path: name,
      location: `${file}:${node.line}`,
    });
    const { datasets } = this.#context.settings(producer);
    const rule = Object.hasOwn(datasets, typeName) ? datasets[typeName] : undefined;
    const dataset = { name, resolved, columns: knownColumns(resolved.known, rule?.caseRule ?? 'preserve') };
    this.#datasets.set(key, dataset);
    return dataset;
  }
}
