//! What became true, and the very JSON text that tells the devices of it.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::{Entity, Guest, Id, Rejection, Request, Restaurant, Table, Time};

/// The largest message, in bytes. iOS drops WebSocket messages over 1 MiB (`URLSessionWebSocketTask`'s default
/// `maximumMessageSize`); half of that leaves room for whatever wraps the message on its way.
pub const MAX_MESSAGE_BYTES: usize = 512 * 1024;

/// What a decision makes true. Rows are whole, as they stand afterwards.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Change {
    RestaurantCreated(Restaurant),
    RestaurantUpdated(Restaurant),
    /// The restaurant is gone with all that belonged to it.
    RestaurantDeleted(Id),
    GuestCreated(Guest),
    GuestUpdated(Guest, Action),
    GuestDeleted(Id),
    TableCreated(Table),
    TableUpdated(Table, Action),
    TableDeleted(Id),
}

/// What kind of update it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The status changed, and perhaps more.
    StatusChange,
    /// The status stayed.
    Update,
}

/// What [`crate::decide`] says yes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What becomes true, in the order in which devices hear of it. Empty where nothing really changes.
    pub changes: Vec<Change>,
    /// What the caller is told.
    pub answer: Answer,
    /// Set for a transaction, whose changes make one message together.
    pub(crate) affected_entities: Option<Vec<Id>>,
}

/// What the caller of a successful request is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one is made a request, and nearly always the large one")]
pub enum Answer {
    /// One row, as it stands now (or last stood, if deleted).
    One(OperationResult),
    /// One result an operation, in order.
    Transaction {
        /// The client's name for the transaction.
        transaction_id: String,
        /// One result an operation, in order.
        results: Vec<OperationResult>,
    },
}

/// What an operation came to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OperationResult {
    /// What happened to the row.
    pub status: ResultStatus,
    /// The row as it stands after the whole request (or last stood, if deleted).
    #[serde(flatten)]
    pub entity: Entity,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ResultStatus {
    Created,
    Updated,
    Deleted,
}

impl Serialize for OperationResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("entity_type", &self.entity.kind())?;
        map.serialize_entry("entity_id", self.entity.id())?;
        map.serialize_entry("status", &self.status)?;
        match &self.entity {
            Entity::Restaurant(restaurant) => map.serialize_entry("restaurant", restaurant)?,
            Entity::Guest(guest) => map.serialize_entry("guest", guest)?,
            Entity::Table(table) => map.serialize_entry("table", table)?,
        }
        map.end()
    }
}

/// A message, or one of the changes inside a transaction's; keys in the order in which they are written.
#[derive(Default, Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    restaurant_id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guest_id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    affected_entities: Option<&'a [Id]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Message<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    // The inner `None` is written as null.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Option<&'a str>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Restaurant(&'a Restaurant),
    Guest(&'a Guest),
    Table(&'a Table),
    Gone { id: &'a Id },
}

impl Decision {
    /// The messages that tell the devices, in order, where `head` is the number of the restaurant's last message.
    /// The number of each is one more than its predecessor's.
    ///
    /// # Errors
    /// [`Rejection::TooLarge`] if a message would be over [`MAX_MESSAGE_BYTES`].
    pub fn messages(&self, request: &Request, head: u64) -> Result<Vec<String>, Rejection> {
        let changes: Vec<Message<'_>> = self.changes.iter().filter_map(Change::message).collect();
        let bare = match (&self.answer, &self.affected_entities) {
            (_, _) if changes.is_empty() => Vec::new(),
            (Answer::Transaction { transaction_id, .. }, Some(affected)) => vec![Message {
                kind: "atomic_transaction_complete",
                transaction_id: Some(transaction_id),
                affected_entities: Some(affected),
                changes: Some(changes),
                ..Message::default()
            }],
            (_, _) => changes,
        };
        let texts = bare.into_iter().zip(head + 1..).map(|(bare, seq)| {
            let message = Message {
                restaurant_id: Some(&request.restaurant),
                timestamp: Some(request.at),
                seq: Some(seq),
                origin: Some(request.origin.as_deref()),
                ..bare
            };
            let text = serde_json::to_string(&message).expect("messages have text keys and finite numbers only");
            if text.len() > MAX_MESSAGE_BYTES { Err(Rejection::TooLarge { bytes: text.len() }) } else { Ok(text) }
        });
        texts.collect()
    }
}

impl Change {
    /// The part of a message that the change itself determines; none where no device could hear it.
    fn message(&self) -> Option<Message<'_>> {
        let guest = |kind, id, action, data| Message {
            kind,
            guest_id: Some(id),
            action,
            data: Some(data),
            ..Message::default()
        };
        let table = |kind, id, action, data| Message {
            kind,
            table_id: Some(id),
            action,
            data: Some(data),
            ..Message::default()
        };
        Some(match self {
            Self::RestaurantCreated(_) | Self::RestaurantDeleted(_) => return None,
            Self::RestaurantUpdated(restaurant) => {
                Message { kind: "restaurant_updated", data: Some(Data::Restaurant(restaurant)), ..Message::default() }
            }
            Self::GuestCreated(row) => guest("guest_created", &row.id, None, Data::Guest(row)),
            Self::GuestUpdated(row, action) => guest("guest_updated", &row.id, Some(*action), Data::Guest(row)),
            Self::GuestDeleted(id) => guest("guest_deleted", id, None, Data::Gone { id }),
            Self::TableCreated(row) => table("table_created", &row.id, None, Data::Table(row)),
            Self::TableUpdated(row, action) => table("table_updated", &row.id, Some(*action), Data::Table(row)),
            Self::TableDeleted(id) => table("table_deleted", id, None, Data::Gone { id }),
        })
    }
}
