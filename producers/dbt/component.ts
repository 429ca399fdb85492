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
import { toStreamError } from '../../pipeline/errors.ts';
import { routineAttributes } from '../../pipeline/process.ts';
import type { FoundObject, Producer, ScanContext } from '../../pipeline/producer.ts';
import { relationalTypes } from '../../pipeline/relational-types.ts';
import type { SourceSettings } from '../../pipeline/transform.ts';
import type { EntityType, SourceTypes } from '../../pipeline/types.ts';
import { decodeText, readFileUnder, requireFile } from '../../platform/read-file.ts';
import { throwIfStopped } from '../../platform/stop-scan.ts';
import { watchFiles } from '../../platform/watch-files.ts';
import { readManifest } from './manifest.ts';
import { objectsOf } from './objects.ts';

/** Bytes that a manifest may have. */
const maxBytes = 256 * 1024 * 1024;

const modelType: EntityType = {
  name: 'dbt_model',
  description: 'A model or snapshot of a dbt project, with the lineage of its compiled SQL.',
  superTypes: ['Process'],
  attributes: routineAttributes,
  qualifiedName: 'dbt://{server}/models/{routine+}',
};

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('The manifest.json that dbt writes into target/, after dbt compile, run or build.'),
  server: z
    .string()
    .min(1)
    .describe("The server's name in qualifiedNames, as the producer that describes its tables has it."),
  database: z
    .string()
    .min(1)
    .optional()
    .describe('Database of tables for which the manifest names none (Spark).'),
  dialect: dialectOption.describe("SQL dialect of the models. Without it, the project's adapter tells."),
  datasets: datasetsOption.describe(
    'A rule named table says which types of another producer the tables have. Without it they are described from the manifest.',
  ),
  case: caseOption,
});
type Options = z.output<typeof options>;

/** The producer `dbt`: each model becomes a process, with column lineage from its compiled SQL. */
export const dbt = producerComponent({
  summary:
    'The manifest of a dbt project: each model becomes a process with column lineage. Tables are those of another producer (`datasets.table`), or described from the manifest.',
  options,
  configure: (_name, given, host) => ({
    settings: settingsOf(given),
    open: async () => {
      const file = path.resolve(host.baseFolder, given.path);
      await requireFile(file);
      return openManifest(file, given);
    },
  }),
});

function settingsOf(given: Options): SourceSettings {
  const datasets = datasetRules(given.datasets);
  const rule = datasets['table'];
  const own = relationalTypes({ prefix: 'dbt', product: 'a dbt', levels: ['database', 'schema'] });
  const tables: Partial<SourceTypes> = rule === undefined ? own : { database: typesOfRule(rule) };
  const { entityTypes = [], relationshipTypes = [], database } = tables;
  return {
    types: {
      entityTypes: [modelType, ...entityTypes],
      relationshipTypes,
      ...(database === undefined ? {} : { database: { ...database, routine: { typeName: modelType.name } } }),
    },
    caseRule: given.case,
    steps: 'collapse',
    datasets,
    ...(given.dialect === undefined ? {} : { dialect: given.dialect }),
  };
}

function openManifest(file: string, given: Options): Producer {
  return {
    // A file that is restored from a copy is the same source: positions grow with every difference.
    incarnation: () => Promise.resolve('file'),
    scan: (context) => scan({ ...given, file }, context),
    changes: (signal) => watchFiles({ path: file }, signal),
    close: () => Promise.resolve(),
  };
}

async function* scan(
  { file, ...given }: Options & { readonly file: string },
  context: ScanContext,
): AsyncGenerator<FoundObject> {
  const { dir: root, base } = path.parse(file);
  const { bytes, modifiedMs: sequence } = await readFileUnder({ root, file: base, maxBytes });
  const { adapter, nodes, wrong } = readManifest(decodeText(bytes, base), base);
  for (const rejection of wrong) context.reject(rejection);
  const describes = !Object.hasOwn(given.datasets, 'table');
  const project = { ...given, file: base, adapter, nodes, sequence, describes };
  const told = new Set<string>();
  for (const [id, node] of nodes) {
    throwIfStopped(context.signal);
    try {
      for (const found of objectsOf(project, id, node)) {
        // Several tables lie in one schema.
        if (!told.has(found.objectId)) yield found;
        told.add(found.objectId);
      }
    } catch (thrown) {
      context.reject({ objectId: id, error: toStreamError(thrown, 'SOURCE_INVALID', `${base}: ${id}`) });
    }
  }
}
