-- dialects: tsql
-- reads: stg.Cust
-- writes: dw.DimCust
-- column: stg.Cust.CustId > dw.DimCust.CustId identity
-- column: stg.Cust.Name > dw.DimCust.Name identity
-- column: stg.Cust.Name > dw.DimCust.Hash transformed
INSERT INTO dw.DimCust (CustId, Name, Hash, ValidFrom, IsCurrent)
SELECT m.CustId, m.Name, m.H, GETDATE(), 1
FROM (
  MERGE dw.DimCust AS tgt
  USING (SELECT c.CustId, c.Name, HASHBYTES('SHA2_256', c.Name) AS H FROM stg.Cust c) AS src
  ON tgt.CustId = src.CustId AND tgt.IsCurrent = 1
  WHEN MATCHED AND tgt.Hash <> src.H THEN UPDATE SET tgt.IsCurrent = 0, tgt.ValidTo = GETDATE()
  WHEN NOT MATCHED BY TARGET THEN INSERT (CustId, Name, Hash, IsCurrent) VALUES (src.CustId, src.Name, src.H, 1)
  OUTPUT $action AS Act, src.CustId, src.Name, src.H
) AS m
WHERE m.Act = 'UPDATE';

-- ----

-- dialects: tsql
-- reads: src.Orders, ref.Rates, ref.Grp
-- writes: rpt.Top100
-- column: src.Orders.Cust > rpt.Top100.Cust identity
-- column: src.Orders.Amt > rpt.Top100.Total aggregated
-- column: ref.Rates.Rate > rpt.Top100.Total aggregated
-- column: ref.Grp.Name > rpt.Top100.Grp identity
CREATE PROC etl.Chain @d date AS
BEGIN
SET NOCOUNT ON;
IF OBJECT_ID('tempdb..#a') IS NOT NULL DROP TABLE #a;
SELECT o.Id, o.Amt * r.Rate AS Eur, o.Cust INTO #a FROM src.Orders AS o WITH (NOLOCK) INNER JOIN ref.Rates r ON r.Cur = o.Cur WHERE o.D >= @d;
CREATE CLUSTERED INDEX ix ON #a (Id);
SELECT a.Cust, SUM(a.Eur) AS Total, COUNT(DISTINCT a.Id) AS N INTO #b FROM #a a GROUP BY a.Cust HAVING SUM(a.Eur) > 0;
ALTER TABLE #b ADD Grp varchar(10);
UPDATE b SET Grp = g.Name FROM #b AS b CROSS APPLY (SELECT TOP 1 x.Name FROM ref.Grp x WHERE x.MinT <= b.Total ORDER BY x.MinT DESC) g;
;WITH ranked AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY Grp ORDER BY Total DESC) AS rn FROM #b)
DELETE FROM ranked WHERE rn > 100;
TRUNCATE TABLE rpt.Top100;
INSERT rpt.Top100 (Cust, Total, Grp) SELECT Cust, Total, Grp FROM #b OPTION (RECOMPILE);
END

-- ----

-- dialects: tsql
-- reads: src.A, src.B
-- writes: dw.T
-- column: src.A.x > dw.T.x identity
-- column: src.B.y > dw.T.y identity
DECLARE @sql nvarchar(max), @schema sysname = N'dw', @tbl sysname = N'T', @cols nvarchar(max) = N'x, y';
SET @sql = N'INSERT INTO ' + QUOTENAME(@schema) + N'.' + QUOTENAME(@tbl) + N' (' + @cols + N') SELECT a.x, b.y FROM src.A a JOIN src.B b ON a.id = b.id WHERE a.d > @d';
EXEC sys.sp_executesql @sql, N'@d date', @d = '2020-01-01';

-- ----

-- dialects: tsql
-- reads: raw.T1, raw.T2
-- writes: dw.T1, dw.T2
-- column: raw.T1.* > dw.T1.* identity
-- column: raw.T2.* > dw.T2.* identity
-- reasons: star-not-expanded
DECLARE @stmt varchar(8000) = 'INSERT INTO dw.T1 SELECT * FROM raw.T1; ';
SELECT @stmt = @stmt + 'INSERT INTO dw.T2 SELECT * FROM raw.T2;';
EXECUTE (@stmt);

-- ----

-- dialects: tsql
-- reads: dbo.Tables
-- reasons: dynamic-sql
DECLARE @n sysname, @s nvarchar(max);
DECLARE cur CURSOR LOCAL FAST_FORWARD FOR SELECT t.Name FROM dbo.Tables t;
OPEN cur; FETCH NEXT FROM cur INTO @n;
WHILE @@FETCH_STATUS = 0 BEGIN
  SET @s = N'TRUNCATE TABLE ' + @n; EXEC (@s);
  FETCH NEXT FROM cur INTO @n;
END
CLOSE cur; DEALLOCATE cur;

-- ----

-- dialects: tsql
-- reads: s.src, s.other
-- writes: s.tgt
-- column: s.src.v > s.tgt.v identity
-- column: s.other.w > s.tgt.w identity
WITH c AS (SELECT s.id, s.v, o.w FROM s.src s LEFT OUTER JOIN s.other o ON o.id = s.id)
UPDATE t SET t.v = c.v, w = c.w FROM s.tgt AS t INNER JOIN c ON c.id = t.id;

-- ----

-- dialects: tsql
-- reads: s.src
-- writes: s.tgt, s.audit
-- column: s.src.v > s.tgt.v identity
-- column: s.tgt.id > s.audit.id identity
-- column: s.tgt.v > s.audit.old_v identity
-- column: s.tgt.v > s.audit.new_v identity
UPDATE t SET v = s.v OUTPUT inserted.id, deleted.v, inserted.v INTO s.audit (id, old_v, new_v) FROM s.tgt t JOIN s.src s ON s.id = t.id;

-- ----

-- dialects: tsql
-- writes: dbo.q, dbo.done
-- column: dbo.q.id > dbo.done.id identity
-- column: dbo.q.payload > dbo.done.payload identity
DECLARE @batch TABLE (id int, payload xml);
DELETE TOP (100) FROM dbo.q WITH (ROWLOCK, READPAST) OUTPUT deleted.id, deleted.payload INTO @batch;
INSERT INTO dbo.done (id, payload) SELECT id, payload FROM @batch;

-- ----

-- dialects: tsql
-- reads: Sales..Orders, Sales.dbo.Orders, LINK1.Crm.dbo.Cust
-- writes: dbo.Out1
-- column: Sales.dbo.Orders.id > dbo.Out1.id identity
-- column: LINK1.Crm.dbo.Cust.nm > dbo.Out1.nm identity
INSERT INTO dbo.Out1 (id, nm) SELECT o.id, c.nm FROM Sales..Orders x, Sales.dbo.Orders o JOIN LINK1.Crm.dbo.Cust AS c ON c.id = o.cid

-- ----

-- dialects: tsql
-- reads: dbo.V, dbo.Wide
-- writes: dbo.Wide, dbo.Long1
-- column: dbo.V.id > dbo.Wide.id identity
-- column: dbo.V.val > dbo.Wide.q1 aggregated
-- column: dbo.V.qtr > dbo.Wide.q1 conditional
-- column: dbo.V.val > dbo.Wide.q2 aggregated
-- column: dbo.V.qtr > dbo.Wide.q2 conditional
-- column: dbo.Wide.id > dbo.Long1.id identity
-- column: dbo.Wide.q1 > dbo.Long1.val transformed
-- column: dbo.Wide.q2 > dbo.Long1.val transformed
SELECT v.id, p.q1, p.q2 INTO dbo.Wide FROM dbo.V v PIVOT (MAX(val) FOR qtr IN ([q1],[q2])) AS p;
INSERT INTO dbo.Long1 (id, attr, val) SELECT u.id, u.attr, u.val FROM dbo.Wide w UNPIVOT (val FOR attr IN (q1, q2)) AS u;

-- ----

-- dialects: tsql
-- reads: dbo.Docs
-- writes: dbo.Items
-- column: dbo.Docs.Id > dbo.Items.DocId identity
-- column: dbo.Docs.Body > dbo.Items.sku transformed
-- column: dbo.Docs.Body > dbo.Items.qty transformed
INSERT INTO dbo.Items (DocId, sku, qty) SELECT d.Id, j.sku, j.qty FROM dbo.Docs d CROSS APPLY OPENJSON(d.Body, '$.items') WITH (sku varchar(20) '$.sku', qty int '$.qty') AS j;

-- ----

-- dialects: tsql
-- reads: dbo.X
-- writes: dbo.Y
-- column: dbo.X.doc > dbo.Y.a transformed
WITH XMLNAMESPACES (DEFAULT 'urn:x') INSERT INTO dbo.Y (a) SELECT n.value('(@a)[1]', 'varchar(10)') FROM dbo.X x CROSS APPLY x.doc.nodes('/r/i') AS t(n);

-- ----

-- dialects: tsql
-- reads: src.P
-- writes: dw.D
-- column: src.P.k > result.k identity
-- column: src.P.v > result.v identity
-- column: proc:a.p1.k > dw.D.k identity
-- column: proc:a.p1.v > dw.D.v identity
CREATE PROCEDURE a.p1 AS SELECT p.k, p.v FROM src.P p;
GO
CREATE PROCEDURE a.p2 AS BEGIN
CREATE TABLE #r (k int, v int);
INSERT INTO #r (k, v) EXEC a.p1;
INSERT INTO dw.D (k, v) SELECT k, v FROM #r; END

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
BEGIN TRY BEGIN TRAN INSERT INTO dbo.T (a) SELECT a FROM dbo.S COMMIT TRAN END TRY BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK; THROW; END CATCH

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T, dbo.L
-- column: dbo.S.a > dbo.T.a identity
INSERT dbo.T (a) SELECT a FROM dbo.S
IF @@ERROR <> 0 GOTO fail
RETURN 0
fail:
INSERT INTO dbo.L VALUES (1)
RETURN 1

-- ----

-- dialects: tsql
-- reads: dbo.A, dbo.Z, dbo.B
-- writes: dbo.C
-- column: dbo.A.x > dbo.C.x identity
-- column: dbo.B.x > dbo.C.x identity
INSERT dbo.C (x) SELECT x FROM dbo.A EXCEPT SELECT x FROM dbo.Z UNION SELECT x FROM dbo.B

-- ----

-- dialects: tsql
-- reads: dbo.Big
-- writes: dbo.Arch
-- column: dbo.Big.* > dbo.Arch.* identity
ALTER TABLE dbo.Big SWITCH PARTITION 3 TO dbo.Arch PARTITION 3 WITH (WAIT_AT_LOW_PRIORITY (MAX_DURATION = 1 MINUTES, ABORT_AFTER_WAIT = SELF))

-- ----

-- dialects: tsql
-- reads: https://x/y.csv
-- writes: dbo.L
-- column: https://x/y.csv.a > dbo.L.a identity
-- column: https://x/y.csv.b > dbo.L.b identity
INSERT INTO dbo.L (a, b) SELECT r.a, r.b FROM OPENROWSET(BULK 'https://x/y.csv', FORMAT = 'CSV', PARSER_VERSION = '2.0', FIRSTROW = 2) WITH (a int, b varchar(10)) AS r

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: ext.E
-- column: dbo.S.a > ext.E.a identity
CREATE EXTERNAL TABLE ext.E WITH (LOCATION = 'out/', DATA_SOURCE = ds, FILE_FORMAT = ff) AS SELECT a FROM dbo.S

-- ----

-- dialects: tsql
-- reads: dbo.emp
-- writes: dbo.flat
-- column: dbo.emp.id > dbo.flat.id identity
-- column: dbo.emp.nm > dbo.flat.path transformed
WITH h AS (SELECT id, CAST(nm AS varchar(max)) AS path FROM dbo.emp WHERE mgr IS NULL UNION ALL SELECT e.id, h.path + '/' + e.nm FROM dbo.emp e JOIN h ON e.mgr = h.id)
INSERT INTO dbo.flat (id, path) SELECT id, path FROM h OPTION (MAXRECURSION 0)

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
-- column: dbo.S.b > dbo.T.b identity
MERGE INTO dbo.T WITH (HOLDLOCK) AS t USING dbo.S AS s ON t.k = s.k WHEN MATCHED AND EXISTS (SELECT s.a EXCEPT SELECT t.a) THEN UPDATE SET a = s.a, b = s.b WHEN NOT MATCHED BY SOURCE AND t.d < GETDATE() THEN DELETE WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, s.b);

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.x identity
DECLARE @v int; SELECT TOP (1) @v = s.a FROM dbo.S s ORDER BY s.d DESC; UPDATE dbo.T SET x = @v WHERE k = 1;

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.x aggregated
DECLARE @v int = (SELECT MAX(s.a) FROM dbo.S s); INSERT dbo.T (x) VALUES (@v);

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.x aggregated
DECLARE @v int; SET @v = (SELECT MAX(s.a) FROM dbo.S s); INSERT dbo.T (x) SELECT @v;

-- ----

-- dialects: tsql
-- reads: dbo.S, dbo.T
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
-- column: dbo.S.a > dbo.T.b transformed
INSERT INTO dbo.T (a, b) SELECT a, b = a + 1 FROM dbo.S s WHERE NOT EXISTS (SELECT 1 FROM dbo.T t WHERE t.a = s.a)

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T1, dbo.T2
-- column: dbo.S.a > dbo.T1.a identity
-- column: dbo.T1.id > dbo.T2.id identity
-- column: dbo.T1.a > dbo.T2.a identity
INSERT INTO dbo.T1 (a) OUTPUT inserted.id, inserted.a INTO dbo.T2 (id, a) SELECT a FROM dbo.S

-- ----

-- dialects: tsql
-- reads: raw.T
-- writes: dw.T
-- column: raw.T.a > dw.T.a identity
DECLARE @tpl nvarchar(max) = N'INSERT INTO dw.{t} (a) SELECT a FROM raw.{t}'; DECLARE @s nvarchar(max) = REPLACE(@tpl, N'{t}', N'T'); EXEC sp_executesql @s;

-- ----

-- dialects: tsql
-- reads: raw.T
-- writes: dw.T
-- column: raw.T.a > dw.T.a identity
DECLARE @t sysname = 'T'; DECLARE @s nvarchar(max) = CONCAT(N'INSERT INTO dw.', QUOTENAME(@t), N' (a) SELECT a FROM raw.', @t, CHAR(13), CHAR(10)); EXEC (@s);

-- ----

-- dialects: tsql
-- reads: raw.T
-- writes: dw.T
-- column: raw.T.a > dw.T.a identity
DECLARE @s nvarchar(max) = FORMATMESSAGE(N'INSERT INTO dw.%s (a) SELECT a FROM raw.%s', 'T', 'T'); EXEC (@s);

-- ----

-- dialects: tsql
-- reads: raw.T
-- writes: dw.T
-- column: raw.T.a > dw.T.a identity
-- reasons: dynamic-sql
DECLARE @y int = 5; DECLARE @s nvarchar(max) = N'INSERT INTO dw.T (a) SELECT a FROM raw.T WHERE y = ' + CAST(@y AS nvarchar(10)) + N' AND d >= ''' + CONVERT(varchar(8), GETDATE(), 112) + N''''; EXEC (@s);

-- ----

-- dialects: tsql
-- reads: raw.T
-- writes: dw.T
-- column: raw.T.a > dw.T.a identity
DECLARE @s nvarchar(max) = N'INSERT INTO dw.T (a) SELECT a FROM raw.T'; IF @x = 1 SET @s = @s + N' WHERE a > 0'; EXEC (@s);

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
-- reasons: routine-not-defined
EXEC @rc = dbo.p1 @a = 1, @b = @o OUTPUT; INSERT dbo.T (a) SELECT a FROM dbo.S

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
-- column: dbo.S.b > dbo.T.a identity
INSERT dbo.T (a) SELECT v.x FROM dbo.S s CROSS APPLY (VALUES (s.a), (s.b)) v(x)

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.tags > dbo.T.a transformed
INSERT dbo.T (a) SELECT x.value FROM dbo.S s CROSS APPLY STRING_SPLIT(s.tags, ',') x

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
-- column: dbo.S.b > dbo.T.b identity
-- reasons: star-not-expanded
;WITH src AS (SELECT a, b FROM dbo.S), tgt AS (SELECT * FROM dbo.T WHERE d > 1) MERGE tgt USING src ON tgt.a = src.a WHEN NOT MATCHED THEN INSERT (a, b) VALUES (a, b) WHEN MATCHED THEN UPDATE SET b = src.b;

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.b > dbo.T.b identity
UPDATE dbo.T SET b = S.b FROM dbo.S WHERE S.a = T.a

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.b > dbo.T.b identity
UPDATE T SET b = S.b FROM dbo.T, dbo.S WHERE S.a = T.a

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
DELETE dbo.T FROM dbo.T t1 INNER JOIN dbo.S s ON s.a = t1.a

-- ----

-- dialects: tsql
-- writes: dbo.T
INSERT INTO dbo.T DEFAULT VALUES; TRUNCATE TABLE dbo.T WITH (PARTITIONS (2, 4 TO 6)); DROP TABLE IF EXISTS dbo.a, dbo.b

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
SET IDENTITY_INSERT dbo.T ON INSERT dbo.T (a) SELECT a FROM dbo.S SET IDENTITY_INSERT dbo.T OFF

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
IF EXISTS (SELECT 1 FROM sys.tables WHERE name = 'x') DROP TABLE dbo.x ELSE PRINT 'no'
INSERT dbo.T (a) SELECT a FROM dbo.S

-- ----

-- dialects: tsql
-- reads: dbo.U, dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
IF NOT EXISTS (SELECT * FROM dbo.U WHERE a = 1) INSERT dbo.T (a) SELECT a FROM dbo.S ELSE INSERT dbo.T (a) VALUES (1)

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a transformed
-- column: dbo.S.b > dbo.T.a transformed
INSERT dbo.T (a) SELECT (SELECT s.a AS [x], s.b AS [y] FOR JSON PATH) FROM dbo.S s

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.doc > dbo.T.a transformed
INSERT dbo.T (a) SELECT JSON_VALUE(s.doc, '$.a') FROM dbo.S s

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
/* outer /* inner INSERT dbo.X SELECT 1 */ still */ INSERT dbo.T (a) SELECT a -- FROM dbo.Q
FROM dbo.S

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a b > dbo.T.a.b identity
INSERT [dbo].[T] ([a.b]) SELECT [a b] FROM "dbo"."S"

-- ----

-- dialects: tsql
-- reads: dbo.P, dbo.F
-- column: dbo.P.name > result.n identity
SELECT p.name AS n FROM dbo.P p, dbo.F f, dbo.P q WHERE MATCH(p-(f)->q)

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: b.dbo.T
-- column: dbo.S.x > b.dbo.T.x identity
USE a
GO
CREATE SYNONYM dbo.syn FOR b.dbo.T
GO
INSERT dbo.syn (x) SELECT x FROM dbo.S

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
INSERT dbo.T (a) SELECT a FROM dbo.S
GO 5

-- ----

-- dialects: tsql
-- reads: dbo.Base, dbo.V1
-- writes: dbo.V1, dbo.V2
-- column: dbo.Base.a > dbo.V1.x identity
-- column: dbo.V1.x > dbo.V2.y identity
CREATE OR ALTER VIEW dbo.V1 (x) WITH SCHEMABINDING AS SELECT a FROM dbo.Base WITH CHECK OPTION
GO
ALTER VIEW dbo.V2 AS SELECT x AS y FROM dbo.V1

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
-- column: dbo.S.b > dbo.T.b identity
SELECT a, b INTO #t FROM dbo.S; EXEC tempdb..sp_rename '#t.b', 'c'; INSERT dbo.T (a, b) SELECT a, b FROM tempdb..#t

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
CREATE TABLE ##g (a int); INSERT ##g SELECT a FROM dbo.S; 
GO
CREATE PROC p AS INSERT dbo.T (a) SELECT a FROM ##g

-- ----

-- dialects: tsql
-- reads: dbo.Ord
-- writes: dbo.T
-- column: dbo.Ord.a > dbo.T.a identity
-- reasons: temporary-table-not-created
CREATE PROC p @tvp dbo.TT READONLY AS INSERT dbo.T (a) SELECT o.a FROM dbo.Ord o JOIN @tvp t ON t.id = o.id

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.n transformed
-- column: dbo.S.b > dbo.T.m transformed
INSERT dbo.T (n, m) SELECT IIF(a > 1, a, 0), CHOOSE(1, b, 2) FROM dbo.S GROUP BY GROUPING SETS ((a), (b)) ORDER BY 1

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
CREATE TRIGGER trg ON dbo.S INSTEAD OF INSERT AS BEGIN SET NOCOUNT ON; INSERT dbo.T (a) SELECT a FROM inserted WHERE UPDATE(a) END

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.k > dbo.T.k identity
DECLARE @k int, @c CURSOR; SET @c = CURSOR FAST_FORWARD FOR SELECT k FROM dbo.S; OPEN @c; FETCH NEXT FROM @c INTO @k; WHILE @@FETCH_STATUS = 0 BEGIN INSERT dbo.T (k) VALUES (@k); FETCH NEXT FROM @c INTO @k END

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.v > dbo.T.v identity
DECLARE c CURSOR FOR SELECT k, v FROM dbo.S FOR UPDATE OF v; DECLARE @k int, @v int; OPEN c; FETCH c INTO @k, @v; UPDATE dbo.T SET v = @v WHERE CURRENT OF c

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
BEGIN TRANSACTION t1 WITH MARK 'x' INSERT dbo.T (a) SELECT a FROM dbo.S WAITFOR DELAY '00:00:01' COMMIT TRANSACTION t1

-- ----

-- dialects: tsql
-- reads: s.A, s.B
-- writes: d.T
-- column: s.A.x > d.T.x identity
-- column: s.B.y > d.T.y identity
INSERT INTO d.T (x, y) SELECT a.x, b.y FROM s.A AS a FULL OUTER MERGE JOIN s.B AS b ON a.k = b.k

-- ----

-- dialects: tsql
-- reads: s.A
-- writes: d.T
-- column: s.A.x > d.T.x identity
INSERT d.T (x) SELECT TOP (10) WITH TIES x FROM s.A ORDER BY y

-- ----

-- dialects: tsql
-- reads: s.A
-- writes: d.T
-- column: s.A.x > d.T.x identity
INSERT d.T (x) SELECT x FROM s.A FOR SYSTEM_TIME BETWEEN @a AND @b AS q WHERE q.x > 1

-- ----

-- dialects: tsql
-- reads: abfss://c@x/y.parquet
-- writes: lake.T
-- column: abfss://c@x/y.parquet.* > lake.T.* identity
COPY INTO lake.T (a 1, b 2) FROM 'abfss://c@x/y.parquet' WITH (FILE_TYPE = 'PARQUET', CREDENTIAL = (IDENTITY = 'Managed Identity'))

-- ----

-- dialects: tsql
-- reads: s.T
-- writes: s.T2
-- column: s.T.* > s.T2.* identity
CREATE TABLE s.T2 AS CLONE OF s.T

-- ----

-- dialects: tsql
-- reads: dbo.U
-- writes: dbo.T
-- column: dbo.U.a > dbo.T.x identity
-- reasons: routine-not-defined
CREATE PROC p AS BEGIN DECLARE @x int EXEC q @x OUTPUT SELECT @x = a FROM dbo.U IF @x > 1 BEGIN UPDATE dbo.T SET x = @x END ELSE BEGIN PRINT 'x' END END

-- ----

-- dialects: tsql
-- reads: dbo.Z, dbo.S
-- writes: x, dbo.T
-- column: dbo.Z.a > x.a identity
-- column: dbo.S.a > dbo.T.b identity
-- reasons: target-columns-unknown, remote-server
INSERT INTO OPENQUERY(LNK, 'SELECT b FROM x') SELECT a FROM dbo.Z; INSERT dbo.T (b) SELECT a FROM dbo.S

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
INSERT INTO dbo.T (a) SELECT a FROM dbo.S WHERE dbo.fn_ok(a) = 1 AND b LIKE '%x%' ESCAPE '\'

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a transformed
-- column: dbo.S.c > dbo.T.a window
INSERT dbo.T (a) SELECT LAG(a, 1, 0) OVER (PARTITION BY c ORDER BY c) FROM dbo.S

-- ----

-- dialects: tsql
-- reads: dbo.L, dbo.R
-- writes: dbo.T
-- column: dbo.L.a > dbo.T.a identity
INSERT dbo.T (a) SELECT l.a FROM dbo.L l WHERE l.id NOT IN (SELECT r.id FROM dbo.R r WHERE r.x = l.x) OPTION (LABEL = 'x')

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T
-- column: dbo.S.a > dbo.T.a identity
ENABLE TRIGGER ALL ON dbo.T; DISABLE TRIGGER x ON dbo.T; UPDATE STATISTICS dbo.T; INSERT dbo.T (a) SELECT a FROM dbo.S; EXEC sp_recompile 'dbo.T'; DBCC CHECKIDENT ('dbo.T', RESEED, 0)

-- ----

-- dialects: tsql
-- reads: A.dbo.s, B.dbo.t
-- writes: A.dbo.t, B.dbo.z
-- column: A.dbo.s.x > A.dbo.t.x identity
-- column: B.dbo.t.x > B.dbo.z.x identity
USE A
GO
INSERT INTO dbo.t (x) SELECT s.x FROM dbo.s s
GO
USE [B]
INSERT INTO dbo.z (x) SELECT t.x FROM dbo.t t

-- ----

-- dialects: tsql
-- reads: dbo.s
-- writes: dbo.t
-- column: dbo.s.x > dbo.t.x identity
USE A; USE a;
INSERT INTO dbo.t (x) SELECT s.x FROM dbo.s s

-- ----

-- dialects: tsql
-- reads: dbo.S
-- writes: dbo.T1, dbo.T2, dbo.T3
-- column: dbo.T1.x > dbo.T1.x transformed
-- column: dbo.S.y > dbo.T1.x transformed
-- column: dbo.T2.x > dbo.T2.x transformed
-- column: dbo.T2.y > dbo.T2.x transformed
-- column: dbo.T2.z > dbo.T2.z transformed
-- column: dbo.T3.x > dbo.T3.x transformed
-- column: dbo.S.x > dbo.T3.x transformed
UPDATE t SET t.x += s.y FROM dbo.T1 t JOIN dbo.S s ON s.id = t.id
UPDATE dbo.T2 SET x -= y, z %= 2
MERGE dbo.T3 AS t USING dbo.S s ON s.id = t.id WHEN MATCHED THEN UPDATE SET x *= s.x;
