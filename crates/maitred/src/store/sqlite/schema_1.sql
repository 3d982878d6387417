-- Rows are kept as the JSON that goes on the wire (`body`), beside the few facts that they are looked up by.

CREATE TABLE restaurants (
    id    TEXT NOT NULL PRIMARY KEY,
    body  TEXT NOT NULL,
    head  INTEGER NOT NULL,   -- the seq of its last message, 0 before the first
    epoch TEXT NOT NULL       -- names this life of its log
) STRICT;

CREATE TABLE guests (
    restaurant_id TEXT NOT NULL,
    id            TEXT NOT NULL,
    status        TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    body          TEXT NOT NULL,
    PRIMARY KEY (restaurant_id, id)
) STRICT;

CREATE INDEX guests_by_status ON guests (restaurant_id, status, created_at, id);

CREATE TABLE tables (
    restaurant_id TEXT NOT NULL,
    id            TEXT NOT NULL,
    table_number  TEXT NOT NULL,
    body          TEXT NOT NULL,
    PRIMARY KEY (restaurant_id, id)
) STRICT;

-- Not unique: within a transaction, two tables may swap their numbers. The rules see to the rest.
CREATE INDEX tables_by_number ON tables (restaurant_id, table_number);

-- The log: the very texts that the devices were or will be sent.
CREATE TABLE log (
    restaurant_id TEXT NOT NULL,
    seq           INTEGER NOT NULL,
    message       TEXT NOT NULL,
    PRIMARY KEY (restaurant_id, seq)
) STRICT;

-- What requests with an Idempotency-Key were answered.
CREATE TABLE idempotency (
    restaurant_id TEXT NOT NULL,
    key           TEXT NOT NULL,
    fingerprint   BLOB NOT NULL,   -- of the method, path and body
    outcome       TEXT NOT NULL,
    kept_at       INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (restaurant_id, key)
) STRICT;

CREATE INDEX idempotency_by_age ON idempotency (kept_at);
