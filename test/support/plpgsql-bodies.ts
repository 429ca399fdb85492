/** Tables that the bodies read and write. */
export const plpgsqlTables = {
  'sales.orders': ['order_id', 'customer_id', 'ordered_at', 'status', 'amount'],
  'sales.customers': ['customer_id', 'full_name', 'city'],
  'sales.lines': ['order_id', 'product_id', 'quantity', 'unit_price'],
  'dw.fact': ['order_id', 'customer', 'amount', 'loaded_at'],
  'dw.dim': ['id', 'name', 'city'],
  'dw.log': ['what', 'rows', 'at'],
  'stg.orders': ['order_id', 'customer_id', 'amount'],
};
/** One body with all the lineage that it has, read by hand. */
export interface PlpgsqlCase {
  readonly name: string;
  readonly text: string;
  /** Column edges, sorted. */
  readonly edges: readonly string[];
  /** Everything read or written, sorted; left out where the edges tell it. */
  readonly tables?: readonly string[];
  readonly reasons?: readonly string[];
}

/** Bodies in PL/pgSQL and SQL as people write them. */
export const plpgsqlCases: readonly PlpgsqlCase[] = [
  {
    name: 'INSERT … SELECT *',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO dw.dim SELECT * FROM sales.customers; END $$`,
    edges: [
      'sales.customers.city -> dw.dim.city',
      'sales.customers.customer_id -> dw.dim.id',
      'sales.customers.full_name -> dw.dim.name',
    ],
  },
  {
    name: 'SELECT INTO several variables',
    text: `CREATE FUNCTION f(o bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_amount numeric; v_name text;
BEGIN
  SELECT o1.amount, c.full_name INTO STRICT v_amount, v_name FROM sales.orders o1 JOIN sales.customers c USING (customer_id) WHERE o1.order_id = o;
  INSERT INTO dw.fact (order_id, customer, amount) VALUES (o, v_name, v_amount);
END $$`,
    edges: ['sales.customers.full_name -> dw.fact.customer', 'sales.orders.amount -> dw.fact.amount'],
  },
  {
    name: 'INTO before the list',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE n int;
BEGIN
  SELECT INTO n max(order_id) FROM sales.orders;
  UPDATE dw.log SET rows = n WHERE what = 'orders';
END $$`,
    edges: ['sales.orders.order_id -> dw.log.rows'],
  },
  {
    name: 'SELECT INTO a row variable',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE r sales.customers%ROWTYPE;
BEGIN
  SELECT * INTO r FROM sales.customers WHERE customer_id = 1;
  INSERT INTO dw.dim (id, name) VALUES (r.customer_id, upper(r.full_name));
END $$`,
    edges: ['sales.customers.customer_id -> dw.dim.id', 'sales.customers.full_name -> dw.dim.name'],
  },
  {
    name: 'FOR over a query',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $body$
DECLARE rec record;
BEGIN
  FOR rec IN SELECT o.order_id, o.amount * 2 AS doubled FROM sales.orders o ORDER BY 1 LOOP
    INSERT INTO dw.fact (order_id, amount) VALUES (rec.order_id, rec.doubled);
  END LOOP;
END $body$`,
    edges: ['sales.orders.amount -> dw.fact.amount', 'sales.orders.order_id -> dw.fact.order_id'],
  },
  {
    name: 'FOR over scalars',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $body$
DECLARE a bigint; b numeric;
BEGIN
  FOR a, b IN SELECT o.order_id, o.amount FROM sales.orders o LOOP
    INSERT INTO dw.fact (order_id, amount) VALUES (a, b);
  END LOOP;
END $body$`,
    edges: ['sales.orders.amount -> dw.fact.amount', 'sales.orders.order_id -> dw.fact.order_id'],
  },
  {
    name: 'EXECUTE of a constant string',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
EXECUTE 'INSERT INTO dw.dim (id, name) SELECT customer_id, full_name FROM sales.customers'; END $$`,
    edges: ['sales.customers.customer_id -> dw.dim.id', 'sales.customers.full_name -> dw.dim.name'],
  },
  {
    name: 'EXECUTE of a variable with constants',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE q text := 'INSERT INTO dw.dim (id) ';
BEGIN
  q := q || 'SELECT customer_id FROM ' || 'sales.customers';
  EXECUTE q;
END $$`,
    edges: ['sales.customers.customer_id -> dw.dim.id'],
  },
  {
    name: 'EXECUTE … USING',
    text: `CREATE FUNCTION f(d date) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
EXECUTE 'DELETE FROM dw.fact WHERE loaded_at = $1' USING d; END $$`,
    edges: [],
    tables: ['dw.fact'],
  },
  {
    name: 'EXECUTE format with constant arguments',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
EXECUTE format('INSERT INTO %I.%I (id) SELECT customer_id FROM sales.customers', 'dw', 'dim'); END $$`,
    edges: ['sales.customers.customer_id -> dw.dim.id'],
  },
  {
    name: 'EXECUTE format with a parameter',
    text: `CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
EXECUTE format('TRUNCATE %I', t); END $$`,
    edges: [],
    reasons: ['dynamic-sql'],
  },
  {
    name: 'EXECUTE INTO',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN
EXECUTE 'SELECT max(order_id) FROM sales.orders' INTO n;
INSERT INTO dw.log (rows) VALUES (n); END $$`,
    edges: ['sales.orders.order_id -> dw.log.rows'],
  },
  {
    name: 'FOR IN EXECUTE',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
FOR r IN EXECUTE 'SELECT customer_id, city FROM sales.customers' LOOP
INSERT INTO dw.dim (id, city) VALUES (r.customer_id, r.city); END LOOP; END $$`,
    edges: ['sales.customers.city -> dw.dim.city', 'sales.customers.customer_id -> dw.dim.id'],
  },
  {
    name: 'PERFORM reads',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
PERFORM 1 FROM sales.orders WHERE status = 'open';
IF FOUND THEN DELETE FROM stg.orders; END IF; END $$`,
    edges: [],
    tables: ['sales.orders', 'stg.orders'],
  },
  {
    name: 'RETURNING INTO',
    text: `CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE v bigint; BEGIN
UPDATE sales.orders SET status = 'closed' WHERE order_id = 1 RETURNING customer_id INTO v;
INSERT INTO dw.dim (id) VALUES (v); RETURN v; END $$`,
    edges: ['sales.orders.customer_id -> dw.dim.id'],
  },
  {
    name: 'assignments between variables',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE a numeric; b numeric; BEGIN
a := (SELECT sum(amount) FROM sales.orders);
b = a / 2;
INSERT INTO dw.fact (amount) VALUES (b); END $$`,
    edges: ['sales.orders.amount -> dw.fact.amount'],
  },
  {
    name: 'declared with a query',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ DECLARE a numeric := (SELECT max(amount) FROM sales.orders); BEGIN
INSERT INTO dw.fact (amount) VALUES (a); END $$`,
    edges: ['sales.orders.amount -> dw.fact.amount'],
  },
  {
    name: 'cursor',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE c CURSOR FOR SELECT order_id, amount FROM sales.orders; i bigint; a numeric;
BEGIN
  OPEN c;
  LOOP
    FETCH c INTO i, a;
    EXIT WHEN NOT FOUND;
    INSERT INTO dw.fact (order_id, amount) VALUES (i, a);
  END LOOP;
  CLOSE c;
END $$`,
    edges: ['sales.orders.amount -> dw.fact.amount', 'sales.orders.order_id -> dw.fact.order_id'],
  },
  {
    name: 'refcursor opened for a query',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE c refcursor; i bigint;
BEGIN
  OPEN c FOR SELECT order_id FROM sales.orders;
  FETCH NEXT FROM c INTO i;
  INSERT INTO dw.fact (order_id) VALUES (i);
END $$`,
    edges: ['sales.orders.order_id -> dw.fact.order_id'],
  },
  {
    name: 'temporary table',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
CREATE TEMP TABLE tmp ON COMMIT DROP AS SELECT customer_id, sum(amount) AS total FROM sales.orders GROUP BY 1;
INSERT INTO dw.fact (customer, amount) SELECT c.full_name, t.total FROM tmp t JOIN sales.customers c USING (customer_id);
DROP TABLE tmp; END $$`,
    edges: ['sales.customers.full_name -> dw.fact.customer', 'sales.orders.amount -> dw.fact.amount'],
  },
  {
    name: 'temporary table declared first',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
CREATE TEMPORARY TABLE IF NOT EXISTS tmp (i bigint, a numeric) ON COMMIT DROP;
INSERT INTO tmp SELECT order_id, amount FROM sales.orders;
INSERT INTO dw.fact (order_id, amount) SELECT i, a FROM tmp; END $$`,
    edges: ['sales.orders.amount -> dw.fact.amount', 'sales.orders.order_id -> dw.fact.order_id'],
  },
  {
    name: 'MERGE',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
MERGE INTO dw.dim d USING (SELECT customer_id, full_name, city FROM sales.customers) c ON d.id = c.customer_id
WHEN MATCHED THEN UPDATE SET name = c.full_name
WHEN NOT MATCHED THEN INSERT (id, name, city) VALUES (c.customer_id, c.full_name, c.city); END $$`,
    edges: [
      'sales.customers.city -> dw.dim.city',
      'sales.customers.customer_id -> dw.dim.id',
      'sales.customers.full_name -> dw.dim.name',
    ],
  },
  {
    name: 'ON CONFLICT',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO dw.dim AS d (id, name) SELECT customer_id, full_name FROM sales.customers
ON CONFLICT (id) DO UPDATE SET name = excluded.name, city = coalesce(d.city, 'none'); END $$`,
    edges: [
      'dw.dim.city -> dw.dim.city',
      'sales.customers.customer_id -> dw.dim.id',
      'sales.customers.full_name -> dw.dim.name',
    ],
  },
  {
    name: 'data-changing WITH',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
WITH gone AS (DELETE FROM stg.orders s WHERE s.amount < 0 RETURNING s.order_id, s.amount)
INSERT INTO dw.fact (order_id, amount) SELECT order_id, amount FROM gone; END $$`,
    edges: ['stg.orders.amount -> dw.fact.amount', 'stg.orders.order_id -> dw.fact.order_id'],
  },
  {
    name: 'UPDATE FROM',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
UPDATE dw.fact f SET (customer, amount) = (c.full_name, o.amount + f.amount) FROM sales.orders o JOIN sales.customers c ON c.customer_id = o.customer_id WHERE f.order_id = o.order_id; END $$`,
    edges: [
      'dw.fact.amount -> dw.fact.amount',
      'sales.customers.full_name -> dw.fact.customer',
      'sales.orders.amount -> dw.fact.amount',
    ],
  },
  {
    name: 'exceptions and nested blocks',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
<<outer1>>
DECLARE n int;
BEGIN
  BEGIN
    INSERT INTO dw.dim (id) SELECT customer_id FROM sales.customers;
    GET DIAGNOSTICS n = ROW_COUNT;
  EXCEPTION WHEN unique_violation OR others THEN
    GET STACKED DIAGNOSTICS n = PG_EXCEPTION_CONTEXT;
    INSERT INTO dw.log (what, at) VALUES (SQLERRM, now());
    RAISE WARNING 'failed: %', SQLERRM USING ERRCODE = 'P0001';
  END;
  CASE n WHEN 0 THEN NULL; ELSE INSERT INTO dw.log (rows) VALUES (n); END CASE;
  COMMIT;
END outer1 $$`,
    edges: ['sales.customers.customer_id -> dw.dim.id'],
    tables: ['dw.dim', 'dw.log', 'sales.customers'],
  },
  {
    name: 'loops of all kinds',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$
DECLARE i int; ids bigint[]; x bigint;
BEGIN
  FOR i IN REVERSE 10..1 BY 2 LOOP
    DELETE FROM dw.log WHERE rows = i;
  END LOOP;
  ids := ARRAY(SELECT o.order_id FROM sales.orders o);
  FOREACH x IN ARRAY ids LOOP
    INSERT INTO dw.fact (order_id) VALUES (x);
  END LOOP;
  WHILE EXISTS (SELECT 1 FROM stg.orders) LOOP
    DELETE FROM stg.orders WHERE ctid = (SELECT min(ctid) FROM stg.orders);
    CONTINUE WHEN i > 3;
  END LOOP;
END $$`,
    edges: ['sales.orders.order_id -> dw.fact.order_id'],
    tables: ['dw.fact', 'dw.log', 'sales.orders', 'stg.orders'],
  },
  {
    name: 'quoted names and strings',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $fn$ BEGIN
INSERT INTO "DW"."Fact Table" ("Order Id", txt) SELECT order_id, $q$; DELETE FROM x $q$ || E'it\\'s; ' FROM sales.orders; -- ; DROP
END $fn$`,
    edges: ['sales.orders.order_id -> DW.Fact Table.Order Id'],
  },
  {
    name: 'LATERAL, window, filter and DISTINCT ON',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO dw.fact (order_id, customer, amount)
SELECT DISTINCT ON (o.customer_id) o.order_id, c.full_name, x.total
FROM sales.orders o, LATERAL (SELECT sum(l.quantity * l.unit_price) FILTER (WHERE l.quantity > 0) AS total FROM sales.lines l WHERE l.order_id = o.order_id) x
LEFT JOIN sales.customers c ON c.customer_id = o.customer_id; END $$`,
    edges: [
      'sales.customers.full_name -> dw.fact.customer',
      'sales.lines.quantity -> dw.fact.amount',
      'sales.lines.unit_price -> dw.fact.amount',
      'sales.orders.order_id -> dw.fact.order_id',
    ],
  },
  {
    name: 'SQL function in a string',
    text: `CREATE FUNCTION f(c int) RETURNS void LANGUAGE sql AS $$
DELETE FROM dw.dim WHERE id = c;
INSERT INTO dw.dim (id, name) SELECT customer_id, full_name FROM sales.customers WHERE customer_id = c $$`,
    edges: ['sales.customers.customer_id -> dw.dim.id', 'sales.customers.full_name -> dw.dim.name'],
  },
  {
    name: 'BEGIN ATOMIC',
    text: `CREATE OR REPLACE PROCEDURE dw.p(IN c integer)
 LANGUAGE sql
BEGIN ATOMIC
 DELETE FROM dw.dim WHERE (dim.id = p.c);
 INSERT INTO dw.dim (id, name) SELECT customers.customer_id, CASE WHEN customers.city IS NULL THEN 'x' ELSE customers.full_name END FROM sales.customers;
END`,
    edges: [
      'sales.customers.city -> dw.dim.name',
      'sales.customers.customer_id -> dw.dim.id',
      'sales.customers.full_name -> dw.dim.name',
    ],
  },
  {
    name: 'RETURN QUERY and RETURN expression',
    text: `CREATE OR REPLACE FUNCTION r.f(a integer DEFAULT 3, OUT b text)
 RETURNS SETOF text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'sales', 'public'
AS $function$
begin
  return query select o.status from sales.orders o;
  return query execute 'select city from sales.customers';
end
$function$`,
    edges: [],
    tables: ['sales.customers', 'sales.orders'],
  },
  {
    name: 'rows through a function of the text',
    text: `CREATE FUNCTION g() RETURNS TABLE (i bigint, a numeric) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT o.order_id, o.amount FROM sales.orders o; END $$;
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO dw.fact (order_id, amount) SELECT x.i, x.a FROM g() x; END $$`,
    edges: ['sales.orders.amount -> dw.fact.amount', 'sales.orders.order_id -> dw.fact.order_id'],
  },
  {
    name: 'IF conditions read',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN
IF (SELECT count(*) FROM stg.orders) = 0 THEN RAISE EXCEPTION 'empty'; ELSIF EXISTS (SELECT FROM sales.orders) THEN NULL; END IF;
TRUNCATE dw.fact, dw.dim; END $$`,
    edges: [],
    tables: ['dw.dim', 'dw.fact', 'sales.orders', 'stg.orders'],
  },
  {
    name: 'COPY',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COPY stg.orders FROM '/in/orders.csv' (FORMAT csv); END $$`,
    edges: [],
    tables: ['/in/orders.csv', 'stg.orders'],
  },
  {
    name: 'call of another procedure',
    text: `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CALL dw.other(1); PERFORM dw.fn(2); END $$`,
    edges: [],
    reasons: ['routine-not-defined'],
  },
  {
    name: 'SELECT INTO without declared fields',
    text: `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  SELECT customer_id AS k, full_name || city AS n INTO r FROM sales.customers;
  INSERT INTO dw.dim SELECT r.k, r.n, 'x';
END $$`,
    edges: [
      'sales.customers.city -> dw.dim.name',
      'sales.customers.customer_id -> dw.dim.id',
      'sales.customers.full_name -> dw.dim.name',
    ],
  },
];
