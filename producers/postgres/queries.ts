/**
 * The queries of a scan. All read pg_catalog, which every role may read; information_schema hides what a role has no right to, and its
 * joins take minutes on large databases. Parameters: `$1` a list of oids, or the schemas to read where that is said.
 */

import { captureSchema } from './capture.ts';

/** Objects that belong to an extension: the extension describes them, not the database. */
const notOfExtension = (classId: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${classId}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

/** Names are written in full and times in one form, whatever the role's settings are. */
export const sessionSettings = "SET LOCAL search_path = ''; SET LOCAL quote_all_identifiers = off;";

/**
 * The snapshot that a query sees, as text: what is visible in it has been read. On a standby only its lower end is sure (the list of
 * running transactions is not complete there).
 */
export const snapshotText = `CASE WHEN pg_is_in_recovery() THEN format('%1$s:%1$s:', pg_snapshot_xmin(pg_current_snapshot()))
         ELSE pg_current_snapshot()::text END`;

/** Server and database; one row. */
export const databaseQuery = `
  SELECT current_setting('server_version') AS "version",
         pg_snapshot_xmax(pg_current_snapshot())::text AS "sequence", ${snapshotText} AS "snapshot",
         shobj_description(d.oid, 'pg_database') AS "description",
         pg_get_userbyid(d.datdba) AS "owner"
  FROM pg_database d WHERE d.datname = current_database()`;

/** Schemas: $1 the ones to read or null for all, $2 the ones not to read. System schemas begin with pg_; ours holds what we installed. */
export const schemasQuery = `
  SELECT n.oid, n.nspname AS "name", obj_description(n.oid, 'pg_namespace') AS "description", pg_get_userbyid(n.nspowner) AS "owner"
  FROM pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '${captureSchema}')
    AND ($1::text[] IS NULL OR n.nspname = ANY ($1)) AND n.nspname <> ALL ($2::text[])
    AND ${notOfExtension('pg_namespace', 'n.oid')}
  ORDER BY n.nspname`;

/** Tables and views of the schemas $1, or of them only those of $2 where it is not null. Partitions are not objects of their own: they are listed with their root. */
export const relationsQuery = `
  SELECT c.oid, n.nspname AS "schema", c.relname AS "name", c.relkind AS "kind",
         obj_description(c.oid, 'pg_class') AS "description", pg_get_userbyid(c.relowner) AS "owner"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition AND n.oid = ANY ($1::oid[])
    AND ($2::oid[] IS NULL OR c.oid = ANY ($2))
    AND ${notOfExtension('pg_class', 'c.oid')}
  ORDER BY c.relkind IN ('v', 'm'), n.nspname, c.relname`;

/** Leaf partitions of the partitioned tables $1. */
export const partitionsQuery = `
  SELECT c.oid AS "relation", n.nspname || '.' || p.relname AS "name"
  FROM pg_class c CROSS JOIN LATERAL pg_partition_tree(c.oid) t
  JOIN pg_class p ON p.oid = t.relid JOIN pg_namespace n ON n.oid = p.relnamespace
  WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'p' AND t.isleaf
  ORDER BY 1, 2`;

/**
 * Columns of the relations $1. Length and scale are read from the type modifier (numeric: precision in the upper half, scale in eleven
 * signed bits below; character types: length plus four). Whether a view's column can be null is not known.
 */
export const columnsQuery = `
  SELECT a.attrelid AS "relation", a.attnum AS "ordinal", a.attname AS "name", format_type(a.atttypid, a.atttypmod) AS "dataType",
         col_description(a.attrelid, a.attnum) AS "description", CASE WHEN c.relkind NOT IN ('v', 'm') THEN NOT a.attnotnull END AS "nullable",
         pg_get_expr(d.adbin, d.adrelid) AS "defaultExpression", a.attgenerated AS "generated", a.attidentity AS "identity",
         CASE WHEN a.atttypmod >= 4 AND a.atttypid = 'numeric'::regtype THEN ((a.atttypmod - 4) >> 16) & 65535
              WHEN a.atttypmod >= 4 AND a.atttypid IN ('bpchar'::regtype, 'varchar'::regtype) THEN a.atttypmod - 4 END AS "length",
         CASE WHEN a.atttypmod >= 4 AND a.atttypid = 'numeric'::regtype
              THEN (((a.atttypmod - 4) & 2047) # 1024) - 1024 END AS "scale",
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)) AS "primaryKey",
         EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indnkeyatts = 1
                 AND i.indkey[0] = a.attnum AND i.indpred IS NULL) AS "unique"
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`;

/** Foreign keys of the relations $1, a row for each column; of several keys on one column the first by name. */
export const foreignKeysQuery = `
  SELECT DISTINCT ON (k.conrelid, p.att) k.conrelid AS "relation", p.att AS "ordinal",
         n.nspname AS "schema", c.relname AS "table", f.attname AS "column"
  FROM pg_constraint k
  CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS p(att, ref)
  JOIN pg_class c ON c.oid = coalesce(pg_partition_root(k.confrelid), k.confrelid)
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = p.ref
  WHERE k.contype = 'f' AND k.conrelid = ANY ($1::oid[])
  ORDER BY k.conrelid, p.att, k.conname`;

/** Text and stored query tree of the views $1. A view is the rule that replaces a SELECT on it. */
export const viewsQuery = `
  SELECT r.ev_class AS "relation", pg_get_viewdef(r.ev_class) AS "definition", r.ev_action::text AS "tree"
  FROM pg_rewrite r WHERE r.ev_class = ANY ($1::oid[]) AND r.ev_type = '1'`;

/** What PostgreSQL itself records that the views $1 read: a row for each column, column 0 for a table as a whole. */
export const viewReadsQuery = `
  SELECT DISTINCT r.ev_class AS "view", d.refobjid AS "relation", d.refobjsubid AS "column"
  FROM pg_rewrite r
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
  WHERE r.ev_class = ANY ($1::oid[]) AND r.ev_type = '1' AND d.refobjid <> r.ev_class
  ORDER BY 1, 2, 3`;

/** Names of the relations $1 and their columns, for lineage: a partition goes by the name of its root, system catalogues are left out. */
export const namesQuery = `
  SELECT c.oid AS "relation", n.nspname AS "schema", t.relname AS "name", t.relkind AS "kind",
         coalesce(json_object_agg(a.attnum, a.attname) FILTER (WHERE a.attnum IS NOT NULL), '{}') AS "columns"
  FROM pg_class c
  JOIN pg_class t ON t.oid = coalesce(pg_partition_root(c.oid), c.oid)
  JOIN pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.oid = ANY ($1::oid[]) AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  GROUP BY 1, 2, 3, 4`;

/** Functions and procedures of the schemas $1, or of them only those of $2 where it is not null, but no aggregates. The signature tells overloads apart. */
export const routinesQuery = `
  SELECT p.oid, n.nspname AS "schema", p.proname AS "name", p.prokind AS "kind", l.lanname AS "language",
         (SELECT coalesce(string_agg(format_type(t.type, NULL), ', ' ORDER BY t.at), '')
          FROM unnest(p.proargtypes) WITH ORDINALITY AS t(type, at)) AS "arguments",
         pg_get_functiondef(p.oid) AS "text", obj_description(p.oid, 'pg_proc') AS "description"
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
  WHERE p.prokind <> 'a' AND n.oid = ANY ($1::oid[]) AND ($2::oid[] IS NULL OR p.oid = ANY ($2)) AND ${notOfExtension('pg_proc', 'p.oid')}
  ORDER BY n.nspname, p.proname, 6`;

/** Which life of the cluster this is: made by initdb, and counted up by every restore to a point in time. */
export const incarnationQuery = `
  SELECT s.system_identifier || '/' || c.timeline_id AS "incarnation"
  FROM pg_control_system() s, pg_control_checkpoint() c`;

/** Stands in where a role may not read the control file: the database's own oid, new with every CREATE DATABASE. */
export const databaseOidQuery = `
  SELECT 'database-' || oid AS "incarnation" FROM pg_database WHERE datname = current_database()`;

/**
 * One short text that differs when the definition of anything in the database does: the transactions that wrote the catalogue rows
 * (xmin), and the names of who owns something, which stand in no row of the database. INSERT, ANALYZE and VACUUM leave them alone; a
 * few harmless changes (GRANT, TRUNCATE) show and cost one scan.
 */
export const fingerprintQuery = `
  WITH schemas AS (
    SELECT oid, xmin, nspowner FROM pg_namespace WHERE nspname !~ '^pg_temp|^pg_toast_temp'
  ), relations AS (
    SELECT c.oid, c.xmin, c.relowner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'i', 'c', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ), written (what, oid, part, version) AS (
    SELECT 1, d.oid, 0, d.xmin::text FROM pg_database d WHERE d.datname = current_database()
    UNION ALL SELECT 2, oid, 0, xmin::text FROM schemas
    UNION ALL SELECT 3, oid, 0, xmin::text FROM relations
    UNION ALL SELECT 4, a.attrelid, a.attnum, a.xmin::text FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid WHERE a.attnum > 0
    UNION ALL SELECT 5, d.oid, 0, d.xmin::text FROM pg_attrdef d JOIN relations r ON r.oid = d.adrelid
    UNION ALL SELECT 6, k.oid, 0, k.xmin::text FROM pg_constraint k JOIN relations r ON r.oid = k.conrelid
    UNION ALL SELECT 7, w.oid, 0, w.xmin::text FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class
    UNION ALL SELECT 8, p.oid, 0, p.xmin::text FROM pg_proc p WHERE p.oid >= 16384
    UNION ALL SELECT 9, d.objoid, d.objsubid, d.xmin::text FROM pg_description d
      WHERE d.objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass
    UNION ALL SELECT 10, d.objoid, 0, d.xmin::text FROM pg_shdescription d
    UNION ALL SELECT 11, i.inhrelid, i.inhseqno, i.xmin::text FROM pg_inherits i
    UNION ALL SELECT 12, t.oid, 0, t.xmin::text FROM pg_type t JOIN schemas s ON s.oid = t.typnamespace
      WHERE t.oid >= 16384 AND (t.typtype = 'd' OR (t.typtype <> 'c' AND t.typelem = 0)) -- neither rows nor arrays of others
    UNION ALL SELECT 13, d.objid, d.objsubid, d.xmin::text FROM pg_depend d WHERE d.deptype = 'e'
    UNION ALL SELECT 14, o.oid, 0, o.rolname FROM pg_roles o
      WHERE o.oid IN (SELECT nspowner FROM schemas UNION SELECT relowner FROM relations)
  )
  SELECT count(*) || '/' || coalesce(sum(hashtextextended(what || '/' || oid || '/' || part || '/' || version, 0)), 0) AS "fingerprint"
  FROM written`;
