-- dialects: tsql
-- reads: raw.A
-- writes: dw.T
-- column: raw.A.a > dw.T.a identity
-- reasons: dynamic-sql
CREATE PROC p @d date, @f nvarchar(100) AS BEGIN DECLARE @s nvarchar(max) = N'INSERT INTO dw.T (a) SELECT a FROM raw.A WHERE d = ''' + CONVERT(nvarchar(10), @d, 120) + N''' AND ' + @f; EXEC (@s); END

-- ----

-- dialects: tsql
-- reads: raw.A, raw.B
-- writes: dw.T
-- column: raw.A.a > dw.T.a identity
-- column: raw.B.a > dw.T.a identity
DECLARE @t sysname, @s nvarchar(max); IF @x = 1 SET @t = 'A' ELSE SET @t = 'B'; SET @s = 'INSERT dw.T (a) SELECT a FROM raw.' + @t; EXEC (@s);

-- ----

-- dialects: tsql
-- reads: raw.A, raw.B
-- writes: dw.T
-- column: raw.A.a > dw.T.a identity
-- column: raw.B.a > dw.T.a identity
DECLARE @t sysname = 'A', @s nvarchar(max); IF @x = 1 BEGIN SET @t = 'B'; PRINT 'x' END SET @s = 'INSERT dw.T (a) SELECT a FROM raw.' + @t; EXEC (@s);

-- ----

-- dialects: tsql
-- reads: raw.A
-- reasons: dynamic-sql
DECLARE @s nvarchar(max) = 'INSERT INTO dw.T_' + @sfx + ' (a) SELECT a FROM raw.A'; EXEC (@s);

-- ----

-- dialects: tsql
-- reads: raw.A
-- writes: dw.T
-- column: raw.A.a > dw.T.a identity
-- reasons: dynamic-sql
DECLARE @s nvarchar(max) = 'INSERT INTO dw.T (a, ' + @cols + ') SELECT a, ' + @cols + ' FROM raw.A'; EXEC (@s);

-- ----

-- dialects: tsql
-- reasons: dynamic-sql
DECLARE @s nvarchar(max) = 'SELECT * FROM ' + @a; EXEC (@s);

-- ----

-- dialects: postgres
-- writes: dw.t1
CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('TRUNCATE %I.%I', 'dw', 't1'); END $$;

-- ----

-- dialects: postgres
-- reads: stg.src
-- writes: dw.dst
-- column: stg.src.a > dw.dst.a identity
-- reasons: dynamic-sql
CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ DECLARE q text; BEGIN q := format('INSERT INTO %1$I.dst (a) SELECT a FROM stg.%2$I WHERE x = %3$L', 'dw', 'src', t); EXECUTE q; EXECUTE 'DELETE FROM ' || quote_ident(t); END $$;

-- ----

-- dialects: snowflake
-- reads: STG.SRC
-- writes: DW.DST
-- column: STG.SRC.A > DW.DST.A identity
CREATE PROCEDURE p(t VARCHAR) RETURNS VARCHAR LANGUAGE SQL AS $$ DECLARE tn VARCHAR DEFAULT 'STG.SRC'; BEGIN INSERT INTO dw.dst (a) SELECT a FROM IDENTIFIER(:tn); RETURN 'ok'; END $$;

-- ----

-- dialects: snowflake
-- reads: A.B
-- writes: C.D
-- column: A.B.X > C.D.X identity
SET t = 'A.B'; INSERT INTO c.d (x) SELECT x FROM IDENTIFIER($t);

-- ----

-- dialects: oracle
-- reads: S.T
-- writes: D.U
-- column: S.T.A > D.U.A identity
CREATE OR REPLACE PROCEDURE p(d IN DATE) IS v VARCHAR2(4000); BEGIN v := 'INSERT INTO d.u (a) SELECT a FROM s.t WHERE dt = :1'; EXECUTE IMMEDIATE v USING d; END;

-- ----

-- dialects: tsql
-- reads: raw.A
-- writes: dw.T
-- column: raw.A.a > dw.T.a identity
DECLARE @s nvarchar(max) = 'INSERT dw.T (a) SELECT a FROM raw.A WHERE 1 = 1'
IF @p1 IS NOT NULL SET @s += ' AND p1 = @p1'
IF @p2 IS NOT NULL SET @s += ' AND p2 = @p2'
IF @p3 IS NOT NULL SET @s += ' AND p3 = @p3'
IF @p4 IS NOT NULL SET @s += ' AND p4 = @p4'
IF @p5 IS NOT NULL SET @s += ' AND p5 = @p5'
IF @p6 IS NOT NULL BEGIN SET @s += ' AND p6 = @p6'; END
EXEC sp_executesql @s, N'@p1 int', @p1
