-- dialects: spark/databricks/hive
-- reads: src
-- writes: dst
-- column: src.id > dst.id identity
-- column: src.arr > dst.el transformed
-- reasons: target-columns-unknown
INSERT OVERWRITE TABLE dst PARTITION (ds = '2020') SELECT s.id, t.el FROM src s LATERAL VIEW OUTER explode(s.arr) t AS el

-- ----

-- dialects: spark/hive
-- reads: src
-- writes: dst
-- column: src.id > dst.id identity
-- column: src.m > dst.k transformed
-- column: src.m > dst.v transformed
-- reasons: target-columns-unknown
INSERT INTO dst SELECT id, k, v FROM src LATERAL VIEW explode(m) t AS k, v

-- ----

-- dialects: databricks
-- reads: db.src
-- writes: db.dst
-- column: db.src.* > db.dst.* identity
-- column: db.src.a > db.dst.a identity
CREATE TABLE db.dst DEEP CLONE db.src; INSERT INTO db.dst BY NAME SELECT a FROM db.src

-- ----

-- dialects: databricks
-- reads: s
-- writes: t
-- column: s.v > t.v identity
-- column: s.id > t.id identity
MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND s.op = 'D' THEN DELETE WHEN MATCHED THEN UPDATE SET t.v = s.v WHEN NOT MATCHED BY TARGET THEN INSERT (id, v) VALUES (s.id, s.v) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET t.x = 1

-- ----

-- dialects: databricks
-- reads: a, c, b
-- writes: t
-- column: a.x > t.x identity
-- column: b.y > t.y identity
-- reasons: target-columns-unknown
INSERT INTO t REPLACE WHERE x > 1 SELECT a.x, b.y FROM a LEFT SEMI JOIN c ON c.i = a.i JOIN b USING (i)

-- ----

-- dialects: databricks
-- reads: /Volumes/x/y
-- writes: cat.sch.t
-- column: /Volumes/x/y.* > cat.sch.t.* identity
COPY INTO cat.sch.t FROM '/Volumes/x/y' FILEFORMAT = PARQUET FORMAT_OPTIONS ('mergeSchema' = 'true')

-- ----

-- dialects: databricks
-- reads: /Volumes/x/y
-- writes: cat.sch.t
-- column: /Volumes/x/y.a > cat.sch.t.b identity
-- reasons: target-columns-unknown
COPY INTO cat.sch.t FROM (SELECT a AS b FROM '/Volumes/x/y') FILEFORMAT = CSV

-- ----

-- dialects: databricks
-- reads: /data/x
-- writes: t
-- column: /data/x.a > t.a identity
CREATE OR REPLACE TABLE t AS SELECT a FROM read_files('/data/x', format => 'csv')

-- ----

-- dialects: databricks
-- reads: src.t
-- writes: dst.v
-- column: src.t.* > dst.v.* identity
-- reasons: star-not-expanded
CREATE OR REFRESH STREAMING TABLE dst.v AS SELECT * FROM STREAM(src.t)

-- ----

-- dialects: databricks
-- reads: src.t
-- writes: dst.v
-- column: src.t.a > dst.v.a identity
CREATE LIVE TABLE dst.v AS SELECT a FROM STREAM src.t WHERE x > 1

-- ----

-- dialects: databricks
-- reads: raw
-- writes: out1
-- column: raw.a > out1.a identity
BEGIN DECLARE n INT DEFAULT 0; FOR r AS SELECT a FROM raw DO INSERT INTO out1 (a) VALUES (r.a); END FOR; END

-- ----

-- dialects: spark
-- reads: t1, t2
-- writes: t3
-- column: t1.a > t3.a identity
-- column: t2.b > t3.b identity
WITH x AS (SELECT a, k FROM t1), y AS (SELECT b, k FROM t2) INSERT INTO t3 (a, b) SELECT x.a, y.b FROM x JOIN y ON x.k = y.k

-- ----

-- dialects: spark
-- reads: t
-- column: t.a > result.a identity
-- column: t.s > result.n identity
SELECT a, s.name AS n FROM t

-- ----

-- dialects: hive
-- reads: src
-- writes: d1, d2
-- column: src.a > d1.a identity
-- column: src.b > d2.b identity
-- reasons: target-columns-unknown
FROM (SELECT a, b FROM src WHERE x = 1) q INSERT OVERWRITE TABLE d1 SELECT q.a WHERE q.a > 1 INSERT OVERWRITE TABLE d2 PARTITION (p) SELECT q.b

-- ----

-- dialects: hive
-- reads: src
-- writes: /tmp/out
-- column: src.a > /tmp/out.a identity
-- reasons: target-columns-unknown
INSERT OVERWRITE LOCAL DIRECTORY '/tmp/out' ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' SELECT a FROM src

-- ----

-- dialects: hive
-- reads: /in
-- writes: t
-- column: /in.* > t.* identity
LOAD DATA LOCAL INPATH '/in' OVERWRITE INTO TABLE t PARTITION (p = 1)

-- ----

-- dialects: hive
-- reads: src
-- writes: dst
-- column: src.a > dst.x transformed
-- reasons: target-columns-unknown
INSERT INTO TABLE dst SELECT TRANSFORM (a) USING 'python x.py' AS (x) FROM src

-- ----

-- dialects: hive/spark
-- reads: t2
-- writes: t1
-- column: t2.* > t1.* identity
ALTER TABLE t1 EXCHANGE PARTITION (ds='1') WITH TABLE t2

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.V > DST.A transformed
-- column: SRC.V > DST.B transformed
INSERT INTO dst (a, b) SELECT f.value:id::int, f.value:name::string FROM src, LATERAL FLATTEN(input => src.v:items) f

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.J > DST.A transformed
CREATE OR REPLACE TABLE dst AS SELECT s.j:a.b[0]::string AS a FROM src s

-- ----

-- dialects: snowflake
-- reads: T
-- column: T.A > result.A identity
-- column: T.B > result.B identity
SELECT a, b FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) = 1

-- ----

-- dialects: snowflake
-- reads: S
-- writes: T
-- column: S.V > T.V identity
-- column: S.ID > T.ID identity
MERGE INTO t USING (SELECT $1 AS id, $2 AS v FROM VALUES (1, 2)) x ON t.id = x.id WHEN MATCHED THEN DELETE; MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.A > DST.X identity
CREATE OR REPLACE DYNAMIC TABLE dst TARGET_LAG = '1 minute' WAREHOUSE = wh AS SELECT a AS x FROM src

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: V
-- column: SRC.A > V.X identity
CREATE OR REPLACE SECURE MATERIALIZED VIEW IF NOT EXISTS v (x COMMENT 'c') COPY GRANTS COMMENT = 'z' AS SELECT a FROM src

-- ----

-- dialects: snowflake
-- reads: @st/f.csv
-- writes: T
-- column: @st/f.csv.$1 > T.A identity
-- column: @st/f.csv.$2 > T.B identity
COPY INTO t (a, b) FROM (SELECT s.$1, s.$2 FROM @st/f.csv (FILE_FORMAT => 'ff') s)

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.A > DST.A identity
CREATE TASK tk WAREHOUSE = w SCHEDULE = '5 minute' WHEN SYSTEM$STREAM_HAS_DATA('x') AS INSERT INTO dst (a) SELECT a FROM src

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.A > DST.A identity
EXECUTE IMMEDIATE $$ BEGIN LET x := 1; INSERT INTO dst (a) SELECT a FROM src; END $$

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.A > DST.A transformed
CREATE PROCEDURE p() RETURNS TABLE (a int) LANGUAGE SQL AS DECLARE res RESULTSET DEFAULT (SELECT a FROM src); BEGIN INSERT INTO dst (a) SELECT a FROM TABLE(res); RETURN TABLE(res); END;

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.A > DST.A transformed
DECLARE c CURSOR FOR SELECT a FROM src; v INT; BEGIN OPEN c; FETCH c INTO v; INSERT INTO dst (a) VALUES (:v); CLOSE c; END;

-- ----

-- dialects: snowflake
-- reads: DB.S.T
-- writes: DB.S.T2
-- column: DB.S.T.* > DB.S.T2.* identity
CREATE TABLE db.s.t2 CLONE db.s.t AT (TIMESTAMP => 'x'::timestamp)

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.A > DST.A identity
INSERT OVERWRITE INTO dst (a) SELECT a FROM src SAMPLE (10) AS s

-- ----

-- dialects: snowflake
-- reads: SRC
-- writes: DST
-- column: SRC.A > DST.A identity
-- column: SRC.B > DST.B identity
INSERT INTO dst (a, b) SELECT * FROM (SELECT a, b FROM src) UNION BY NAME SELECT a, b FROM src

-- ----

-- dialects: snowflake
-- reads: T
-- column: T.ID > result.ID identity
-- column: T.PAID > result.PAID identity
-- column: T.A_ID > result.A_ID identity
SELECT t.* ILIKE '%id' FROM (SELECT id, paid, idle, a_id FROM t) t

-- ----

-- dialects: snowflake
-- reads: T
-- column: T.A_1 > result.A_1 identity
SELECT * ILIKE 'A__' FROM (SELECT a, a_1, ba_1, a_12 FROM t) t

-- ----

-- dialects: snowflake
-- reads: T
-- column: T.A > result.Z identity
-- column: T.A > result.A identity
SELECT t.* EXCLUDE (b) RENAME (a AS z), a FROM (SELECT a FROM t) t

-- ----

-- dialects: bigquery
-- reads: p.d.s
-- writes: p.d.t
-- column: p.d.s.a > p.d.t.a identity
-- column: p.d.s.st > p.d.t.n identity
INSERT INTO `p.d.t` (a, n) SELECT a, st.name FROM `p.d.s`

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.id > d.t.id identity
-- column: d.s.items > d.t.sku transformed
CREATE OR REPLACE TABLE d.t PARTITION BY DATE(ts) CLUSTER BY id OPTIONS (description = 'x') AS SELECT s.id, i.sku FROM d.s AS s CROSS JOIN UNNEST(s.items) AS i WITH OFFSET AS o

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.a > d.t.a identity
MERGE d.t T USING d.s S ON T.id = S.id WHEN NOT MATCHED THEN INSERT (a) VALUES (a) WHEN MATCHED THEN UPDATE SET a = S.a

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.a > d.t.a identity
-- column: d.s.b > d.t.st transformed
CREATE TABLE d.t AS SELECT a, STRUCT(b AS x, 1 AS y) AS st FROM d.s

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.x > d.t.x aggregated
DECLARE v INT64; SET v = (SELECT MAX(x) FROM d.s); INSERT INTO d.t (x) VALUES (v);

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.x > d.t.x identity
BEGIN FOR rec IN (SELECT x FROM d.s) DO INSERT INTO d.t (x) VALUES (rec.x); END FOR; EXCEPTION WHEN ERROR THEN SELECT 1; END;

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.x > d.t.x identity
-- reasons: dynamic-sql
EXECUTE IMMEDIATE 'INSERT INTO d.t (x) SELECT x FROM d.s'; EXECUTE IMMEDIATE FORMAT("DELETE FROM `%s` WHERE 1=1", tbl);

-- ----

-- dialects: bigquery
-- reads: d.s
-- column: d.s.a > result.a identity
-- column: d.s.c > result.c transformed
SELECT * EXCEPT (b) REPLACE (c + 1 AS c) FROM (SELECT a, b, c FROM d.s)

-- ----

-- dialects: bigquery
-- reads: d.s_*
-- writes: d.t
-- column: d.s_*.a > d.t.a identity
INSERT INTO d.t (a) SELECT a FROM `d.s_*` WHERE _TABLE_SUFFIX = '1'

-- ----

-- dialects: bigquery
-- reads: gs://b/x.csv
-- writes: d.t
-- column: gs://b/x.csv.* > d.t.* identity
LOAD DATA INTO d.t FROM FILES (format = 'CSV', uris = ['gs://b/x.csv'])

-- ----

-- dialects: bigquery
-- reads: d.s, d.t
-- writes: d.t, d.u
-- column: d.s.* > d.t.* identity
-- column: d.t.* > d.u.* identity
CREATE SNAPSHOT TABLE d.t CLONE d.s FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR); CREATE TABLE d.u COPY d.t

-- ----

-- dialects: postgres/greenplum
-- reads: src
-- writes: dst
-- column: src.a > dst.a identity
-- column: src.b > dst.b identity
INSERT INTO dst AS d (a, b) SELECT a, b FROM src ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b WHERE d.b IS DISTINCT FROM EXCLUDED.b RETURNING d.a

-- ----

-- dialects: postgres
-- reads: a, b
-- writes: t
-- column: b.v > t.v identity
UPDATE t SET v = b.v FROM a JOIN b ON a.id = b.id WHERE t.id = a.id

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.x > t.x identity
-- column: s.y > t.y identity
UPDATE t SET (x, y) = (SELECT s.x, s.y FROM s WHERE s.id = t.id)

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE MATERIALIZED VIEW t AS SELECT a FROM s WITH NO DATA; REFRESH MATERIALIZED VIEW t

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.a > result.a identity
-- column: s.a > t.a identity
CREATE OR REPLACE PROCEDURE p(INOUT x int) LANGUAGE plpgsql AS $p$ DECLARE r RECORD; BEGIN FOR r IN EXECUTE 'SELECT a FROM s' LOOP INSERT INTO t (a) VALUES (r.a); END LOOP; COMMIT; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END $p$;

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.a > t.a identity
DO $$ DECLARE v int; BEGIN SELECT a INTO v FROM s LIMIT 1; IF FOUND THEN INSERT INTO t (a) VALUES (v); END IF; END $$;

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t (a) SELECT a FROM s; RETURN NEW; END $$; CREATE TRIGGER g AFTER INSERT ON z FOR EACH ROW EXECUTE FUNCTION f();

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.d > t.n transformed
-- column: s.j > t.k transformed
INSERT INTO t (n, k) SELECT date_trunc('month', d)::date, j->>'key' FROM s

-- ----

-- dialects: postgres
-- reads: s, u
-- writes: t
-- column: s.a > t.a identity
-- reasons: star-not-expanded
INSERT INTO t (a) SELECT s.a FROM s, LATERAL (SELECT * FROM u WHERE u.id = s.id LIMIT 1) x

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.arr > t.e transformed
INSERT INTO t (e) SELECT e FROM s, unnest(s.arr) AS e

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.arr > t.e transformed
-- column: s.arr > t.o transformed
INSERT INTO t (e, o) SELECT x.e, x.o FROM s CROSS JOIN LATERAL unnest(s.arr) WITH ORDINALITY AS x(e, o)

-- ----

-- dialects: postgres
-- reads: t, s
-- writes: t, s
-- column: s.a > t.a identity
WITH ins AS (INSERT INTO t (a) SELECT a FROM s RETURNING a), log1 AS (DELETE FROM s WHERE x RETURNING a) SELECT 1

-- ----

-- dialects: postgres
-- reads: s
-- writes: /tmp/x.csv
-- column: s.a > /tmp/x.csv.a identity
COPY (SELECT a FROM s) TO '/tmp/x.csv' CSV HEADER

-- ----

-- dialects: postgres
-- reads: /tmp/x.csv
-- writes: t
-- column: /tmp/x.csv.* > t.* identity
COPY t (a, b) FROM '/tmp/x.csv' WITH (FORMAT csv)

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.* > t.* identity
-- reasons: star-not-expanded
CREATE TABLE IF NOT EXISTS t (LIKE s INCLUDING ALL); INSERT INTO t (a) TABLE s

-- ----

-- dialects: postgres
-- writes: child
CREATE TABLE child PARTITION OF parent FOR VALUES FROM (1) TO (2)

-- ----

-- dialects: postgres
-- reads: s
-- writes: t
-- column: s.a > t.a identity
MERGE INTO t USING s ON s.id = t.id WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN DO NOTHING

-- ----

-- dialects: postgres
-- reads: s
-- column: s.a > result.x transformed
-- column: s.b > result.x transformed
-- column: s.c > result.count(*) FILTER (WHERE c > 1) conditional
SELECT coalesce(a, b) AS x, count(*) FILTER (WHERE c > 1) FROM s GROUP BY ROLLUP (a) HAVING max(d) > 1 WINDOW w AS (ORDER BY a)

-- ----

-- dialects: redshift
-- reads: s, q
-- writes: t
-- column: s.a > t.a identity
-- column: q.a > t.a identity
CREATE TABLE t DISTKEY(a) SORTKEY(a) AS SELECT a FROM s; ALTER TABLE t APPEND FROM q

-- ----

-- dialects: redshift
-- reads: s
-- writes: s3://b/p
-- column: s.a > s3://b/p.a identity
UNLOAD ($$SELECT a FROM s$$) TO 's3://b/p' IAM_ROLE default PARQUET

-- ----

-- dialects: redshift
-- reads: s, t
-- writes: t
-- column: s.a > t.a identity
CREATE PROCEDURE p() AS $$ BEGIN INSERT INTO t (a) SELECT a FROM s; END; $$ LANGUAGE plpgsql; CREATE TEMP TABLE z (LIKE t);

-- ----

-- dialects: mysql/mariadb
-- reads: s
-- writes: t
-- column: s.a > t.a identity
INSERT IGNORE INTO t (a) SELECT a FROM s ON DUPLICATE KEY UPDATE a = VALUES(a)

-- ----

-- dialects: mysql
-- reads: s
-- writes: t
-- column: s.a > t.a aggregated
REPLACE INTO t SET a = (SELECT MAX(a) FROM s)

-- ----

-- dialects: mysql
-- reads: b
-- writes: a
-- column: b.v > a.v identity
UPDATE a INNER JOIN b ON a.id = b.id SET a.v = b.v WHERE a.x = 1

-- ----

-- dialects: mysql
-- reads: b
-- writes: a
DELETE FROM a USING a INNER JOIN b ON a.id = b.id

-- ----

-- dialects: mysql
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE TABLE t ENGINE=InnoDB SELECT a FROM s

-- ----

-- dialects: mysql
-- reads: s
-- writes: t
-- column: s.a > t.a identity
DELIMITER $$
CREATE DEFINER=`root`@`%` PROCEDURE `p`(IN x INT) BEGIN DECLARE done INT DEFAULT FALSE; DECLARE v INT; DECLARE c CURSOR FOR SELECT a FROM s; DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE; OPEN c; l: LOOP FETCH c INTO v; IF done THEN LEAVE l; END IF; INSERT INTO t (a) VALUES (v); END LOOP; CLOSE c; END$$
DELIMITER ;

-- ----

-- dialects: mysql
-- reads: s
-- writes: t
-- column: s.a > t.a identity
SELECT a INTO @x FROM s LIMIT 1; INSERT INTO t (a) VALUES (@x)

-- ----

-- dialects: mysql
-- reads: s
-- writes: t
-- column: s.a > t.a identity
SET @sql = CONCAT('INSERT INTO ', 't', ' (a) SELECT a FROM s'); PREPARE st FROM @sql; EXECUTE st; DEALLOCATE PREPARE st

-- ----

-- dialects: mysql
-- reads: o
-- writes: l
-- column: o.a > l.a identity
CREATE TRIGGER tr BEFORE UPDATE ON o FOR EACH ROW BEGIN INSERT INTO l (a) VALUES (NEW.a); END

-- ----

-- dialects: mysql
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW t AS SELECT a FROM s WITH CASCADED CHECK OPTION

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.A > T.A identity
INSERT /*+ APPEND */ INTO t (a) SELECT /*+ PARALLEL(4) */ a FROM s

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.B > T.B identity
-- column: S.A > T.A identity
MERGE INTO t USING (SELECT a, b FROM s) q ON (t.id = q.a) WHEN MATCHED THEN UPDATE SET t.b = q.b DELETE WHERE t.b = 0 WHEN NOT MATCHED THEN INSERT (a, b) VALUES (q.a, q.b) WHERE q.a > 1 LOG ERRORS INTO err

-- ----

-- dialects: oracle
-- reads: E, D
-- writes: T
-- column: E.NAME > T.A identity
-- column: D.NAME > T.B identity
INSERT INTO t (a, b) SELECT e.name, d.name FROM e, d WHERE e.did = d.id(+) START WITH e.m IS NULL CONNECT BY PRIOR e.id = e.m

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.A > T.A transformed
DECLARE CURSOR c IS SELECT a FROM s; TYPE tt IS TABLE OF c%ROWTYPE; v tt; BEGIN OPEN c; LOOP FETCH c BULK COLLECT INTO v LIMIT 100; EXIT WHEN v.COUNT = 0; FORALL i IN 1..v.COUNT INSERT INTO t (a) VALUES (v(i).a); END LOOP; END;

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.A > T.A identity
BEGIN FOR r IN (SELECT a FROM s) LOOP INSERT INTO t (a) VALUES (r.a); END LOOP; END;
/

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.A > T.A transformed
CREATE OR REPLACE TRIGGER trg AFTER INSERT ON s FOR EACH ROW BEGIN INSERT INTO t (a) VALUES (:NEW.a); END;
/

-- ----

-- dialects: oracle
-- reads: S
-- writes: V
-- column: S.A > V.A identity
CREATE OR REPLACE FORCE EDITIONABLE VIEW "V" ("A") AS SELECT a FROM s

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.X > T.X transformed
-- column: S.Y > T.X transformed
INSERT INTO t (x) SELECT NVL(DECODE(s.x, 1, s.y, s.x), 0) FROM s PIVOT (MAX(v) FOR k IN ('a' AS a))

-- ----

-- dialects: oracle
-- reads: S
-- writes: T1, T2
-- column: S.A > T1.A identity
-- column: S.B > T2.B identity
INSERT FIRST WHEN a > 1 THEN INTO t1 (a) VALUES (a) ELSE INTO t2 (b) VALUES (b) SELECT a, b FROM s

-- ----

-- dialects: oracle
-- reads: S@DBLINK
-- writes: T
-- column: S@DBLINK.A > T.A identity
CREATE TABLE t NOLOGGING PARALLEL 4 AS SELECT a FROM s@dblink

-- ----

-- dialects: teradata
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE MULTISET VOLATILE TABLE vt AS (SELECT a FROM s) WITH DATA PRIMARY INDEX (a) ON COMMIT PRESERVE ROWS; INSERT INTO t (a) SEL a FROM vt

-- ----

-- dialects: trino
-- reads: s
-- writes: t
-- column: s.a > t.a identity
-- column: s.m > t.k transformed
INSERT INTO t (a, k) SELECT s.a, x.k FROM s CROSS JOIN UNNEST(s.m) AS x(k, v)

-- ----

-- dialects: trino/athena
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE TABLE t WITH (format = 'PARQUET', partitioned_by = ARRAY['d']) AS SELECT a FROM s

-- ----

-- dialects: clickhouse
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE MATERIALIZED VIEW mv TO t AS SELECT a FROM s

-- ----

-- dialects: clickhouse
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE TABLE t ENGINE = MergeTree ORDER BY a AS SELECT a FROM s FINAL PREWHERE b = 1; ALTER TABLE t UPDATE a = 1 WHERE b = 2

-- ----

-- dialects: duckdb
-- reads: s
-- writes: t
-- column: s.a > t.a identity
CREATE OR REPLACE TABLE t AS FROM s SELECT a;

-- ----

-- dialects: duckdb
-- reads: x.parquet
-- writes: t
-- column: x.parquet.a > t.a identity
INSERT INTO t (a) SELECT a FROM 'x.parquet'

-- ----

-- dialects: duckdb
-- reads: s
-- writes: out.parquet
-- column: s.a > out.parquet.a identity
COPY (SELECT a FROM s) TO 'out.parquet' (FORMAT PARQUET)

-- ----

-- dialects: sqlite
-- reads: s
-- writes: t
-- column: s.a > t.a identity
INSERT OR REPLACE INTO t (a) SELECT a FROM s WHERE true ON CONFLICT DO NOTHING

-- ----

-- dialects: db2
-- reads: S
-- writes: T
-- column: S.A > T.A identity
CREATE PROCEDURE p LANGUAGE SQL BEGIN DECLARE v INT; FOR r AS c CURSOR FOR SELECT a FROM s DO INSERT INTO t (a) VALUES (r.a); END FOR; END

-- ----

-- dialects: db2
-- reads: S
-- writes: T
-- column: S.A > T.A identity
SELECT a FROM FINAL TABLE (INSERT INTO t (a) SELECT a FROM s)

-- ----

-- dialects: db2
-- reads: S
-- writes: T
-- column: S.A > T.A identity
DECLARE GLOBAL TEMPORARY TABLE SESSION.tmp AS (SELECT a FROM s) WITH DATA; INSERT INTO t (a) SELECT a FROM SESSION.tmp

-- ----

-- dialects: ansi/generic
-- reads: s
-- writes: t
-- column: s.a > t.a identity
INSERT INTO t (a) (SELECT a FROM s) UNION ALL (SELECT a FROM s)

-- ----

-- dialects: ansi
-- reads: a, b
-- column: a.x > result.x identity
-- column: b.y > result.y identity
SELECT x, y FROM (SELECT x FROM a) q NATURAL JOIN (SELECT y FROM b) r

-- ----

-- dialects: ansi
-- reads: t
-- column: t.a > result.a identity
-- column: t.b > result.rn window
SELECT a, ROW_NUMBER() OVER w AS rn FROM t WINDOW w AS (PARTITION BY b)

-- ----

-- dialects: ansi
-- reads: t
-- column: t.a > result.b transformed
-- column: t.b > result.c transformed
SELECT a + 1 AS b, b * 2 AS c FROM t

-- ----

-- dialects: ansi
-- reads: t
-- column: t.id > result.id identity
SELECT "id" FROM "t" ORDER BY 1 FETCH FIRST 10 ROWS ONLY

-- ----

-- dialects: ansi
-- reads: t, u
-- column: t.a > result.m transformed
-- column: u.b > result.m aggregated
SELECT (SELECT MAX(u.b) FROM u WHERE u.k = t.k) + t.a AS m FROM t

-- ----

-- dialects: ansi
-- reads: a, b, c
-- column: a.* > result.* identity
-- reasons: star-not-expanded
SELECT * FROM a WHERE x IN (SELECT x FROM b WHERE EXISTS (SELECT 1 FROM c))

-- ----

-- dialects: ansi
-- reads: v
-- column: v.a > result.a identity
SELECT t.a FROM (VALUES (1, 2)) AS x (p, q), v AS t

-- ----

-- dialects: bigquery/databricks
-- reads: d.s
-- writes: d.t
-- column: d.s.* > d.t.* identity
-- column: d.s.b > d.t.b transformed
-- reasons: star-not-expanded
CREATE TABLE d.t AS SELECT * EXCEPT (a) REPLACE (upper(b) AS b) FROM d.s

-- ----

-- dialects: snowflake
-- reads: d.s
-- writes: d.t
-- column: d.s.* > d.t.* identity
-- column: d.s.b > d.t.b transformed
-- reasons: star-not-expanded
CREATE TABLE d.t AS SELECT * EXCLUDE (a) REPLACE (upper(b) AS b) FROM d.s
