import { producerComponent } from '../../pipeline/component.ts';
import { relationalTypes } from '../../pipeline/relational-types.ts';
import { tdsDatabases } from './connection.ts';
import { sqlServerInstaller } from './installer.ts';
import { sqlServerOptions } from './options.ts';
import { SqlServerProducer } from './producer.ts';

/** Types of SQL Server; their names follow the pattern that Microsoft Purview has for SQL Server and Azure SQL. */
const sqlServerTypes = relationalTypes({
  prefix: 'mssql',
  product: 'a SQL Server',
  levels: ['database', 'schema'],
});

/** Producer of kind `sql-server`: SQL Server and Azure SQL by their catalogue views. */
export const sqlServer = producerComponent({
  summary:
    'Databases, schemas, tables, views, procedures, functions and triggers of a SQL Server or Azure SQL, with the column lineage of what has a text.',
  options: sqlServerOptions,
  configure: (_name, options) => ({
    settings: {
      types: sqlServerTypes,
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
