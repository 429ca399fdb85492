import { producerComponent } from '../../pipeline/component.ts';
import { tdsDatabases } from './connection.ts';
import { sqlServerInstaller } from './installer.ts';
import { sqlServerOptions } from './options.ts';
import { SqlServerProducer } from './producer.ts';
import { typeSets } from './types.ts';

/** Producer of kind `sql-server`: SQL Server and Azure SQL by their catalogue views. */
export const sqlServer = producerComponent({
  summary:
    'Databases, schemas, tables, views, procedures, functions and triggers of a SQL Server or Azure SQL, with the column lineage of what has a text.',
  options: sqlServerOptions,
  configure: (_name, options) => ({
    settings: {
      types: typeSets[options.types],
      caseRule: options.case,
      steps: 'collapse',
      datasets: {},
      dialect: 'tsql',
    },
    installer: sqlServerInstaller(options, tdsDatabases(options)),
    open: async () => {
      const producer = new SqlServerProducer(options, tdsDatabases(options));
      await producer.incarnation();
      return producer;
    },
  }),
});
