-- dialects: tsql
-- reads: stg.Customer, stg.Address
-- writes: dim.Customer, etl.ErrorLog
-- column: stg.Customer.CustomerNo > dim.Customer.CustomerBK identity
-- column: stg.Address.City > dim.Customer.City transformed
CREATE OR ALTER PROC dim.LoadCustomer @BatchId int, @Debug bit = 0
WITH EXECUTE AS OWNER
AS
SET NOCOUNT, XACT_ABORT ON;
BEGIN TRY
  BEGIN TRAN;
  DECLARE @chg TABLE (Act nvarchar(10), CustomerBK int, City nvarchar(50), ValidFrom datetime2);
  INSERT INTO dim.Customer (CustomerBK, City, ValidFrom, ValidTo, BatchId)
  SELECT m.CustomerBK, m.City, SYSUTCDATETIME(), '9999-12-31', @BatchId
  FROM (
    MERGE dim.Customer WITH (HOLDLOCK) AS tgt
    USING (SELECT c.CustomerNo AS CustomerBK, LTRIM(RTRIM(a.City)) AS City
           FROM stg.Customer AS c LEFT OUTER JOIN stg.Address AS a ON a.CustomerNo = c.CustomerNo AND a.AddrType = 'M') AS src
       ON tgt.CustomerBK = src.CustomerBK AND tgt.ValidTo = '9999-12-31'
    WHEN MATCHED AND ISNULL(tgt.City,'') <> ISNULL(src.City,'') THEN UPDATE SET tgt.ValidTo = SYSUTCDATETIME()
    WHEN NOT MATCHED BY TARGET THEN INSERT (CustomerBK, City, ValidFrom, ValidTo, BatchId) VALUES (src.CustomerBK, src.City, SYSUTCDATETIME(), '9999-12-31', @BatchId)
    OUTPUT $action, src.CustomerBK, src.City
  ) AS m (Act, CustomerBK, City)
  WHERE m.Act = 'UPDATE';
  COMMIT;
END TRY
BEGIN CATCH
  IF @@TRANCOUNT > 0 ROLLBACK;
  INSERT INTO etl.ErrorLog (ProcName, Msg, Ln) SELECT OBJECT_NAME(@@PROCID), ERROR_MESSAGE(), ERROR_LINE();
  THROW;
END CATCH

-- ----

-- dialects: tsql
-- reads: etl.Watermark, src.Sales
-- writes: dw.Sales, etl.Watermark
-- column: src.Sales.SalesId > dw.Sales.SalesId identity
-- column: src.Sales.Qty > dw.Sales.Qty identity
-- column: src.Sales.Price > dw.Sales.Price identity
-- column: src.Sales.Qty > dw.Sales.Amount transformed
-- column: src.Sales.Price > dw.Sales.Amount transformed
-- column: src.Sales.ModifiedOn > dw.Sales.LoadedTo aggregated
-- column: src.Sales.ModifiedOn > etl.Watermark.LastTs aggregated
-- reasons: star-not-expanded
CREATE PROCEDURE etl.LoadSales AS
BEGIN
DECLARE @hwm datetime2 = (SELECT w.LastTs FROM etl.Watermark w WHERE w.TableName = 'Sales')
, @new datetime2
SELECT @new = MAX(s.ModifiedOn) FROM src.Sales s WHERE s.ModifiedOn > @hwm
IF @new IS NULL RETURN 0
;WITH latest AS (
 SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.SalesId ORDER BY s.ModifiedOn DESC) rn FROM src.Sales s WHERE s.ModifiedOn > @hwm
)
SELECT l.SalesId, l.Qty, l.Price, l.Qty * l.Price AS Amount
INTO #d
FROM latest l WHERE l.rn = 1
DELETE t FROM dw.Sales t WHERE EXISTS (SELECT 1 FROM #d d WHERE d.SalesId = t.SalesId)
INSERT dw.Sales (SalesId, Qty, Price, Amount, LoadedTo) SELECT d.SalesId, d.Qty, d.Price, d.Amount, @new FROM #d d
UPDATE etl.Watermark SET LastTs = @new WHERE TableName = 'Sales'
RETURN 0
END

-- ----

-- dialects: tsql
-- reads: rpt.Days
-- writes: rpt.Done
-- column: rpt.Days.D > rpt.Done.D identity
-- reasons: dynamic-sql
DECLARE @sql nvarchar(max), @tbl sysname
DECLARE cur CURSOR LOCAL FAST_FORWARD FOR SELECT t.name FROM sys.tables t WHERE t.name LIKE 'Fact%'
OPEN cur
FETCH NEXT FROM cur INTO @tbl
WHILE @@FETCH_STATUS = 0
BEGIN
  SET @sql = N'INSERT INTO arch.' + QUOTENAME(@tbl) + N' SELECT * FROM dw.' + QUOTENAME(@tbl)
  EXEC sys.sp_executesql @sql
  FETCH NEXT FROM cur INTO @tbl
END
CLOSE cur DEALLOCATE cur
INSERT INTO rpt.Done (D) SELECT TOP 1 x.D FROM rpt.Days x ORDER BY x.D DESC

-- ----

-- dialects: tsql
-- reads: raw.OrderDoc
-- writes: stg.OrderLine
-- column: raw.OrderDoc.OrderId > stg.OrderLine.OrderId identity
-- column: raw.OrderDoc.Doc > stg.OrderLine.Sku transformed
-- column: raw.OrderDoc.Doc > stg.OrderLine.Qty transformed
-- column: raw.OrderDoc.Doc > stg.OrderLine.Tag transformed
INSERT INTO stg.OrderLine (OrderId, Sku, Qty, Tag)
SELECT o.OrderId, j.sku, j.qty, s.value
FROM raw.OrderDoc o
CROSS APPLY OPENJSON(o.Doc, '$.lines') WITH (sku varchar(20) '$.sku', qty int '$.qty', tags nvarchar(max) '$.tags' AS JSON) j
OUTER APPLY STRING_SPLIT(j.tags, ',') s
WHERE ISJSON(o.Doc) = 1

-- ----

-- dialects: tsql
-- reads: ops.Worker
-- writes: ops.Queue, ops.QueueHistory
-- column: ops.Worker.WorkerName > ops.Queue.PickedBy identity
-- column: ops.Queue.Tries > ops.Queue.Tries transformed
-- column: ops.Queue.Id > ops.QueueHistory.QueueId identity
-- column: ops.Queue.Status > ops.QueueHistory.OldStatus identity
UPDATE TOP (500) q WITH (READPAST)
SET q.Status = 'P', q.PickedBy = w.WorkerName, @cnt = q.Tries = q.Tries + 1
OUTPUT inserted.Id, deleted.Status INTO ops.QueueHistory (QueueId, OldStatus)
FROM ops.Queue q INNER JOIN ops.Worker w ON w.Id = q.WorkerId
WHERE q.Status = 'N'

-- ----

-- dialects: tsql
-- reads: EuDb.dbo.Sales, Us Db.dbo.Sales Order, rpt.vAllSales
-- writes: rpt.vAllSales, rpt.SalesCache
-- column: EuDb.dbo.Sales.SalesId > rpt.vAllSales.SalesId identity
-- column: Us Db.dbo.Sales Order.Id > rpt.vAllSales.SalesId identity
-- column: EuDb.dbo.Sales.Amount > rpt.vAllSales.Amount identity
-- column: Us Db.dbo.Sales Order.Amt > rpt.vAllSales.Amount identity
-- column: rpt.vAllSales.SalesId > rpt.SalesCache.SalesId identity
-- column: rpt.vAllSales.Region > rpt.SalesCache.Region identity
-- reasons: target-columns-unknown
CREATE VIEW rpt.vAllSales
WITH SCHEMABINDING
AS
WITH a AS (SELECT SalesId, Amount, 'EU' AS Region FROM EuDb.dbo.Sales),
b (SalesId, Amount, Region) AS (SELECT x.Id, x.Amt, N'US' FROM [Us Db].dbo.[Sales Order] x)
SELECT a.SalesId, a.Amount, a.Region FROM a UNION ALL SELECT b.SalesId, b.Amount, b.Region FROM b
GO
CREATE PROCEDURE rpt.Refresh AS TRUNCATE TABLE rpt.SalesCache; INSERT rpt.SalesCache SELECT v.SalesId, v.Region FROM rpt.vAllSales v

-- ----

-- dialects: tsql
-- reads: src.Cust
-- writes: final.T
-- column: proc:p2.CustId > final.T.id identity
-- column: proc:p2.Nm > final.T.nm identity
-- column: src.Cust.CustId > result.CustId identity
-- column: src.Cust.Nm > result.Nm identity
CREATE PROC p1 AS
CREATE TABLE #res (id int, nm varchar(10))
INSERT #res EXEC p2 @x = 1
INSERT INTO final.T (id, nm) SELECT r.id, r.nm FROM #res r
GO
CREATE PROC p2 @x int AS
SELECT c.CustId, c.Nm FROM src.Cust c WHERE c.X = @x

-- ----

-- dialects: tsql
-- reads: stg.Sales
-- writes: dbo.Sales_new
-- column: stg.Sales.Id > dbo.Sales_new.Id identity
-- column: stg.Sales.Amt > dbo.Sales_new.Amt transformed
-- column: dbo.Sales_new.Id > dbo.Sales.Id identity
-- column: dbo.Sales_new.Amt > dbo.Sales.Amt identity
-- reasons: renamed
IF OBJECT_ID('dbo.Sales_new') IS NOT NULL DROP TABLE dbo.Sales_new
SELECT s.Id, CAST(s.Amt AS decimal(18,2)) Amt INTO dbo.Sales_new FROM stg.Sales s
BEGIN TRAN
EXEC sp_rename 'dbo.Sales', 'Sales_old'
EXEC sp_rename 'dbo.Sales_new', 'Sales'
COMMIT
DROP TABLE dbo.Sales_old

-- ----

-- dialects: tsql
-- reads: stg.Wide
-- writes: dw.Metric, dw.Metric2
-- column: stg.Wide.Id > dw.Metric.Id identity
-- column: stg.Wide.A > dw.Metric.Val identity
-- column: stg.Wide.B > dw.Metric.Val identity
-- column: stg.Wide.Id > dw.Metric2.Id identity
-- column: stg.Wide.A > dw.Metric2.Val transformed
-- column: stg.Wide.B > dw.Metric2.Val transformed
INSERT INTO dw.Metric (Id, Name, Val)
SELECT p.Id, v.n, v.x FROM stg.Wide p CROSS APPLY (VALUES ('a', p.A), ('b', p.B)) v(n, x)
INSERT INTO dw.Metric2 (Id, Name, Val)
SELECT u.Id, u.Metric, u.Val FROM (SELECT Id, A, B FROM stg.Wide) s UNPIVOT (Val FOR Metric IN (A, B)) u

-- ----

-- dialects: tsql
-- reads: dbo.Emp
-- writes: audit.Emp
-- column: dbo.Emp.Id > audit.Emp.EmpId transformed
-- column: dbo.Emp.Salary > audit.Emp.OldSal identity
-- column: dbo.Emp.Salary > audit.Emp.NewSal identity
CREATE TRIGGER dbo.tr_Emp ON dbo.Emp AFTER INSERT, UPDATE, DELETE AS
BEGIN
SET NOCOUNT ON;
IF NOT EXISTS (SELECT * FROM inserted) AND NOT EXISTS (SELECT * FROM deleted) RETURN;
IF UPDATE(Salary)
 INSERT audit.Emp (EmpId, OldSal, NewSal, Who)
 SELECT COALESCE(i.Id, d.Id), d.Salary, i.Salary, SUSER_SNAME()
 FROM inserted AS i FULL OUTER JOIN deleted AS d ON d.Id = i.Id;
END

-- ----

-- dialects: tsql
-- reads: hr.Emp
-- writes: hr.OrgPath
-- column: hr.Emp.Id > hr.OrgPath.Id identity
-- column: hr.Emp.Name > hr.OrgPath.Path transformed
-- column: hr.Emp.Name > hr.OrgPath.Team aggregated
WITH org AS (
  SELECT e.Id, e.ManagerId, CAST(e.Name AS nvarchar(400)) AS Path FROM hr.Emp e WHERE e.ManagerId IS NULL
  UNION ALL
  SELECT e.Id, e.ManagerId, CAST(o.Path + N'/' + e.Name AS nvarchar(400)) FROM hr.Emp e INNER JOIN org o ON o.Id = e.ManagerId
)
INSERT INTO hr.OrgPath (Id, Path, Team)
SELECT o.Id, o.Path, (SELECT STRING_AGG(x.Name, ',') WITHIN GROUP (ORDER BY x.Name) FROM hr.Emp x WHERE x.ManagerId = o.Id) FROM org o
OPTION (MAXRECURSION 100)

-- ----

-- dialects: tsql
-- reads: dbo.F, https://x/y/*.parquet
-- writes: ext.Out, dbo.T
-- column: dbo.F.A > ext.Out.A identity
-- column: dbo.F.B > ext.Out.B identity
-- column: https://x/y/*.parquet.a > dbo.T.a identity
CREATE EXTERNAL TABLE ext.Out WITH (LOCATION = '/out/', DATA_SOURCE = ds, FILE_FORMAT = ff) AS SELECT f.A, f.B FROM dbo.F f;
CREATE TABLE dbo.T WITH (DISTRIBUTION = ROUND_ROBIN, CLUSTERED COLUMNSTORE INDEX) AS SELECT r.filepath(1) AS y, r.a FROM OPENROWSET(BULK 'https://x/y/*.parquet', FORMAT='PARQUET') AS r;

-- ----

-- dialects: tsql
-- reads: log.Events
-- writes: log.Events, log.Sum
-- column: log.Events.Ts > log.Sum.D transformed
start:
DELETE TOP (1000) FROM log.Events WHERE Ts < DATEADD(day, -30, GETDATE())
IF @@ROWCOUNT > 0
BEGIN
  WAITFOR DELAY '00:00:01'
  GOTO start
END
INSERT INTO log.Sum (D, N) SELECT CAST(e.Ts AS date), COUNT_BIG(*) FROM log.Events e GROUP BY CAST(e.Ts AS date)

-- ----

-- dialects: tsql
-- reads: https://acct.dfs.core.windows.net/c/t/*.csv, lh.dbo.Trips
-- writes: wh.dbo.Trips, wh.dbo.Agg
-- column: https://acct.dfs.core.windows.net/c/t/*.csv.* > wh.dbo.Trips.* identity
-- column: lh.dbo.Trips.Zone > wh.dbo.Agg.Zone identity
-- column: lh.dbo.Trips.Fare > wh.dbo.Agg.AVG(lh.dbo.Trips.Fare) aggregated
-- reasons: target-columns-unknown
COPY INTO wh.dbo.Trips (Id 1, Fare 3) FROM 'https://acct.dfs.core.windows.net/c/t/*.csv' WITH (FILE_TYPE='CSV', FIRSTROW=2)
INSERT INTO wh.dbo.Agg SELECT lh.dbo.Trips.Zone, AVG(lh.dbo.Trips.Fare) FROM lh.dbo.Trips GROUP BY lh.dbo.Trips.Zone

-- ----

-- dialects: snowflake
-- reads: RAW.ORDERS_STREAM
-- writes: DW.ORDERS
-- column: RAW.ORDERS_STREAM.AMOUNT > DW.ORDERS.AMOUNT identity
-- column: RAW.ORDERS_STREAM.$1 > DW.ORDERS.CUST transformed
-- column: RAW.ORDERS_STREAM.$1 > DW.ORDERS.ID transformed
CREATE OR REPLACE TASK load_orders WAREHOUSE = wh SCHEDULE = '5 MINUTE' WHEN SYSTEM$STREAM_HAS_DATA('raw.orders_stream') AS
MERGE INTO dw.orders t USING (
  SELECT $1:id::number AS id, $1:customer.name::string AS cust, s.amount, METADATA$ACTION AS act
  FROM raw.orders_stream s QUALIFY ROW_NUMBER() OVER (PARTITION BY s.id ORDER BY s.ts DESC) = 1
) s ON t.id = s.id
WHEN MATCHED AND s.act = 'DELETE' THEN DELETE
WHEN MATCHED THEN UPDATE SET amount = s.amount, t.cust = s.cust
WHEN NOT MATCHED THEN INSERT (id, cust, amount) VALUES (s.id, s.cust, s.amount);

-- ----

-- dialects: snowflake
-- reads: RAW.DOCS, DW.SALES
-- writes: DW.ITEMS, RPT.REGION_TOT, ETL.ERR
-- column: RAW.DOCS.DOC > DW.ITEMS.ORDER_ID transformed
-- column: RAW.DOCS.DOC > DW.ITEMS.SKU transformed
-- column: RAW.DOCS.DOC > DW.ITEMS.POS transformed
-- column: DW.SALES.REGION > RPT.REGION_TOT.REGION identity
-- column: DW.SALES.AMT > RPT.REGION_TOT.AMT aggregated
CREATE OR REPLACE PROCEDURE etl.explode(src STRING) RETURNS STRING LANGUAGE SQL EXECUTE AS CALLER AS
$$
DECLARE
  n INTEGER DEFAULT 0;
  res RESULTSET;
BEGIN
  CREATE OR REPLACE TEMPORARY TABLE tmp_items AS
    SELECT d.doc:order_id::int AS order_id, f.value:sku::string AS sku, f.index AS pos
    FROM raw.docs d, LATERAL FLATTEN(input => d.doc:items) f;
  INSERT INTO dw.items (order_id, sku, pos) SELECT order_id, sku, pos FROM tmp_items;
  res := (SELECT region, SUM(amt) AS amt FROM dw.sales GROUP BY region);
  LET c CURSOR FOR res;
  FOR r IN c DO
    INSERT INTO rpt.region_tot (region, amt) VALUES (r.region, r.amt);
  END FOR;
  RETURN 'ok';
EXCEPTION WHEN OTHER THEN
  INSERT INTO etl.err (msg) VALUES (:sqlerrm);
  RAISE;
END;
$$;
CALL etl.explode('x');

-- ----

-- dialects: snowflake
-- reads: B.S, T, O, Q
-- writes: A.T, V, Z
-- column: B.S.* > A.T.* identity
-- column: T.* > V.* identity
-- column: O.A > Z.A identity
-- column: Q.A > Z.A identity
-- column: O.B > Z.B identity
-- column: Q.B > Z.B identity
-- reasons: star-not-expanded
INSERT OVERWRITE INTO a.t (id, nm) SELECT * EXCLUDE (junk) RENAME (name AS nm) FROM b.s;
CREATE VIEW v AS SELECT t.* ILIKE '%id%' FROM t;
CREATE TABLE z AS SELECT o.a, o.b FROM o AT(TIMESTAMP => '2024-01-01'::timestamp) AS o UNION ALL BY NAME SELECT b, a FROM q;

-- ----

-- dialects: snowflake
-- reads: @my_stage/path/, SALES
-- writes: RAW.T, RPT.P
-- column: @my_stage/path/.$1 > RAW.T.A identity
-- column: @my_stage/path/.$2 > RAW.T.B transformed
-- column: SALES.REGION > RPT.P.REGION identity
-- column: SALES.AMT > RPT.P.Q1 aggregated
-- column: SALES.Q > RPT.P.Q1 conditional
-- column: SALES.AMT > RPT.P.Q2 aggregated
-- column: SALES.Q > RPT.P.Q2 conditional
-- reasons: target-columns-unknown
COPY INTO raw.t (a, b) FROM (SELECT s.$1, TO_DATE(s.$2) FROM @my_stage/path/ s) FILE_FORMAT = (TYPE = CSV);
INSERT INTO rpt.p SELECT * FROM (SELECT region, q, amt FROM sales) PIVOT(SUM(amt) FOR q IN ('Q1','Q2')) AS p (region, q1, q2);

-- ----

-- dialects: oracle
-- reads: REF.FX, STG.ORDERS, DIM.D
-- writes: DW.ORDERS, DW.AGG
-- column: STG.ORDERS.ID > DW.ORDERS.ID transformed
-- column: STG.ORDERS.AMT > DW.ORDERS.AMT transformed
-- column: DIM.D.NM > DW.ORDERS.NM identity
-- column: STG.ORDERS.AMT > DW.AGG.TOTAL aggregated
-- column: STG.ORDERS.CUR > DW.AGG.TOTAL transformed
-- column: STG.ORDERS.CUR > DW.AGG.CUR identity
CREATE OR REPLACE PACKAGE BODY etl_pkg AS
  g_batch NUMBER;
  FUNCTION rate(p_cur VARCHAR2) RETURN NUMBER IS
    v NUMBER;
  BEGIN
    SELECT r.rate INTO v FROM ref.fx r WHERE r.cur = p_cur;
    RETURN v;
  EXCEPTION WHEN NO_DATA_FOUND THEN RETURN 1;
  END rate;
  PROCEDURE load(p_day DATE) IS
    TYPE t_rows IS TABLE OF stg.orders%ROWTYPE INDEX BY PLS_INTEGER;
    l_rows t_rows;
    CURSOR c IS SELECT o.id, o.amt, o.cur FROM stg.orders o WHERE o.day = p_day;
  BEGIN
    OPEN c;
    LOOP
      FETCH c BULK COLLECT INTO l_rows LIMIT 1000;
      EXIT WHEN l_rows.COUNT = 0;
      FORALL i IN 1 .. l_rows.COUNT
        INSERT INTO dw.orders (id, amt) VALUES (l_rows(i).id, l_rows(i).amt);
    END LOOP;
    CLOSE c;
    FOR r IN (SELECT d.id, d.nm FROM dim.d d) LOOP
      UPDATE dw.orders o SET o.nm = r.nm WHERE o.id = r.id;
    END LOOP;
    MERGE INTO dw.agg a USING (SELECT cur, SUM(amt) s FROM stg.orders GROUP BY cur) x ON (a.cur = x.cur)
    WHEN MATCHED THEN UPDATE SET a.total = x.s * rate(x.cur) DELETE WHERE a.total = 0
    WHEN NOT MATCHED THEN INSERT (a.cur, a.total) VALUES (x.cur, x.s);
    COMMIT;
  END load;
END etl_pkg;
/

-- ----

-- dialects: oracle
-- reads: ORDERS, EMP, SRC
-- writes: BIG_ORDERS, SMALL_ORDERS, TREE, TGT
-- column: ORDERS.ID > BIG_ORDERS.ID identity
-- column: ORDERS.AMT > BIG_ORDERS.AMT identity
-- column: ORDERS.ID > SMALL_ORDERS.ID identity
-- column: ORDERS.AMT > SMALL_ORDERS.AMT identity
-- column: EMP.ID > TREE.ID identity
-- column: EMP.NM > TREE.PATH transformed
-- column: SRC.B > TGT.A identity
INSERT ALL
  WHEN amt > 100 THEN INTO big_orders (id, amt) VALUES (id, amt)
  ELSE INTO small_orders (id, amt) VALUES (id, amt)
SELECT o.id, o.amt FROM orders o;
INSERT INTO tree (id, lvl, path) SELECT e.id, LEVEL, SYS_CONNECT_BY_PATH(e.nm, '/') FROM emp e START WITH e.mgr IS NULL CONNECT BY PRIOR e.id = e.mgr;
UPDATE (SELECT t.a, s.b FROM tgt t JOIN src s ON s.id = t.id) SET a = b;

-- ----

-- dialects: oracle
-- reads: LIVE.SALES@PROD, REMOTE_T@DBL, OTHER
-- writes: ARCH.SALES_2024, LOC
-- column: LIVE.SALES@PROD.ID > ARCH.SALES_2024.ID identity
-- column: REMOTE_T@DBL.X > LOC.X identity
DECLARE
  v_sql VARCHAR2(4000);
  v_tab VARCHAR2(30) := 'SALES_2024';
BEGIN
  v_sql := 'INSERT INTO arch.' || v_tab || ' (id) SELECT s.id FROM live.sales@prod s WHERE s.d < :1';
  EXECUTE IMMEDIATE v_sql USING SYSDATE;
  INSERT INTO loc (x) SELECT r.x FROM remote_t@dbl r, other o WHERE r.id = o.id(+);
END;
/

-- ----

-- dialects: bigquery
-- reads: p.ga.events_*, p.dw.visits
-- writes: p.dw.visits, p.dw.log, p.dw.pages
-- column: p.ga.events_*.items > p.dw.visits.last_item transformed
-- column: p.ga.events_*.user_id > p.dw.visits.user_id identity
-- column: p.ga.events_*.event_params > p.dw.visits.page transformed
-- column: p.ga.events_*.items > p.dw.visits.item_id transformed
-- column: p.dw.visits.page > p.dw.pages.page identity
CREATE OR REPLACE PROCEDURE `p.etl.load`(IN day DATE)
BEGIN
  DECLARE cnt INT64;
  CREATE TEMP TABLE today AS
  SELECT e.user_id, (SELECT ep.value.string_value FROM UNNEST(e.event_params) ep WHERE ep.key = 'page') AS page, it.item_id
  FROM `p.ga.events_*` e, UNNEST(e.items) AS it
  WHERE _TABLE_SUFFIX = FORMAT_DATE('%Y%m%d', day);
  MERGE `p.dw.visits` T USING today S ON T.user_id = S.user_id AND T.page = S.page
  WHEN MATCHED THEN UPDATE SET last_item = S.item_id
  WHEN NOT MATCHED THEN INSERT ROW;
  SET cnt = (SELECT COUNT(*) FROM today);
  IF cnt = 0 THEN RETURN; END IF;
  EXECUTE IMMEDIATE FORMAT("INSERT INTO `p.dw.log` (n) SELECT COUNT(1) FROM `%s`", 'p.dw.visits');
  FOR rec IN (SELECT v.page FROM `p.dw.visits` v) DO
    INSERT INTO `p.dw.pages` (page) VALUES (rec.page);
  END FOR;
END;

-- ----

-- dialects: bigquery
-- reads: d.orders, d.lines, d.o, d.x
-- writes: d.o, d.flat, d.mv
-- column: d.orders.id > d.o.id identity
-- column: d.orders.ts > d.o.ts identity
-- column: d.lines.sku > d.o.lines aggregated
-- column: d.lines.qty > d.o.lines aggregated
-- column: d.lines.n > d.o.lines window
-- column: d.orders.cust > d.o.cname aggregated
-- column: d.o.id > d.flat.id identity
-- column: d.o.lines > d.flat.sku transformed
-- column: d.x.a > result.a identity
-- column: d.x.* > d.mv.* identity
-- reasons: star-not-expanded
CREATE OR REPLACE TABLE d.o PARTITION BY DATE(ts) CLUSTER BY id OPTIONS(expiration=1) AS
SELECT o.id, o.ts, ARRAY_AGG(STRUCT(l.sku AS sku, l.qty AS qty) ORDER BY l.n) AS lines, ANY_VALUE(o.cust.name) AS cname
FROM d.orders o LEFT JOIN d.lines l USING (id) GROUP BY o.id, o.ts;
INSERT d.flat (id, sku) SELECT id, line.sku FROM d.o, UNNEST(lines) AS line WITH OFFSET off;
SELECT AS STRUCT x.a FROM d.x;
CREATE MATERIALIZED VIEW d.mv AS SELECT * EXCEPT(secret) FROM d.x;

-- ----

-- dialects: mysql
-- reads: shop.orders, shop.totals, shop.vat
-- writes: shop.errors, shop.totals, shop.customers, shop.snap, shop.audit
-- column: shop.orders.customer_id > shop.totals.customer_id identity
-- column: shop.orders.total > shop.totals.total aggregated
-- column: shop.totals.total > shop.totals.total transformed
-- column: shop.totals.n > shop.totals.n transformed
-- column: shop.totals.total > shop.customers.lifetime identity
-- column: shop.totals.customer_id > shop.snap.customer_id identity
-- column: shop.totals.total > shop.snap.total identity
-- column: shop.orders.id > shop.audit.order_id identity
-- column: shop.orders.total > shop.audit.t identity
-- reasons: target-columns-unknown
DELIMITER $$
DROP PROCEDURE IF EXISTS shop.refresh_totals$$
CREATE DEFINER=`root`@`localhost` PROCEDURE shop.refresh_totals(IN p_day DATE, OUT p_n INT)
    MODIFIES SQL DATA
    COMMENT 'nightly'
main: BEGIN
    DECLARE done INT DEFAULT FALSE;
    DECLARE v_id BIGINT; DECLARE v_total DECIMAL(10,2);
    DECLARE cur CURSOR FOR SELECT o.customer_id, SUM(o.total) FROM shop.orders o WHERE o.day = p_day GROUP BY o.customer_id;
    DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = TRUE;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; INSERT INTO shop.errors (msg) VALUES ('x'); END;
    IF p_day IS NULL THEN LEAVE main; END IF;
    OPEN cur;
    read_loop: LOOP
        FETCH cur INTO v_id, v_total;
        IF done THEN LEAVE read_loop; END IF;
        INSERT INTO shop.totals (customer_id, total) VALUES (v_id, v_total)
        ON DUPLICATE KEY UPDATE total = total + VALUES(total), n = n + 1;
    END LOOP;
    CLOSE cur;
    UPDATE shop.customers c INNER JOIN shop.totals t ON t.customer_id = c.id SET c.lifetime = t.total, c.seen = NOW();
    SELECT COUNT(*) INTO p_n FROM shop.totals;
    REPLACE INTO shop.snap SELECT t.customer_id, t.total FROM shop.totals t;
END main$$
CREATE TRIGGER shop.bi BEFORE INSERT ON shop.orders FOR EACH ROW
BEGIN
  SET NEW.vat = NEW.total * (SELECT v.rate FROM shop.vat v WHERE v.country = NEW.country);
  INSERT INTO shop.audit (order_id, t) VALUES (NEW.id, NEW.total);
END$$
DELIMITER ;

-- ----

-- dialects: mysql
-- reads: a, b, x.csv, c
-- writes: a, b, c, d, v
-- column: a.id > c.id identity
-- column: b.ts > c.ts aggregated
-- column: x.csv.* > d.* identity
-- column: c.id > v.id identity
-- column: c.ts > v.x conditional
-- column: c.x > v.x transformed
CREATE TEMPORARY TABLE tmp AS SELECT a.id, MAX(b.ts) AS ts FROM a LEFT JOIN b USING (id) GROUP BY a.id;
DELETE a, b FROM a INNER JOIN b ON a.id = b.id WHERE b.old = 1;
INSERT IGNORE INTO c (id, ts) SELECT tmp.id, tmp.ts FROM tmp;
LOAD DATA LOCAL INFILE 'x.csv' REPLACE INTO TABLE d FIELDS TERMINATED BY ',' (a, @b) SET c = UPPER(@b);
CREATE OR REPLACE VIEW v AS SELECT c.id, IF(c.ts > NOW(), c.x, 0) AS x FROM c;

-- ----

-- dialects: spark
-- reads: bronze.cust
-- writes: silver.cust
-- column: bronze.cust.id > silver.cust.id identity
-- column: bronze.cust.name > silver.cust.name identity
-- column: bronze.cust.city > silver.cust.city transformed
-- column: bronze.cust.updated_at > silver.cust.updated_at identity
MERGE INTO silver.cust AS t USING (SELECT id, name, upper(city) city, updated_at FROM bronze.cust WHERE _rescued_data IS NULL) s
ON t.id = s.id
WHEN MATCHED AND s.updated_at > t.updated_at THEN UPDATE SET *
WHEN NOT MATCHED THEN INSERT *;

-- ----

-- dialects: spark
-- reads: raw.events, silver.s
-- writes: gold.tags, gold.x
-- column: raw.events.user > gold.tags.uid identity
-- column: raw.events.tags > gold.tags.tag transformed
-- column: raw.events.payload > gold.tags.p transformed
-- column: silver.s.a > gold.x.a identity
-- column: silver.s.ts > gold.x.d transformed
CREATE OR REPLACE TEMPORARY VIEW ev AS
SELECT e.user.id AS uid, tag, get_json_object(e.payload, '$.p') AS p, row_number() OVER (PARTITION BY e.user.id ORDER BY e.ts DESC) AS rn
FROM raw.events e LATERAL VIEW explode(e.tags) t AS tag;
INSERT OVERWRITE TABLE gold.tags PARTITION (ds = '2024-01-01') (uid, tag, p) SELECT uid, tag, p FROM ev WHERE rn = 1;
CREATE TABLE gold.x USING delta PARTITIONED BY (d) LOCATION 's3://b/x' AS SELECT /*+ BROADCAST(s) */ s.a, date_trunc('DAY', s.ts) d FROM silver.s TIMESTAMP AS OF '2024-01-01' s;

-- ----

-- dialects: databricks
-- reads: /Volumes/raw/orders, main.bronze.cust, main.sales.cust_clean, main.sales.orders
-- writes: main.sales.orders, main.sales.cust_clean, main.sales.mv, main.sales.t2
-- column: /Volumes/raw/orders._c0 > main.sales.orders.id transformed
-- column: /Volumes/raw/orders._c1 > main.sales.orders.name identity
-- column: main.bronze.cust.id > main.sales.cust_clean.id identity
-- column: main.bronze.cust.mail > main.sales.cust_clean.mail transformed
-- column: main.sales.cust_clean.id > main.sales.mv.id identity
-- column: main.sales.orders.name > main.sales.t2.nm identity
-- column: main.sales.orders.id > main.sales.t2.id identity
-- reasons: target-columns-unknown
USE CATALOG main; USE SCHEMA sales;
COPY INTO orders FROM (SELECT _c0::int AS id, _c1 AS name FROM '/Volumes/raw/orders') FILEFORMAT = CSV;
CREATE OR REFRESH STREAMING TABLE cust_clean (CONSTRAINT ok EXPECT (id IS NOT NULL) ON VIOLATION DROP ROW) AS SELECT c.id, lower(c.mail) AS mail FROM STREAM bronze.cust c;
CREATE MATERIALIZED VIEW mv AS SELECT cc.id, count(*) n FROM cust_clean cc GROUP BY ALL;
INSERT INTO main.sales.t2 BY NAME SELECT o.name AS nm, o.id FROM orders o;

-- ----

-- dialects: postgres
-- reads: app.events, app.sessions, app.users, stg.src
-- writes: arch.events, app.events, app.stats, dw.tgt, etl.log
-- column: app.events.id > arch.events.id identity
-- column: app.events.payload > arch.events.payload identity
-- column: app.sessions.user_id > arch.events.user_id identity
-- column: app.stats.n > app.stats.n transformed
-- column: app.users.id > app.stats.dead aggregated
-- column: stg.src.a > result.a identity
-- column: stg.src.b > result.b identity
-- column: stg.src.a > dw.tgt.a identity
-- column: stg.src.b > dw.tgt.b identity
-- column: dw.tgt.b > dw.tgt.b transformed
CREATE OR REPLACE PROCEDURE etl.archive(cutoff date)
LANGUAGE plpgsql AS $proc$
DECLARE
  moved int; ids bigint[]; rec record; q text;
BEGIN
  WITH gone AS (DELETE FROM app.events e USING app.sessions s WHERE s.id = e.session_id AND e.at < cutoff RETURNING e.id, e.payload, s.user_id)
  INSERT INTO arch.events (id, payload, user_id) SELECT g.id, g.payload, g.user_id FROM gone g;
  GET DIAGNOSTICS moved = ROW_COUNT;
  SELECT array_agg(u.id) INTO ids FROM app.users u WHERE u.dead;
  UPDATE app.stats SET n = n + moved, dead = cardinality(ids) WHERE k = 'x';
  FOR rec IN EXECUTE format('SELECT t.a, t.b FROM %I.src t', 'stg') LOOP
    INSERT INTO dw.tgt AS t (a, b) VALUES (rec.a, rec.b) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b || t.b;
  END LOOP;
  FOREACH moved IN ARRAY ids LOOP PERFORM etl.touch(moved); END LOOP;
EXCEPTION WHEN others THEN
  INSERT INTO etl.log (msg) VALUES (SQLERRM); RAISE;
END $proc$;

-- ----

-- dialects: postgres
-- reads: c, o, a, b, mv.x
-- writes: mv.x, out.t, /tmp/x.csv
-- column: c.id > result.id identity
-- column: o.amt > result.SUM(o.amt) aggregated
-- column: a.k > mv.x.k identity
-- column: b.v > mv.x.v identity
-- column: fn:f.top.id > out.t.id identity
-- column: fn:f.top.total > out.t.total identity
-- column: mv.x.k > /tmp/x.csv.k identity
CREATE FUNCTION f.top(n int) RETURNS TABLE (id int, total numeric) LANGUAGE sql STABLE AS $$
  SELECT c.id, SUM(o.amt) FROM c JOIN o ON o.cid = c.id GROUP BY c.id ORDER BY 2 DESC LIMIT n
$$;
CREATE MATERIALIZED VIEW mv.x AS SELECT a.k, l.v FROM a CROSS JOIN LATERAL (SELECT b.v FROM b WHERE b.k = a.k ORDER BY b.t DESC LIMIT 1) l WITH DATA;
INSERT INTO out.t (id, total) SELECT t.id, t.total FROM f.top(10) t;
COPY (SELECT x.k FROM mv.x x) TO '/tmp/x.csv' CSV;

-- ----

-- dialects: redshift
-- reads: prod, stage, t2
-- writes: stage, prod, t2, s3://x/
-- column: prod.* > stage.* identity
-- column: stage.* > prod.* identity
-- column: prod.a > t2.a identity
-- column: prod.b > t2.b identity
-- column: prod.a > t2.c transformed
-- column: prod.a > t2.e transformed
-- column: t2.a > s3://x/.a identity
-- reasons: star-not-expanded
CREATE TABLE stage (LIKE prod);
INSERT INTO stage SELECT * FROM prod WHERE d > '2024-01-01';
ALTER TABLE prod APPEND FROM stage;
CREATE TABLE t2 DISTKEY(a) SORTKEY(b) AS SELECT p.a, p.b, a * 2 AS c, c + 1 AS e FROM prod p;
UNLOAD ('SELECT t2.a FROM t2') TO 's3://x/' PARQUET;

-- ----

-- dialects: oracle
-- reads: STG.S, STG.X, EMP
-- writes: DW.T, DW.U, DW.V, MV
-- column: STG.X.A > DW.V.A identity
-- column: STG.X.B > DW.V.B identity
-- column: EMP.DEPTNO > MV.DEPTNO identity
-- column: EMP.SAL > MV.S aggregated
-- column: EMP.HIRED > MV.S window
INSERT INTO dw.t (id, rid, usr, lvl) SELECT dw.seq.NEXTVAL, s.ROWID, USER, ROWNUM FROM stg.s s;
INSERT INTO dw.u (id) VALUES (seq_u.NEXTVAL);
UPDATE dw.v v SET (v.a, v.b) = (SELECT x.a, x.b FROM stg.x x WHERE x.id = v.id), v.c = SYSDATE WHERE EXISTS (SELECT 1 FROM stg.x x WHERE x.id = v.id);
CREATE MATERIALIZED VIEW mv REFRESH FAST ON COMMIT AS SELECT e.deptno, MAX(e.sal) KEEP (DENSE_RANK LAST ORDER BY e.hired) AS s FROM emp e GROUP BY e.deptno;

-- ----

-- dialects: teradata
-- reads: db.a
-- writes: db.b
-- column: db.a.id > db.b.id identity
-- column: db.a.v > db.b.v transformed
CREATE VOLATILE TABLE vt AS (SEL a.id, a.v (TITLE 'V') FROM db.a a QUALIFY ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY a.ts) = 1) WITH DATA ON COMMIT PRESERVE ROWS;
INS INTO db.b (id, v) SEL vt.id, vt.v FROM vt;

-- ----

-- dialects: clickhouse
-- reads: db.ev, db.y
-- writes: db.agg, db.z
-- column: db.ev.ts > db.agg.d transformed
-- column: db.ev.ok > db.agg.oks aggregated
-- column: db.ev.n > db.agg.n aggregated
-- column: db.y.a > db.z.a identity
CREATE MATERIALIZED VIEW db.mv TO db.agg AS SELECT toDate(e.ts) AS d, countIf(e.ok = 1) AS oks, sum(e.n) AS n FROM db.ev AS e GROUP BY d;
INSERT INTO db.z (a) SELECT x.a FROM db.y AS x FINAL ARRAY JOIN x.arr AS el;

-- ----

-- dialects: tsql
-- reads: ref.PhoneNorm
-- writes: stg.Contact, audit.Dropped
-- column: stg.Contact.Id > audit.Dropped.ContactId identity
-- column: ref.PhoneNorm.Clean > stg.Contact.Phone identity
CREATE PROCEDURE stg.Dedupe AS
BEGIN
  CREATE TABLE #dupes (Id int PRIMARY KEY, Reason varchar(20));
  ;WITH d AS (SELECT Id, ROW_NUMBER() OVER (PARTITION BY Email ORDER BY Updated DESC) AS rn FROM stg.Contact)
  DELETE d OUTPUT deleted.Id, 'dup' INTO #dupes (Id, Reason) WHERE rn > 1;
  INSERT audit.Dropped (ContactId, Why) SELECT x.Id, x.Reason FROM #dupes AS x;
  WITH f AS (SELECT c.Phone, n.Clean FROM stg.Contact c INNER JOIN ref.PhoneNorm n ON n.Raw = c.Phone)
  UPDATE f SET Phone = Clean;
END

-- ----

-- dialects: tsql
-- reads: ref.Vat, sales.Order
-- writes: sales.Line
-- column: sales.Order.Country > sales.Line.Net transformed
-- reasons: temporary-table-not-created
CREATE FUNCTION dbo.fnNet(@gross money, @country char(2)) RETURNS money AS
BEGIN
  DECLARE @r decimal(9,4);
  SELECT @r = v.Rate FROM ref.Vat v WHERE v.Country = @country;
  RETURN @gross / (1 + @r);
END
GO
CREATE PROCEDURE sales.Import @lines sales.LineType READONLY AS
INSERT INTO sales.Line (OrderId, Net) SELECT l.OrderId, dbo.fnNet(l.Gross, o.Country) FROM @lines l JOIN sales.[Order] o ON o.Id = l.OrderId;

-- ----

-- dialects: tsql
-- reads: shop.Product
-- writes: api.Cache
-- column: shop.Product.Id > api.Cache.Body transformed
-- column: shop.Product.Name > api.Cache.Body transformed
DECLARE @json nvarchar(max) = (SELECT p.Id AS [id], p.Name AS [n] FROM shop.Product p ORDER BY p.Id OFFSET 10 ROWS FETCH NEXT 5 ROWS ONLY FOR JSON PATH);
INSERT INTO api.Cache ([Key], Body, At) VALUES ('products', @json, GETUTCDATE());

-- ----

-- dialects: tsql
-- reads: hr.Staff
-- writes: hr.Counts, remote.dbo.T
-- reasons: remote-server
DECLARE @n int, @s nvarchar(max) = N'SELECT @n = COUNT(*) FROM ' + N'hr.Staff';
EXEC sp_executesql @s, N'@n int OUTPUT', @n = @n OUTPUT;
INSERT hr.Counts (C) VALUES (@n);
EXEC ('TRUNCATE TABLE remote.dbo.T') AT LINKED1;

-- ----

-- dialects: tsql
-- reads: dbo.A, dbo.B
-- writes: hist.A
-- column: dbo.A.k > hist.A.k identity
-- column: dbo.B.v > hist.A.v identity
INSERT hist.A (k, v) SELECT k = a.k, v = b.v FROM dbo.A a, dbo.B b WHERE a.k *= b.k

-- ----

-- dialects: tsql
-- reads: dbo.Person, dbo.PersonN, dbo.Likes
-- writes: rpt.Snap, rpt.Friends
-- column: dbo.Person.Id > rpt.Snap.Id identity
-- column: dbo.Person.Name > rpt.Snap.Name identity
-- column: dbo.PersonN.Name > rpt.Friends.a identity
-- column: dbo.PersonN.Name > rpt.Friends.b identity
SELECT p.Id, p.Name INTO rpt.Snap FROM dbo.Person FOR SYSTEM_TIME AS OF '2024-01-01' AS p
INSERT rpt.Friends (a, b) SELECT p1.Name, p2.Name FROM dbo.PersonN p1, dbo.Likes l, dbo.PersonN p2 WHERE MATCH(p1-(l)->p2)

-- ----

-- dialects: spark
-- reads: db.b, db.a
-- writes: db.c
-- column: db.a.id > db.c.id identity
-- column: db.b.id > db.c.id identity
-- column: db.a.v > db.c.s aggregated
-- column: db.b.w > db.c.s aggregated
-- reasons: target-columns-unknown
WITH base AS (SELECT /*+ REPARTITION(10) */ a.id, a.v FROM db.a a), u AS (SELECT id, v FROM base UNION SELECT b.id, b.w AS v FROM db.b b)
INSERT INTO TABLE db.c SELECT id, sum(v) AS s FROM u GROUP BY id HAVING sum(v) > 0;

-- ----

-- dialects: snowflake
-- reads: RAW.P, G.T
-- writes: G.T, G.D, G.Z
-- column: RAW.P.V > G.T.ID transformed
-- column: RAW.P.V > G.T.NM transformed
-- column: RAW.P.V > G.T.FULL_NM transformed
-- column: G.T.ID > G.D.ID identity
INSERT INTO g.t (id, nm, full_nm) SELECT p.v:id::int AS id, p.v:name::string AS nm, nm || '!' AS full_nm FROM raw.p p QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY p.ts DESC) = 1;
CREATE DYNAMIC TABLE g.d TARGET_LAG = '1 minute' WAREHOUSE = w AS SELECT t.id FROM g.t t;
INSERT INTO g.z (a) SELECT TRY_CAST(x.a AS NUMBER) FROM TABLE(RESULT_SCAN(LAST_QUERY_ID())) x;

-- ----

-- dialects: trino
-- reads: hive.raw.o
-- writes: hive.s.t
-- column: hive.raw.o.id > hive.s.t.id identity
-- column: hive.raw.o.ks > hive.s.t.k transformed
-- column: hive.raw.o.vs > hive.s.t.k transformed
-- column: hive.raw.o.ks > hive.s.t.v transformed
-- column: hive.raw.o.vs > hive.s.t.v transformed
CREATE TABLE hive.s.t WITH (format = 'PARQUET') AS SELECT o.id, t.k, t.v FROM hive.raw.o AS o CROSS JOIN UNNEST(o.ks, o.vs) AS t (k, v);
