-- Who may come in, who did what, and what is to be forgotten.

ALTER TABLE log ADD COLUMN subject TEXT; -- who asked for it, as their token says; null where nobody needed one

CREATE TABLE devices (
    id            TEXT NOT NULL PRIMARY KEY,
    restaurant_id TEXT NOT NULL,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    token_hash    BLOB NOT NULL UNIQUE, -- SHA-256: who reads the file can't pass for the device
    paired_at     TEXT NOT NULL,
    paired_by     TEXT,                 -- the subject who asked for the code
    revoked_at    TEXT,
    revoked_by    TEXT
) STRICT;

CREATE INDEX devices_by_restaurant ON devices (restaurant_id, paired_at, id);

CREATE TABLE pairing_codes (
    restaurant_id TEXT NOT NULL,
    code          TEXT NOT NULL,
    name          TEXT,
    role          TEXT NOT NULL,
    made_by       TEXT,
    expires_at    INTEGER NOT NULL, -- microseconds since 1970
    failures      INTEGER NOT NULL, -- wrong codes tried since it was made
    PRIMARY KEY (restaurant_id, code)
) STRICT;

-- Guests whose personal data is still to be removed from the log and from the answers kept for retries.
CREATE TABLE purges (
    restaurant_id TEXT NOT NULL,
    guest_id      TEXT NOT NULL,
    through       INTEGER NOT NULL, -- the seq up to which it was this guest: a later one of the same id is another
    PRIMARY KEY (restaurant_id, guest_id)
) STRICT;
