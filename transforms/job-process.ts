import type { Attributes, EntityBody, EntityRef, Warning } from '../schemas/types.ts';
import type { ColumnEdge } from '../pipeline/column-mapping.ts';
import type { ResolvedDataset } from '../pipeline/datasets.ts';
import { StreamError } from '../pipeline/errors.ts';
import { foldCase } from '../pipeline/naming.ts';
import { processEntity } from '../pipeline/process.ts';
import type { DerivedEntity, SourceSettings, TransformContext } from '../pipeline/transform.ts';
import type { JobTypes } from '../pipeline/types.ts';

/** A job of an ETL tool, as its event names it. */
export interface JobName {
  readonly producer: string;
  readonly tool: string;
  /** The tool's own id of the job: what its qualifiedName is made from. */
  readonly job: string;
}

/** Where the entities of a job are in the catalogue. */
export interface JobPlace {
  readonly types: JobTypes;
  readonly settings: SourceSettings;
  readonly pipeline: EntityRef;
  readonly job: EntityRef;
  /** The step of that id. */
  activity(id: string): EntityRef;
  /** The rows that the step of that id hands on. */
  rows(id: string): EntityRef;
}

/** What is known of a job's lineage. */
export interface JobLineage {
  readonly name: string;
  readonly inputs: readonly ResolvedDataset[];
  readonly outputs: readonly ResolvedDataset[];
  readonly edges: readonly ColumnEdge[];
  /** Warnings of the event and of the transform; those of the datasets are added. */
  readonly warnings: readonly Warning[];
  /** Attributes of the job beside name, columnMapping and warnings. */
  readonly attributes?: Attributes;
  /** Steps and the rows between them; none where steps are collapsed. */
  readonly steps?: readonly EntityBody[];
}

/** Where a job's entities are. Throws CONFIG_INVALID when its producer declares no job types, NAME_INVALID for an empty name. */
export function placeOfJob(context: TransformContext, name: JobName): JobPlace {
  const settings = context.settings(name.producer);
  const types = settings.types.jobs;
  if (types === undefined) {
    throw new StreamError(
      'CONFIG_INVALID',
      `The producer ${name.producer} emits jobs, but declares no job types.`,
    );
  }
  const tool = foldCase(name.tool, settings.caseRule);
  const job = foldCase(name.job, settings.caseRule);
  const ref = (typeName: string, activity?: string): EntityRef => ({
    typeName,
    qualifiedName: context.naming.build(typeName, {
      tool,
      job,
      ...(activity === undefined ? {} : { activity: foldCase(activity, settings.caseRule) }),
    }),
  });
  return {
    types,
    settings,
    pipeline: ref(types.pipeline.typeName),
    job: ref(types.job.typeName),
    activity: (id) => ref(types.activity.typeName, id),
    rows: (id) => ref(types.intermediate.typeName, id),
  };
}

/**
 * What a job says to the catalogue: its tool, its process with what that owns, and a placeholder for each dataset that
 * nobody has described. The lists of steps and rows are complete, so that steps vanish when they are collapsed.
 */
export function jobChanges(place: JobPlace, tool: string, lineage: JobLineage): readonly DerivedEntity[] {
  const datasets = [...lineage.inputs, ...lineage.outputs];
  const job = processEntity({
    ...place.job,
    name: lineage.name,
    inputs: lineage.inputs.map((input) => input.ref),
    outputs: lineage.outputs.map((output) => output.ref),
    edges: lineage.edges,
    warnings: jobWarnings(lineage),
    ...(lineage.attributes === undefined ? {} : { attributes: lineage.attributes }),
    references: [{ attribute: place.types.job.attribute, many: false, targets: [place.pipeline] }],
  });
  const placeholders = new Map(
    datasets.flatMap(({ ref, placeholder }) =>
      placeholder === undefined ? [] : [[`${ref.typeName}\n${ref.qualifiedName}`, placeholder] as const],
    ),
  );
  return [
    {
      entities: [{ ...place.pipeline, attributes: { name: tool }, references: [] }],
      complete: [],
      placeholder: false,
    },
    { entities: [job, ...(lineage.steps ?? [])], complete: ownedLists(place), placeholder: false },
    ...[...placeholders.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, placeholder]) => placeholder),
  ];
}

/** Every warning of a job: its own and those of its datasets, as given to the derivation too. */
export function jobWarnings(lineage: JobLineage): readonly Warning[] {
  return [
    ...lineage.warnings,
    ...[...lineage.inputs, ...lineage.outputs].flatMap((dataset) => dataset.warnings),
  ];
}

/** The job's relationship attributes that list its steps and the rows between them, by the declared relationships. */
function ownedLists({ types, settings, job }: JobPlace): readonly string[] {
  const children = [types.activity, types.intermediate];
  return settings.types.relationshipTypes
    .filter(
      ({ end1, end2 }) =>
        end1.typeName === job.typeName &&
        children.some((child) => child.typeName === end2.typeName && child.attribute === end2.attribute),
    )
    .map(({ end1 }) => end1.attribute)
    .sort();
}
