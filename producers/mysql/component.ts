import { producerComponent } from '../../pipeline/component.ts';
import { mysqlConnection, mysqlOptions } from './options.ts';
import { MysqlProducer } from './producer.ts';
import { mysqlTypes } from './types.ts';

/** Producer of kind `mysql`: MySQL and MariaDB by information_schema, followed by the binary log. */
export const mysql = producerComponent({
  summary:
    'Databases, tables, views, procedures, functions, triggers and events of a MySQL or MariaDB server, with the column lineage of what has a text.',
  options: mysqlOptions,
  configure: (_name, options) => {
    const source = {
      ...mysqlConnection(options),
      filters: { database: options.databases, table: options.tables, routine: options.routines },
      follow: options.follow,
      resume: options.resume,
      intervalMs: options.interval * 1_000,
      reconcileMs: options.reconcile * 1_000,
    };
    return {
      settings: { types: mysqlTypes, caseRule: options.case, steps: 'collapse', datasets: {} },
      open: async () => {
        const producer = new MysqlProducer(source);
        await producer.incarnation();
        return producer;
      },
    };
  },
});
