-- The log gets an order over all restaurants and a time, so that what is old can be found and dropped.

ALTER TABLE log RENAME TO log_1;

CREATE TABLE log (
    position      INTEGER PRIMARY KEY, -- the order of the commits over all restaurants
    restaurant_id TEXT NOT NULL,
    seq           INTEGER NOT NULL,
    at            INTEGER NOT NULL,    -- microseconds since 1970
    message       TEXT NOT NULL,       -- the very text that the devices were or will be sent
    UNIQUE (restaurant_id, seq)
) STRICT;

-- The order of the rows was that of the commits. SQLite knows times to the millisecond only, which is enough here.
INSERT INTO log (position, restaurant_id, seq, at, message)
SELECT rowid, restaurant_id, seq, CAST(unixepoch(message ->> 'timestamp', 'subsec') * 1000000 AS INTEGER), message
FROM log_1
ORDER BY rowid;

DROP TABLE log_1;
