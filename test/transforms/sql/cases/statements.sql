-- dialects: postgres/generic/ansi
-- reads: python, bots
-- column: python.id > result.id identity
-- column: bots.id > result.id identity
-- reasons: star-not-expanded
WITH tab1 AS (SELECT * FROM users as u), tab2 AS (SELECT * FROM bots) SELECT r.id FROM python AS r UNION ALL SELECT id FROM tab2

-- ----

-- dialects: generic
-- reads: tab2
-- column: tab2.id > result.id identity
WITH tab1 AS (SELECT * FROM users) SELECT id FROM tab2

-- ----

-- dialects: generic
-- reads: users, users3
-- column: users.id > result.id identity
-- column: users3.id > result.id identity
-- reasons: star-not-expanded
WITH tab1 AS (SELECT * FROM users as u), tab2 AS (SELECT * FROM tab1), tab3 AS (SELECT * FROM users2) SELECT id FROM tab2 UNION ALL SELECT id FROM users3

-- ----

-- dialects: generic
-- reads: users2
-- column: users2.* > result.* identity
-- reasons: star-not-expanded
WITH tab1 AS (WITH data3 AS (WITH data8 AS (SELECT r.* FROM (SELECT * FROM users as u) as r), data5 AS (SELECT r.* FROM (SELECT * FROM owners as u) as r), data6 AS (SELECT * FROM data5) SELECT * FROM data6 UNION ALL SELECT * FROM data5), data2 AS (SELECT * FROM data3) SELECT * FROM data2), tab2 AS (SELECT * FROM tab1), tab4 AS (SELECT * FROM users2), tab5 AS (SELECT * FROM tab4) SELECT * FROM tab5

-- ----

-- dialects: generic
-- reads: stg, stg2
-- column: stg.col1 > result.col1 identity
-- column: stg2.col4 > result.col4 identity
WITH tab1 AS (SELECT s.col1, s.col2, s2.col3, s2.col4 FROM stg AS s, stg2 AS s2), tab1 AS (SELECT col1, col2, col3, col4 FROM tab1) SELECT col1, col4 FROM tab1

-- ----

-- dialects: snowflake
-- reads: @schema.general_finished
-- writes: SCHEMA.SOME_MONITORING_SYSTEM
-- column: ?.$1 > SCHEMA.SOME_MONITORING_SYSTEM.ST transformed
-- reasons: target-columns-unknown, unknown-qualifier
COPY INTO SCHEMA.SOME_MONITORING_SYSTEM FROM (SELECT t.$1:st AS st FROM @schema.general_finished)

-- ----

-- dialects: snowflake
-- reads: s3://mybucket/./../a.csv
-- writes: MY_COMPANY.EMP_BASIC
-- column: s3://mybucket/./../a.csv.* > MY_COMPANY.EMP_BASIC.* identity
COPY INTO my_company.emp_basic FROM "s3://mybucket/./../a.csv"

-- ----

-- dialects: snowflake
-- reads: @namespace.%table_name/path
-- writes: A.B
-- column: @namespace.%table_name/path.* > A.B.* identity
COPY INTO a.b FROM @namespace.%table_name/path

-- ----

-- dialects: snowflake
-- reads: @~/path
-- writes: A.B
-- column: @~/path.* > A.B.* identity
COPY INTO a.b FROM @~/path

-- ----

-- dialects: snowflake
-- reads: DB.SCHEMA.SOURCE_TABLE
-- writes: @namespace.stage
-- column: DB.SCHEMA.SOURCE_TABLE.* > @namespace.stage.* identity
COPY INTO @namespace.stage FROM db.schema.source_table

-- ----

-- dialects: snowflake
-- reads: DB.SCHEMA.SOURCE_TABLE
-- writes: s3://bucket/path
-- column: DB.SCHEMA.SOURCE_TABLE.* > s3://bucket/path.* identity
-- reasons: star-not-expanded
COPY INTO 's3://bucket/path' FROM (SELECT * FROM db.schema.source_table)

-- ----

-- dialects: snowflake
-- reads: MONTHLY_SALES
-- column: ?.AMOUNT > result.C aggregated
-- column: ?.MONTH > result.C conditional
-- column: ?.AMOUNT > result.D aggregated
-- column: ?.MONTH > result.D conditional
-- column: ?.AMOUNT > result.'MAR' aggregated
-- column: ?.MONTH > result.'MAR' conditional
-- column: ?.AMOUNT > result.'APR' aggregated
-- column: ?.MONTH > result.'APR' conditional
-- column: MONTHLY_SALES.* > result.* identity
-- reasons: unknown-qualifier, star-not-expanded
SELECT * FROM monthly_sales AS a PIVOT(SUM(a.amount) FOR a.MONTH IN ('JAN', 'FEB', 'MAR', 'APR')) AS p (c, d) ORDER BY EMPID

-- ----

-- dialects: snowflake
-- reads: SALES
-- column: SALES.AMOUNT > result.'EAST' aggregated
-- column: SALES.REGION > result.'EAST' conditional
SELECT * FROM (SELECT region, amount FROM sales) AS s PIVOT(SUM(amount) FOR region IN ('EAST')) AS p

-- ----

-- dialects: postgres
ALTER TABLE tab1 RENAME TO tab2

-- ----

-- dialects: snowflake
-- reads: TAB2
-- writes: TAB1
-- column: TAB2.* > TAB1.* identity
ALTER TABLE tab1 SWAP WITH tab2

-- ----

-- dialects: postgres
-- writes: tab
ALTER TABLE IF EXISTS ONLY tab ADD COLUMN a TEXT, ADD COLUMN b INT

-- ----

-- dialects: bigquery
-- writes: project.dataset.table
DELETE "project.dataset.table" WHERE 1

-- ----

-- dialects: mysql
-- reads: t2
-- writes: t1
DELETE t1 FROM t1 JOIN t2 ON t1.id = t2.id

-- ----

-- dialects: mysql
-- reads: bar
-- writes: foo
DELETE target FROM foo AS target JOIN bar AS lookup ON target.id = lookup.id

-- ----

-- dialects: mysql
-- reads: lookup
-- writes: t1, t2
DELETE t1, t2 FROM t1 JOIN t2 ON t1.id = t2.id JOIN lookup ON t1.id = lookup.id

-- ----

-- dialects: mysql
-- reads: t1, t2
-- writes: t1
-- column: t1.* > result.* identity
-- reasons: star-not-expanded
SELECT * FROM t1; DELETE t1 FROM t1 JOIN t2 ON t1.id = t2.id

-- ----

-- dialects: snowflake/databricks/mssql
-- writes: TARGET
DELETE FROM identifier(target) WHERE x = 1;

-- ----

-- dialects: snowflake/databricks/mssql
-- writes: TARGET
DELETE FROM identifier('target') WHERE x = 1;

-- ----

-- dialects: snowflake/databricks/mssql
-- reasons: dynamic-sql
DELETE FROM identifier($target) WHERE x = 1;

-- ----

-- dialects: snowflake/databricks/mssql
-- reasons: dynamic-sql
DELETE FROM identifier(:target) WHERE x = 1;

-- ----

-- dialects: snowflake/databricks/mssql
-- reasons: dynamic-sql
DELETE FROM identifier(?) WHERE x = 1;

-- ----

-- dialects: snowflake/databricks/mssql
-- reasons: dynamic-sql
DELETE FROM identifier(:myschema || '.' || :mytab) WHERE x = 1;

-- ----

-- dialects: snowflake/mssql
-- reads: SOURCE
-- writes: TARGET
-- column: SOURCE.V > TARGET.V identity
UPDATE IDENTIFIER(target) SET v = src.v FROM identifier('source') as src WHERE target.k = src.k;

-- ----

-- dialects: snowflake/mssql
-- reasons: dynamic-sql, unknown-qualifier
UPDATE IDENTIFIER($target) SET v = src.v FROM identifier(:source) as src WHERE target.k = src.k;

-- ----

-- dialects: snowflake/mssql
-- reads: SOURCE
-- reasons: dynamic-sql, unknown-qualifier
UPDATE IDENTIFIER(:myschema || '.' || :mytab) SET v = src.v FROM identifier(source) as src WHERE target.k = src.k;

-- ----

-- dialects: databricks
-- reads: source
-- writes: target
-- column: target.src > target.v identity
UPDATE IDENTIFIER(target) SET v = src.v WHERE EXISTS (SELECT x FROM identifier(source) WHERE t1.oid = oid);

-- ----

-- dialects: databricks
-- reads: source
-- reasons: dynamic-sql
UPDATE IDENTIFIER(:myschema || '.' || :mytab) SET v = src.v WHERE EXISTS (SELECT x FROM identifier(source) WHERE t1.oid = oid);

-- ----

-- dialects: snowflake/databricks/mssql
-- reads: SOURCE
-- writes: TARGET
-- column: SOURCE.DESCRIPTION > TARGET.DESCRIPTION identity
MERGE INTO IDENTIFIER(target) USING identifier('source')ON target.id = source.id WHEN MATCHED THEN UPDATE SET target.description = source.description

-- ----

-- dialects: snowflake/mssql
-- reasons: dynamic-sql, unknown-qualifier
MERGE INTO IDENTIFIER(?) USING identifier($source)ON target.id = source.id WHEN MATCHED THEN UPDATE SET target.description = source.description

-- ----

-- dialects: snowflake/mssql
-- reads: SOURCE
-- reasons: dynamic-sql, unknown-qualifier
MERGE INTO IDENTIFIER(:myschema || '.' || :mytab) USING identifier(source)ON target.id = source.id WHEN MATCHED THEN UPDATE SET target.description = source.description

-- ----

-- dialects: snowflake/databricks/mssql
-- reads: TARGET
-- column: TARGET.COL1 > result.COL1 identity
SELECT col1 FROM identifier('target') WHERE x = 1;

-- ----

-- dialects: snowflake
-- reads: gcs://openlineage/data/
-- writes: IN_OPENLINEAGE.DATA
-- column: gcs://openlineage/data/.* > IN_OPENLINEAGE.DATA.* identity
CREATE STAGE IF NOT EXISTS IN_OPENLINEAGE.DATA URL='gcs://openlineage/data/' storage_integration = GCS_INT FILE_FORMAT=(TYPE=PARQUET TRIM_SPACE=TRUE)

-- ----

-- dialects: generic
-- writes: test
INSERT INTO TEST VALUES(1)

-- ----

-- dialects: generic
-- reads: orders
-- writes: report
INSERT INTO report (total) VALUES ((SELECT count(*) FROM orders))

-- ----

-- dialects: generic
-- reads: b1.b2, m.dim
-- writes: a1.a2
-- column: ?.c_at > a1.a2.to_date(C_AT) transformed
-- column: m.dim.c_name > a1.a2.c_name identity
-- column: ?.p > a1.a2.p identity
-- reasons: target-columns-unknown, ambiguous-column
insert into "a1"."a2" select to_date(C_AT), dm.C_NAME, P, count(*) from "b1"."b2" as s left join "m"."dim" as dm on (dm.m_id = s.m_id) where PROCESSED_AT = '2022-04-14' group by to_date(C_AT), dm.C_NAME, P ;

-- ----

-- dialects: generic
-- reads: foo, bar
-- column: foo.* > result.* identity
-- column: bar.* > result.* identity
-- reasons: star-not-expanded
SELECT * FROM (foo JOIN bar ON foo.id = bar.id) AS joined

-- ----

-- dialects: generic
-- reads: a, b, c
-- column: a.id > result.id identity
SELECT a.id FROM a JOIN b ON b.id IN (SELECT c.id FROM c)

-- ----

-- dialects: redshift
-- reads: test_schema.test_table
-- column: test_schema.test_table.col1 > result.col1 identity
SELECT [col1] FROM [test_schema].[test_table]

-- ----

-- dialects: bigquery
-- reads: source_table
-- column: source_table.id > result.ARRAY(SELECT id FROM source_table) transformed
SELECT ARRAY(SELECT id FROM source_table)

-- ----

-- dialects: bigquery
-- reads: random-project.dbt_test1.source_table
-- column: random-project.dbt_test1.source_table.* > result.* identity
-- reasons: star-not-expanded
SELECT * FROM `random-project`.`dbt_test1`.`source_table` WHERE id = 1

-- ----

-- dialects: generic
-- reads: c.u_l_u, m
-- writes: m.d
-- reasons: star-not-expanded, ambiguous-column
merge into "m"."d" as d_m using (with f_d_u_l_u as (select r_number() over (partition by m_id order by c_dt desc) as rownum, * from "c"."u_l_u" where len(m_id) = 32 qualify rownum = 1) select c, c_code from f_d_u_l_u, m) as src on d_m.m_id = src.m_id when matched then update set d_m.c_name = src.c_name when not matched then insert (m_id,c_name) values (m_id,c_name);

-- ----

-- dialects: generic
-- reads: test_orders
-- column: test_orders.* > result.* identity
-- reasons: star-not-expanded
with test_orders as (select * from test_orders as test_orders) select * from test_orders

-- ----

-- dialects: postgres
drop table test

-- ----

-- dialects: generic
-- reads: source, lookup
-- writes: target
-- column: source.value > target.value identity
MERGE INTO target USING source ON target.id IN (SELECT id FROM lookup) WHEN MATCHED THEN UPDATE SET value = source.value
