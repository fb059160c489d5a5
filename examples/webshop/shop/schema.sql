-- The shop's books. Every statement may run again: the API runs this file at each start.
CREATE TABLE IF NOT EXISTS customers (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    is_company  boolean NOT NULL DEFAULT false,
    joined_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS products (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    price_yen  integer NOT NULL CHECK (price_yen > 0)
);

CREATE TABLE IF NOT EXISTS orders (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id  bigint NOT NULL REFERENCES customers,
    product_id   bigint NOT NULL REFERENCES products,
    quantity     integer NOT NULL CHECK (quantity BETWEEN 1 AND 20),
    amount_yen   integer NOT NULL,
    ordered_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (ordered_at);

-- Company customers are billed by the month.
CREATE TABLE IF NOT EXISTS invoices (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id  bigint NOT NULL REFERENCES customers,
    month        date NOT NULL CHECK (extract(day FROM month) = 1),
    amount_yen   integer NOT NULL,
    issued_at    timestamptz,
    UNIQUE (customer_id, month)
);

-- What batch B004 adds up, one row for each day in Japan.
CREATE TABLE IF NOT EXISTS daily_totals (
    day          date PRIMARY KEY,
    orders       integer NOT NULL,
    customers    integer NOT NULL,
    items        integer NOT NULL,
    amount_yen   bigint NOT NULL,
    computed_at  timestamptz NOT NULL
);

INSERT INTO products (name, price_yen) VALUES
    ('南風の塩 200g', 680), ('島みかんジャム', 920), ('黒糖ひとくち', 540),
    ('海ぶどう 150g', 1480), ('月桃茶', 1100), ('手ぬぐい 波', 1650)
ON CONFLICT (name) DO NOTHING;

INSERT INTO customers (name, is_company) VALUES
    ('青木', false), ('石川', false), ('上原', false), ('江藤', false),
    ('喫茶うみかぜ', true), ('宿 なぎさ', true)
ON CONFLICT (name) DO NOTHING;
