import { producerComponent } from '../../pipeline/component.ts';
import { azureTypes } from './azure-types.ts';
import { connect } from './connection.ts';
import { postgresInstaller } from './installer.ts';
import { postgresOptions, postgresSource } from './options.ts';
import { ownTypes } from './own-types.ts';
import { PostgresProducer } from './producer.ts';
import { rdbmsTypes } from './rdbms-types.ts';

/** The types that the option `types` chooses from. */
export const typeSets = { own: ownTypes, azure: azureTypes, rdbms: rdbmsTypes } as const;

/** Producer of kind `postgres`: PostgreSQL 13 or newer by its catalogues, with the column lineage of its views. */
export const postgres = producerComponent({
  summary: 'Databases, schemas, tables, views with column lineage, and routines of a PostgreSQL server.',
  options: postgresOptions,
  configure: (_name, options) => {
    const source = postgresSource(options, process.env);
    return {
      settings: {
        types: typeSets[options.types],
        caseRule: options.case,
        steps: 'collapse',
        datasets: {},
        dialect: 'postgres',
      },
      installer: postgresInstaller(source),
      open: async () => {
        const [database = source.user] = source.databases;
        const client = await connect(source, database, new AbortController().signal);
        await client.end();
        const producer = new PostgresProducer(source);
        if (source.follow === 'replication') await producer.requireReplication();
        return producer;
      },
    };
  },
});
