/**
 * The registry of transforms. A transform is pure: it touches nothing outside its stream. To add one: a file here, and
 * a line below.
 */
import type { TransformFactory } from '../pipeline/transform.ts';
import { describeDatabaseObjects } from './describe-database-objects.ts';
import { describeEntities } from './describe-entities.ts';
import { mapJobFiles } from './map-job-files.ts';
import { mapJobs } from './map-jobs.ts';
import { traceObservedStatements } from './trace-observed-statements.ts';
import { traceSqlRoutines } from './trace-sql-routines.ts';
import { traceScripts } from './trace-scripts.ts';

/** Every transform by name, a verb; each looks at every raw event and answers for those that are its business. */
export const transforms = {
  'describe-database-objects': describeDatabaseObjects,
  'describe-entities': describeEntities,
  'map-jobs': mapJobs,
  'map-job-files': mapJobFiles,
  'trace-scripts': traceScripts,
  'trace-observed-statements': traceObservedStatements,
  'trace-sql-routines': traceSqlRoutines,
} as const satisfies Record<string, TransformFactory>;
