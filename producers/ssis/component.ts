import { resolve } from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  dialectOption,
  producerComponent,
  tableDatasetsOption,
  tableRule,
  stepsOption,
} from '../../pipeline/component.ts';
import { typesOfRule } from '../../pipeline/database-names.ts';
import { jobTypes } from '../../pipeline/job-types.ts';
import { routineAttributes } from '../../pipeline/process.ts';
import type { DatasetRule } from '../../pipeline/transform.ts';
import type { EntityType } from '../../pipeline/types.ts';
import { eachFile, sourceFiles, watchEachFile } from '../../platform/each-file.ts';
import { PackageFiles } from './package-files.ts';

/** Bytes that a package or a project may have. */
const maxBytes = 64_000_000;

const sqlTask: EntityType = {
  name: 'ssis_sql_task',
  description: 'SQL that a task of an SSIS package runs, with its lineage.',
  superTypes: ['Process'],
  attributes: routineAttributes,
  qualifiedName: 'ssis-sql://{server}/{database}/{routine+}',
};

const options = z.strictObject({
  path: z.string().min(1).describe('Folder with packages (.dtsx) and projects (.ispac), or one of them.'),
  glob: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .default(['**/*.dtsx', '**/*.ispac'])
    .describe(
      'Which files below the folder are read, one pattern or several: * within a name, ** for any folders.',
    ),
  tool: z
    .string()
    .min(1)
    .optional()
    .describe("Name of the SSIS server in qualifiedNames; by default the producer's name."),
  servers: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe(
      "By a server's name as connection strings have it (., localhost, tcp:dw…): the name that the producer which describes its tables has for it.",
    ),
  connections: z
    .record(
      z.string(),
      z.strictObject({
        server: z.string().min(1).optional(),
        database: z.string().min(1).optional(),
        schema: z.string().min(1).optional(),
        dataset: z.string().min(1).optional(),
      }),
    )
    .default({})
    .describe(
      'By the name of a connection manager: server, database and schema where its connection string does not tell, and the word in `datasets` for what it leads to (table or file by default).',
    ),
  dialect: dialectOption.unwrap().default('tsql').describe('SQL dialect of the texts that packages run.'),
  datasets: tableDatasetsOption,
  steps: stepsOption,
  case: caseOption,
});

/** The producer `ssis`: packages of SQL Server Integration Services. */
export const ssis = producerComponent({
  summary:
    'Packages of SQL Server Integration Services (.dtsx, .ispac): data flows with column lineage, and the SQL that tasks run ([ssis.md](ssis.md)). `datasets.table` says which types its tables have.',
  options,
  configure: (name, given, host) => {
    const rules = Object.entries(datasetRules(given.datasets)).map(
      ([word, rule]) => [word, withForm(rule, given.connections, word)] as const,
    );
    const datasets = Object.fromEntries(rules);
    const { entityTypes, ...types } = jobTypes;
    return {
      settings: {
        types: {
          ...types,
          entityTypes: [...entityTypes, sqlTask],
          database: { ...typesOfRule(tableRule(datasets)), routine: { typeName: sqlTask.name } },
        },
        caseRule: given.case,
        steps: given.steps,
        datasets,
        dialect: given.dialect,
      },
      open: async () => {
        const files = await sourceFiles(resolve(host.baseFolder, given.path), [given.glob].flat());
        const options = {
          root: files.root,
          tool: given.tool ?? name,
          system: given.dialect,
          rules: { servers: given.servers, connections: given.connections },
        };
        return {
          // Files that are restored from a copy are the same source: positions grow with every difference.
          incarnation: () => Promise.resolve('files'),
          scan: (context) => {
            const packages = new PackageFiles(options, context);
            const read = packages.read.bind(packages);
            // Any variable or parameter of a package may be a secret: its dead letter names it, and holds nothing of it.
            return eachFile(files, context, { maxBytes, read, keepsBytes: false });
          },
          changes: (signal) => watchEachFile(files, signal, ['**/*.conmgr', '**/*.params']),
          close: () => Promise.resolve(),
        };
      },
    };
  },
});

/** Tables are given as SERVER/DATABASE/SCHEMA/TABLE: a rule that does not say how to read that, reads it so. */
function withForm(
  rule: DatasetRule,
  connections: z.output<typeof options>['connections'],
  word: string,
): DatasetRule {
  const ofFiles = word === 'file' || rule.name !== undefined || rule.path !== undefined;
  const isTable = word === 'table' || Object.values(connections).some(({ dataset }) => dataset === word);
  return ofFiles || !isTable ? rule : { ...rule, name: '{server}/{database}/{schema}/{table+}' };
}
