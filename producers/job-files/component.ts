import { resolve } from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  datasetsOption,
  producerComponent,
  stepsOption,
  toolOption,
} from '../../pipeline/component.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import { eachFile, sourceFiles, watchEachFile } from '../../platform/each-file.ts';
import { compileMapping } from '../../platform/json-mapping.ts';
import { documentFormats } from '../../platform/parse-documents.ts';
import { FileMapping } from './map-file.ts';

/** Bytes that a job file may have. */
const maxBytes = 16_000_000;

const options = z.strictObject({
  path: z.string().min(1).describe('Folder with the job files, or one job file.'),
  glob: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .default(['**/*.xml', '**/*.json', '**/*.yaml', '**/*.yml'])
    .describe(
      'Which files below the folder are job files, one pattern or several: * within a name, ** for any folders.',
    ),
  format: z
    .enum(documentFormats)
    .optional()
    .describe('What the files are. Default: by the end of the name, .xml, .json, .yaml or .yml.'),
  tool: toolOption,
  items: z
    .string()
    .min(1)
    .default('$')
    .describe(
      'JSONata on a document: the things in it that are mapped each by itself, so that a wrong one costs no other.',
    ),
  map: z
    .string()
    .min(1)
    .describe(
      'JSONata: what an item means, as with http: {"type": "job-file", "objectId": …, "nodes": [steps with column mappings]}, or the type job or entity (docs/job-files.md).',
    ),
  datasets: datasetsOption,
  steps: stepsOption,
  case: caseOption,
});

/** The producer `job-files`: files of an ETL tool, mapped by JSONata. */
export const jobFiles = producerComponent({
  summary:
    'XML, JSON or YAML files in which an ETL tool keeps its jobs, mapped by JSONata to jobs, steps and column mappings ([job-files.md](job-files.md)).',
  options,
  configure: (name, given, host) => {
    const mapping = {
      items: compileMapping(given.items, { option: 'items' }),
      map: compileMapping(given.map, { option: 'map' }),
      tool: given.tool ?? name,
      format: given.format,
    };
    return {
      settings: {
        types: jobTypes,
        caseRule: given.case,
        steps: given.steps,
        datasets: datasetRules(given.datasets),
      },
      open: async () => {
        const files = await sourceFiles(resolve(host.baseFolder, given.path), [given.glob].flat());
        return {
          // Files that are restored from a copy are the same source: positions grow with every difference.
          incarnation: () => Promise.resolve('files'),
          scan: (context) => {
            const mapped = new FileMapping(mapping, context);
            return eachFile(files, context, { maxBytes, read: (content) => mapped.read(content) });
          },
          changes: (signal) => watchEachFile(files, signal),
          close: () => Promise.resolve(),
        };
      },
    };
  },
});
