import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  datasetsOption,
  dialectOption,
  producerComponent,
} from '../../pipeline/component.ts';
import { typesOfRule } from '../../pipeline/database-names.ts';
import { StreamError, toStreamError } from '../../pipeline/errors.ts';
import { routineAttributes } from '../../pipeline/process.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import type { EntityType } from '../../pipeline/types.ts';
import { listFiles } from '../../platform/list-files.ts';
import { decodeText, type FileContent, fileError, readFileUnder } from '../../platform/read-file.ts';
import { redactBytes } from '../../platform/redact.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { watchFiles } from '../../platform/watch-files.ts';
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
  datasets: datasetsOption.refine((rules) => Object.hasOwn(rules, 'table'), {
    message: 'a rule named table is missing: it says which types of the catalogue the tables have',
  }),
  case: caseOption,
});

/** The producer `sql-scripts`: a file is one event; its routines become processes of their own. */
export const sqlScripts = producerComponent({
  summary:
    'A folder of SQL scripts: each routine that a file defines, and what a file itself runs, becomes a process with column lineage. `datasets.table` says which types its tables have.',
  options,
  configure: (_name, given, host) => {
    const datasets = datasetRules(given.datasets);
    const rule = datasets['table'];
    if (rule === undefined) throw new StreamError('CONFIG_INVALID', 'datasets.table is missing.');
    const database = { ...typesOfRule(rule), routine: { typeName: scriptType.name } };
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
  const found = await stat(root).catch((thrown: unknown) => {
    throw fileError(thrown, root);
  });
  if (!found.isDirectory()) throw new StreamError('SOURCE_INVALID', `${root} is no folder.`);
  const levels = { server: given.server, database: given.database, schema: given.schema };
  const place = (['server', 'database', 'schema'] as const).flatMap((one): readonly NamePart[] => {
    const name = levels[one];
    return name === undefined ? [] : [{ level: one, name }];
  });
  return {
    // Files that are restored from a copy are the same source: positions grow with every difference.
    incarnation: () => Promise.resolve('files'),
    scan: (context) => scanScripts({ root, glob: given.glob, system: given.dialect, place }, context),
    changes: (signal) => watchFiles({ path: root }, signal),
    close: () => Promise.resolve(),
  };
}

async function* scanScripts(
  folder: {
    readonly root: string;
    readonly glob: string;
    readonly system: string;
    readonly place: readonly NamePart[];
  },
  context: ScanContext,
): AsyncGenerator<FoundObject> {
  for (const file of await listFiles(folder)) {
    throwIfStopped(context.signal);
    let content: FileContent | undefined;
    try {
      content = await readFileUnder({ root: folder.root, file, maxBytes });
      yield {
        type: 'routine',
        objectId: file,
        sequence: content.modifiedMs,
        value: {
          system: folder.system,
          path: [...folder.place, { level: 'routine', name: file }],
          kind: 'SCRIPT',
          language: 'sql',
          text: decodeText(content.bytes, file),
          description: null,
          file,
          warnings: [],
          additional: [],
        },
      };
    } catch (thrown) {
      const error = toStreamError(thrown, 'SOURCE_UNAVAILABLE', file);
      // Deleted since the folder was listed: gone like one that was deleted before.
      if (error.code === 'SOURCE_NOT_FOUND') continue;
      context.reject({
        objectId: file,
        error,
        ...(content === undefined ? {} : { bytes: redactBytes(content.bytes) }),
      });
    }
  }
}
