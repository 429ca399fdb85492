import { azureRelationalTypes } from '../../pipeline/azure-relational-types.ts';
import { relationalTypes } from '../../pipeline/relational-types.ts';

/** Types of our own; their names follow the pattern that Microsoft Purview has for SQL Server and Azure SQL. */
const ownTypes = relationalTypes({
  prefix: 'mssql',
  product: 'a SQL Server',
  levels: ['database', 'schema'],
});

/**
 * Microsoft Purview's built-in types for Azure SQL Database, so that what its own scanner found and what we say meet in one asset: `server` must then be
 * the host name that the scanner uses. The table, its schema (`dbSchema`) and its columns are as Microsoft's page "Type definitions and how to create
 * custom types" shows them; views, their columns and the outer levels follow them as published accounts have them. The sink uses the account's definitions
 * as they are, and its check of types names what differs. Views' queries and routines keep our types.
 */
const azureTypes = azureRelationalTypes({
  prefix: 'azure_sql',
  product: 'Azure SQL',
  column: { table: 'column', view: 'view_column' },
  patterns: {
    server: 'mssql://{server}',
    database: 'mssql://{server}/{database}',
    schema: 'mssql://{server}/{database}/{schema}',
    table: 'mssql://{server}/{database}/{schema}/{table}',
    column: 'mssql://{server}/{database}/{schema}/{table}#{column}',
  },
  own: ownTypes,
});

/** The types that the option `types` chooses from. */
export const typeSets = { own: ownTypes, azure: azureTypes } as const;
