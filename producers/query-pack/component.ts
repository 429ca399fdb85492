import path from 'node:path';
import { z } from 'zod';
import { caseOption, dialectOption, intervalOption, producerComponent } from '../../pipeline/component.ts';
import { nameFilterOption } from '../../pipeline/name-filter.ts';
import { relationalTypes } from '../../pipeline/relational-types.ts';
import { checkDriver, findDriver } from './drivers/find-driver.ts';
import { loadPack } from './pack.ts';
import { QueryPackProducer, type QueryPackSource } from './producer.ts';

const level = (what: string) =>
  z.string().min(1).optional().describe(`Name of the ${what} where the pack's queries tell none.`);

const options = z.strictObject({
  pack: z
    .string()
    .min(1)
    .describe(
      'The query pack: a YAML file with the queries for levels, tables, columns, keys, views and routines (docs/query-packs.md).',
    ),
  connection: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe(
      "What the pack's driver needs. sqlite: file. mysql and postgres: host, port, user, password, database, ssl. A password is best as ${env:NAME} or ${file:PATH}.",
    ),
  server: z.string().min(1).describe("The server's name in qualifiedNames."),
  names: z
    .strictObject({ database: level('database'), container: level('container'), schema: level('schema') })
    .default({})
    .describe('Names of levels.'),
  databases: nameFilterOption('databases'),
  containers: nameFilterOption('containers'),
  schemas: nameFilterOption('schemas'),
  tables: nameFilterOption('tables and views'),
  routines: nameFilterOption('routines'),
  dialect: dialectOption,
  case: caseOption,
  interval: intervalOption,
  timeout: z
    .number()
    .positive()
    .max(86_400)
    .default(300)
    .describe('Seconds that a scan may take to ask the database.'),
  maxRows: z
    .number()
    .int()
    .positive()
    .max(10_000_000)
    .default(1_000_000)
    .describe('Rows that one query may give.'),
});

/** Producer of kind `database`: any database that has a driver, by a query pack. */
export const queryPack = producerComponent({
  summary:
    'Any database by a query pack: a YAML file with the queries for its levels, tables, columns, keys, views and routines. Views and routines get their lineage by the SQL engine.',
  options,
  configure: (_name, given, host) => {
    const file = path.resolve(host.baseFolder, given.pack);
    const pack = loadPack(file);
    checkDriver(pack.driver, file);
    const { types = pack.system.replaceAll('-', '_'), scheme, product, levels } = pack;
    const dialect = given.dialect ?? pack.dialect;
    const { names } = given;
    const source: Omit<QueryPackSource, 'driver'> = {
      pack,
      file: given.pack,
      connection: given.connection,
      baseFolder: host.baseFolder,
      server: given.server,
      names: {
        ...(names.database === undefined ? {} : { database: names.database }),
        ...(names.container === undefined ? {} : { container: names.container }),
        ...(names.schema === undefined ? {} : { schema: names.schema }),
      },
      filters: {
        database: given.databases,
        container: given.containers,
        schema: given.schemas,
        table: given.tables,
        routine: given.routines,
      },
      maxRows: given.maxRows,
      timeoutMs: given.timeout * 1_000,
      intervalMs: given.interval * 1_000,
    };
    return {
      settings: {
        types: relationalTypes({
          prefix: types,
          product,
          levels,
          ...(scheme === undefined ? {} : { scheme }),
        }),
        caseRule: given.case,
        steps: 'collapse',
        datasets: {},
        ...(dialect === undefined ? {} : { dialect }),
      },
      open: async () => {
        const producer = new QueryPackProducer({ ...source, driver: await findDriver(pack.driver, file) });
        await producer.incarnation();
        return producer;
      },
    };
  },
});
