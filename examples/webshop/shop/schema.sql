-- The shop's books. Every statement may run again: the API runs this file at each start.
CREATE TABLE IF NOT EXISTS customers (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    is_company  boolean NOT NULL DEFAULT false,
    joined_at   timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE customers ADD COLUMN IF NOT EXISTS address text NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN IF NOT EXISTS newsletter boolean NOT NULL DEFAULT false;

CREATE TABLE IF NOT EXISTS products (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    price_yen  integer NOT NULL CHECK (price_yen > 0)
);
-- Percent; food is taxed at the reduced rate. Prices hold the tax.
ALTER TABLE products ADD COLUMN IF NOT EXISTS tax_rate integer NOT NULL DEFAULT 8 CHECK (tax_rate IN (8, 10));
ALTER TABLE products ADD COLUMN IF NOT EXISTS is_chilled boolean NOT NULL DEFAULT false;

CREATE TABLE IF NOT EXISTS orders (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id  bigint NOT NULL REFERENCES customers,
    product_id   bigint NOT NULL REFERENCES products,
    quantity     integer NOT NULL CHECK (quantity BETWEEN 1 AND 20),
    amount_yen   integer NOT NULL,
    ordered_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (ordered_at);
-- An order keeps the rate at which it was taken, as it keeps its amount.
ALTER TABLE orders ADD COLUMN IF NOT EXISTS tax_rate integer NOT NULL DEFAULT 8 CHECK (tax_rate IN (8, 10));

INSERT INTO products (name, price_yen, tax_rate) VALUES
    ('南風の塩 200g', 680, 8), ('島みかんジャム', 920, 8), ('黒糖ひとくち', 540, 8),
    ('海ぶどう 150g', 1480, 8), ('月桃茶', 1100, 8), ('手ぬぐい 波', 1650, 10)
ON CONFLICT (name) DO UPDATE SET tax_rate = excluded.tax_rate;
UPDATE products SET is_chilled = true WHERE name LIKE '海ぶどう%' AND NOT is_chilled;

INSERT INTO customers (name, is_company, address) VALUES
    ('青木', false, ''), ('石川', false, ''), ('上原', false, ''), ('江藤', false, ''),
    ('喫茶うみかぜ', true, E'〒900-0000\n沖縄県那覇市うみかぜ 1-2'),
    ('宿 なぎさ', true, E'〒907-0000\n沖縄県石垣市なぎさ 34')
ON CONFLICT (name) DO UPDATE SET address = excluded.address;

-- A shop that has just opened has a past, so that there is something to bill and to add up at once.
INSERT INTO orders (customer_id, product_id, quantity, amount_yen, ordered_at, tax_rate)
SELECT customers.id, products.id, 1 + (day + customers.id) % 3,
       products.price_yen * (1 + (day + customers.id) % 3),
       date_trunc('day', now()) - day * interval '1 day' + customers.id * interval '1 hour',
       products.tax_rate
FROM generate_series(1, 100) AS day, customers, products
WHERE NOT EXISTS (SELECT FROM orders) AND products.id = 1 + (day * 5 + customers.id) % 6;
