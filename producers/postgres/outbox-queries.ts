/** Queries on what the event triggers of `capture.ts` have noted, and on what a noted change touches. */
import { captureSchema, captureTriggers } from './capture.ts';
import { snapshotText } from './queries.ts';

const triggerNames = captureTriggers.map((name) => `'${name}'`).join(', ');
const outbox = `${captureSchema}.ddl_outbox`;

/** The whole number of a transaction of the past, from its lower half. */
const wholeXid = (low: string): string =>
  `(SELECT CASE WHEN x.low > x.next & 4294967295 THEN (x.next >> 32) - 1 ELSE x.next >> 32 END << 32 | x.low
  FROM (SELECT ${low}, pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS x(low, next))::text::xid8`;
/** That of the transaction that wrote a row. */
const writtenBy = wholeXid('t.xmin::text::bigint');

/** Which of the transactions $1 (lower halves of their numbers) the snapshot $2 has seen. */
export const visibleQuery = `
  SELECT t.low::text AS "low" FROM unnest($1::bigint[]) AS t(low) WHERE pg_visible_in_snapshot(${wholeXid('t.low')}, $2::pg_snapshot)`;

const bothTriggers = `(SELECT count(*) = ${captureTriggers.length} FROM pg_event_trigger
  WHERE evtname IN (${triggerNames}) AND evtenabled IN ('O', 'A'))`;

/** Whether changes are noted here, and whether this role may read them. `complete`: the outbox is as this version makes it. */
export const captureStateQuery = `
  SELECT c.oid IS NOT NULL AS "installed", ${bothTriggers} AS "enabled", pg_is_in_recovery() AS "standby",
         (SELECT count(*) = 7 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN
           ('xid', 'command', 'dropped', 'class', 'object', 'schema_name', 'table_name')) AS "complete",
         coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false) AS "readable",
         coalesce(has_function_privilege(p.oid, 'EXECUTE'), false) AS "forgets"
  FROM (SELECT) AS one
  LEFT JOIN pg_namespace n ON n.nspname = '${captureSchema}'
  LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'ddl_outbox' AND c.relkind = 'r'
  LEFT JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'forget'`;

/** Deletes what is too old. */
export const forgetQuery = `SELECT ${captureSchema}.forget()`;

/**
 * What the snapshot $1 did not see. A number that only grows is no mark: transactions become visible in another order than that in
 * which they took it. A row is new exactly when the old snapshot did not see its transaction, so none is lost and none waits for others.
 */
const unseen = `o.xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(o.xid, $1::pg_snapshot)`;

/**
 * A look: whether anything was noted since the snapshot $1, and the snapshot of the look. The triggers are steady when they are as that
 * snapshot saw them; else changes may have passed by them.
 */
export const lookQuery = `
  SELECT ${snapshotText} AS "snapshot", ${bothTriggers} AS "enabled",
         (SELECT bool_and(pg_visible_in_snapshot(${writtenBy}, $1::pg_snapshot)) FROM pg_event_trigger t
          WHERE t.evtname IN (${triggerNames})) AS "steady",
         EXISTS (SELECT FROM ${outbox} o WHERE ${unseen}) AS "noted"`;

/** What was noted between the snapshots $1 and $2, each thing once; `what` names the catalogue of a class that refs speak of. */
export const notedQuery = `
  SELECT DISTINCT o.class, o.object, o.dropped, o.kind, o.command, o.schema_name AS "schema", o.table_name AS "table",
         CASE o.class WHEN 'pg_class'::regclass THEN 'relation' WHEN 'pg_proc'::regclass THEN 'routine'
                      WHEN 'pg_namespace'::regclass THEN 'schema' END AS "what"
  FROM ${outbox} o WHERE ${unseen} AND pg_visible_in_snapshot(o.xid, $2::pg_snapshot)`;

/**
 * Tables, views and routines that a change touches: what it names, and what names that in turn (views, foreign keys, defaults, routines
 * with a parsed body, columns of a type), as pg_depend has it. `read` is what is to be read again (a partition's root), `object` what was
 * looked at. $1, $2 noted objects with their catalogues; $3 schemas with everything in them; $4, $5 tables by schema and name; $6 schemas whose
 * tables all count, and $7 schemas whose partitioned tables do; $8 the snapshot before: tables that were written to pg_class since then
 * count too, for a detached partition and a child of a changed table are named by nothing else.
 */
export const touchedQuery = `
  WITH RECURSIVE noted (class, object) AS (
    SELECT t.class, t.object FROM unnest($1::oid[], $2::oid[]) AS t(class, object)
    UNION SELECT 'pg_class'::regclass::oid, c.oid FROM pg_class c WHERE c.relnamespace = ANY ($3::oid[])
    UNION SELECT 'pg_proc'::regclass::oid, p.oid FROM pg_proc p WHERE p.pronamespace = ANY ($3)
    UNION SELECT 'pg_type'::regclass::oid, t.oid FROM pg_type t WHERE t.typnamespace = ANY ($3)
    UNION SELECT 'pg_class'::regclass::oid, c.oid FROM unnest($4::text[], $5::text[]) AS t(schema, name)
      JOIN pg_namespace n ON n.nspname = t.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
    UNION SELECT 'pg_class'::regclass::oid, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ANY ($6::text[]) AND c.relkind IN ('r', 'p', 'm')
         OR n.nspname = ANY ($7::text[]) AND c.relkind = 'p' AND NOT c.relispartition
    UNION SELECT 'pg_class'::regclass::oid, c.oid FROM pg_class c
      WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND age(c.xmin) <=
        least(2147483646, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - pg_snapshot_xmin($8::pg_snapshot)::text::bigint)
  ), touched (class, object, direct) AS (
    SELECT class, object, true FROM noted
    UNION SELECT d.classid, d.objid, false FROM touched t
      JOIN pg_depend d ON d.refclassid = t.class AND d.refobjid = t.object
      WHERE t.direct OR t.class = 'pg_type'::regclass
  ), relations AS (
    SELECT coalesce(i.indrelid, t.object) AS oid FROM touched t LEFT JOIN pg_index i ON i.indexrelid = t.object
      WHERE t.class = 'pg_class'::regclass
    UNION SELECT w.ev_class FROM touched t JOIN pg_rewrite w ON w.oid = t.object WHERE t.class = 'pg_rewrite'::regclass
    UNION SELECT d.adrelid FROM touched t JOIN pg_attrdef d ON d.oid = t.object WHERE t.class = 'pg_attrdef'::regclass
    UNION SELECT k.conrelid FROM touched t JOIN pg_constraint k ON k.oid = t.object WHERE t.class = 'pg_constraint'::regclass
  )
  SELECT 'relation' AS "what", r.oid AS "object", coalesce(pg_partition_root(r.oid)::oid, r.oid) AS "read" FROM relations r WHERE r.oid <> 0
  UNION ALL SELECT 'routine', t.object, t.object FROM (SELECT DISTINCT object FROM touched WHERE class = 'pg_proc'::regclass) t`;
