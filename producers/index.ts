/**
 * The registry of producers. A producer reads one source and says what it finds in the source's own terms; it never makes
 * an Atlas entity. To add one: a file or folder here, and a line below.
 */
import type { ProducerComponent } from '../pipeline/component.ts';
import { customDb } from './custom-db/component.ts';
import { dbt } from './dbt/component.ts';
import { events } from './events/component.ts';
import { etlApi } from './etl-api/component.ts';
import { etlJobFiles } from './etl-job-files/component.ts';
import { jobFiles } from './job-files/component.ts';
import { lake } from './lake/component.ts';
import { http } from './http/component.ts';
import { mysql } from './mysql/component.ts';
import { mysqlHistory } from './mysql/history-component.ts';
import { excel } from './excel/component.ts';
import { runLog } from './run-log/component.ts';
import { ssis } from './ssis/component.ts';
import { sqlServer } from './sql-server/component.ts';
import { sqlScripts } from './sql-scripts/component.ts';
import { postgres } from './postgres/component.ts';
import { postgresHistory } from './postgres/history-component.ts';
import { queryPack } from './query-pack/component.ts';
import { queryLog } from './query-log/component.ts';
import { webhook } from './webhook/component.ts';

/** Every kind of producer by the name that the configuration uses. */
export const producers = {
  events,
  'etl-api': etlApi,
  http,
  webhook,
  'custom-db': customDb,
  'etl-job-files': etlJobFiles,
  'job-files': jobFiles,
  postgres,
  'postgres-history': postgresHistory,
  mysql,
  'sql-server': sqlServer,
  ssis,
  'run-log': runLog,
  lake,
  'mysql-history': mysqlHistory,
  'query-log': queryLog,
  excel,
  dbt,
  'sql-scripts': sqlScripts,
  database: queryPack,
} as const satisfies Record<string, ProducerComponent>;
