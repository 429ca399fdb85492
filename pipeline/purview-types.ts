import { azureBlobPath } from './job-types.ts';
import type { EntityType } from './types.ts';

const builtIn = (name: string, qualifiedName: string, description: string): EntityType => ({
  name,
  description,
  superTypes: ['DataSet'],
  attributes: {},
  qualifiedName,
  builtIn: true,
});

/**
 * Types that Microsoft Purview has built in and that an ETL tool may name (`datasets` in the configuration), with the
 * patterns of its own scanners, so that lineage meets the scanned asset. `server` is the host name with its domain.
 */
export const purviewTypes: readonly EntityType[] = [
  azureBlobPath,
  builtIn('azure_datalake_gen2_path', '{url+}', 'A file or folder in Azure Data Lake Storage Gen2.'),
  builtIn('azure_datalake_gen2_resource_set', '{url+}', 'A resource set in Azure Data Lake Storage Gen2.'),
  builtIn('azure_blob_resource_set', '{url+}', 'A resource set in Azure Blob Storage.'),
  builtIn('azure_sql_server', 'mssql://{server}', 'A logical server of Azure SQL Database.'),
  builtIn('azure_sql_db', 'mssql://{server}/{database}', 'An Azure SQL database.'),
  builtIn('azure_sql_schema', 'mssql://{server}/{database}/{schema}', 'A schema of an Azure SQL database.'),
  builtIn(
    'azure_sql_table',
    'mssql://{server}/{database}/{schema}/{table}',
    'A table of an Azure SQL database.',
  ),
  builtIn(
    'azure_sql_view',
    'mssql://{server}/{database}/{schema}/{table}',
    'A view of an Azure SQL database.',
  ),
  builtIn(
    'azure_sql_column',
    'mssql://{server}/{database}/{schema}/{table}#{column}',
    'A column of an Azure SQL table.',
  ),
];
