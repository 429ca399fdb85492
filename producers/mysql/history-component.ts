import { datasetRules, producerComponent } from '../../pipeline/component.ts';
import { observedStatement } from '../../pipeline/history-types.ts';
import { withConnection } from './connection.ts';
import { MysqlHistory } from './history-producer.ts';
import { readServer } from './history-rows.ts';
import { mysqlTypes } from './types.ts';
import { mysqlHistoryOptions, mysqlSource } from './options.ts';

/** Producer of kind `mysql-history`: what a MySQL or MariaDB server has run, by performance_schema. */
export const mysqlHistory = producerComponent({
  summary:
    'Statements that a MySQL or MariaDB server has run, by the digests of performance_schema. `datasets.table` says which types its tables have, where another producer describes them.',
  options: mysqlHistoryOptions,
  configure: (_name, options) => {
    const source = mysqlSource(options);
    const ownRule = { types: ['mysql_table', 'mysql_view'] as const, parameters: {}, caseRule: options.case };
    return {
      settings: {
        types: {
          entityTypes: [...mysqlTypes.entityTypes, observedStatement],
          relationshipTypes: mysqlTypes.relationshipTypes,
        },
        caseRule: options.case,
        steps: 'collapse',
        datasets: { table: ownRule, ...datasetRules(options.datasets) },
      },
      open: async () => {
        await withConnection(source, new AbortController().signal, readServer);
        return new MysqlHistory(source);
      },
    };
  },
});
