//! What can be read from a store. Rows come as the JSON that they are stored as; nobody decodes them on their way out.

use std::{fmt, str::FromStr};

use floor::{Id, Time};
use serde_json::value::RawValue;

/// Where a restaurant's log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of its last message, 0 before the first.
    pub seq: u64,
    /// The name of this life of its log.
    pub epoch: String,
    /// How often something was told that no message tells: who may come in has changed, or somebody was forgotten.
    pub notices: u64,
}

/// A restaurant as stored.
pub struct RestaurantRow {
    /// The restaurant, in JSON.
    pub body: Box<RawValue>,
    /// Where its log ends.
    pub head: Head,
}

/// Everything that a device draws, in one consistent read.
pub struct FloorRows {
    /// The restaurant.
    pub restaurant: RestaurantRow,
    /// The guests whose evening is not over, oldest first.
    pub guests: Vec<Box<RawValue>>,
    /// All tables, by number, so that 2 comes before 10.
    pub tables: Vec<Box<RawValue>>,
}

/// Some guests, newest first.
pub struct GuestsPage {
    /// Guests, in JSON.
    pub guests: Vec<Box<RawValue>>,
    /// The place after which the next page begins, if there is one.
    pub next: Option<Place>,
}

/// A guest's place in the list: whoever stands there or, if that one has gone, stood there. Written `createdAt~id`.
pub struct Place {
    pub(super) created_at: String,
    pub(super) id: String,
}

/// Some of a log, in order.
pub struct LogPage {
    /// Where the log ended at that moment.
    pub head: Head,
    /// The messages.
    pub messages: Vec<LoggedMessage>,
}

/// A message as the log keeps it.
pub struct LoggedMessage {
    /// Its number.
    pub seq: u64,
    /// Its text.
    pub message: String,
}

/// Some of a log, newest first, with who asked for what.
pub struct AuditPage {
    /// Where the log ended at that moment.
    pub head: Head,
    /// The messages.
    pub messages: Vec<AuditedMessage>,
    /// Whether the log has messages before these.
    pub has_more: bool,
}

/// A message as the log keeps it, with who asked for it.
pub struct AuditedMessage {
    /// Its number.
    pub seq: u64,
    /// Who asked, as their token said; none where nobody needed one.
    pub subject: Option<String>,
    /// Its text.
    pub message: String,
}

/// A guest whose evening has been over for long.
#[derive(Debug, Clone)]
pub struct Overdue {
    /// Its restaurant.
    pub restaurant: Id,
    /// Its id.
    pub guest: Id,
    /// The version that was over.
    pub version: u64,
}

impl GuestsPage {
    /// A page of at most `limit` guests, made of one row more than that if there are so many: a guest, when it was created,
    /// and its id.
    pub(super) fn new(mut rows: Vec<(Box<RawValue>, String, String)>, limit: u64) -> Self {
        let has_more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let place =
            |(_, created_at, id): &(_, String, String)| Place { created_at: created_at.clone(), id: id.clone() };
        let next = rows.last().filter(|_| has_more).map(place);
        Self { guests: rows.into_iter().map(|(body, ..)| body).collect(), next }
    }
}

impl Place {
    /// Before everyone.
    pub(super) const START: (&str, &str) = ("~", "");
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (created_at, id) = text.split_once('~').ok_or(())?;
        let (time, id): (Time, Id) = (created_at.parse().map_err(|_| ())?, id.parse().map_err(|_| ())?);
        Ok(Self { created_at: time.to_string(), id: id.to_string() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.created_at, self.id)
    }
}
