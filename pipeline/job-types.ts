import { unconfiguredDataset } from './datasets.ts';
import { processAttributes } from './process.ts';
import type { EntityType, SourceTypes } from './types.ts';

/** A blob or a folder of one in Azure Storage; its qualifiedName is its URL. Built into Microsoft Purview. */
export const azureBlobPath: EntityType = {
  name: 'azure_blob_path',
  description: 'A file or folder in Azure Blob Storage.',
  superTypes: ['DataSet'],
  attributes: {},
  qualifiedName: '{url+}',
  builtIn: true,
};

const jobAttributes = {
  ...processAttributes,
  lastRun: { typeName: 'string', description: 'When the job last ran, as the tool wrote it.' },
  sourceFile: { typeName: 'string', description: 'The job file, relative to the folder that is read.' },
  calls: {
    typeName: 'array<string>',
    description: 'qualifiedNames of the jobs that it runs; their lineage is their own.',
  },
} as const;

/** Types of ETL tools: the tool, its jobs, their steps, and the rows between two steps. */
export const jobTypes: SourceTypes = {
  entityTypes: [
    {
      name: 'etl_pipeline',
      description: 'An ETL tool, or one of its projects, that jobs belong to.',
      superTypes: ['Asset'],
      attributes: {},
      qualifiedName: 'etl://{tool}',
    },
    {
      name: 'etl_job',
      description: 'A job of an ETL tool, with its lineage from end to end.',
      superTypes: ['Process'],
      attributes: jobAttributes,
      qualifiedName: 'etl://{tool}/jobs/{job}',
    },
    {
      name: 'etl_activity',
      description: 'One step of a job.',
      superTypes: ['Process'],
      attributes: {
        ...processAttributes,
        kind: { typeName: 'string', description: 'join, projection, filter, aggregate, sink, …' },
      },
      qualifiedName: 'etl://{tool}/jobs/{job}/steps/{activity}',
    },
    {
      name: 'etl_rows',
      description: 'The rows that one step of a job hands to the next.',
      superTypes: ['DataSet'],
      attributes: {},
      qualifiedName: 'etl://{tool}/jobs/{job}/rows/{activity}',
    },
    azureBlobPath,
    unconfiguredDataset,
  ],
  relationshipTypes: [
    {
      name: 'etl_pipeline_jobs',
      description: 'The jobs of an ETL tool.',
      category: 'AGGREGATION',
      end1: { typeName: 'etl_pipeline', attribute: 'jobs', many: true },
      end2: { typeName: 'etl_job', attribute: 'pipeline', many: false },
    },
    {
      name: 'etl_job_activities',
      description: 'The steps of a job.',
      category: 'COMPOSITION',
      end1: { typeName: 'etl_job', attribute: 'activities', many: true },
      end2: { typeName: 'etl_activity', attribute: 'job', many: false },
    },
    {
      name: 'etl_job_rows',
      description: 'The rows between the steps of a job.',
      category: 'COMPOSITION',
      end1: { typeName: 'etl_job', attribute: 'rows', many: true },
      end2: { typeName: 'etl_rows', attribute: 'job', many: false },
    },
  ],
  jobs: {
    pipeline: { typeName: 'etl_pipeline' },
    job: { typeName: 'etl_job', attribute: 'pipeline' },
    activity: { typeName: 'etl_activity', attribute: 'job' },
    intermediate: { typeName: 'etl_rows', attribute: 'job' },
  },
};
