import path from 'node:path';
import { z } from 'zod';
import {
  caseOption,
  datasetRules,
  producerComponent,
  tableDatasetsOption,
} from '../../pipeline/component.ts';
import { historyOptions, searchPathOption } from '../../pipeline/history-options.ts';
import { observedStatement } from '../../pipeline/history-types.ts';
import { logPlace } from '../../platform/log-files/log-files.ts';
import type { QueryLogOptions } from './options.ts';
import { QueryLog } from './producer.ts';
import { type ShapeName, shapes } from './shapes.ts';

const shapeNames = Object.keys(shapes) as [ShapeName, ...ShapeName[]];
const fieldName = (name: string, what: string) => z.string().min(1).default(name).describe(what);

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'The file, or a folder with `glob`. Of a file, the rotated ones beside it (NAME.1, NAME-2026…) are read too, so that nothing is lost when it rotates.',
    ),
  glob: z
    .string()
    .min(1)
    .optional()
    .describe('Which files of the folder are read: * within a name, ** for any folders.'),
  rows: z
    .enum(shapeNames)
    .default('query-log')
    .describe(
      'What the rows are. query-log: a log of your own, with `fields`. The others: result sets of those views with the columns that their maker documents.',
    ),
  format: z
    .enum(['json-lines', 'csv', 'json'])
    .optional()
    .describe(
      'json-lines: an object a line. csv: RFC 4180. json: one list of objects. Default: by the end of the name, .csv or .json, else json-lines.',
    ),
  delimiter: z.string().length(1).default(',').describe('What separates the fields of csv.'),
  columns: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Names of the columns of csv without a header.'),
  fields: z
    .strictObject({
      statement: fieldName('statement', 'Field with the text of the statement.'),
      time: fieldName(
        'time',
        'Field with the time: ISO 8601, as databases write it, or seconds or milliseconds since 1970.',
      ),
      user: fieldName('user', 'Field with the user.'),
      database: fieldName('database', 'Field with the database in which it ran.'),
      schema: fieldName('schema', 'Field with the schema that was current.'),
      executions: fieldName('executions', 'Field with how often it ran, where a line stands for several.'),
      id: fieldName('id', 'Field with an id of the execution: a line whose id was seen counts once.'),
    })
    .prefault({})
    .describe('Names of the fields of a query-log; only the statement must be there.'),
  dialect: z
    .string()
    .min(1)
    .default('generic')
    .describe('SQL dialect of a query-log, as `sql-lineage --dialect` names it.'),
  server: z
    .string()
    .min(1)
    .describe("The server's name in qualifiedNames, as the producer that describes its tables has it."),
  database: z.string().min(1).optional().describe('Database of rows that name none.'),
  searchPath: searchPathOption([]).describe(
    'Schemas in which a name without a schema is looked for. Default: dbo for sqlserver-…, PUBLIC for snowflake-…; none means that tables lie in the database itself.',
  ),
  overlapHours: z
    .number()
    .min(0)
    .max(720)
    .default(24)
    .describe(
      'How long before the newest row an id is remembered, so that exports may overlap. ACCESS_HISTORY shows a query up to 3 hours late.',
    ),
  datasets: tableDatasetsOption,
  case: caseOption,
  ...historyOptions,
});

/** Producer of kind `query-log`: what a database has run, by a log or by exports of its history. */
export const queryLog = producerComponent({
  summary:
    'Statements that a database has run, from a query log or from exports of Query Store, QUERY_HISTORY or ACCESS_HISTORY. `datasets.table` says which types its tables have.',
  options,
  configure: (_name, given, host) => {
    const shape = shapes[given.rows];
    const file = path.resolve(host.baseFolder, given.path);
    return {
      settings: {
        types: { entityTypes: [observedStatement], relationshipTypes: [] },
        caseRule: given.case,
        steps: 'collapse',
        datasets: datasetRules(given.datasets),
      },
      open: async () => {
        const format = given.format ?? formatOf(given.glob ?? file);
        const files = await logPlace(file, given.glob);
        return new QueryLog({
          ...files,
          format,
          delimiter: given.delimiter,
          columns: given.columns ?? null,
          shape: shape.read,
          whole: given.rows !== 'query-log' || format === 'json',
          intervalMs: given.interval * 1_000,
          system: shape.system ?? given.dialect,
          dialect: shape.dialect ?? given.dialect,
          server: given.server,
          database: given.database ?? null,
          searchPath: given.searchPath.length > 0 ? given.searchPath : shape.schemas,
          fields: given.fields,
          keepDays: given.keepDays,
          overlapMs: given.overlapHours * 3_600_000,
          now: () => new Date(),
        });
      },
    };
  },
});

function formatOf(name: string): QueryLogOptions['format'] {
  const end = path.extname(name).toLowerCase();
  return end === '.csv' ? 'csv' : end === '.json' ? 'json' : 'json-lines';
}
