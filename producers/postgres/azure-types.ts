import { azureRelationalTypes } from '../../pipeline/azure-relational-types.ts';
import { ownTypes } from './own-types.ts';
import { namePatterns } from './type-parts.ts';

/**
 * Microsoft Purview's built-in types for Azure Database for PostgreSQL, so that what its own scanner found and what we say meet in one
 * asset: `server` must then be the host name that the scanner uses. The names of the table and view types are those of published
 * accounts; the names of the levels, columns and relationship ends follow azure_sql_* (`dbSchema`, `columns`) and no
 * public account shows them: the sink uses the account's definitions as they are, and its check of types names what differs.
 * Views' queries and routines have no built-in type and keep ours.
 */
export const azureTypes = azureRelationalTypes({
  prefix: 'azure_postgresql',
  product: 'Azure Database for PostgreSQL',
  column: { table: 'table_column', view: 'view_column' },
  patterns: namePatterns,
  own: ownTypes,
});
