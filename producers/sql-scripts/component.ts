import path from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  dialectOption,
  producerComponent,
  tableDatasetsOption,
  tableRule,
} from '../../pipeline/component.ts';
import { typesOfRule } from '../../pipeline/database-names.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { routineAttributes } from '../../pipeline/process.ts';
import type { FoundObject, Producer } from '../../pipeline/producer.ts';
import type { EntityType } from '../../pipeline/types.ts';
import { eachFile, sourceFiles, watchEachFile } from '../../platform/each-file.ts';
import { decodeText, type FileContent } from '../../platform/read-file.ts';
import type { NamePart } from '../../schemas/types.ts';

/** Bytes that a script may have. */
const maxBytes = 16_000_000;

const scriptType: EntityType = {
  name: 'sql_script',
  description: 'A script of SQL in a folder, with its lineage.',
  superTypes: ['Process'],
  attributes: routineAttributes,
  qualifiedName: 'sqlscript://{server}/{routine+}',
};

const level = (what: string) => z.string().min(1).optional().describe(what);

const options = z.strictObject({
  path: z.string().min(1).describe('Folder with the scripts.'),
  glob: z
    .string()
    .min(1)
    .default('**/*.sql')
    .describe('Which files below the folder are scripts: * within a name, ** for any folders.'),
  dialect: dialectOption.unwrap().describe('SQL dialect of the scripts.'),
  server: z
    .string()
    .min(1)
    .describe("The server's name in qualifiedNames, as the producer that describes its tables has it."),
  database: level('Database that the scripts run in.'),
  schema: level('Schema of names without one.'),
  datasets: tableDatasetsOption,
  case: caseOption,
});

/** The producer `sql-scripts`: a file is one event; its routines become processes of their own. */
export const sqlScripts = producerComponent({
  summary:
    'A folder of SQL scripts: each routine that a file defines, and what a file itself runs, becomes a process with column lineage. `datasets.table` says which types its tables have.',
  options,
  configure: (_name, given, host) => {
    const datasets = datasetRules(given.datasets);
    const database = { ...typesOfRule(tableRule(datasets)), routine: { typeName: scriptType.name } };
    return {
      settings: {
        types: { entityTypes: [scriptType], relationshipTypes: [], database },
        caseRule: given.case,
        steps: 'collapse',
        datasets,
        dialect: given.dialect,
      },
      open: () => openScripts(path.resolve(host.baseFolder, given.path), given),
    };
  },
});

async function openScripts(root: string, given: z.output<typeof options>): Promise<Producer> {
  const files = await sourceFiles(root, [given.glob]);
  if (files.file !== undefined) throw new StreamError('SOURCE_INVALID', `${root} is no folder.`);
  const levels = { server: given.server, database: given.database, schema: given.schema };
  const place = (['server', 'database', 'schema'] as const).flatMap((one): readonly NamePart[] => {
    const name = levels[one];
    return name === undefined ? [] : [{ level: one, name }];
  });
  return {
    // Files that are restored from a copy are the same source: positions grow with every difference.
    incarnation: () => Promise.resolve('files'),
    scan: (context) =>
      eachFile(files, context, {
        maxBytes,
        read: (content) => [scriptOf(content, { system: given.dialect, place })],
      }),
    changes: (signal) => watchEachFile(files, signal),
    close: () => Promise.resolve(),
  };
}

function scriptOf(
  { file, bytes, modifiedMs }: FileContent,
  { system, place }: { readonly system: string; readonly place: readonly NamePart[] },
): FoundObject {
  return {
    type: 'routine',
    objectId: file,
    sequence: modifiedMs,
    value: {
      system,
      path: [...place, { level: 'routine', name: file }],
      kind: 'SCRIPT',
      language: 'sql',
      text: decodeText(bytes, file),
      description: null,
      file,
      warnings: [],
      additional: [],
    },
  };
}
