//! What a server says on a socket besides the changes, key for key. Changes are texts from the log.

use floor::{Guest, Id, Restaurant, Table, Time};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Frame, farewell::Farewell};

/// What a server says on a socket besides the changes.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Say<'a> {
    /// The device has joined. `seq` is the number of the restaurant's last message, `epoch` the name of this life of its
    /// log.
    RestaurantConnect { restaurant_id: &'a Id, platform: Option<&'a str>, timestamp: Time, seq: u64, epoch: &'a str },
    /// The answer to `ping`. `seq` is null before joining.
    Pong { timestamp: Time, seq: Option<u64> },
    /// Every message up to `seq` has been sent before on this socket: a smaller count of one's own means a miss.
    Heartbeat { timestamp: Time, seq: u64 },
    /// The token expires at `expires_at`: bring another by `restaurant_connect` on this socket, or be told good-bye then.
    TokenExpiring { timestamp: Time, expires_at: Time },
    /// The floor, or part `part` of `parts` of it, where it costs less than the missed messages, or these are gone.
    Snapshot {
        restaurant_id: &'a Id,
        timestamp: Time,
        seq: u64,
        epoch: &'a str,
        part: usize,
        parts: usize,
        data: SnapshotPart<'a>,
    },
    /// What the device said could not be used. The connection stays.
    Error { code: &'static str, message: &'a str },
    /// The server closes the connection. The device may come back after `retry_ms`.
    Bye {
        #[schemars(with = "Farewell")]
        reason: &'static str,
        retry_ms: u64,
    },
}

impl Say<'_> {
    /// As it goes over the wire.
    pub(super) fn frame(&self) -> Frame {
        Frame::text(&serde_json::to_string(self).expect("what a server says has text keys and finite numbers only"))
    }
}

/// Some of what a device draws.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct SnapshotPart<'a> {
    #[schemars(with = "Restaurant")]
    pub(super) restaurant: &'a RawValue,
    /// Those who are not finished, cancelled or no-show.
    #[schemars(with = "Vec<Guest>")]
    pub(super) guests: &'a [Box<RawValue>],
    #[schemars(with = "Vec<Table>")]
    pub(super) tables: &'a [Box<RawValue>],
}

/// Rows, in JSON.
type Rows<'a> = &'a [Box<RawValue>];

/// Cuts a floor into parts of at most `limit` bytes of rows: one, wherever that is enough.
pub(super) fn parts<'a>(guests: Rows<'a>, tables: Rows<'a>, limit: usize) -> Vec<(Rows<'a>, Rows<'a>)> {
    let bytes: usize = guests.iter().chain(tables).map(|row| cost(row)).sum();
    if bytes <= limit {
        return vec![(guests, tables)];
    }
    let guests = runs(guests, limit).map(|run| (run, Rows::default()));
    let tables = runs(tables, limit).map(|run| (Rows::default(), run));
    guests.chain(tables).collect()
}

/// Cuts rows into runs of at most `limit` bytes, each of at least one row.
fn runs(mut rows: Rows<'_>, limit: usize) -> impl Iterator<Item = Rows<'_>> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fitting = rows.iter().take_while(|row| {
            bytes += cost(row);
            bytes <= limit
        });
        let (run, rest) = rows.split_at(fitting.count().max(1).min(rows.len()));
        rows = rest;
        (!run.is_empty()).then_some(run)
    })
}

/// The bytes that a row takes up in a list.
fn cost(row: &RawValue) -> usize {
    row.get().len() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_cut_into_parts_under_the_limit_that_lose_nothing() {
        let row = |index: usize| RawValue::from_string(format!("\"{index:>8}\"")).expect("a text is JSON");
        let guests: Vec<_> = (0..25).map(row).collect();
        let tables: Vec<_> = (100..107).map(row).collect();
        for (limit, count) in [(1, 32), (55, 7), (11 * 25, 2), (11 * 32, 1)] {
            let parts = parts(&guests, &tables, limit);
            assert_eq!(parts.len(), count, "limit {limit}");
            let texts = |rows: Vec<Rows<'_>>| rows.concat().iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(texts(parts.iter().map(|part| part.0).collect()), texts(vec![&guests]));
            assert_eq!(texts(parts.iter().map(|part| part.1).collect()), texts(vec![&tables]));
        }
        assert_eq!(parts(&[], &[], 10).len(), 1, "an empty floor is a floor");
    }
}
