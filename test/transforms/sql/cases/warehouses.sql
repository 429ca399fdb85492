-- dialects: mysql/mariadb
-- reads: x, y
-- writes: t
-- column: x.a > t.a identity
-- column: x.b > t.b identity
-- column: t.c > t.c transformed
-- column: x.a > t.c transformed
-- column: y.q > t.d identity
INSERT INTO t (a, b) SELECT x.a, x.b FROM x JOIN y ON x.i = y.i ON DUPLICATE KEY UPDATE b = VALUES(b), c = t.c + VALUES(a), d = y.q

-- ----

-- dialects: mysql
-- reads: x
-- writes: t
-- column: x.a > t.a identity
-- column: x.b > t.b aggregated
INSERT INTO t (a, b) SELECT a, sum(b) FROM x WHERE a > 1 GROUP BY a ON DUPLICATE KEY UPDATE b = VALUES(b)

-- ----

-- dialects: mysql
-- reads: s
-- writes: t, u
-- column: s.a > t.a identity
-- column: s.b > t.b identity
-- column: u.b > u.b transformed
INSERT INTO t (a, b) SELECT s.a, s.b FROM s AS s ON DUPLICATE KEY UPDATE b = s.b;
INSERT INTO u (a, b) VALUES (@x, 2) AS fresh ON DUPLICATE KEY UPDATE b = fresh.b + u.b

-- ----

-- dialects: sqlite/duckdb/greenplum
-- reads: x
-- writes: t, u
-- column: x.a > t.a identity
-- column: x.b > t.b identity
-- column: x.a > u.a identity
INSERT INTO t (a, b) SELECT x.a, x.b FROM x WHERE true ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE excluded.b > t.b;
INSERT INTO u (a) SELECT x.a FROM x ON CONFLICT DO NOTHING

-- ----

-- dialects: bigquery
-- reads: d.x
-- writes: d.t
-- column: d.x.ordered > d.t.m transformed
-- column: d.x.shipped > d.t.n transformed
-- column: d.x.ordered > d.t.n transformed
-- column: d.x.at > d.t.w transformed
-- column: d.x.ordered > d.t.q transformed
-- column: d.x.due > d.t.e transformed
-- column: d.x.days > d.t.e transformed
CREATE TABLE d.t AS SELECT DATE_TRUNC(ordered, MONTH) AS m, DATE_DIFF(shipped, ordered, DAY) AS n, TIMESTAMP_TRUNC(x.at, WEEK(MONDAY)) AS w, LAST_DAY(ordered, QUARTER) AS q, DATE_SUB(x.due, INTERVAL x.days DAY) AS e FROM d.x AS x

-- ----

-- dialects: mysql/hive/spark
-- reads: x
-- writes: t
-- column: x.shipped > t.n transformed
-- column: x.ordered > t.n transformed
-- column: x.due > t.m transformed
INSERT INTO t (n, m) SELECT DATEDIFF(shipped, ordered), DATE_ADD(due, INTERVAL days DAY) FROM x

-- ----

-- dialects: snowflake/redshift
-- reads: X
-- writes: T
-- column: X.DAY > T.D transformed
-- column: X.MONTH > T.M transformed
-- column: X.TS > T.E transformed
-- column: X.TS > T.H transformed
-- column: X.TE > T.H transformed
CREATE TABLE t AS SELECT DATEADD(day, 1, day) AS d, DATE_TRUNC('month', month) AS m, DATE_PART(epoch, ts) AS e, DATEDIFF(hour, ts, te) AS h FROM x

-- ----

-- dialects: tsql
-- reads: dbo.x
-- writes: dbo.t
-- column: dbo.x.n > dbo.t.a transformed
-- column: dbo.x.d > dbo.t.a transformed
-- column: dbo.x.w > dbo.t.b transformed
-- column: dbo.x.m > dbo.t.c transformed
-- column: dbo.x.s > dbo.t.e transformed
-- column: dbo.x.e > dbo.t.e transformed
SELECT DATEADD(d, x.n, x.d) AS a, DATEPART(wk, x.w) AS b, DATETRUNC(month, x.m) AS c, DATEDIFF_BIG(ss, x.s, x.e) AS e INTO dbo.t FROM dbo.x x

-- ----

-- dialects: snowflake/bigquery/redshift/spark
-- reads: X
-- writes: T
-- column: X.V > T.V transformed
-- column: X.G > T.V window
-- column: X.O > T.V window
CREATE TABLE t AS SELECT LAST_VALUE(x.v) IGNORE NULLS OVER (PARTITION BY x.g ORDER BY x.o ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS v FROM x

-- ----

-- dialects: spark/trino/sqlite/bigquery
-- reads: x
-- writes: t
-- column: x.v > t.v aggregated
-- column: x.g > t.v window
-- column: x.o > t.v window
-- column: x.v > t.MAX(x.v) OVER w aggregated
-- column: x.g > t.MAX(x.v) OVER w window
-- column: x.o > t.MAX(x.v) OVER w window
CREATE TABLE t AS SELECT SUM(x.v) OVER w AS v, MAX(x.v) OVER w FROM x WINDOW w AS (PARTITION BY x.g ORDER BY x.o ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)

-- ----

-- dialects: bigquery
-- reads: d.x
-- writes: d.t
-- column: d.x.k > d.t.a transformed
-- column: d.x.v > d.t.a transformed
-- column: d.x.n > d.t.b transformed
-- column: d.x.p > d.t.c aggregated
INSERT INTO d.t (a, b, c) SELECT ARRAY<STRUCT<k STRING, v INT64>>[(x.k, x.v)], STRUCT<n INT64>(x.n), ARRAY_AGG(x.p LIMIT 5)[OFFSET(0)].q FROM d.x AS x

-- ----

-- dialects: postgres/greenplum/trino
-- reads: x
-- writes: t
-- column: x.a > t.a transformed
-- column: x.b > t.a transformed
-- column: x.c > t.b aggregated
INSERT INTO t (a, b) SELECT ARRAY[x.a, x.b], array_agg(x.c)[1] FROM x

-- ----

-- dialects: spark/databricks/trino/athena
-- reads: x
-- writes: t
-- column: x.items > t.a transformed
-- column: x.plus > t.a transformed
-- column: x.items > t.b transformed
-- column: x.items > t.c transformed
-- column: x.n > t.c transformed
INSERT INTO t (a, b, c) SELECT transform(x.items, i -> i + x.plus), aggregate(x.items, 0, (acc, i) -> acc + i), coalesce(filter(x.items, (i, n) -> i > n), n) FROM x

-- ----

-- dialects: snowflake
-- reads: X
-- writes: T
-- column: X.ITEMS > T.A transformed
-- column: X.LOW > T.A transformed
-- column: X.V > T.B transformed
-- column: X.W > T.B transformed
INSERT INTO t (a, b) SELECT FILTER(x.items, i INT -> i > x.low), {'k': x.v, 'l': x.w} FROM x

-- ----

-- dialects: bigquery/databricks
-- reads: x
-- writes: t
-- column: x.items > t.a transformed
-- column: x.lines > t.b transformed
INSERT INTO t (a, b) SELECT x.items[0].name, x.lines[0].price.amount FROM x

-- ----

-- dialects: postgres/greenplum
-- reads: x
-- writes: t
-- column: x.whole > t.a transformed
INSERT INTO t (a) SELECT (x.whole).part FROM x

-- ----

-- dialects: redshift
-- reads: customers
-- writes: t
-- column: customers.id > t.a identity
-- column: customers.orders > t.b transformed
-- column: customers.orders > t.c transformed
INSERT INTO t (a, b, c) SELECT c.id, o.sku, o.parts[0].name FROM customers c, c.orders o

-- ----

-- dialects: mysql
-- reads: x
-- writes: t
-- column: x.a > t.a identity
-- column: x.b > t.b aggregated
-- column: x.c > t.c aggregated
INSERT INTO t (a, b, c) SELECT x.a, COUNT(x.b), MAX(MATCH(x.c) AGAINST ('word' IN BOOLEAN MODE)) FROM x GROUP BY x.a WITH ROLLUP

-- ----

-- dialects: oracle
-- reads: E
-- writes: V
-- column: E.ID > V.ROOT transformed
-- column: E.NM > V.BOSS transformed
CREATE OR REPLACE VIEW v AS SELECT CONNECT_BY_ROOT e.id AS root, PRIOR e.nm AS boss FROM e START WITH e.m IS NULL CONNECT BY NOCYCLE PRIOR e.id = e.m ORDER SIBLINGS BY e.nm WITH READ ONLY

-- ----

-- dialects: oracle
-- reads: X
-- writes: T
-- column: X.A > T.A identity
INSERT INTO t (a) SELECT x.a FROM x WHERE x.b = 1 LOG ERRORS INTO t_errors ('load') REJECT LIMIT UNLIMITED

-- ----

-- dialects: mysql/postgres
-- reads: x, y
-- writes: v
-- column: x.a > v.a identity
CREATE VIEW v AS SELECT x.a FROM x, y WHERE x.i = y.i WITH CASCADED CHECK OPTION

-- ----

-- dialects: redshift
-- reads: x, y
-- writes: v
-- column: x.a > v.a identity
CREATE VIEW v AS SELECT x.a FROM x JOIN y ON x.i = y.i WITH NO SCHEMA BINDING

-- ----

-- dialects: oracle
-- reads: D
-- writes: T, U
-- column: D.ID > T.A identity
-- column: D.DOC > T.B transformed
-- column: D.XML > U.A transformed
INSERT INTO t (a, b) SELECT d.id, j.x FROM d, JSON_TABLE(d.doc FORMAT JSON, '$.a[*]' ERROR ON ERROR COLUMNS (x NUMBER PATH '$.x', NESTED PATH '$.b[*]' COLUMNS (y VARCHAR2(10) PATH '$.y'))) j;
INSERT INTO u (a) SELECT j.y FROM d, XMLTABLE('/a' PASSING BY VALUE d.xml COLUMNS y NUMBER PATH 'y') j

-- ----

-- dialects: mysql
-- reads: d
-- writes: t
-- column: d.doc > t.a transformed
-- column: d.doc > t.b transformed
INSERT INTO t (a, b) SELECT j.v, j.w FROM d, JSON_TABLE(d.doc, '$[*]' COLUMNS (rn FOR ORDINALITY, v INT PATH '$.v' DEFAULT '0' ON EMPTY, NESTED PATH '$.n[*]' COLUMNS (w INT PATH '$'))) AS j

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.A > T.A identity
-- column: S.C > T.X_S aggregated
-- column: S.B > T.X_S conditional
-- column: S.D > T.X_N aggregated
-- column: S.B > T.X_N conditional
INSERT INTO t (a, x_s, x_n) SELECT a, x_s, x_n FROM (SELECT a, b, c, d FROM s) PIVOT (SUM(c) AS s, MAX(d) n FOR b IN ('X' AS x))

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.id > d.t.id identity
-- column: d.s.sales > d.t.total_q1 aggregated
-- column: d.s.quarter > d.t.total_q1 conditional
CREATE TABLE d.t AS SELECT id, total_q1 FROM (SELECT id, sales, quarter FROM d.s) PIVOT (SUM(sales) AS total FOR quarter IN ('Q1' AS q1))

-- ----

-- dialects: spark/databricks
-- reads: s
-- writes: t
-- column: s.id > t.id identity
-- column: s.v > t.xx_s aggregated
-- column: s.k > t.xx_s conditional
-- column: s.w > t.xx_a aggregated
-- column: s.k > t.xx_a conditional
-- column: s.v > t.y_s aggregated
-- column: s.k > t.y_s conditional
-- column: s.w > t.y_a aggregated
-- column: s.k > t.y_a conditional
CREATE TABLE t AS SELECT * FROM (SELECT id, v, w, k FROM s) PIVOT (SUM(v) AS s, AVG(w) AS a FOR k IN ('x' AS xx, 'y'))

-- ----

-- dialects: snowflake
-- reads: S
-- writes: T, U
-- column: S.AMOUNT > T.JAN aggregated
-- column: S.MONTH > T.JAN conditional
-- column: S.AMOUNT > T.FEB aggregated
-- column: S.MONTH > T.FEB conditional
-- column: S.* > T.* identity
-- column: S.ID > U.ID identity
-- column: S.AMOUNT > U.JAN aggregated
-- column: S.MONTH > U.JAN conditional
-- reasons: star-not-expanded
CREATE TABLE t AS SELECT * FROM s PIVOT (SUM(amount) FOR month IN ('JAN', 'FEB')) AS p (emp, jan, feb);
CREATE TABLE u AS SELECT id, "'JAN'" AS jan FROM (SELECT id, amount, month FROM s) PIVOT (SUM(amount) FOR month IN ('JAN'))

-- ----

-- dialects: snowflake
-- reads: S
-- writes: T
-- column: S.ID > T.ID identity
-- reasons: star-not-expanded
CREATE TABLE t AS SELECT p.id FROM (SELECT id, amount, month FROM s) PIVOT (SUM(amount) FOR month IN (ANY ORDER BY month)) AS p

-- ----

-- dialects: oracle
-- reads: S
-- writes: T
-- column: S.Q1 > T.Q transformed
-- column: S.Q2 > T.Q transformed
-- column: S.A1 > T.A transformed
-- column: S.A2 > T.A transformed
INSERT INTO t (q, a) SELECT u.q, u.a FROM (SELECT q1, a1, q2, a2 FROM s) UNPIVOT ((q, a) FOR p IN ((q1, a1) AS 'A', (q2, a2) AS 'B')) u

-- ----

-- dialects: clickhouse
-- reads: s, q
-- writes: t
-- column: s.arr > t.a transformed
-- column: s.f > t.b transformed
-- column: s.arr > t.b transformed
-- column: q.a > result.a identity
INSERT INTO t (a, b) SELECT item, arrayMap(x -> x * s.f, s.arr) FROM s LEFT ARRAY JOIN s.arr AS item PREWHERE s.id > 1 SETTINGS max_threads = 1;
WITH 5 AS n, c AS (SELECT q.a FROM q) SELECT c.a FROM c FORMAT JSON

-- ----

-- dialects: mysql
-- reads: s
-- writes: v, log1, t
-- column: s.a > v.a identity
-- column: s.a > log1.a identity
-- column: s.b > t.a identity
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select `s`.`a` AS `a` from `s` */;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `tr` AFTER INSERT ON `s` FOR EACH ROW BEGIN
  INSERT INTO log1 (a) VALUES (new.a);
END */;
INSERT /* plain */ INTO t (a) SELECT /*+ hint */ s.b FROM s

-- ----

-- dialects: mysql
-- reads: a, b
-- writes: v1
-- column: a.x > v1.x identity
CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW `v1` AS select `a`.`x` AS `x` from (`a` left join `b` on((`a`.`id` = `b`.`id`)))

-- ----

-- dialects: oracle
-- reads: TB
-- writes: LOG1
-- column: TB.A > LOG1.A transformed
CREATE OR REPLACE TRIGGER trg BEFORE INSERT ON tb FOR EACH ROW
BEGIN
  SELECT seq.NEXTVAL INTO :new.id FROM DUAL;
  INSERT INTO log1 (a) VALUES (:old.a);
END;
/

-- ----

-- dialects: oracle
-- reads: S
-- writes: T, U, O
-- column: S.Y > O.K identity
-- column: T.D > O.L identity
-- column: S.X > O.M identity
CREATE OR REPLACE PROCEDURE p (p_id IN NUMBER) AS
  TYPE rec_t IS RECORD (a NUMBER, b NUMBER);
  rec rec_t;
  v_n NUMBER;
BEGIN
  SELECT s.x, s.y INTO rec.a, rec.b FROM s WHERE s.id = p_id;
  UPDATE t SET c = 1 WHERE id = p_id RETURNING d INTO v_n;
  DELETE FROM u WHERE id = p_id RETURNING e BULK COLLECT INTO l_e;
  INSERT INTO o (k, l, m) VALUES (rec.b, v_n, rec.a);
END p;
/

-- ----

-- dialects: databricks
-- reads: src
-- writes: tgt
-- column: src.a > tgt.a identity
MERGE WITH SCHEMA EVOLUTION INTO tgt t USING src s ON t.k = s.k WHEN MATCHED THEN UPDATE SET t.a = s.a

-- ----

-- dialects: redshift
-- reads: s
-- writes: t
-- column: s.* > t.* identity
-- reasons: star-not-expanded
MERGE INTO t USING s ON t.id = s.id REMOVE DUPLICATES

-- ----

-- dialects: db2/oracle
-- reads: S
-- writes: T
-- column: S.B > T.B identity
-- column: S.C > T.C transformed
MERGE INTO t USING s ON (t.a = s.a) WHEN MATCHED THEN UPDATE SET (b, c) = (s.b, s.c + 1)

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t
-- column: d.s.id > d.t.id identity
-- column: d.s.qty > d.t.qty identity
MERGE d.t AS t USING d.s AS s ON t.id = s.id WHEN NOT MATCHED AND qty < 20 THEN INSERT (id, qty) VALUES (id, qty)

-- ----

-- dialects: tsql
-- reads: dbo.b
-- writes: dbo.a
-- column: dbo.b.v > dbo.a.v identity
WITH u AS (SELECT a.v AS av, b.v AS bv FROM dbo.a a JOIN dbo.b b ON a.id = b.id) UPDATE u SET av = bv

-- ----

-- dialects: redshift
-- reads: b
-- writes: fin
-- column: b.a > fin.a identity
CREATE TABLE #tmp AS SELECT b.a FROM b; INSERT INTO fin (a) SELECT a FROM #tmp; DROP TABLE IF EXISTS #tmp

-- ----

-- dialects: teradata
-- reads: db.s, db.k, db.u, db.o
-- writes: db.v, db.t, db.x, db.n
-- column: db.s.a > db.v.a identity
-- column: db.s.b > db.v.b transformed
-- column: db.s.a > result.a identity
-- column: db.u.a > db.t.a identity
-- column: db.o.* > db.n.* identity
REPLACE VIEW db.v AS LOCKING ROW FOR ACCESS SEL s.a, ZEROIFNULL(s.b) AS b FROM db.s s WHERE s.c IN (SEL k.c FROM db.k k);
LOCKING TABLE db.s FOR ACCESS SELECT s.a FROM db.s s;
UPDATE t FROM db.t t, db.u u SET a = u.a WHERE t.id = u.id;
DEL FROM db.x ALL; BT; COLLECT STATISTICS ON db.t COLUMN (a); ET;
CREATE TABLE db.n AS db.o WITH DATA

-- ----

-- dialects: teradata
-- reads: db.s
-- writes: db.t
-- column: db.s.a > db.t.a identity
REPLACE PROCEDURE db.p () BEGIN INSERT INTO db.t (a) SELECT s.a FROM db.s s; END;

-- ----

-- dialects: spark
-- reads: s
-- writes: db.t, /out
-- column: s.a > db.t.a identity
-- column: s.a > /out.a identity
-- reasons: target-columns-unknown
REPLACE TABLE db.t USING iceberg AS SELECT s.a FROM s;
INSERT OVERWRITE DIRECTORY USING parquet OPTIONS (path = '/out', x = 1) SELECT s.a FROM s

-- ----

-- dialects: snowflake
-- reads: @stg/x
-- writes: RAW.T
-- column: @stg/x.* > RAW.T.* identity
CREATE OR REPLACE PIPE raw.p AUTO_INGEST = TRUE AS COPY INTO raw.t FROM @stg/x FILE_FORMAT = (TYPE = CSV);
ALTER VIEW IF EXISTS v SET TAG a = 'b'

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.m
-- column: d.s.a > d.m.a identity
-- column: d.s.b > d.m.b identity
CREATE OR REPLACE MODEL d.m OPTIONS (model_type = 'linear_reg') AS SELECT s.a, s.b FROM d.s AS s

-- ----

-- dialects: postgres/redshift
-- reads: c
-- writes: film, a
-- column: c.b > a.i identity
SET search_path = public;
\connect shop
COPY film (id, title) FROM stdin;
1	it's
2	select * from x; 
\.

INSERT INTO a (i) SELECT c.b FROM c;
COPY a TO STDOUT

-- ----

-- dialects: sqlite
-- reads: s
-- writes: t
-- column: s.b > t.a aggregated
UPDATE OR IGNORE t SET a = (SELECT max(s.b) FROM s)

-- ----

-- dialects: bigquery/databricks
-- reads: s, v
-- writes: t, u
-- column: s.a > t.a identity
-- column: v.a > u.a identity
DECLARE x INT64;
IF x > 1 THEN INSERT INTO t (a) SELECT s.a FROM s; ELSEIF x = 1 THEN DELETE FROM t WHERE true; ELSE INSERT INTO u (a) SELECT v.a FROM v; END IF

-- ----

-- dialects: oracle
-- reads: SRC, INNS
-- writes: INN, O, TGT, OLD
-- column: INNS.A > INN.A identity
-- column: SRC.ID > O.ID identity
-- column: SRC.ID > TGT.ID transformed
-- column: SRC.NM > TGT.NM transformed
-- reasons: routine-not-defined
CREATE OR REPLACE PACKAGE BODY etl AS
  CURSOR g_c IS SELECT s.id, s.nm FROM src s;
  PROCEDURE p (p_d DATE) IS
    PRAGMA AUTONOMOUS_TRANSACTION;
    l_ids dbms_sql.number_table;
    PROCEDURE inner_p IS BEGIN INSERT INTO inn (a) SELECT i.a FROM inns i; END;
  BEGIN
    inner_p;
    FOR r IN g_c LOOP INSERT INTO o (id) VALUES (r.id); END LOOP;
    OPEN g_c;
    FETCH g_c BULK COLLECT INTO l_ids, l_nms LIMIT 100;
    FORALL i IN l_ids.FIRST .. l_ids.LAST INSERT INTO tgt (id, nm) VALUES (l_ids(i), l_nms(i));
    DELETE FROM old WHERE d < p_d;
  END p;
END etl;
/
EXEC etl.p;

-- ----

-- dialects: redshift/postgres
-- reads: stg.loop
-- writes: dw.t
-- column: stg.loop.id > dw.t.id identity
CREATE PROCEDURE p () AS $$
DECLARE r record;
BEGIN
  FOR r IN SELECT l.id FROM stg.loop l LOOP INSERT INTO dw.t (id) VALUES (r.id); END LOOP;
END; $$ LANGUAGE plpgsql

-- ----

-- dialects: tsql
-- reads: dbo.s, dbo.g, dbo.h
-- writes: dbo.a, dbo.b, dbo.c, dbo.d, dbo.i
-- column: dbo.s.x > dbo.b.x identity
-- column: dbo.g.x > dbo.c.x aggregated
-- column: dbo.h.x > dbo.i.x identity
-- reasons: routine-not-defined
INSERT INTO dbo.a (x) VALUES (1)
SELECT s.x INTO dbo.b FROM dbo.s s
INSERT dbo.c (x) VALUES ((SELECT MAX(g.x) FROM dbo.g g))
EXEC dbo.q
INSERT dbo.d DEFAULT VALUES
WITH c AS (SELECT h.x FROM dbo.h h) INSERT dbo.i (x) SELECT c.x FROM c
GO
sp_spaceused 'dbo.a'
GO
dbo.r @a = 1

-- ----

-- dialects: bigquery
-- reads: d.s
-- writes: d.t, d.u
-- column: d.s.* > d.t.* aggregated
-- column: d.s.ts > d.t.* window
-- column: d.s.* > d.u.js transformed
-- reasons: star-not-expanded
CREATE TABLE d.t AS SELECT latest.* FROM (SELECT ARRAY_AGG(original ORDER BY ts DESC LIMIT 1)[OFFSET(0)] AS latest FROM d.s AS original GROUP BY id);
CREATE TABLE d.u AS SELECT TO_JSON_STRING(x) AS js FROM d.s AS x

-- ----

-- dialects: postgres/greenplum
-- reads: orders, status
-- writes: t, u
-- column: orders.* > t.a transformed
-- column: status.status > u.a identity
-- reasons: star-not-expanded
INSERT INTO t (a) SELECT row_to_json(o) FROM orders o;
INSERT INTO u (a) SELECT status FROM status

-- ----

-- dialects: duckdb/bigquery/snowflake
-- reads: x, y
-- writes: t
-- column: x.a > t.a identity
-- column: x.b > t.b identity
-- column: y.b > t.b identity
-- column: y.c > t.c identity
CREATE TABLE t AS SELECT x.a, x.b FROM x UNION ALL BY NAME SELECT y.b, y.c FROM y

-- ----

-- dialects: databricks
-- reads: /Volumes/x/, bronze.p, silver.c, live.source
-- writes: silver.o, silver.p, gold.c, live.target
-- column: /Volumes/x/.id > silver.o.id identity
-- column: bronze.p.id > silver.p.id identity
-- column: silver.c.* > gold.c.* identity
-- column: live.source.id > live.target.id identity
-- column: live.source.nm > live.target.nm identity
-- reasons: star-not-expanded
CREATE OR REFRESH STREAMING TABLE silver.o AS SELECT f.id FROM STREAM read_files('/Volumes/x/', format => 'json') AS f;
CREATE FLOW f1 AS INSERT INTO silver.p BY NAME SELECT p.id FROM STREAM(bronze.p) p;
CREATE FLOW f2 AS AUTO CDC INTO gold.c FROM STREAM(silver.c) KEYS (id) SEQUENCE BY ts COLUMNS * EXCEPT (op) STORED AS SCD TYPE 2;
APPLY CHANGES INTO live.target FROM STREAM(live.source) KEYS (id) SEQUENCE BY ts COLUMNS (id, nm)

-- ----

-- dialects: hive/spark
-- reads: m
-- writes: n, o
-- column: m.a > n.a identity
-- column: m.a > o.a identity
WITH x AS (SELECT m.a FROM m) FROM x INSERT INTO TABLE n (a) SELECT x.a INSERT INTO TABLE o (a) SELECT x.a

-- ----

-- dialects: hive
-- reads: s
-- writes: t
-- column: s.n > t.a window
-- column: s.o > t.a window
INSERT INTO t (a) SELECT row_number() OVER (DISTRIBUTE BY s.n SORT BY s.o DESC) FROM s

-- ----

-- dialects: tsql
-- reads: dbo.s
-- writes: dbo.t
-- column: dbo.s.a > dbo.t.a identity
MERGE dbo.t AS t USING dbo.s AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET t.a = s.a OPTION (HASH JOIN);

-- ----

-- dialects: snowflake
-- reads: S
-- writes: T, U
-- column: S.A > result.A identity
-- column: fn:F.A > T.A identity
-- column: S.ITEMS > U.A transformed
CREATE FUNCTION f (x NUMBER) RETURNS TABLE (a INT) AS $$ SELECT s.a FROM s WHERE s.b = x $$;
INSERT INTO t (a) SELECT r.a FROM TABLE(f(1)) r;
INSERT INTO u (a) SELECT i.value FROM s, TABLE(FLATTEN(INPUT => s.items)) i;
EXECUTE TASK tk

-- ----

-- dialects: bigquery/databricks
-- reads: d.s, d.v, d.p, d.q
-- writes: d.t, d.u, d.w
-- column: d.s.a > d.t.a identity
-- column: d.v.* > d.u.* identity
-- column: d.p.* > d.w.* identity
-- column: d.q.* > d.w.* identity
-- reasons: partly-understood, star-not-expanded
CREATE TABLE d.t AS SELECT s.a FROM d.s AS s |> WHERE a > 1 |> SELECT a AS b;
CREATE TABLE d.u AS FROM d.v AS v |> AGGREGATE SUM(x) AS y GROUP BY z;
INSERT INTO d.w (a) FROM d.p AS p JOIN d.q AS q ON p.i = q.i |> SELECT p.a

-- ----

-- dialects: generic/postgres
-- reads: a, b, c
-- writes: t
-- column: a.x > t.k identity
INSERT INTO t (k) SELECT a.x FROM a EXCEPT SELECT b.x FROM b INTERSECT SELECT c.x FROM c

-- ----

-- dialects: mysql
-- reads: s
-- writes: t, u
-- column: s.c > t.b aggregated
INSERT INTO t SET a = 1, b = (SELECT MAX(s.c) FROM s) ON DUPLICATE KEY UPDATE b = 2;
REPLACE u (a) VALUE (1)

-- ----

-- dialects: redshift
-- reads: s
-- writes: t
-- column: s.b > t.n aggregated
CREATE TABLE t AS SELECT APPROXIMATE COUNT(DISTINCT s.b) AS n FROM s

-- ----

-- dialects: postgres
-- reads: t
-- writes: log1
-- column: t.* > log1.a transformed
-- column: t.x > log1.b identity
-- reasons: star-not-expanded
CREATE FUNCTION f (p int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE r t%ROWTYPE;
BEGIN
  SELECT * INTO r FROM t WHERE t.id = p;
  INSERT INTO log1 (a, b) VALUES (to_jsonb(r), r.x);
END $$
