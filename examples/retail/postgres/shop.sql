-- The live database of a small shop: what the PostgreSQL producer of the example reads.
BEGIN;

CREATE SCHEMA sales;
COMMENT ON SCHEMA sales IS 'Orders and what belongs to them.';
CREATE SCHEMA reporting;
COMMENT ON SCHEMA reporting IS 'What people read; loaded by jobs or made from views.';

CREATE TABLE sales.customers (
  customer_id integer PRIMARY KEY,
  full_name text NOT NULL,
  email text UNIQUE,
  city text,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sales.customers IS 'People who have ordered at least once.';
COMMENT ON COLUMN sales.customers.full_name IS 'First and last name, as the customer wrote it.';
COMMENT ON COLUMN sales.customers.email IS 'Where the receipt goes; empty for orders at the counter.';
COMMENT ON COLUMN sales.customers.created_at IS 'When the first order was placed.';

CREATE TABLE sales.products (
  product_id integer PRIMARY KEY,
  title text NOT NULL,
  category text NOT NULL,
  unit_price numeric(10, 2) NOT NULL CHECK (unit_price >= 0)
);
COMMENT ON TABLE sales.products IS 'Everything that is or was for sale.';
COMMENT ON COLUMN sales.products.category IS 'Shelf in the shop: tea, coffee, spice.';
COMMENT ON COLUMN sales.products.unit_price IS 'Price of one piece today, in euro with tax.';

CREATE TABLE sales.orders (
  order_id bigint PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES sales.customers,
  ordered_at timestamptz NOT NULL DEFAULT now(),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed', 'returned'))
);
COMMENT ON TABLE sales.orders IS 'One row for each order.';
COMMENT ON COLUMN sales.orders.status IS 'open, closed or returned.';

CREATE TABLE sales.order_lines (
  order_id bigint REFERENCES sales.orders,
  line_no integer,
  product_id integer NOT NULL REFERENCES sales.products,
  quantity integer NOT NULL CHECK (quantity > 0),
  unit_price numeric(10, 2) NOT NULL,
  PRIMARY KEY (order_id, line_no)
);
COMMENT ON TABLE sales.order_lines IS 'What an order consists of.';
COMMENT ON COLUMN sales.order_lines.unit_price IS 'Price of one piece at the time of the order.';

CREATE TABLE reporting.daily_revenue (
  day date,
  category text,
  revenue numeric(14, 2)
);
COMMENT ON TABLE reporting.daily_revenue IS 'Revenue by day and category; loaded every night.';

CREATE TABLE reporting.city_revenue (
  city text,
  category text,
  revenue numeric(14, 2)
);
COMMENT ON TABLE reporting.city_revenue IS 'Revenue by the city of the customer and category; loaded every week.';

CREATE TABLE reporting.favourites (
  customer_id integer PRIMARY KEY,
  customer text,
  category text
);
COMMENT ON TABLE reporting.favourites IS 'What each customer buys most; loaded every week.';

CREATE VIEW reporting.order_totals AS
  SELECT o.order_id, o.customer_id, sum(l.quantity * l.unit_price) AS total
  FROM sales.orders o
  JOIN sales.order_lines l USING (order_id)
  WHERE o.status <> 'returned'
  GROUP BY o.order_id, o.customer_id;
COMMENT ON VIEW reporting.order_totals IS 'What each order came to.';

CREATE VIEW reporting.customer_totals AS
  SELECT c.customer_id, c.full_name, coalesce(sum(t.total), 0) AS total
  FROM sales.customers c
  LEFT JOIN reporting.order_totals t ON t.customer_id = c.customer_id
  GROUP BY c.customer_id, c.full_name;
COMMENT ON VIEW reporting.customer_totals IS 'What each customer has spent.';

CREATE MATERIALIZED VIEW reporting.top_products AS
  SELECT p.product_id, p.title, sum(l.quantity) AS sold
  FROM sales.products p
  JOIN sales.order_lines l ON l.product_id = p.product_id
  GROUP BY p.product_id, p.title
  ORDER BY sold DESC
  LIMIT 10;
COMMENT ON MATERIALIZED VIEW reporting.top_products IS 'The ten products that sold best.';

CREATE VIEW reporting.revenue_by_day AS
  SELECT day, sum(revenue) AS revenue
  FROM reporting.daily_revenue
  GROUP BY day;
COMMENT ON VIEW reporting.revenue_by_day IS 'Revenue of all categories together.';

CREATE FUNCTION sales.close_order(closed_order bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE sales.orders SET status = 'closed' WHERE order_id = closed_order AND status = 'open';
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION sales.close_order(bigint) IS 'Closes an open order; tells whether it was open.';

CREATE PROCEDURE reporting.load_daily_revenue(for_day date)
LANGUAGE plpgsql AS $$
DECLARE
  loaded integer;
BEGIN
  DELETE FROM reporting.daily_revenue WHERE day = for_day;
  INSERT INTO reporting.daily_revenue (day, category, revenue)
  SELECT o.ordered_at::date, p.category, sum(l.quantity * l.unit_price)
  FROM sales.orders o
  JOIN sales.order_lines l USING (order_id)
  JOIN sales.products p USING (product_id)
  WHERE o.ordered_at::date = for_day AND o.status <> 'returned'
  GROUP BY 1, 2;
  GET DIAGNOSTICS loaded = ROW_COUNT;
  IF loaded = 0 THEN
    RAISE NOTICE 'Nothing was sold on %.', for_day;
  END IF;
END
$$;
COMMENT ON PROCEDURE reporting.load_daily_revenue(date) IS 'Loads the revenue of one day again, from the orders.';

CREATE FUNCTION reporting.best_customers(at_least numeric) RETURNS TABLE (name text, spent numeric)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF at_least IS NULL THEN
    SELECT avg(t.total) INTO at_least FROM reporting.customer_totals t;
  END IF;
  RETURN QUERY
    SELECT t.full_name, t.total FROM reporting.customer_totals t WHERE t.total >= at_least ORDER BY t.total DESC;
END
$$;
COMMENT ON FUNCTION reporting.best_customers(numeric) IS 'Who has spent at least so much; without a bound, more than the average.';

CREATE PROCEDURE reporting.load_city_revenue(since date)
LANGUAGE sql
BEGIN ATOMIC
  DELETE FROM reporting.city_revenue;
  INSERT INTO reporting.city_revenue (city, category, revenue)
  SELECT coalesce(c.city, 'unknown'), p.category, sum(l.quantity * l.unit_price)
  FROM sales.orders o
  JOIN sales.customers c ON c.customer_id = o.customer_id
  JOIN sales.order_lines l ON l.order_id = o.order_id
  JOIN sales.products p ON p.product_id = l.product_id
  WHERE o.ordered_at >= since AND o.status <> 'returned'
  GROUP BY 1, 2;
END;
COMMENT ON PROCEDURE reporting.load_city_revenue(date) IS 'Loads the revenue of all cities again, from the orders since a day.';

CREATE PROCEDURE reporting.load_favourites()
LANGUAGE plpgsql AS $$
DECLARE
  buyer record;
  favourite text;
BEGIN
  DELETE FROM reporting.favourites;
  FOR buyer IN SELECT c.customer_id, c.full_name FROM sales.customers c LOOP
    SELECT p.category INTO favourite
    FROM sales.orders o
    JOIN sales.order_lines l USING (order_id)
    JOIN sales.products p USING (product_id)
    WHERE o.customer_id = buyer.customer_id AND o.status <> 'returned'
    GROUP BY p.category
    ORDER BY sum(l.quantity) DESC, p.category
    LIMIT 1;
    IF FOUND THEN
      INSERT INTO reporting.favourites (customer_id, customer, category)
      VALUES (buyer.customer_id, buyer.full_name, favourite);
    END IF;
  END LOOP;
END
$$;
COMMENT ON PROCEDURE reporting.load_favourites() IS 'Finds out again what each customer buys most.';

INSERT INTO sales.customers (customer_id, full_name, email, city) VALUES
  (1, 'Ada Novak', 'ada@example.org', 'Graz'),
  (2, 'Jonas Lind', NULL, 'Malmö'),
  (3, 'Mei Tanaka', 'mei@example.org', '大阪');
INSERT INTO sales.products VALUES
  (1, 'Assam, 100 g', 'tea', 6.90),
  (2, 'Sencha, 100 g', 'tea', 8.40),
  (3, 'House blend, 250 g', 'coffee', 7.20),
  (4, 'Cardamom, 50 g', 'spice', 4.10);
INSERT INTO sales.orders (order_id, customer_id, status) VALUES (1, 1, 'closed'), (2, 2, 'open'), (3, 3, 'closed');
INSERT INTO sales.order_lines VALUES
  (1, 1, 1, 2, 6.90), (1, 2, 4, 1, 3.90), (2, 1, 3, 1, 7.20), (3, 1, 2, 3, 8.40), (3, 2, 3, 1, 7.20);
REFRESH MATERIALIZED VIEW reporting.top_products;

COMMIT;
