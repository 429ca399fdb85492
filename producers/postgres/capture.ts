/**
 * What `produce <name> --install` sets up in a database, so that it tells of its changes: an outbox table that two event triggers
 * write in the transaction of the change itself. A change that is rolled back leaves nothing.
 */
import { escapeIdentifier } from 'pg';

/** Schema of everything that is installed. It is left out of scans. */
export const captureSchema = 'purview_streams';
/** Channel on which a commit wakes the reader. */
export const captureChannel = 'purview_streams_ddl';
/** Event triggers that have to fire for every change to be noted. */
export const captureTriggers = ['purview_streams_ddl', 'purview_streams_drop'] as const;
/** The oldest noted changes go after so many days, read or not: a producer starts with a full scan in any case. */
const keptDays = 7;

/**
 * Wakes the reader, where that cannot do harm: a transaction that has sent a NOTIFY cannot be prepared for two-phase commit, and the
 * commit fails when the queue is full (PostgreSQL documentation, NOTIFY). The reader looks by itself all the same.
 */
const wake = `IF current_setting('max_prepared_transactions')::int = 0 AND pg_notification_queue_usage() < 0.5 THEN
      PERFORM pg_notify('${captureChannel}', '');
    END IF;`;

/** Whatever goes wrong in a trigger is a warning: a change of somebody else must never fail because of us. */
const guarded = (body: string): string => `
BEGIN
  ${body}
  IF FOUND THEN
    ${wake}
  END IF;
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING 'purview-streams did not note this change: %', SQLERRM;
END`;

/** A trigger's function runs as who installed it, whatever the search path of the session. */
const eventFunction = (name: string, body: string): string => `
CREATE OR REPLACE FUNCTION ${captureSchema}.${name}() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$${guarded(body)}
$body$`;

const notOurs = (schema: string): string =>
  `coalesce(${schema}, '') !~ '^(pg_temp|pg_toast|${captureSchema}$)'`;

/** Only kinds of objects that a scan tells of, or that change what it tells: tables, routines, schemas, types, keys, defaults. */
const noteChange = `INSERT INTO ${captureSchema}.ddl_outbox (command, dropped, class, object, kind, schema_name)
  SELECT DISTINCT c.command_tag, false, c.classid, c.objid, c.object_type, c.schema_name
  FROM pg_event_trigger_ddl_commands() c
  WHERE NOT c.in_extension AND ${notOurs('c.schema_name')}
    AND c.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_namespace'::regclass, 'pg_type'::regclass,
                      'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_rewrite'::regclass);`;

/** What goes with its table (indexes, row types) is left out. A key, default or rule names its table, which lives on. */
const noteDrop = `INSERT INTO ${captureSchema}.ddl_outbox (command, dropped, class, object, kind, schema_name, table_name)
  SELECT DISTINCT tg_tag, true, d.classid, d.objid, d.object_type, coalesce(d.schema_name, d.address_names[1]),
         CASE WHEN d.object_type IN ('table constraint', 'default value', 'rule') THEN d.address_names[2] END
  FROM pg_event_trigger_dropped_objects() d
  WHERE NOT d.is_temporary AND ${notOurs('d.schema_name')}
    AND (d.object_type IN ('table', 'view', 'materialized view', 'foreign table', 'table column', 'function', 'procedure', 'schema',
                           'table constraint', 'default value', 'rule')
         OR d.object_type = 'index' AND (d.original OR d.normal));`;

/** A schema or table that somebody else has put there could run code of theirs with the rights of who installs. */
const refuseForeign = `DO $body$
BEGIN
  IF EXISTS (SELECT FROM pg_namespace WHERE nspname = '${captureSchema}' AND nspowner <> current_user::regrole)
     OR EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('${captureSchema}') AND relowner <> current_user::regrole) THEN
    RAISE EXCEPTION 'the schema ${captureSchema}, or something in it, belongs to another role than %', current_user
      USING ERRCODE = 'insufficient_privilege', HINT = 'Install as the role that installed before, or remove the schema.';
  END IF;
END
$body$`;

/** Statements that install the capture of changes in one database, and let `reader` read what is noted. They may run again. */
export function installStatements(reader: string): readonly string[] {
  const role = escapeIdentifier(reader);
  return [
    refuseForeign,
    `CREATE SCHEMA IF NOT EXISTS ${captureSchema}`,
    `COMMENT ON SCHEMA ${captureSchema} IS 'purview-streams: notes changes of definitions for the data catalogue. Removed by: purview-streams produce <name> --uninstall'`,
    `CREATE TABLE IF NOT EXISTS ${captureSchema}.ddl_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  command text NOT NULL,
  dropped boolean NOT NULL,
  class oid NOT NULL,
  object oid NOT NULL,
  kind text NOT NULL,
  schema_name text,
  table_name text,
  PRIMARY KEY (xid, id)
)`,
    eventFunction('note_change', noteChange).trim(),
    eventFunction('note_drop', noteDrop).trim(),
    `CREATE OR REPLACE FUNCTION ${captureSchema}.forget() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $body$ DELETE FROM ${captureSchema}.ddl_outbox WHERE noted_at < now() - interval '${keptDays} days' $body$`,
    `REVOKE ALL ON FUNCTION ${captureSchema}.forget() FROM PUBLIC`,
    ...dropTriggers,
    `CREATE EVENT TRIGGER purview_streams_ddl ON ddl_command_end EXECUTE FUNCTION ${captureSchema}.note_change()`,
    `CREATE EVENT TRIGGER purview_streams_drop ON sql_drop EXECUTE FUNCTION ${captureSchema}.note_drop()`,
    ...captureTriggers.map((trigger) => `ALTER EVENT TRIGGER ${trigger} ENABLE ALWAYS`),
    `GRANT USAGE ON SCHEMA ${captureSchema} TO ${role}`,
    `GRANT SELECT ON ${captureSchema}.ddl_outbox TO ${role}`,
    `GRANT EXECUTE ON FUNCTION ${captureSchema}.forget() TO ${role}`,
  ];
}

const dropTriggers = captureTriggers.map((trigger) => `DROP EVENT TRIGGER IF EXISTS ${trigger}`);

/** Statements that remove all of it again. They may run again; a schema that holds anything else stays, with an error. */
export const uninstallStatements: readonly string[] = [
  ...dropTriggers,
  ...['note_change', 'note_drop', 'forget'].map(
    (name) => `DROP FUNCTION IF EXISTS ${captureSchema}.${name}()`,
  ),
  `DROP TABLE IF EXISTS ${captureSchema}.ddl_outbox`,
  `DROP SCHEMA IF EXISTS ${captureSchema}`,
];
