-- Run by hand after a correction of old orders.
INSERT INTO reporting.city_revenue (city, category, revenue)
SELECT c.city, p.category, sum(l.quantity * l.unit_price)
FROM sales.orders o
JOIN sales.customers c ON c.customer_id = o.customer_id
JOIN sales.order_lines l ON l.order_id = o.order_id
JOIN sales.products p ON p.product_id = l.product_id
WHERE o.status = 'corrected'
GROUP BY c.city, p.category;
