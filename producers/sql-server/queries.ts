/** Queries of the catalogue views of SQL Server and Azure SQL, whose results have the fields of platform/relational/model.ts. All are of one database. */

import { bracketed, captureSchema, literal } from './capture.ts';

/** Schemas that every database has, and that hold nothing of its own; and ours. */
const systemSchemas = `('${captureSchema}', 'sys', 'INFORMATION_SCHEMA', 'guest', 'db_owner', 'db_accessadmin', 'db_securityadmin', 'db_ddladmin', 'db_backupoperator', 'db_datareader', 'db_datawriter', 'db_denydatareader', 'db_denydatawriter')`;

/** The comment that Management Studio keeps: the extended property MS_Description of an object or one of its columns. */
const described = (kind: number, object: string, column = '0'): string =>
  `(SELECT CAST(e.value AS nvarchar(4000)) FROM sys.extended_properties e
    WHERE e.class = ${kind} AND e.major_id = ${object} AND e.minor_id = ${column} AND e.name = 'MS_Description')`;

/** The type with its length, as CREATE TABLE has it. Characters of two bytes have half of max_length. */
const typeText = `CASE
    WHEN t.name IN ('varchar', 'char', 'varbinary', 'binary') THEN CONCAT(t.name, '(', IIF(c.max_length = -1, 'max', CAST(c.max_length AS varchar(10))), ')')
    WHEN t.name IN ('nvarchar', 'nchar') THEN CONCAT(t.name, '(', IIF(c.max_length = -1, 'max', CAST(c.max_length / 2 AS varchar(10))), ')')
    WHEN t.name IN ('decimal', 'numeric') THEN CONCAT(t.name, '(', c.precision, ',', c.scale, ')')
    WHEN t.name IN ('datetime2', 'datetimeoffset', 'time') THEN CONCAT(t.name, '(', c.scale, ')')
    ELSE t.name END`;

/** Neither Microsoft's nor what we have installed. */
const ours = `o.is_ms_shipped = 0 AND s.name <> '${captureSchema}'`;

/** Server and database; one row. `folds`: whether names that differ by letter case only are one. */
export const stateQuery = `
  SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS version, CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition,
         DB_NAME() AS name, CONCAT(d.database_id, '/', CONVERT(varchar(33), d.create_date, 126)) AS incarnation,
         CAST(CASE WHEN N'a' = N'A' THEN 1 ELSE 0 END AS bit) AS folds
  FROM sys.databases d WHERE d.name = DB_NAME()`;

/** Schema and name of what was touched. */
export interface Touched {
  readonly tables: readonly QualifiedName[];
  readonly routines: readonly QualifiedName[];
}
/** A schema and a name in it. */
export type QualifiedName = readonly [schema: string, name: string];

/** The names that a query is limited to, as ids; a name that nothing has any more is a null, which equals nothing. */
const idsOf = (names: readonly QualifiedName[]): string =>
  names.length === 0
    ? 'NULL'
    : names
        .map(([schema, name]) => `OBJECT_ID(${literal(`${bracketed(schema)}.${bracketed(name)}`)})`)
        .join(', ');

/** How many of some names nothing has now. */
export const absentQuery = (names: readonly QualifiedName[]): string => `
  SELECT COUNT(*) AS absent FROM (VALUES ${names.map((name) => `(${idsOf([name])})`).join(', ')}) AS named (id) WHERE id IS NULL`;

/** Only the tables touched, and those whose keys point at them. */
function onlyTables(touched: Touched | undefined): string {
  if (touched === undefined) return '';
  const ids = idsOf(touched.tables);
  return ` AND (o.object_id IN (${ids}) OR o.object_id IN (SELECT w.parent_object_id FROM sys.foreign_keys w WHERE w.referenced_object_id IN (${ids})))`;
}

/** The queries of a scan, by what they list; with `touched` only that. */
export function scanQueries(touched?: Touched) {
  const among = `${ours}${onlyTables(touched)}`;
  const routines = touched === undefined ? '' : ` AND o.object_id IN (${idsOf(touched.routines)})`;
  return {
    schemas: `
    SELECT s.name AS [name], ${described(3, 's.schema_id')} AS [description], p.name AS [owner]
    FROM sys.schemas s LEFT JOIN sys.database_principals p ON p.principal_id = s.principal_id
    WHERE s.name NOT IN ${systemSchemas} ORDER BY s.name`,
    tables: `
    SELECT s.name AS [schema], o.name AS [name], ${described(1, 'o.object_id')} AS [description],
           CASE o.type WHEN 'V' THEN 'view' ELSE 'table' END AS [kind], m.definition AS [definition]
    FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
    LEFT JOIN sys.sql_modules m ON m.object_id = o.object_id
    WHERE o.type IN ('U', 'V') AND ${among} ORDER BY s.name, o.name`,
    columns: `
    SELECT s.name AS [schema], o.name AS [table], c.name AS [name], COLUMNPROPERTY(c.object_id, c.name, 'ordinal') AS [ordinal], ${typeText} AS [type],
           ${described(1, 'c.object_id', 'c.column_id')} AS [description], c.is_nullable AS [nullable],
           CASE WHEN t.name IN ('decimal', 'numeric') THEN c.precision
                WHEN c.max_length < 0 THEN NULL
                WHEN t.name IN ('nvarchar', 'nchar') THEN c.max_length / 2
                WHEN t.name IN ('varchar', 'char', 'varbinary', 'binary') THEN c.max_length END AS [length],
           CASE WHEN t.name IN ('decimal', 'numeric') THEN c.scale END AS [scale],
           COALESCE(k.definition, d.definition) AS [default], CASE WHEN c.is_identity = 1 THEN 'true' END AS [identity]
    FROM sys.columns c JOIN sys.objects o ON o.object_id = c.object_id JOIN sys.schemas s ON s.schema_id = o.schema_id
    JOIN sys.types t ON t.user_type_id = c.user_type_id
    LEFT JOIN sys.default_constraints d ON d.object_id = c.default_object_id
    LEFT JOIN sys.computed_columns k ON k.object_id = c.object_id AND k.column_id = c.column_id
    WHERE o.type IN ('U', 'V') AND ${among} ORDER BY s.name, o.name, c.column_id`,
    keys: `
    SELECT s.name AS [schema], o.name AS [table], i.name AS [key], CASE WHEN i.is_primary_key = 1 THEN 'primary' ELSE 'unique' END AS [kind], c.name AS [column],
           NULL AS [refSchema], NULL AS [refTable], NULL AS [refColumn]
    FROM sys.indexes i JOIN sys.objects o ON o.object_id = i.object_id JOIN sys.schemas s ON s.schema_id = o.schema_id
    JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id AND x.is_included_column = 0
    JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
    WHERE i.is_unique = 1 AND i.has_filter = 0 AND o.type = 'U' AND ${among}
    UNION ALL
    SELECT s.name, o.name, f.name, 'foreign', c.name, rs.name, r.name, rc.name
    FROM sys.foreign_keys f JOIN sys.foreign_key_columns fc ON fc.constraint_object_id = f.object_id
    JOIN sys.objects o ON o.object_id = f.parent_object_id JOIN sys.schemas s ON s.schema_id = o.schema_id
    JOIN sys.columns c ON c.object_id = fc.parent_object_id AND c.column_id = fc.parent_column_id
    JOIN sys.objects r ON r.object_id = f.referenced_object_id JOIN sys.schemas rs ON rs.schema_id = r.schema_id
    JOIN sys.columns rc ON rc.object_id = fc.referenced_object_id AND rc.column_id = fc.referenced_column_id
    WHERE ${among} ORDER BY 1, 2, 3`,
    routines: `
    SELECT s.name AS [schema], o.name AS [name], ${described(1, 'o.object_id')} AS [description], m.definition AS [text],
           CASE o.type WHEN 'P' THEN 'procedure' WHEN 'TR' THEN 'trigger' ELSE 'function' END AS [kind]
    FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id LEFT JOIN sys.sql_modules m ON m.object_id = o.object_id
    WHERE o.type IN ('P', 'FN', 'IF', 'TF', 'TR') AND ${ours}${routines} ORDER BY s.name, o.name`,
  } as const;
}

/** One text that differs when the definition of anything does. The date of an object does not move for a comment, nor for a drop. */
export const fingerprintQuery = `
  SELECT CONCAT(
    (SELECT CONCAT(COUNT_BIG(*), '-', CHECKSUM_AGG(BINARY_CHECKSUM(object_id, schema_id, name, modify_date)), '-', MAX(modify_date))
     FROM sys.objects WHERE is_ms_shipped = 0), '/',
    (SELECT CONCAT(COUNT_BIG(*), '-', CHECKSUM_AGG(BINARY_CHECKSUM(object_id, column_id, name, user_type_id, max_length, precision, scale, is_nullable)))
     FROM sys.columns WHERE OBJECTPROPERTY(object_id, 'IsMSShipped') = 0), '/',
    (SELECT CONCAT(COUNT_BIG(*), '-', CHECKSUM_AGG(BINARY_CHECKSUM(class, major_id, minor_id, name, CAST(value AS nvarchar(4000)))))
     FROM sys.extended_properties), '/',
    (SELECT CONCAT(COUNT_BIG(*), '-', CHECKSUM_AGG(BINARY_CHECKSUM(schema_id, name))) FROM sys.schemas)) AS fingerprint`;
