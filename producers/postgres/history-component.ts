import { producerComponent, datasetRules, datasetsOption } from '../../pipeline/component.ts';
import { historyOptions, searchPathOption } from '../../pipeline/history-options.ts';
import { observedStatement } from '../../pipeline/history-types.ts';
import { typeSets } from './component.ts';
import { connect } from './connection.ts';
import { PostgresHistory } from './history-producer.ts';
import { postgresOptions, postgresSource } from './options.ts';

const options = postgresOptions.omit({ schemas: true, interval: true, reconcile: true }).extend({
  searchPath: searchPathOption(['public']),
  datasets: datasetsOption,
  ...historyOptions,
});

/** Producer of kind `postgres-history`: what a PostgreSQL server has run, by its extension pg_stat_statements. */
export const postgresHistory = producerComponent({
  summary:
    'Statements that a PostgreSQL server has run, by the extension pg_stat_statements; give it the server and types of the producer that describes the tables.',
  options,
  configure: (_name, given) => {
    const { searchPath, keepDays, interval, datasets, ...connection } = given;
    const source = postgresSource(
      { ...connection, interval, reconcile: interval, schemas: { exclude: [] } },
      process.env,
    );
    const types = typeSets[given.types];
    return {
      settings: {
        types: { ...types, entityTypes: [...types.entityTypes, observedStatement] },
        caseRule: given.case,
        steps: 'collapse',
        datasets: datasetRules(datasets),
      },
      open: async () => {
        const [database = source.user] = source.databases;
        const client = await connect(source, database, new AbortController().signal);
        await client.end();
        return new PostgresHistory(source, { searchPath, keepDays });
      },
    };
  },
});
