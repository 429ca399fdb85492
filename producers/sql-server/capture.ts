/**
 * What `produce <name> --install` sets up in a database, so that it tells of its changes: an outbox table that a DDL trigger writes in the
 * transaction of the change itself. A change that is rolled back leaves nothing.
 */

/** Schema of everything that is installed. It is left out of scans. */
export const captureSchema = 'purview_streams';
/** DDL trigger that has to fire for every change to be noted. */
export const captureTrigger = 'purview_streams_ddl';
/** The oldest noted changes go after so many days, read or not: a producer starts with a full scan in any case. */
const keptDays = 7;

/**
 * Events that a scan can tell of (documentation, "DDL Event Groups"): tables, views, their indexes and triggers, routines, schemas, descriptions
 * (extended properties), and sp_rename.
 */
const events = [
  'DDL_TABLE_EVENTS',
  'DDL_VIEW_EVENTS',
  'DDL_INDEX_EVENTS',
  'DDL_FUNCTION_EVENTS',
  'DDL_PROCEDURE_EVENTS',
  'DDL_TRIGGER_EVENTS',
  'DDL_SCHEMA_EVENTS',
  'DDL_EXTENDED_PROPERTY_EVENTS',
  'RENAME',
] as const;

/** Columns of the outbox with the element of EVENTDATA() that each is read from (schema "events.xsd" of the DDL events). */
export const outboxColumns = {
  event: 'EventType',
  schema_name: 'SchemaName',
  object_name: 'ObjectName',
  object_type: 'ObjectType',
  target_name: 'TargetObjectName',
  target_type: 'TargetObjectType',
  new_name: 'NewObjectName',
} as const;

const columnNames = Object.keys(outboxColumns);
const values = Object.values(outboxColumns).map(
  (element) => `@event.value('(/EVENT_INSTANCE/${element})[1]', 'nvarchar(776)')`,
);

/** A text as a literal. */
export function literal(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}

/** A name in brackets. */
export function bracketed(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/** A schema that somebody else owns could run code of theirs (a trigger on the outbox) with the rights of everybody who changes a definition. */
const refuseForeign = `IF EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'${captureSchema}' AND principal_id <> DATABASE_PRINCIPAL_ID(N'dbo'))
  THROW 51000, N'The schema ${captureSchema} belongs to somebody else than dbo. Remove it, or give it to dbo.', 1`;

/** Methods of xml need these settings, and a session may have others. */
const settings =
  'SET ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL ON; SET NUMERIC_ROUNDABORT OFF;';

/** Owned by dbo like the outbox, so that who changes a definition needs no right on that. */
const note = `CREATE OR ALTER PROCEDURE ${captureSchema}.note @event xml AS
BEGIN
  SET NOCOUNT ON;
  ${settings}
  INSERT INTO ${captureSchema}.ddl_outbox (${columnNames.join(', ')})
  SELECT ${values.join(',\n         ')}
  WHERE COALESCE(@event.value('(/EVENT_INSTANCE/SchemaName)[1]', 'nvarchar(776)'), N'') <> N'${captureSchema}';
END`;

/**
 * Whatever goes wrong is a message: a change of somebody else must never fail because of us. A trigger has XACT_ABORT on, which would end the
 * transaction; and a table that is missing is an error that only a scope outside catches, so the work is a procedure's.
 */
const trigger = `CREATE OR ALTER TRIGGER ${captureTrigger} ON DATABASE
FOR ${events.join(', ')}
AS
BEGIN
  SET NOCOUNT ON;
  SET XACT_ABORT OFF;
  BEGIN TRY
    DECLARE @event xml = EVENTDATA();
    EXEC ${captureSchema}.note @event;
  END TRY
  BEGIN CATCH
    PRINT CONCAT(N'purview-streams did not note this change: ', ERROR_MESSAGE());
  END CATCH
END`;

/** Lets the reader read what is noted; nobody can be granted what is his own. */
const grantTo = (reader: string): string =>
  `IF DATABASE_PRINCIPAL_ID(${literal(reader)}) NOT IN (DATABASE_PRINCIPAL_ID(), DATABASE_PRINCIPAL_ID(N'dbo'))
BEGIN
  GRANT SELECT ON ${captureSchema}.ddl_outbox TO ${bracketed(reader)};
  GRANT EXECUTE ON ${captureSchema}.forget TO ${bracketed(reader)};
END`;

/**
 * Batches that install the capture of changes in one database, and let the user `reader` read what is noted, where it is known. They may run
 * again. The rows have no identity column: the @@IDENTITY of the session stays what it was.
 */
export function installBatches(reader: string | undefined): readonly string[] {
  return [
    // What is made here keeps these two settings; a client may have them off, as sqlcmd has.
    'SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON',
    refuseForeign,
    `IF SCHEMA_ID(N'${captureSchema}') IS NULL EXEC (N'CREATE SCHEMA ${captureSchema} AUTHORIZATION dbo')`,
    `IF OBJECT_ID(N'${captureSchema}.ddl_outbox') IS NULL CREATE TABLE ${captureSchema}.ddl_outbox (
  version rowversion NOT NULL CONSTRAINT ddl_outbox_key PRIMARY KEY CLUSTERED,
  noted_at datetime2(3) NOT NULL CONSTRAINT ddl_outbox_noted DEFAULT SYSUTCDATETIME(),
  ${columnNames.map((name) => `${name} nvarchar(776) NULL`).join(',\n  ')}
)`,
    note,
    `CREATE OR ALTER PROCEDURE ${captureSchema}.forget AS
  DELETE FROM ${captureSchema}.ddl_outbox WHERE noted_at < DATEADD(day, -${keptDays}, SYSUTCDATETIME())`,
    trigger,
    `ENABLE TRIGGER ${captureTrigger} ON DATABASE`,
    `GRANT EXECUTE ON ${captureSchema}.note TO public`,
    ...(reader === undefined ? [] : [grantTo(reader)]),
  ];
}

/** Batches that remove all of it again. They may run again; a schema that holds anything else stays, with an error. */
export const uninstallBatches: readonly string[] = [
  `IF EXISTS (SELECT 1 FROM sys.triggers WHERE parent_class = 0 AND name = N'${captureTrigger}') DROP TRIGGER ${captureTrigger} ON DATABASE`,
  `DROP PROCEDURE IF EXISTS ${captureSchema}.note, ${captureSchema}.forget`,
  `DROP TABLE IF EXISTS ${captureSchema}.ddl_outbox`,
  `DROP SCHEMA IF EXISTS ${captureSchema}`,
];
