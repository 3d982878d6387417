-- Rows are kept as the JSON that goes on the wire (`body`), beside the few facts that they are looked up by. What is put in
-- an order is put in that of its bytes, whatever the language of the database.

CREATE TABLE restaurants (
    id        text COLLATE "C" PRIMARY KEY,
    body      text NOT NULL,
    head      bigint NOT NULL,           -- the seq of its last message, 0 before the first
    epoch     text NOT NULL,             -- names this life of its log
    notices   bigint NOT NULL DEFAULT 0, -- how often something was told that no message tells
    logged_at bigint NOT NULL DEFAULT 0  -- the time of its last message, in microseconds since 1970
) WITH (fillfactor = 70); -- each write changes its restaurant's row: with room beside it, no index needs to hear of it

CREATE TABLE guests (
    restaurant_id text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    status        text NOT NULL,
    created_at    text COLLATE "C" NOT NULL,
    table_id      text COLLATE "C", -- where it sits
    over_at       text COLLATE "C", -- when its evening was over
    body          text NOT NULL,
    PRIMARY KEY (restaurant_id, id)
);

CREATE INDEX guests_by_status ON guests (restaurant_id, status, created_at, id);
CREATE INDEX guests_over ON guests (over_at) WHERE over_at IS NOT NULL;

CREATE TABLE tables (
    restaurant_id text COLLATE "C" NOT NULL,
    id            text COLLATE "C" NOT NULL,
    table_number  text COLLATE "C" NOT NULL,
    guest_id      text COLLATE "C", -- who sits there
    body          text NOT NULL,
    PRIMARY KEY (restaurant_id, id)
);

-- Not unique: within a transaction, two tables may swap their numbers. The rules see to the rest.
CREATE INDEX tables_by_number ON tables (restaurant_id, table_number);

-- The log: the very texts that the devices were or will be sent.
CREATE TABLE log (
    restaurant_id text COLLATE "C" NOT NULL,
    seq           bigint NOT NULL,
    at            bigint NOT NULL, -- microseconds since 1970; within a restaurant never less than that of the one before
    subject       text,            -- who asked for it, as their token says; null where nobody needed one
    message       text NOT NULL,
    PRIMARY KEY (restaurant_id, seq)
);

CREATE INDEX log_by_age ON log (at);

-- What requests with an Idempotency-Key were answered.
CREATE TABLE idempotency (
    restaurant_id text COLLATE "C" NOT NULL,
    key           text COLLATE "C" NOT NULL,
    fingerprint   bytea NOT NULL,  -- of the method, path and body
    outcome       text NOT NULL,
    kept_at       bigint NOT NULL, -- microseconds since 1970
    PRIMARY KEY (restaurant_id, key)
);

CREATE INDEX idempotency_by_age ON idempotency (kept_at);

CREATE TABLE devices (
    id            text COLLATE "C" PRIMARY KEY,
    restaurant_id text COLLATE "C" NOT NULL,
    name          text NOT NULL,
    role          text NOT NULL,
    token_hash    bytea NOT NULL UNIQUE, -- SHA-256: who reads the database can't pass for the device
    paired_at     text COLLATE "C" NOT NULL,
    paired_by     text,                  -- the subject who asked for the code
    revoked_at    text COLLATE "C",
    revoked_by    text
);

CREATE INDEX devices_by_restaurant ON devices (restaurant_id, paired_at, id);

CREATE TABLE pairing_codes (
    restaurant_id text COLLATE "C" NOT NULL,
    code          text COLLATE "C" NOT NULL,
    name          text,
    role          text NOT NULL,
    made_by       text,
    expires_at    bigint NOT NULL, -- microseconds since 1970
    failures      bigint NOT NULL, -- wrong codes tried since it was made
    PRIMARY KEY (restaurant_id, code)
);

-- Guests whose personal data is still to be removed from the log and from the answers kept for retries.
CREATE TABLE purges (
    restaurant_id text COLLATE "C" NOT NULL,
    guest_id      text COLLATE "C" NOT NULL,
    through       bigint NOT NULL, -- the seq up to which it was this guest: a later one of the same id is another
    PRIMARY KEY (restaurant_id, guest_id)
);

-- What one node does for all, and until when nobody else need do it.
CREATE TABLE rounds (
    name  text PRIMARY KEY,
    until timestamptz NOT NULL
);

-- The statements that each write runs are functions: the server keeps their plans a connection, as it keeps those of
-- prepared statements, but a pooler that hands connections on between transactions knows nothing of these.

-- Takes a restaurant's lock until the transaction ends, and returns what stands before the writes to it.
--   restaurant: its epoch, body and head. guest, table: the body of each that is named by id or number, and of each that
--   is paired with one of those. kept: key, outcome and fingerprint of an answer kept for a retry.
CREATE FUNCTION maitred_before(
    restaurant text, guest_ids text[], table_ids text[], table_numbers text[], keys text[], kept_after bigint
) RETURNS TABLE (kind text, name text, body text, number bigint, digest bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM maitred_manners();
    PERFORM 1 FROM restaurants r WHERE r.id = restaurant FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        -- There is no row to lock. Whoever opens it at the same time waits here, and finds it then.
        PERFORM pg_advisory_xact_lock(hashtextextended(restaurant, 0));
        PERFORM 1 FROM restaurants r WHERE r.id = restaurant FOR NO KEY UPDATE;
    END IF;
    -- Each statement from here on sees what was committed before the lock was taken.
    RETURN QUERY
        SELECT 'restaurant', r.epoch, r.body, r.head, NULL::bytea FROM restaurants r WHERE r.id = restaurant;
    -- Some may come twice. Each is looked up by itself (OFFSET 0 keeps it so), by all that its index goes by: a plan that was
    -- made while a restaurant had a handful of guests would otherwise go on to take them all, when it has thousands.
    RETURN QUERY
        WITH named_guests AS MATERIALIZED (
            SELECT g.id, g.table_id, g.body FROM unnest(guest_ids) AS named (id) CROSS JOIN LATERAL (
                SELECT * FROM guests WHERE restaurant_id = restaurant AND id = named.id OFFSET 0
            ) g
        ), named_tables AS MATERIALIZED (
            SELECT t.id, t.guest_id, t.body FROM unnest(table_ids) AS named (id) CROSS JOIN LATERAL (
                SELECT * FROM tables WHERE restaurant_id = restaurant AND id = named.id OFFSET 0
            ) t
            UNION ALL
            SELECT t.id, t.guest_id, t.body FROM unnest(table_numbers) AS named (n) CROSS JOIN LATERAL (
                SELECT * FROM tables WHERE restaurant_id = restaurant AND table_number = named.n OFFSET 0
            ) t
        )
        SELECT 'guest', g.id, g.body, 0::bigint, NULL::bytea FROM named_guests g
        UNION ALL
        SELECT 'table', t.id, t.body, 0::bigint, NULL::bytea FROM named_tables t
        UNION ALL
        SELECT 'table', t.id, t.body, 0::bigint, NULL::bytea FROM named_guests g CROSS JOIN LATERAL (
            SELECT * FROM tables WHERE restaurant_id = restaurant AND id = g.table_id OFFSET 0
        ) t
        UNION ALL
        SELECT 'guest', g.id, g.body, 0::bigint, NULL::bytea FROM named_tables t CROSS JOIN LATERAL (
            SELECT * FROM guests WHERE restaurant_id = restaurant AND id = t.guest_id OFFSET 0
        ) g;
    IF cardinality(keys) > 0 THEN
        RETURN QUERY
            SELECT 'kept', i.key, i.outcome, i.kept_at, i.fingerprint FROM unnest(keys) AS named (k) CROSS JOIN LATERAL (
                SELECT * FROM idempotency
                WHERE restaurant_id = restaurant AND key = named.k AND kept_at > kept_after OFFSET 0
            ) i;
    END IF;
END $$;

-- How a transaction that writes behaves, whatever the server's own settings are.
CREATE FUNCTION maitred_manners() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- An answered write is on the disk. (All other settings see to that, some to more.)
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- Nobody waits for a restaurant that somebody else holds for longer than this, and nobody holds one for longer who has
    -- begun something and is not heard of again, as a node may not be whose machine has lost its power.
    PERFORM set_config('lock_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '5s', true);
    -- All that is looked up has its index. A plan is kept for as long as its connection: one that was made while a table had
    -- a page or two would otherwise go on to read much of it, when it has grown.
    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
END $$;

CREATE FUNCTION maitred_put_guests(
    restaurant text, ids text[], statuses text[], created_ats text[], table_ids text[], over_ats text[], bodies text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO guests AS g (restaurant_id, id, status, created_at, table_id, over_at, body)
    SELECT restaurant, * FROM unnest(ids, statuses, created_ats, table_ids, over_ats, bodies)
    ON CONFLICT (restaurant_id, id) DO UPDATE SET
        status = excluded.status, created_at = excluded.created_at, table_id = excluded.table_id,
        over_at = excluded.over_at, body = excluded.body;
END $$;

CREATE FUNCTION maitred_put_tables(
    restaurant text, ids text[], table_numbers text[], guest_ids text[], bodies text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tables AS t (restaurant_id, id, table_number, guest_id, body)
    SELECT restaurant, * FROM unnest(ids, table_numbers, guest_ids, bodies)
    ON CONFLICT (restaurant_id, id) DO UPDATE SET
        table_number = excluded.table_number, guest_id = excluded.guest_id, body = excluded.body;
END $$;

-- Appends messages to a log, the first of them with number `first_seq`.
CREATE FUNCTION maitred_append(
    restaurant text, first_seq bigint, ats bigint[], subjects text[], messages text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    latest bigint;
BEGIN
    UPDATE restaurants r
    SET head = first_seq + cardinality(messages) - 1,
        logged_at = greatest(r.logged_at, (SELECT max(a) FROM unnest(ats) a))
    WHERE r.id = restaurant
    RETURNING r.logged_at INTO latest;
    -- All messages of a group get the time of its last, which the clock of another machine may have given to an earlier one.
    INSERT INTO log (restaurant_id, seq, at, subject, message)
    SELECT restaurant, first_seq + m.place - 1, latest, m.subject, m.message
    FROM unnest(subjects, messages) WITH ORDINALITY AS m (subject, message, place);
END $$;

-- Keeps answers for retries, and throws a few expired ones away.
CREATE FUNCTION maitred_keep(
    restaurant text, keys text[], fingerprints bytea[], outcomes text[], kept_ats bigint[],
    expired_before bigint, expired_batch bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- An expired answer of the same key may be thrown away by another transaction just now, which this waits for.
    INSERT INTO idempotency (restaurant_id, key, fingerprint, outcome, kept_at)
    SELECT restaurant, * FROM unnest(keys, fingerprints, outcomes, kept_ats)
    ON CONFLICT (restaurant_id, key) DO UPDATE SET
        fingerprint = excluded.fingerprint, outcome = excluded.outcome, kept_at = excluded.kept_at;
    -- Last, and never waiting itself: those that another transaction has its hands on are left to it.
    DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
        SELECT i.ctid FROM idempotency i WHERE i.kept_at <= expired_before
        ORDER BY i.kept_at LIMIT expired_batch FOR UPDATE SKIP LOCKED
    ));
END $$;
