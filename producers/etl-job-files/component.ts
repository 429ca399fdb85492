import { resolve } from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  datasetsOption,
  producerComponent,
  stepsOption,
} from '../../pipeline/component.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import type { Producer } from '../../pipeline/producer.ts';
import { sourceFiles, watchEachFile } from '../../platform/each-file.ts';
import { scanJobFiles } from './scan.ts';

const etlJobFilesOptions = z.strictObject({
  path: z.string().min(1).describe('Folder with the job files, or one job file.'),
  glob: z
    .string()
    .min(1)
    .default('**/*.xml')
    .describe('Which files below the folder are job files: * within a name, ** for any folders.'),
  tool: z
    .string()
    .min(1)
    .optional()
    .describe("Name of the ETL tool in qualifiedNames; by default the producer's name."),
  datasets: datasetsOption,
  steps: stepsOption,
  case: caseOption,
});

/** The producer `etl-job-files`: jobs of an ETL tool that keeps them as XML files. */
export const etlJobFiles = producerComponent({
  summary:
    'Jobs of an ETL tool that keeps each as an XML file: steps, what they read and write, and column mappings.',
  options: etlJobFilesOptions,
  configure: (name, options, host) => ({
    settings: {
      types: jobTypes,
      caseRule: options.case,
      steps: options.steps,
      datasets: datasetRules(options.datasets),
    },
    open: () =>
      openJobFiles(resolve(host.baseFolder, options.path), {
        glob: options.glob,
        tool: options.tool ?? name,
      }),
  }),
});

async function openJobFiles(
  path: string,
  { glob, tool }: { readonly glob: string; readonly tool: string },
): Promise<Producer> {
  const files = await sourceFiles(path, [glob]);
  return {
    // Files that are restored from a copy are the same source: positions grow with every difference.
    incarnation: () => Promise.resolve('files'),
    scan: (context) => scanJobFiles({ files, tool }, context),
    changes: (signal) => watchEachFile(files, signal),
    close: () => Promise.resolve(),
  };
}
