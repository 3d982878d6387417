//! Every route, as a client meets it: statuses, bodies key for key, `seq` and `ETag`. What the rules say is proved beside
//! the rules; here only that it reaches the wire.

mod changes;
mod conditional;
mod floor;
mod guests;
mod guests_list;
mod health;
mod restaurants;
mod tables;

use ::floor::Time;
use serde_json::Value;

/// Checks that each of these keys holds a time as the wire writes it, and takes them out of the row: what is left can be
/// compared with what a test expects.
#[track_caller]
pub(crate) fn take_times(mut row: Value, keys: &[&str]) -> Value {
    for key in keys {
        let value = row[key].take();
        let text = value.as_str().unwrap_or_else(|| panic!("{key} of {row} is {value}"));
        assert_eq!(text.parse::<Time>().map(|time| time.to_string()), Ok(text.to_owned()), "{key}");
        row.as_object_mut().expect("a row").remove(*key);
    }
    row
}

/// The ids of the rows of a list.
pub(crate) fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().expect("a list").iter().map(|row| row["id"].as_str().expect("an id")).collect()
}
