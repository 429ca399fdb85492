import { relationalTypes } from '../../pipeline/relational-types.ts';
import type { SourceTypes } from '../../pipeline/types.ts';

/** Types of MySQL and MariaDB, whose databases are their schemas. */
export const mysqlTypes: SourceTypes = relationalTypes({
  prefix: 'mysql',
  product: 'a MySQL or MariaDB',
  levels: ['database'],
});
